"""The parts of one record."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from app.damage import Unread
from app.ports.alerts import AlertKeeper
from app.ports.audit_log.chain import AuditLog
from app.ports.costs import CostKeeper, SpaceKeeper
from app.ports.figures import FigureKeeper
from app.ports.forms import FormKeeper
from app.ports.gaps import GapKeeper
from app.ports.letters import LetterKeeper
from app.ports.memory import ClaimKeeper
from app.ports.notes import NoteKeeper
from app.ports.notices import NoticeKeeper
from app.ports.outbox import Outbox
from app.ports.record import LogStore


@dataclass(frozen=True, slots=True)
class RecordParts:
    """The parts of a record, all in one database; a function that needs one or two of them takes those."""

    store: LogStore
    letters: LetterKeeper
    claims: ClaimKeeper
    notes: NoteKeeper
    notices: NoticeKeeper
    alerts: AlertKeeper
    outbox: Outbox
    figures: FigureKeeper
    gaps: GapKeeper
    costs: CostKeeper
    forms: FormKeeper
    spaces: SpaceKeeper
    audit_log: AuditLog


@runtime_checkable
class Erasable(Protocol):
    """A queue, store or index that keeps bytes of what was deleted until it is asked to erase them, besides its own port."""

    def erase(self) -> None:
        """Take what was deleted off the disk; raises Unavailable, saying what is left where, when it can't just then."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """How far the logs of a record or an index are in segments."""

    #: Logs in segments, how many segments, and their bytes, without what is searched in them.
    logs: int
    segments: int
    bytes: int
    #: Logs that are rows, and of these the places that are still to be sealed.
    rows: int
    due: int
    #: Logs of the last block that stayed rows since they did not come back from their segment as they were: a fault of the program.
    failed: int


@dataclass(slots=True)
class Checked:
    """The parts of a record or an index, compared with the checksums that they were written with."""

    #: Segments that are as they were written, and those that an earlier release wrote, without checksums.
    whole: int = 0
    without: int = 0
    #: Segments that can't be read, by the places of their logs and when the first and the last of these arrived.
    damaged: list[str] = field(default_factory=list)
    #: Parts that only make searches quicker, and can be made anew.
    search_damaged: list[str] = field(default_factory=list)
    #: Bounds and counts that an index keeps which are not those of its logs.
    wrong: list[str] = field(default_factory=list)
    #: The damaged ones by the numbers of their rows, and the places of damaged rows.
    numbers: list[int] = field(default_factory=list)
    places: list[int] = field(default_factory=list)


@runtime_checkable
class Sealing(Protocol):
    """A store or index that seals its logs in segments, besides its own port."""

    def sealed(self) -> Sealed | None:
        """Return how much is sealed; None where another part (the store) holds the logs."""

    def checked(self) -> Checked | None:
        """Read all that is sealed, and what is searched in it, and return what of it is damaged; None as `sealed` does."""


@runtime_checkable
class Mending(Protocol):
    """A store that can let go of what is damaged, besides its own port."""

    def drop_damaged(self) -> list[Unread]:
        """Delete the logs that can't be read, for good; return which. The index is to be made anew then."""
