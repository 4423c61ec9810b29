"""One log as its page shows and copies it: fields, JSON, a line of text, a command that sends it again."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from markupsafe import Markup, escape

from app.log.record import LogRecord, id_text
from app.log.scalars import as_text, scalars
from app.query.filter import EVERYTHING, TEXT_LIMIT, Filter
from app.query.highlights import Spans
from app.web.render.display import TEXT_SHOWN, escaped, marked, plain
from app.web.render.picks import picked
from app.web.render.zone import exactly

#: Most fields listed for one log; its JSON has them all.
FIELDS_SHOWN = 500
#: Characters of a command's argument that every shell and kernel takes.
ARGUMENT = 100_000

_JSON_KEY = re.compile(r"^( *)(&#34;.*?&#34;)(?=: )", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Field:
    """One line in the list of a log's fields."""

    name: str
    value: str
    shown: Markup
    #: The value of the form's `keep` and `exclude`, None where neither is offered.
    pick: str | None


@dataclass(frozen=True, slots=True)
class One:
    """A log as its page shows it, with what was searched for marked."""

    record: LogRecord
    tree: Filter = EVERYTHING
    #: Whether a long message is shown to its end.
    whole: bool = False

    @property
    def cut(self) -> bool:
        """Whether the message is longer than what is shown of it."""
        return not self.whole and len(self.record.message) > TEXT_SHOWN

    @property
    def message(self) -> Markup:
        """The message, as far as it is shown."""
        most = TEXT_SHOWN if self.cut else None
        return marked(self.record.message[:most], Spans(self.tree).of("message", self.record.message, most))

    @property
    def fields(self) -> list[Field]:
        """The log's fields save its message, as lines to show."""
        return list(islice(self._fields(Spans(self.tree)), FIELDS_SHOWN))

    def _fields(self, spans: Spans) -> Iterator[Field]:
        record = self.record
        for name, value in (
            ("timestamp", exactly((record.t, record.ns))),
            ("received", exactly((record.received, 0))),
            ("id", id_text(record.id)),
        ):
            yield Field(name, value, escape(value), None)
        sent = {name: value for name, value in record.sent_fields().items() if name not in APART}
        for name, value in (*sent.items(), *scalars(record.metadata or {}, "metadata")):
            text, keep = as_text(value), None
            if len(text) <= TEXT_LIMIT:
                keep = picked(name, text)
            yield Field(name, text, marked(text, spans.of(name, value)), keep)

    @property
    def json(self) -> Markup | None:
        """The log as indented JSON, that may be copied as it stands; None where that is too long to be shown."""
        shown = indented(self.record)
        return (
            None
            if len(shown) > TEXT_SHOWN
            else Markup(_JSON_KEY.sub(r'\1<span class="key">\2</span>', str(escape(shown))))  # noqa: S704 - escaped
        )


#: Fields that stand by themselves, not in the list.
APART = frozenset({"timestamp", "message", "metadata"})


def indented(record: LogRecord) -> str:
    """Return the log as indented JSON in which hidden characters are escaped as JSON does."""
    shown = json.dumps(record.to_dict(), indent=2, ensure_ascii=False)
    return escaped(shown)


def line(record: LogRecord) -> str:
    """Return the log as a text for people; it can be pasted anywhere: what would act stands as a code."""
    return plain(" ".join(filter(None, (record.timestamp, record.level, record.resource_id, record.message))))


#: The forms in which a log may be copied.
COPIES = ("text", "json", "curl")


def copied(record: LogRecord, part: str, url: str, *, user: bool) -> str:
    """Return the log as one of COPIES; *url* takes logs, from a *user* where it asks for one."""
    if part == "curl":
        return command(record, url, user=user)
    return line(record) if part == "text" else indented(record)


def command(record: LogRecord, url: str, *, user: bool) -> str:
    """Return the line for a shell that sends the log again to *url*, as *user* who is asked for the password.

    Its JSON is ASCII and has neither a single quote nor two backslashes in a row, so that between single quotes no
    shell (sh, bash, zsh, fish) sees anything in it. What is too long for an argument is read from the lines below.
    """
    body = json.dumps(record.sent_fields()).replace("\\\\", "\\u005c").replace("'", "\\u0027")
    begin = f"curl {'-u admin ' if user else ''}-H 'Content-Type: application/json'"
    if len(body) > ARGUMENT:
        return f"{begin} --data-binary @- {shlex.quote(url)} <<'END'\n{body}\nEND\n"
    return f"{begin} -d '{body}' {shlex.quote(url)}\n"
