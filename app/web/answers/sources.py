"""Answers about sources: who sends, what was recognised, and how an admin said that they write."""

from __future__ import annotations

from app.files.sources.shown import ShownForm, ShownSource
from app.web.answers.reply import Answer


class SourcesAnswer(Answer):
    """The forms, by name, and the sources, those seen last first."""

    forms: list[ShownForm]
    sources: list[ShownSource]


class SourceFormAnswer(Answer):
    """The form as it is kept."""

    form: ShownForm
