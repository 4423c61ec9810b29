"""Replay: dead letters are read as ingest reads, sent again, and dropped once their logs are accepted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace

from app.accept.accept import Accept
from app.errors import InvalidInput, NotFound, PartTaken, Problem
from app.log import schema
from app.log.envelope import DeadLetter
from app.log.limits import Limits
from app.log.parsed import Parsed, Refused
from app.log.record import id_text
from app.ports.letters import LetterKeeper
from app.times.instant import now_ms

#: Letters listed at once, without what was sent: each may be as long as a body.
AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Replayed:
    """The outcome of sending a letter again."""

    #: Why the letter stays: each fault, with the log it was found in; empty when its logs are accepted.
    refused: list[Refused]
    #: Whether its logs had been accepted before, by a replay that was cut off or by somebody else's.
    before: bool = False

    @property
    def fault(self) -> str | None:
        """The first fault in a line, None without any."""
        return said(self.refused[0].problem) if self.refused else None


def said(problem: Problem) -> str:
    """Return a fault with its field."""
    return f"{problem.field}: {problem.message}" if problem.field else problem.message


def check(payload: bytes, limits: Limits) -> tuple[Parsed, list[Refused]]:
    """Read the logs of a payload as ingest does; return them and what is wrong now."""
    try:
        parsed = schema.read(payload, None, limits, now_ms())
    except InvalidInput as error:
        return Parsed(), [Refused(problem, payload) for problem in error.problems]
    refused = list(parsed.refused)
    if not parsed.sent:
        refused.append(Refused(Problem("holds no log"), payload))
    if parsed.sent == 1:  # the index of a single log says nothing
        refused = [Refused(replace(one.problem, index=None), one.payload) for one in refused]
    return parsed, refused


class Replay:
    """Sends letters again."""

    def __init__(self, accept: Accept, keeper: LetterKeeper, limits: Limits) -> None:
        self._accept = accept
        self._keeper = keeper
        self._limits = limits

    def letter(self, letter: DeadLetter, payload: bytes | None = None) -> Replayed:
        """Accept the letter's logs, or those of the *payload* that is to take their place, and drop it.

        It stays as it is if anything is wrong. Its id is the key, whatever is sent: a crash between accepting and
        dropping, or two who do it at once, double nothing. Raises QueueFull, Unavailable, and PartTaken where a queue
        may have kept a part only; then it stays.
        """
        parsed, refused = check(letter.payload if payload is None else payload, self._limits)
        if refused:
            return Replayed(refused)
        outcome = self._accept.take(parsed, sender=letter.sender, key=f"dead {id_text(letter.id)}", digest=letter.id)
        # The next replay, under the same key, brings the rest, if its text is the same: parts differ by their
        # number only. Which text went out nobody remembers, so nobody could hold another back.
        if left := sum(bool(one.get("retry")) for one in outcome.rejected):
            raise PartTaken(
                f"of {parsed.sent:,} logs of the dead letter {id_text(letter.id)} the queue is not known to have kept {left:,}: "
                "it is full or could not confirm them. Send exactly the same again, which doubles nothing"
            )
        self._keeper.drop_dead([letter.id])
        return Replayed([], before=not outcome.accepted)


def find(keeper: LetterKeeper, identity: bytes) -> DeadLetter:
    """Return the letter with this id; raises NotFound."""
    letters = keeper.dead(1, following(identity))
    if not letters or letters[0].id != identity:
        raise NotFound(f"there is no dead letter {id_text(identity)}")
    return letters[0]


def following(identity: bytes) -> bytes:
    """Return the id after *identity*, before which it lies."""
    return min(int.from_bytes(identity, "big") + 1, (1 << 128) - 1).to_bytes(16, "big")


def each(keeper: LetterKeeper, reason: str | None = None, newest: bytes | None = None) -> Iterator[DeadLetter]:
    """Yield the letters with this reason, newest first from *newest* on, one in memory at a time."""
    for ids in _ids(keeper, reason, newest):
        for identity in ids:
            with suppress(NotFound):  # somebody else had it meanwhile
                yield find(keeper, identity)


def drop(keeper: LetterKeeper, reason: str | None = None, newest: bytes | None = None) -> int:
    """Forget the letters with this reason, from *newest* on; return how many. Letters that were buried meanwhile stay."""
    return sum(keeper.drop_dead(ids) for ids in _ids(keeper, reason, newest))


def _ids(keeper: LetterKeeper, reason: str | None, newest: bytes | None) -> Iterator[list[bytes]]:
    before = None if newest is None else following(newest)
    while letters := keeper.dead(AT_ONCE, before, reason, 0):
        yield [letter.id for letter in letters]
        before = letters[-1].id
