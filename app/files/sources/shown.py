"""Sources, and how they write, as answers and commands show them."""

from __future__ import annotations

from app.files.sources.matching import FormMatcher
from app.ports.figures import Source
from app.ports.forms import SourceForm
from app.shown import Count, Moment, Shown
from app.times import instant


class ShownForm(Shown):
    """How the sources write whose name fits. An empty text leaves it to be recognised."""

    name: str
    dialect: str
    zone: str
    first_line: str
    by: str
    changed: Moment

    @classmethod
    def of(cls, form: SourceForm) -> ShownForm:
        """Return a form as it is shown."""
        changed = instant.text((form.changed, 0))
        return cls(form.name, form.dialect, form.zone, form.first_line, form.by, changed)


class ShownSource(Shown):
    """A source, the format of its last log, and the name of the form that applies to it (empty without one)."""

    sender: str
    agent: str
    last: Moment
    logs: Count
    refused: Count
    read_as: str
    form: str

    @classmethod
    def of(cls, source: Source, matcher: FormMatcher) -> ShownSource:
        """Return a source as it is shown."""
        form = matcher.best((source.sender, source.agent))
        last, name = instant.text((source.last, 0)), "" if form is None else form.name
        return cls(source.sender, source.agent, last, source.logs, source.refused, source.read_as, name)
