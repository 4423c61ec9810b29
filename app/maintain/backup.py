"""Backup: record, dead letters, claims and waiting logs as one stream of one format, whatever holds them.

The stream is compressed (zstd). It is a header, chunks, and an end with counts and the SHA-256 of all
before it; each is preceded by its length in four bytes. So a backup that was cut off or changed is recognized.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, BinaryIO

import msgspec
import zstandard

from app.alerts.searches import keep_saved
from app.damage import Unread, passing, unread
from app.errors import InvalidInput, Problem, Unavailable
from app.files.sources.forms import keep_forms
from app.log import codec
from app.log.envelope import Batch, DeadLetter, unreadable
from app.maintain.backup_parts import (
    End,
    Header,
    LetterPart,
    Logs,
    MemoryPart,
    Part,
    Saved,
    Waiting,
    decode,
    kind,
    size,
)
from app.maintain.progress import Meter, Report
from app.maintain.rebuild import chunks, settled
from app.ports.letters import LetterKeeper
from app.ports.memory import Keeper
from app.ports.parts import RecordParts
from app.ports.queue import LogQueue, Readable
from app.ports.record import LogStore
from app.query.sentence import logs
from app.times.instant import now_ms

FORMAT = "logingestor backup"
#: Counts up when the stream changes; older ones are read as long as they are listed here.
VERSION = 1
#: Level of zstd: beyond 3 logs get hardly smaller.
_LEVEL = 3
#: Largest part that is read, in bytes: a length beyond it is damage.
_PART_BYTES = 1 << 30
#: Dead letters read at once; each holds up to 64 KiB, or a log.
_LETTERS = 500


@dataclass(frozen=True, slots=True)
class Contents:
    """The contents of a backup, as its end says."""

    made: int
    left_waiting: int
    counts: dict[str, int]
    digest: bytes
    #: Logs that could not be read when it was made: they are not in it.
    unread: list[Unread]

    def to_dict(self) -> dict[str, Any]:
        """Return it as a command prints it."""
        return {
            "left_waiting": self.left_waiting,
            **self.counts,
            "sha256": self.digest.hex(),
            "unread": [asdict(one) for one in self.unread],
        }


def write(
    file: BinaryIO, record: RecordParts, queue: LogQueue, keepers: Sequence[Keeper], report: Report = lambda _: None
) -> Contents:
    """Write a backup of everything that was accepted before now; ingest and drain go on meanwhile.

    A log moves from the queue to the record, and is read in that direction: it may be in the backup
    twice, under one id, never not at all. A replay moves against it, from a letter to the queue, so letters come
    first, and once more at the end. Claims come before the logs: none may say of a log that is not in the backup
    that it was accepted. What is damaged in the record is passed over, and its end says so. Raises Unavailable.
    """
    readable = isinstance(queue, Readable)
    header = Header(FORMAT, VERSION, now_ms(), 0 if readable else queue.depth().logs)
    with zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True).stream_writer(file, closefd=False) as stream:
        writer = _Writer(stream)
        writer.put(header)
        written = _write_letters(writer, record.letters, b"")
        for keeper in keepers:
            for items in keeper.remembered():
                writer.put(MemoryPart(items))
        if isinstance(queue, Readable):
            for batch in queue.look():
                writer.put(Waiting(batch.records))
                writer.put(LetterPart([*batch.dead, *unreadable(batch)]))
        with passing() as damaged:
            _write_stored(writer, record.store, report)
        _write_letters(writer, record.letters, written)
        alerts = [one.alert for one in record.alerts.alerts()]
        writer.put(Saved(record.alerts.searches(), alerts, record.forms.forms()))
        contents = Contents(header.made, header.left_waiting, writer.counts, writer.digest, unread(damaged))
        writer.put(End(contents.counts, contents.digest, contents.unread))
    return contents


def _write_stored(writer: _Writer, store: LogStore, report: Report) -> None:
    end = settled(store)
    meter = Meter(0, end, report)
    for place, records in chunks(store, 0, end):
        writer.put(Logs(records))
        meter.done(len(records), place)


def _write_letters(writer: _Writer, keeper: LetterKeeper, before: bytes) -> bytes:
    """Write the dead letters but those whose ids are in *before*, newest first; return the ids of all there are."""
    ids, at = bytearray(), 0
    for letters in dead_letters(keeper):
        new = list[DeadLetter]()
        for letter in letters:
            while before[at : at + 16] > letter.id:
                at += 16
            if before[at : at + 16] != letter.id:
                new.append(letter)
            ids += letter.id
        writer.put(LetterPart(new))
    return bytes(ids)


def dead_letters(keeper: LetterKeeper) -> Iterator[list[DeadLetter]]:
    """Yield all dead letters, newest first, in chunks."""
    before: bytes | None = None
    while letters := keeper.dead(_LETTERS, before):
        yield letters
        before = letters[-1].id


class _Writer:
    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._hash = hashlib.sha256()
        self.counts = {"logs": 0, "waiting": 0, "dead": 0, "kept": 0}

    def put(self, part: Header | Part | End) -> None:
        if not isinstance(part, Header | End):
            count = size(part)
            if not count:
                return
            self.counts[kind(part)] = self.counts.get(kind(part), 0) + count
        packed = codec.encode(part)
        framed = len(packed).to_bytes(4, "big") + packed
        self._hash.update(framed)
        self._stream.write(framed)

    @property
    def digest(self) -> bytes:
        return self._hash.digest()


class BackupReader:
    """Reads a backup; what it yields is checked against its end when it has been read whole."""

    def __init__(self, file: BinaryIO) -> None:
        self._stream = zstandard.ZstdDecompressor().stream_reader(file, closefd=False)
        self._hash = hashlib.sha256()
        self._counts = {"logs": 0, "waiting": 0, "dead": 0, "kept": 0}
        header = self._next()
        if not isinstance(header, Header) or header.format != FORMAT:
            raise _broken("is not a backup of LogIngestor")
        if header.version != VERSION:
            raise _broken(f"is a backup of version {header.version}, and {VERSION} is known: use a newer release")
        self.header = header

    def parts(self) -> Iterator[Part]:
        """Yield the parts; raises InvalidInput, at the latest at the end, when they are not those that were written."""
        while True:
            digest = self._hash.digest()
            part = self._next()
            if isinstance(part, Header):
                raise _broken("is damaged: it begins twice")
            if isinstance(part, End):
                if (part.counts, part.digest) != (self._counts, digest):
                    raise _broken("is damaged: its content is not what its end says")
                head = self.header
                self.contents = Contents(head.made, head.left_waiting, part.counts, part.digest, part.unread)
                return
            self._counts[kind(part)] = self._counts.get(kind(part), 0) + size(part)
            yield part

    def _next(self) -> Header | Part | End:
        try:
            length = self._read(4)
            size = int.from_bytes(length, "big")
            if size > _PART_BYTES:
                raise _broken("is damaged: a part is too long")
            packed = self._read(size)
            self._hash.update(length + packed)
            part: Header | Part | End = decode(packed)
            return part
        except (zstandard.ZstdError, msgspec.MsgspecError, ValueError, EOFError) as error:
            raise _broken(f"is no backup, or is damaged or cut off: {error or 'it ends too early'}") from error

    def _read(self, size: int) -> bytes:
        found = bytearray()
        while len(found) < size:
            piece = self._stream.read(size - len(found))
            if not piece:
                raise EOFError
            found += piece
        return bytes(found)


def check(file: BinaryIO) -> Contents:
    """Read a backup to its end; return what it holds. Raises InvalidInput when it is not whole."""
    reader = BackupReader(file)
    for _ in reader.parts():
        pass
    return reader.contents


def _broken(message: str) -> InvalidInput:
    return InvalidInput(Problem(message, "FILE"))


#: The beginning of the digest of the backup that is being restored, noted in the record until it is.
_NOTE = "restoring"


def restore(
    file: BinaryIO,
    contents: Contents,
    record: RecordParts,
    keepers: Sequence[Keeper],
    *,
    merge: bool,
    report: Report = lambda _: None,
) -> int:
    """Store what a checked backup holds, waiting logs too; return how many records were new.

    The index follows by the record's marks. Unless *merge* the record must be empty, or hold the
    beginning of this very backup: a restore that was killed goes on. Raises InvalidInput, Unavailable.
    """
    name = int.from_bytes(contents.digest[:8], "big") >> 1
    if not merge and record.notes.noted(_NOTE) != name and not _empty(record.store):
        raise InvalidInput(Problem("the record is not empty: use an empty one, or --merge to add what it lacks"))
    record.notes.note(_NOTE, name)
    counts = contents.counts
    meter, place, new = Meter(0, sum(counts.values()), report), 0, 0
    for part in BackupReader(file).parts():
        match part:
            case Logs(records) | Waiting(records):
                new += record.store.add(records).new
            case LetterPart(letters):
                record.letters.bury(letters)
            case MemoryPart(items):
                for keeper in keepers:
                    keeper.remember(items)
            case Saved(searches, alerts, forms):
                keep_saved(record.alerts, searches, alerts)
                keep_forms(record.forms, forms)
        place += size(part)
        meter.done(size(part), place)
    record.notes.note(_NOTE, 0)
    return new


def _empty(store: LogStore) -> bool:
    stats = store.stats()
    return not stats["stored"] and not stats["dead_letters"]


def waiting(queue: LogQueue) -> Iterator[Batch]:
    """Yield what waits in *queue*; raises Unavailable when logs wait in one that can't be read."""
    if isinstance(queue, Readable):
        yield from queue.look()
    elif waiting := queue.depth().logs:
        raise Unavailable(
            f"{logs(waiting)} wait{'s' if waiting == 1 else ''} in a queue that can't be read: let its workers drain it first"
        )
