"""The memory of requests: their claims and the ids behind their receipts, so that a re-send means the same later."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol, runtime_checkable

import msgspec

from app.log.envelope import Earlier, Envelope, Listing

#: How long a claim, or an id that a sender chose, is remembered, in ms.
CLAIM_MS = 24 * 3600 * 1000


class ClaimMade(msgspec.Struct, array_like=True, tag="claim", frozen=True):
    """A claim of a request, or of one part of it; `made` is in ms since 1970."""

    key: str
    part: int
    parts: int
    digest: bytes
    answer: bytes
    made: int


class Listed(msgspec.Struct, array_like=True, tag="listing", frozen=True):
    """The ids behind a receipt, 16 bytes each; kept until `until`, in ms since 1970."""

    key: bytes
    ids: bytes
    until: int


class Doubled(msgspec.Struct, array_like=True, tag="doubles", frozen=True):
    """Logs that were dropped since another request had claimed them; they count as stored."""

    first: bytes
    last: bytes
    logs: int


class OwnId(msgspec.Struct, array_like=True, tag="own", frozen=True):
    """An id that a sender chose; `made` is in ms since 1970."""

    id: bytes
    made: int


#: A claim or a listing: it is kept beside logs and dead letters, so that a re-send or a receipt means the same later.
Remembered = ClaimMade | Listed | Doubled | OwnId


@runtime_checkable
class Keeper(Protocol):
    """Remembers claims and listings."""

    def remembered(self) -> Iterator[list[Remembered]]:
        """Yield all that is remembered, in chunks."""

    def remember(self, items: Sequence[Remembered]) -> None:
        """Remember these durably; what is remembered already stays as it is."""


class ClaimKeeper(Protocol):
    """Keeps claims and listings beside the record; a Keeper too. Every method raises Unavailable."""

    def claim(self, envelopes: Sequence[Envelope]) -> list[bool]:
        """Make the envelopes' claims durably; return for each whether it is to be stored.

        An envelope is not to be stored if another request with the same body holds the claim. The ids of such an
        envelope are noted: `count` counts them as stored.
        """

    def claimed(self, key: str) -> Earlier | None:
        """Return the request that claimed *key*, if it has claimed all of its parts."""

    def keep(self, listing: Listing) -> None:
        """Keep a listing."""

    def listed(self, key: bytes) -> list[bytes] | None:
        """Return the ids of the listing with this key; None when there is none any more."""

    def forget_claims(self) -> None:
        """Forget claims that are older than a day, and listings whose time is over."""

    def remembered(self) -> Iterator[list[Remembered]]:
        """See Keeper."""

    def remember(self, items: Sequence[Remembered]) -> None:
        """See Keeper."""
