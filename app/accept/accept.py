"""Accept: give the logs of a request their ids and put them on the queue, refused ones as dead letters beside them."""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from app.accept.receipts import Receipts
from app.accept.spaces import Spaces, bytes_of, within
from app.accept.visits import Visits
from app.errors import InvalidInput, LogIngestorError, OverQuota, PartTaken, Problem, TooLarge, Unavailable
from app.log import numbers
from app.log.envelope import ENVELOPE_LOGS, REQUEST_BYTES, Claim, DeadLetter, Envelope, Listing
from app.log.parsed import Parsed, Refused
from app.log.record import IdSource, LogRecord
from app.ports.figures import SAMPLE_LENGTH
from app.ports.queue import LogQueue

if TYPE_CHECKING:
    from app.accept.ruling import Ruling

#: Bytes of logs, as they were sent, in one envelope. Packed they can grow: a number of four characters takes
#: nine bytes, an id and lengths are added; this keeps any mixture below ENVELOPE_BYTES.
_ENVELOPE_SENT = 48 << 10
#: The byte with which a remembered answer begins; those of the first release were JSON.
_PACKED = b"\0"
#: Bytes kept of a body that can't be read.
UNREADABLE_KEPT = 64 << 10


@dataclass(slots=True)
class Outcome:
    """The outcome of the logs of one request: accepted + duplicates + rejected + dropped are all that were sent."""

    accepted: int = 0
    duplicates: int = 0
    rejected: list[dict[str, Any]] = field(default_factory=list)
    #: By which the accepted logs can be asked about; None when none was accepted, now or by the first request.
    receipt: str | None = None
    #: How many logs rules left out, by rule.
    dropped: dict[str, int] = field(default_factory=dict)

    def ensure_kept(self) -> None:
        """Raise PartTaken where some logs or dead letters were not kept for now, for a caller that can't get an answer for each log."""
        if self.lacking:
            raise PartTaken(
                f"{self.lacking:,} logs were not kept: the queue is full or could not confirm them; send all again",
                kept_unknown=True,
            )

    @property
    def lacking(self) -> int:
        """How many logs and dead letters were not kept for now, though others were: they are to be sent again."""
        return sum(bool(one.get("retry")) for one in self.rejected)

    @property
    def ok(self) -> bool:
        """Whether at least one log is kept, by this request or an earlier one, or left out by a rule."""
        return self.accepted + self.duplicates > 0 or bool(self.dropped)


class Accept:
    """Takes parsed requests; one for all threads of a process."""

    def __init__(
        self,
        queue: LogQueue,
        receipts: Receipts,
        visits: Visits | None = None,
        ruling: Ruling | None = None,
        spaces: Spaces | None = None,
    ) -> None:
        self._queue = queue
        self._receipts = receipts
        self._visits = visits
        self._ruling = ruling
        self._spaces = spaces
        self._ids = IdSource()

    def take(
        self,
        parsed: Parsed,
        *,
        sender: str,
        key: str | None = None,
        digest: bytes = b"",
        agent: str | None = None,
        space: str = "",
    ) -> Outcome:
        """Queue the logs durably and return what became of each.

        With a *key* a second request with the same key and digest of its body is answered from the
        first and adds nothing; another digest is an InvalidInput. Raises QueueFull and Unavailable,
        with nothing kept. A request with an *agent* is noted as a visit of its source. Its logs become those of the *space*, whose
        quota is held to: raises OverQuota, and TooLarge. A key, of the request or of a log, is known within its space only.
        """
        self._prepare(parsed, space)
        if self._spaces is None or not space:
            return self._queued(parsed, sender, key, digest, agent, parsed.keys, space)
        own, keys = None if key is None else f"{space} {key}", [one and within(space, one) for one in parsed.keys]
        size = bytes_of(parsed)
        try:
            self._spaces.reserve(space, size)
        except (OverQuota, TooLarge):
            # A batch that was taken before takes nothing of today.
            earlier = None if own is None else self._queue.earlier(own)
            if earlier is None:
                raise
            return _repeated(earlier.answer, earlier.digest == digest)
        try:
            outcome = self._queued(parsed, sender, own, digest, agent, keys, space)
        except LogIngestorError:
            self._spaces.release(space, size)
            raise
        if not outcome.accepted and not parsed.refused:
            self._spaces.release(space, size)
        return outcome

    def _prepare(self, parsed: Parsed, space: str) -> None:
        """Stamp the sender's space on the logs, then apply the rules, which can't change the space."""
        if self._spaces is not None:
            self._spaces.stamp(parsed, space)
        if self._ruling is not None:
            self._ruling.apply(parsed)
            if self._spaces is not None and space:
                self._spaces.stamp(parsed, space)

    def _queued(
        self,
        parsed: Parsed,
        sender: str,
        key: str | None,
        digest: bytes,
        agent: str | None,
        keys: Sequence[bytes],
        space: str,
    ) -> Outcome:
        own = frozenset(log.id for log in parsed.logs if log.id)
        logs, sizes = self._identify(parsed)
        twice = len(parsed.logs) - len(logs)
        rejected = [refused.problem.to_dict() for refused in parsed.refused]
        receipt, listing = self._receipt(logs, consecutive=not own and not keys)
        envelopes = _envelopes(logs, sizes, dict(zip((log.id for log in parsed.logs), keys, strict=False)))
        letters = _letters(self._ids, parsed.refused, sender)
        if parsed.numbers:
            _number(envelopes, letters, parsed)
        envelopes += letters
        claim = None
        if key is not None:
            answer = {"sent": parsed.sent, "rejected": rejected, "receipt": receipt, "dropped": parsed.dropped}
            claim = Claim(key, digest, _remembered(answer))
        taken = self._queue.put(envelopes, claim, own, listing, space)
        missing = taken.missing.intersection(log.id for log in logs) if taken.missing else taken.missing
        accepted = len(logs) - len(taken.duplicates) - len(missing) if taken.fresh else 0
        self._saw(sender, agent, accepted, parsed.refused if taken.fresh else (), parsed.recognised)
        if not taken.fresh:
            return _repeated(taken.answer, taken.digest == digest)
        if self._ruling is not None:
            self._ruling.count(parsed)
        if taken.missing:
            lost = [letter.id in taken.missing for envelope in letters for letter in envelope.dead]
            rejected = [one | {"retry": True} if gone else one for one, gone in zip(rejected, lost, strict=True)]
            rejected = sorted([*rejected, *_missing(parsed, missing)], key=lambda one: one.get("index", 0))
            receipt = self._partial([log.id for log in logs if log.id not in taken.missing | taken.duplicates])
        return Outcome(accepted, len(taken.duplicates) + twice, rejected, receipt, parsed.dropped)

    def bury(self, body: bytes, problem: Problem, sender: str, agent: str | None = None, space: str = "") -> None:
        """Keep the beginning of a body that can't be read, with the reason."""
        refused = [self._unreadable(body, problem, UNREADABLE_KEPT)]
        self._queue.put(_letters(self._ids, refused, sender), space=space)
        self._saw(sender, agent, 0, refused)

    def refuse(self, body: bytes, problem: Problem, sender: str, agent: str) -> None:
        """Note with its source a body that is kept nowhere."""
        self._saw(sender, agent, 0, [self._unreadable(body, problem, SAMPLE_LENGTH)])

    def _unreadable(self, body: bytes, problem: Problem, most: int) -> Refused:
        return Refused(problem, body[:most]) if self._ruling is None else self._ruling.payload(body, problem, most)

    def _saw(
        self, sender: str, agent: str | None, accepted: int, refused: Sequence[Refused], read_as: str = ""
    ) -> None:
        if agent is not None and self._visits is not None:
            self._visits.saw(sender, agent, accepted, refused, read_as)

    def _identify(self, parsed: Parsed) -> tuple[list[LogRecord], list[int]]:
        """Give ids to the logs without, and leave out the second of two with one id; return logs and sizes."""
        nameless = sum(not log.id for log in parsed.logs)
        following = self._ids.take(nameless) if nameless else 0
        if nameless == len(parsed.logs):
            for offset, log in enumerate(parsed.logs):
                log.id = (following + offset).to_bytes(16, "big")
            return parsed.logs, parsed.sizes
        kept: dict[bytes, tuple[LogRecord, int]] = {}
        for log, size in zip(parsed.logs, parsed.sizes, strict=True):
            if not log.id:
                log.id = following.to_bytes(16, "big")
                following += 1
            kept.setdefault(log.id, (log, size))
        return [log for log, _ in kept.values()], [size for _, size in kept.values()]

    def _partial(self, ids: list[bytes]) -> str | None:
        """Return a receipt for the part of a request that was kept; None when it can't be noted."""
        key = self._ids.take(1).to_bytes(16, "big")
        try:
            self._queue.keep(Listing(key, ids, self._receipts.retention_ms))
        except Unavailable:
            return None
        return self._receipts.listed(key)

    def _receipt(self, logs: list[LogRecord], *, consecutive: bool) -> tuple[str | None, Listing | None]:
        if not logs:
            return None, None
        if consecutive:
            return self._receipts.consecutive(logs[0].id, len(logs)), None
        key = self._ids.take(1).to_bytes(16, "big")
        return self._receipts.listed(key), Listing(key, [log.id for log in logs], self._receipts.retention_ms)


def _missing(parsed: Parsed, ids: frozenset[bytes]) -> list[dict[str, Any]]:
    """Return what is answered for logs that the queue did not keep: nothing is wrong with them."""
    message = "was not kept: the queue is full or could not confirm it; send it again"
    places = [place for log, place in zip(parsed.logs, parsed.places, strict=True) if log.id in ids]
    return [{"index": place, "message": message, "retry": True} for place in places]


def _remembered(answer: dict[str, Any]) -> bytes:
    """Return what is kept of an answer: it can be long, as it names every refused log."""
    # At random, for where nothing was accepted two requests have the same answer.
    return _PACKED + os.urandom(REQUEST_BYTES - 1) + zlib.compress(json.dumps(answer).encode())


def _repeated(answer: bytes, same_body: bool) -> Outcome:
    if not same_body:
        raise InvalidInput(Problem("was used for another body within the last 24 hours", "Idempotency-Key"))
    first = json.loads(zlib.decompress(answer[REQUEST_BYTES:]) if answer.startswith(_PACKED) else answer)
    dropped = first.get("dropped", {})
    duplicates = first["sent"] - len(first["rejected"]) - sum(dropped.values())
    return Outcome(0, duplicates, first["rejected"], first["receipt"], dropped)


def _envelopes(logs: list[LogRecord], sizes: list[int], keys: Mapping[bytes, bytes]) -> list[Envelope]:
    """Return the logs in envelopes of at most ENVELOPE_LOGS logs and ENVELOPE_BYTES; a larger log alone. *keys* are by id."""
    envelopes: list[Envelope] = []
    start = size = 0
    for place, more in enumerate(sizes):
        if place > start and (place - start == ENVELOPE_LOGS or size + more > _ENVELOPE_SENT):
            envelopes.append(_envelope(logs[start:place], keys))
            start, size = place, 0
        size += more
    if logs:
        envelopes.append(_envelope(logs[start:], keys))
    return envelopes


def _envelope(logs: list[LogRecord], keys: Mapping[bytes, bytes]) -> Envelope:
    return Envelope(logs, keys=[keys.get(log.id, b"") for log in logs] if keys else [])


def _number(envelopes: list[Envelope], letters: Sequence[Envelope], parsed: Parsed) -> None:
    """Note with each envelope which numbers its logs have; what is refused has arrived too, and what rules left out."""
    given = {log.id: place for log, place in zip(parsed.logs, parsed.places, strict=True) if place in parsed.numbers}
    left = [(place, t) for place, t in parsed.left_out.items() if place in parsed.numbers]
    if left and not envelopes:
        envelopes.append(Envelope())
    for envelope in envelopes:
        numbered = [(given[record.id], record.t) for record in envelope.records if record.id in given]
        if left:
            # In their places among the others: who reads the numbers expects them in about the order in which they were given.
            end = max(parsed.numbers) if envelope is envelopes[-1] else numbered[-1][0] if numbered else -1
            numbered = sorted([*numbered, *(one for one in left if one[0] <= end)])
            left = [one for one in left if one[0] > end]
        envelope.numbers = numbers.arrived((parsed.numbers[place], t) for place, t in numbered)
    refused = [parsed.numbers.get(one.problem.index or 0) for one in parsed.refused]
    if letters:
        letters[0].numbers = numbers.arrived((one._replace(timed=False), -1) for one in refused if one is not None)


def _letters(ids: IdSource, refused: list[Refused], sender: str) -> list[Envelope]:
    """Return the refused logs as dead letters, in envelopes by the same limits."""
    if not refused:
        return []
    first = ids.take(len(refused))
    envelopes, size = [Envelope()], 0
    for offset, one in enumerate(refused):
        letter = DeadLetter(
            (first + offset).to_bytes(16, "big"), one.payload, one.problem.message, one.problem.field, sender, times=1
        )
        letters = envelopes[-1].dead
        if letters and (len(letters) == ENVELOPE_LOGS or size + len(one.payload) > _ENVELOPE_SENT):
            envelopes.append(Envelope(dead=[letter]))
            size = 0
        else:
            letters.append(letter)
        size += len(one.payload)
    return envelopes
