"""Answers about saved searches, alerts and notices."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from app.alerts.shown import ShownAlert, ShownChange, ShownSearch, ShownTry
from app.ports.notices import ShownNotice
from app.web.answers.reply import Answer


class SavedSearchesAnswer(Answer):
    """The saved searches, by name."""

    searches: list[ShownSearch]


class SavedSearchAnswer(Answer):
    """A saved search."""

    search: ShownSearch


class AlertsAnswer(Answer):
    """The alerts with their states, by name."""

    alerts: list[ShownAlert]


class AlertAnswer(Answer):
    """An alert, and what happened to it."""

    alert: ShownAlert
    changes: Annotated[list[ShownChange], Meta(description="Newest first.")]


class TryAnswer(Answer):
    """The outcome of an alert if it were evaluated now."""

    test: ShownTry


NoticesSource = Literal["record", "memory"]


class NoticesAnswer(Answer):
    """The troubles of now and of before; newest first."""

    notices: list[ShownNotice]
    source: Annotated[NoticesSource, Meta(description="`memory`: the record does not answer now.")]
