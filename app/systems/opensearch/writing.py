"""Documents into the index and out of it: in bulk, with an outcome for each one."""

from __future__ import annotations

import threading
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

import msgspec

from app.errors import Unavailable
from app.log.record import LogRecord
from app.ports.index import IndexRefusal
from app.systems.opensearch import documents
from app.systems.opensearch.connection import Answered, Server, blocked_by
from app.systems.opensearch.generations import Generations, GenerationState
from app.times.retry import pause_after

#: Most documents, and about how many bytes, of one request.
BULK_DOCUMENTS = 2_000
BULK_BYTES = 8 << 20
#: Rounds for documents that OpenSearch has no room for now, and seconds before the second; then twice as many, and so on.
ROUNDS = 6
PAUSE_SECONDS, LONGEST_SECONDS = 0.075, 60.0
#: Most that OpenSearch waits for a shard that is on its way back.
_SHARD_WAIT = "10s"

#: Errors of a document that lie in the document itself.
_OWN_FAULTS = {
    "mapper_parsing_exception",
    "document_parsing_exception",
    "illegal_argument_exception",
    "parsing_exception",
    "max_bytes_length_exceeded_exception",
}


class _Error(msgspec.Struct):
    type: str = ""
    reason: str | None = None
    caused_by: _Error | None = None

    def kinds(self) -> frozenset[str]:
        return frozenset({self.type}) | (self.caused_by.kinds() if self.caused_by else frozenset())

    def text(self) -> str:
        inner = f": {self.caused_by.text()}" if self.caused_by else ""
        return f"{self.reason or self.type}{inner}"


class _Outcome(msgspec.Struct):
    status: int
    error: _Error | None = None


class _Outcomes(msgspec.Struct):
    errors: bool
    items: list[dict[str, _Outcome]] = []


_decode = msgspec.json.Decoder(_Outcomes).decode


@dataclass(slots=True)
class _Line:
    """One document on its way: the lines of the request, and how it went."""

    identity: bytes
    index: str
    text: bytes
    reason: str = ""


class GenerationWriter:
    """Writes to every generation that is written; for all threads of a process."""

    def __init__(self, server: Server, generations: Generations) -> None:
        self._server = server
        self._generations = generations
        self._guard = threading.Lock()
        self._unrefreshed: set[str] = set()

    def add(self, records: Iterable[LogRecord]) -> list[IndexRefusal]:
        """Take the records into all generations that there are when it returns."""
        prepared, refused = _prepared(records)
        written: set[int] = set()
        while True:
            # Asked anew after each write: one that was begun meanwhile must have the records too.
            state = self._generations.current()
            missing = set(state.write) - written
            if not missing:
                return list(refused.values())
            for generation in sorted(missing):
                self._add(state, generation, prepared, refused)
            written |= missing

    def add_to(self, generation: int, records: Iterable[LogRecord]) -> list[IndexRefusal]:
        """Take the records into one generation only."""
        prepared, refused = _prepared(records)
        self._add(self._generations.current(), generation, prepared, refused)
        return list(refused.values())

    def _add(
        self,
        state: GenerationState,
        generation: int,
        prepared: Sequence[tuple[bytes, bytes]],
        refused: dict[bytes, IndexRefusal],
    ) -> None:
        lines = []
        for identity, document in prepared:
            index = self._generations.prepared(state, generation, identity)
            action = f'{{"create":{{"_index":"{index}","_id":"{documents.document_id(identity)}"}}}}\n'
            lines.append(_Line(identity, index, b"%b%b\n" % (action.encode(), document)))
        for line in self._write(lines):
            refused[line.identity] = IndexRefusal(line.identity, line.reason)

    def remove(self, ids: Iterable[bytes]) -> None:
        """Delete the documents of these ids from every generation that is written, and let searches see it."""
        state, there = self._generations.current(), self._generations.indices()
        lines = []
        for identity in ids:
            for generation in state.write:
                index = self._generations.index_of(state, generation, identity)
                if index in there:
                    action = f'{{"delete":{{"_index":"{index}","_id":"{documents.document_id(identity)}"}}}}\n'
                    lines.append(_Line(identity, index, action.encode()))
        if refused := self._write(lines):
            raise Unavailable(f"the index does not forget a record: {refused[0].reason}")
        self.refresh()

    def _write(self, lines: Sequence[_Line]) -> list[_Line]:
        """Write the lines; return those that were refused for a fault of their own. Raises Unavailable."""
        refused: list[_Line] = []
        for some in _requests(lines):
            waiting: Sequence[_Line] = some
            for number in range(ROUNDS):
                waiting, faulty = self._send(waiting)
                refused += faulty
                if not waiting:
                    break
                time.sleep(pause_after(number + 1, PAUSE_SECONDS, LONGEST_SECONDS, spread=1 / 3))
            if waiting:
                raise Unavailable(f"the index takes {len(waiting)} records not now: {waiting[0].reason}")
        return refused

    def _send(self, lines: Sequence[_Line]) -> tuple[list[_Line], list[_Line]]:
        """Send one request; return the lines to try again, and those with a fault of their own."""
        # Before the request: if it is cut off, what it wrote is refreshed all the same.
        with self._guard:
            self._unrefreshed.update(line.index for line in lines)
        parameters = {"timeout": _SHARD_WAIT, "filter_path": "errors,items.*.status,items.*.error"}
        try:
            answer = self._server.call("POST", "/_bulk", b"".join(line.text for line in lines), parameters)
        except Answered as error:
            return self._refused_whole(error, lines)
        found = _decode(answer)
        if not found.errors:
            return [], []
        again, faulty = list[_Line](), list[_Line]()
        for line, item in zip(lines, found.items, strict=True):
            outcome = next(iter(item.values()))
            if outcome.status < 300 or (outcome.status == 404 and outcome.error is None):
                continue
            self._sort(line, outcome, again, faulty)
        return again, faulty

    def _sort(self, line: _Line, outcome: _Outcome, again: list[_Line], faulty: list[_Line]) -> None:
        """Say what becomes of a line that failed."""
        error = outcome.error or _Error()
        kinds, line.reason = error.kinds(), error.text()
        if "version_conflict_engine_exception" in kinds:
            return  # it is there already
        if (blocked := blocked_by(kinds, line.reason)) is not None:
            raise Unavailable(blocked)
        if "unavailable_shards_exception" in kinds:
            # Waited for already.
            raise Unavailable(f"a part of the index is on no node that is there: {line.reason}")
        if outcome.status == 429 or outcome.status >= 500:
            again.append(line)
        elif kinds & _OWN_FAULTS:
            faulty.append(line)
        else:
            self._generations.forget(line.index)
            raise Unavailable(f"the index takes no records: {line.reason}")

    def _refused_whole(self, error: Answered, lines: Sequence[_Line]) -> tuple[list[_Line], list[_Line]]:
        """Say what becomes of the lines of a request that was refused as a whole."""
        if error.status == 413 and len(lines) > 1:
            again, faulty = list[_Line](), list[_Line]()
            for half in (lines[: len(lines) // 2], lines[len(lines) // 2 :]):
                some, others = self._send(half)
                again += some
                faulty += others
            return again, faulty
        for line in lines:
            line.reason = error.reason
        if error.status == 413:
            return [], list(lines)
        if error.status in (429, 502, 503, 504):
            return list(lines), []
        raise error

    def refresh(self) -> None:
        """Make findable what was written since the last refresh. Raises Unavailable unless every shard did."""
        with self._guard:
            names, self._unrefreshed = self._unrefreshed, set()
        if not names:
            return
        try:
            self.refresh_indices(names)
        except Unavailable:
            with self._guard:
                self._unrefreshed |= names
            raise

    def refresh_indices(self, names: Collection[str]) -> None:
        """Refresh these indices; those that are gone are left. Raises Unavailable unless every shard did."""
        parameters = {"ignore_unavailable": "true", "filter_path": "_shards.total,_shards.failed"}
        for start in range(0, len(names), 50):
            path = f"/{','.join(sorted(names)[start : start + 50])}/_refresh"
            shards = msgspec.json.decode(self._server.call("POST", path, parameters=parameters))["_shards"]
            if shards["failed"]:
                raise Unavailable(f"{shards['failed']} of {shards['total']} shards of the index can't be refreshed")


def _prepared(records: Iterable[LogRecord]) -> tuple[list[tuple[bytes, bytes]], dict[bytes, IndexRefusal]]:
    """Return ids and documents, the first of each id; and the records that have none."""
    found: dict[bytes, bytes] = {}
    refused: dict[bytes, IndexRefusal] = {}
    for record in records:
        if record.id not in found:
            try:
                found[record.id] = documents.encode(record)
            except ValueError as error:
                refused[record.id] = IndexRefusal(record.id, str(error))
    return list(found.items()), refused


def _requests(lines: Sequence[_Line]) -> Iterator[list[_Line]]:
    """Yield the lines in requests that are not too large."""
    some: list[_Line] = []
    size = 0
    for line in lines:
        if some and (len(some) == BULK_DOCUMENTS or size + len(line.text) > BULK_BYTES):
            yield some
            some, size = [], 0
        some.append(line)
        size += len(line.text)
    if some:
        yield some
