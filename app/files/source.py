"""One source of logs, a file or a pipe: split into entries, read as logs, put on the queue part by part."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from itertools import chain

from app.accept.accept import UNREADABLE_KEPT, Accept
from app.errors import InvalidInput, InvalidRecord, Problem
from app.files import arrays, structured
from app.files import pieces as files
from app.files.formats import Format, recognise
from app.files.journal import exported
from app.files.ledger import TakenFile
from app.files.split import entries as formats_entries
from app.files.split.entry import Entry
from app.files.unpack import decode
from app.log import schema
from app.log.packed import Pieces
from app.log.parsed import Parsed, Refused
from app.settings.limits import limits_of
from app.settings.settings import Settings
from app.times.instant import now_ms
from app.times.written import Assumed

#: Logs, and characters, of one part: what is put on the queue at once.
PART_LOGS = 1_000
PART_CHARACTERS = 4 << 20
#: Lines by which a source's format is recognised.
SAMPLE_LINES = 200
#: Bytes by which a source that holds no text is recognised, and the share of control characters from which it is none;
#: compressed data have a tenth.
SAMPLE_BYTES = 4 << 10
BINARY_SHARE = 0.08
_TEXT = bytes(range(32, 256)) + b"\t\n\v\f\r\x1b"
#: Faults of one source that are remembered.
FAULTS_KEPT = 1_000


@dataclass(slots=True)
class Report:
    """The outcome of reading one source."""

    name: str
    format: str = ""
    accepted: int = 0
    #: Logs that were accepted before: `duplicates` by the queue's knowledge, `before` by the ledger's.
    duplicates: int = 0
    before: int = 0
    refused: int = 0
    #: Left out by rules.
    dropped: int = 0
    #: Line, from 1, and fault of what was refused.
    faults: list[tuple[int, Problem]] = field(default_factory=list)
    #: Whether its last line was left because somebody still writes it.
    unfinished: bool = False
    #: Why the source could not be read to its end.
    failed: str | None = None


class FileSource:
    """Reads one source and puts its logs on the queue."""

    def __init__(self, settings: Settings, accept: Accept, assumed: Assumed) -> None:
        self._settings = settings
        self._limits = limits_of(settings)
        self._accept = accept
        self._assumed = assumed

    def changed(self, at: float) -> FileSource:
        """Return what reads a file that was last changed *at* so many seconds since 1970: its logs are no younger."""
        changed = datetime.fromtimestamp(at, self._assumed.now.tzinfo)
        assumed = replace(self._assumed, now=min(self._assumed.now, changed))
        return FileSource(self._settings, self._accept, assumed)

    def take(self, pieces: Pieces, report: Report, taken: TakenFile | None = None, *, growing: bool = False) -> None:
        """Take all of the source, or what *taken* has not; count in *report*. Raises InvalidInput and Unavailable.

        With *taken* each part has a key of its own: one that was put before a crash is not put twice.
        Of a source that is *growing* the last line is left where it has no end, unless it is a whole object.
        """
        begin, cut = (0, 0) if taken is None else (taken.state.end, taken.cut)
        head, pieces = _head(pieces)
        first = b"".join(piece for piece in head if piece)
        if _is_binary(first):
            raise InvalidInput(Problem("does not hold text"))
        started = first.split(b"\n")
        if growing and len(started) > 1:
            del started[-1]  # the line that somebody still writes, or nothing
        sample = [decode(line.removesuffix(b"\r").lstrip(b"\0")) for line in started[:SAMPLE_LINES]]
        format = recognise(sample, self._assumed, self._assumed.form)
        report.format = format.name
        whole = partial(_is_whole, report, self._assumed) if growing else _always
        for part in _parts(self._entries(first, pieces, format, begin, cut, whole, growing=growing), begin, cut):
            self._put(part, format, report, taken)

    def _entries(
        self,
        first: bytes,
        pieces: Pieces,
        format: Format,
        begin: int,
        cut: int,
        whole: Callable[[str], bool],
        *,
        growing: bool,
    ) -> Iterator[Entry | None]:
        if format.name == "json" and structured.ARRAY.match(decode(first)):
            return iter(arrays.elements(self._whole(pieces), begin))
        # The longest log there can be, and room for its other fields.
        limit = 2 * (self._limits.message + self._limits.metadata)
        if exported.BEGINS.match(first):
            return exported.entries(pieces, limit=limit, begin=begin, cut=cut, growing=growing)
        passed = None if format.fields is None else format.fields.note
        lines = files.lines(pieces, limit=limit, begin=begin, cut=cut, whole=whole, passed=passed)
        return formats_entries.entries(lines, format, self._assumed)

    def _whole(self, pieces: Pieces) -> str:
        """Return all of a source that is one JSON array: it can't be read in parts."""
        body = bytearray()
        for piece in pieces:
            body += piece or b""
            if len(body) > self._settings.inflated_limit:
                limit = f"{self._settings.inflated_limit:,}"
                raise InvalidInput(Problem(f"is an array of more than {limit} bytes: write one object a line"))
        return body.decode("utf-8", "surrogateescape")

    def _put(self, part: list[Entry], format: Format, report: Report, taken: TakenFile | None) -> None:
        parsed, faults = self._read(part, format)
        if taken is None:
            outcome = self._accept.take(parsed, sender=report.name)
        else:
            key, digest = taken.begin(part[-1].end)
            outcome = self._accept.take(parsed, sender=report.name, key=key, digest=digest)
            taken.done(parsed.sent, len(parsed.refused) + sum(outcome.dropped.values()))
        report.accepted += outcome.accepted
        report.duplicates += outcome.duplicates
        report.refused += len(parsed.refused)
        report.dropped += sum(outcome.dropped.values())
        report.faults += faults[: FAULTS_KEPT - len(report.faults)]

    def _read(self, part: list[Entry], format: Format) -> tuple[Parsed, list[tuple[int, Problem]]]:
        """Return the logs of *part*, and line and problem of what is none."""
        logs, entries, refused = [], list[Entry](), list[Refused]()
        for entry in part:
            try:
                found = entry.logs(format, self._assumed)
                logs += found
                entries += [entry] * len(found)
            except InvalidRecord as error:
                payload = entry.text.encode("utf-8", "surrogateescape")[:UNREADABLE_KEPT]
                refused.append(Refused(replace(error.problems[0], index=entry.number), payload))
        parsed = schema.read_items(logs, self._limits, now_ms())
        for one in parsed.refused:
            number = entries[one.problem.index or 0].number
            refused.append(replace(one, problem=replace(one.problem, index=number)))
        parsed.refused = refused
        faults = [((one.problem.index or 0) + 1, replace(one.problem, index=None)) for one in refused]
        return parsed, sorted(faults, key=lambda fault: fault[0])


def _always(_: str) -> bool:
    return True


def _is_whole(report: Report, assumed: Assumed, line: str) -> bool:
    """Return whether *line*, the last and without an end, is a whole object; note in *report* if it is not."""
    report.unfinished = structured.read_json(line, assumed) is None
    return not report.unfinished


def _is_binary(first: bytes) -> bool:
    """Return whether the source begins with more control characters than any text has.

    NUL bytes before the text are a gap, as a file has one that was truncated or whose machine lost power.
    """
    start = first.lstrip(b"\0")[:SAMPLE_BYTES]
    return len(start.translate(None, _TEXT)) > BINARY_SHARE * len(start)


def _head(pieces: Pieces) -> tuple[list[bytes | None], Pieces]:
    """Return the pieces by which the format is recognised, and all pieces once more."""
    head, lines = list[bytes | None](), 0
    for piece in pieces:
        head.append(piece)
        lines += (piece or b"").count(b"\n")
        if lines >= SAMPLE_LINES or (piece is None and lines):
            break
    return head, chain(head, pieces)


def _parts(entries: Iterable[Entry | None], begin: int, cut: int) -> Iterator[list[Entry]]:
    """Yield the entries in parts; the first ends at *cut*, if that lies behind *begin*: it was begun before."""
    part, size = list[Entry](), 0
    for entry in entries:
        if entry is not None:
            part.append(entry)
            size += entry.size or len(entry.first)
        end = part[-1].end if part else begin
        if begin < cut:
            if entry is None and part:  # blank lines may stand before it, which were none when it was begun
                end = part[-1].end = max(end, cut)
            full = end >= cut
        else:
            full = entry is None or len(part) >= PART_LOGS or size >= PART_CHARACTERS
        if full and part and not part[-1].tied:
            yield part
            begin, part, size = end, [], 0
    if part:
        yield part
