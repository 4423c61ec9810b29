"""Answers of the routes that take logs."""

from __future__ import annotations

from typing import Annotated

from msgspec import UNSET, Meta, UnsetType
from msgspec.structs import asdict

from app.accept.accept import Outcome
from app.accept.receipts import ReceiptCounts
from app.files.preview import ShownPreview
from app.log.parsed import Parsed
from app.shown import Count, ShownProblem, Yes
from app.web.answers.reply import Answer


class AcceptedAnswer(Answer):
    """The outcome of a request with logs; with `wait` also how far they have come."""

    message: str
    accepted: Count
    duplicates: Count
    rejected: list[ShownProblem]
    receipt: str | None
    #: Logs in our own form have neither.
    read_as: dict[str, Count] | UnsetType = UNSET
    unused: list[str] | UnsetType = UNSET
    dropped: Annotated[dict[str, Count], Meta(description="Logs that rules left out, by rule.")] | UnsetType = UNSET
    queued: Count | UnsetType = UNSET
    stored: Count | UnsetType = UNSET
    indexed: Count | UnsetType = UNSET
    dead: Count | UnsetType = UNSET

    @classmethod
    def of(cls, outcome: Outcome, message: str, parsed: Parsed) -> AcceptedAnswer:
        """Return the answer to a request of which at least one log is kept."""
        return cls(
            True,
            message,
            outcome.accepted,
            outcome.duplicates,
            [ShownProblem(**problem) for problem in outcome.rejected],
            outcome.receipt,
            dict(parsed.read_as) or UNSET,
            parsed.unused or UNSET,
            outcome.dropped or UNSET,
        )

    def come_to(self, counts: ReceiptCounts) -> None:
        """Say how far the logs have come."""
        self.queued, self.stored, self.indexed, self.dead = counts.queued, counts.stored, counts.indexed, counts.dead


class ReceiptAnswer(ReceiptCounts):
    """accepted = queued + stored + dead."""

    status: Yes
    receipt: str

    @classmethod
    def of(cls, receipt: str, counts: ReceiptCounts) -> ReceiptAnswer:
        """Return the answer that says what became of the logs behind a receipt."""
        return cls(**asdict(counts), status=True, receipt=receipt)


class PreviewAnswer(Answer):
    """How the first logs of a body would be read."""

    logs: list[ShownPreview]
