"""Dead letters: logs that were refused, or that could not be stored, each with its reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from app.log.envelope import DeadLetter


@dataclass(frozen=True, slots=True)
class DeadGroup:
    """The dead letters with one reason."""

    reason: str
    count: int
    #: Id of the oldest.
    first: bytes
    #: The newest, with the beginning of its payload.
    newest: DeadLetter


class LetterKeeper(Protocol):
    """Keeps dead letters. Every method raises Unavailable."""

    def bury(self, letters: Sequence[DeadLetter]) -> None:
        """Keep dead letters; one whose id is kept already is left. Drops the oldest over DEAD_LIMIT.

        A letter with a count that is alike to one of the last day only adds to the count of that.
        """

    def dead(
        self, limit: int = 100, before: bytes | None = None, reason: str | None = None, most: int | None = None
    ) -> list[DeadLetter]:
        """Return dead letters, newest first, older than *before*, with this reason, *most* bytes of each payload."""

    def dead_counts(self) -> dict[str, int]:
        """Return the number of dead letters by reason."""

    def dead_between(self, first: bytes, last: bytes) -> int:
        """Return how many dead letters have ids from *first* to *last*."""

    def drop_dead(self, ids: Sequence[bytes]) -> int:
        """Forget these dead letters; return how many there were."""

    def dead_groups(self, limit: int) -> list[DeadGroup]:
        """Return the dead letters by reason, the most frequent first."""
