"""Preview: how the logs in a text would be read, and from what; nothing is kept."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any

from msgspec import UNSET, Meta, UnsetType

from app.errors import InvalidInput, InvalidRecord, Problem
from app.files import arrays, formats, pieces, structured
from app.files.formats import Format
from app.files.journal import exported
from app.files.split import entries
from app.files.split.entry import Entry
from app.files.unpack import decode
from app.json_text import LENIENT, NotJSON
from app.log import own
from app.log.dialects import table
from app.log.fold import cleaned
from app.log.foreign import doubled
from app.log.foreign.objects import UNREAD
from app.log.limits import Limits
from app.log.lines import w3c
from app.log.lines.reader import read_inner
from app.log.parsed import OWN, Parsed
from app.log.reading import Reader, unused
from app.log.record import LogRecord
from app.ports.forms import PATTERN_LIMIT
from app.query.meaning import regex
from app.rules.rule import RuleSet
from app.shown import Shown, ShownProblem
from app.times.written import Assumed

if TYPE_CHECKING:  # who has no rules loads nothing for them
    from app.accept.ruling import RuleApplier

#: Most logs of a preview, and lines by which the form of a source is recognised.
LOGS, SAMPLE_LINES = 100, 200
#: Ways to join lines: as a file's are, or each a log of its own.
JOINS = ("auto", "off")


@dataclass(slots=True)
class Previewed:
    """One log as it would be stored."""

    #: The fields that would be stored, as the rules leave them; empty where it would be refused or dropped.
    log: dict[str, Any]
    #: The dialect of an object, `names` or `own`; of a text its form: `syslog`, `access`, `container`, `text`, `logfmt` or `plain`.
    dialect: str
    #: Its lines, from 1.
    first: int
    last: int
    #: Our field and the path of the sent value that fills it.
    origins: dict[str, str] = field(default_factory=dict)
    #: Our field that was sent and could not be read, and why.
    unread: dict[str, str] = field(default_factory=dict)
    #: Keys that look like level, time or message of a log that has none, and were not understood.
    unused: list[str] = field(default_factory=list)
    #: Whether it has a time of its own, rather than that of its arrival.
    timed: bool = True
    refused: Problem | None = None
    #: The rule that would drop the log; empty where none would.
    dropped: str = ""

    def shown(self) -> ShownPreview:
        """Return it as answers and commands show it."""
        return ShownPreview(
            self.log,
            self.dialect,
            self.origins,
            [UnreadField(name, reason) for name, reason in self.unread.items()],
            [self.first, self.last],
            ShownProblem.of(self.refused) if self.refused else UNSET,
            self.dropped or UNSET,
            self.unused or UNSET,
        )


class UnreadField(Shown):
    """A field of ours that was sent and could not be read."""

    field: str
    reason: str


class ShownPreview(Shown, rename={"origins": "from"}):
    """One log as it would be stored, how it was recognised, and the lines it was read from."""

    log: dict[str, Any]
    dialect: str
    origins: dict[str, str]
    unread: list[UnreadField]
    lines: list[Annotated[int, Meta(ge=1)]]
    refused: ShownProblem | UnsetType = UNSET
    dropped: Annotated[str, Meta(description="The rule that would leave it out.")] | UnsetType = UNSET
    unused: (
        Annotated[list[str], Meta(description="Keys that look like level, time or message, and were not used.")]
        | UnsetType
    ) = UNSET


@dataclass(frozen=True, slots=True)
class _Door:
    """The checks of a door on a log that was read: the limits, and the rules."""

    limits: Limits
    now: int
    rules: RuleApplier | None

    def stored(self, one: Previewed, size: int) -> Previewed:
        """Put in the place of what was read what would be stored, or why nothing would be."""
        record = own.record(one.log, size, self.limits, self.now)
        record = record or own.record(own.fitted(one.log), size, self.limits, self.now)
        if record is None:
            return self.refused(one, own.problem(one.log, self.limits))
        if self.rules is not None:
            left = self._ruled(self.rules, Parsed([record], [0], [size]), one)
            if left is None:
                return one
            record = left
        one.log, one.timed = record.sent_fields(), (record.t, record.ns) != (self.now, 0)
        unread = (record.metadata or {}).get(UNREAD)
        if one.origins and isinstance(unread, dict):
            one.unread = {name: reason for name, reason in unread.items() if isinstance(reason, str)}
        return one

    def refused(self, one: Previewed, problem: Problem) -> Previewed:
        """Say why nothing would be stored, without what rules take out of reasons."""
        if self.rules is not None:
            problem = replace(problem, message=self.rules.sentence(problem.message))
            one.origins, one.unused = {}, []
        one.log, one.refused = {}, problem
        return one

    def _ruled(self, rules: RuleApplier, parsed: Parsed, one: Previewed) -> LogRecord | None:
        """Apply the rules as a door does; return what would be stored, None where nothing would be and *one* says why."""
        rules.apply(parsed)
        one.origins = {name: rules.sentence(path) for name, path in one.origins.items()}
        one.unused = [rules.sentence(name) for name in one.unused]
        if parsed.logs:
            return parsed.logs[0]
        one.log, one.dropped = {}, next(iter(parsed.dropped), "")
        one.refused = parsed.refused[0].problem if parsed.refused else None
        return None


def _applier(rules: RuleSet, limits: Limits) -> RuleApplier:
    """Return the rules ready to be applied, with a key of their own: nobody may learn by a preview what a stored hash is made of."""
    from app.accept.ruling import RuleApplier

    return RuleApplier(rules, secrets.token_bytes(32), limits)


def known(name: str | None) -> None:
    """Raise InvalidInput unless *name* is that of a dialect or of a form of text."""
    if name is not None and name not in table.BY_NAME and name not in formats.NAMES:
        raise InvalidInput(
            Problem(f"{name!r} is neither a dialect (docs/producers.md) nor {', '.join(formats.NAMES)}", "as")
        )


def check_first_line(pattern: str) -> None:
    """Raise InvalidInput unless *pattern* can be looked for in first lines."""
    if len(pattern) > PATTERN_LIMIT:
        raise InvalidInput(Problem(f"is longer than {PATTERN_LIMIT:,} characters", "first_line"))
    try:
        regex(pattern)
    except ValueError as error:
        raise InvalidInput(Problem(f"is not an expression that can be read: {error}", "first_line")) from None


def preview(
    body: bytes,
    assumed: Assumed,
    limits: Limits,
    now: int,
    *,
    name: str | None = None,
    join: bool = True,
    rules: RuleSet | None = None,
) -> Iterator[Previewed]:
    """Yield how the first LOGS logs in *body* would be read, as `ingest` reads a file, and what *rules* leave of them.

    *name* is a dialect or a form of text, in the place of the one that is *assumed*; without *join* each line is a log. Raises InvalidInput.
    """
    known(name)
    check_first_line(assumed.first_line or "")
    assumed = replace(assumed, form=name or assumed.form)
    sample = [decode(line) for line in body.split(b"\n")[:SAMPLE_LINES]]
    format = formats.recognise(sample, assumed, assumed.form)
    door = _Door(limits, now, None if rules is None else _applier(rules, limits))
    for entry in islice(_entries(body, sample, format, assumed, limits, join), LOGS):
        yield from _read(entry, format, assumed, door)


def _entries(
    body: bytes, sample: list[str], format: Format, assumed: Assumed, limits: Limits, join: bool
) -> Iterator[Entry]:
    if format.name == "json" and structured.ARRAY.match("\n".join(sample)):
        yield from arrays.elements(body.decode("utf-8", "surrogateescape"), 0)
        return
    limit = 2 * (limits.message + limits.metadata)
    if exported.BEGINS.match(body):
        yield from (
            one
            for one in exported.entries(iter((body,)), limit=limit, begin=0, cut=0, growing=False)
            if one is not None
        )
        return
    found = pieces.lines(iter((body,)), limit=limit)
    joining = format if join else formats.recognise((), assumed, "plain")
    yield from (entry for entry in entries.entries(found, joining, assumed) if entry is not None)


def _read(entry: Entry, format: Format, assumed: Assumed, door: _Door) -> Iterator[Previewed]:
    first, last = entry.number + 1, entry.number + 1 + entry.text.count("\n")
    try:
        objects = _objects(entry, format, assumed)
    except RecursionError:
        yield door.refused(Previewed({}, format.name, first, last), Problem("is nested too deeply"))
        return
    if objects is None:
        try:
            logs = entry.logs(format, assumed)
        except InvalidRecord as error:
            yield door.refused(Previewed({}, format.name, first, last), error.problems[0])
            return
        objects = [Previewed(log, _form(entry, format, assumed), first, last) for log in logs]
    for one in objects:
        one.first, one.last = first, last
        yield door.stored(one, len(entry.text))


def _objects(entry: Entry, format: Format, assumed: Assumed) -> list[Previewed] | None:
    """Return the logs of an entry that is one JSON object; None for another."""
    text = entry.text.strip()
    if format.name == "plain" or entry.problem is not None or not text.startswith("{"):
        return None
    try:
        value = LENIENT.read(text)
    except NotJSON:
        return None
    raw = text.encode("utf-8", "surrogatepass")
    value, later = doubled.decode(raw, value)
    if "\\u" in text:
        value, later = cleaned(value), cleaned(later)
    reader = Reader(assumed, lambda line: read_inner(line, assumed))
    return [
        Previewed(one.log, one.read_as or OWN, 0, 0, one.origins, unused=unused(value, one.origins))
        for one in reader.read(value, raw, later=later)
    ]


def _form(entry: Entry, format: Format, assumed: Assumed) -> str:
    """Return by which form the first line of a text is read."""
    if format.name == "plain":
        return "plain"
    if format.fields is not None and w3c.read(entry.first, format.fields.names, assumed) is not None:
        return "access"
    return formats.kind(entry.first, assumed)
