"""Notices in memory: those that are open, the observers that get each change, and how troubles become notices."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

import msgspec

from app.log.record import IdSource, id_text
from app.ports.notices import HISTORY, Notice
from app.times.instant import now_ms

#: Seconds between two changes of an open notice's text: its figures change all the time.
CHANGE_SECONDS = 15.0

_ids = IdSource()

#: A function that is called with each changed notice, on any thread.
Observer = Callable[[Notice], object]


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that is wrong now; while it is, its notice is open."""

    kind: str
    severity: str
    text: str
    details: dict[str, Any] = field(default_factory=dict)


class Board:
    """The notices that this process knows, and the observers that get each change."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._known: dict[str, Notice] = {}
        self._observers: set[Observer] = set()

    def put(self, notice: Notice) -> None:
        """Keep a notice in its newest form and pass it to all observers; a form that is known already changes nothing."""
        with self._guard:
            if self._known.get(notice.id) == notice:
                return
            self._known[notice.id] = notice
            if len(self._known) > 2 * HISTORY:
                closed = [one for one in self._known.values() if one.until is not None]
                for one in sorted(closed, key=lambda one: one.until or 0)[:-HISTORY]:
                    del self._known[one.id]
            # Within the guard: all observers get changes in one order, and one that joins gets none twice.
            for observer in self._observers:
                observer(notice)

    def open(self) -> list[Notice]:
        """Return what is open, the oldest first."""
        with self._guard:
            return self._open()

    def _open(self) -> list[Notice]:
        return sorted((one for one in self._known.values() if one.until is None), key=lambda one: (one.since, one.id))

    def known(self) -> list[Notice]:
        """Return all that is known, closed ones too, the oldest first."""
        with self._guard:
            return sorted(self._known.values(), key=lambda one: (one.since, one.id))

    def join(self, observer: Observer) -> list[Notice]:
        """Call *observer* with each change from now on; return the open notices."""
        with self._guard:
            self._observers.add(observer)
            return self._open()

    def leave(self, observer: Observer) -> None:
        """Call *observer* no more."""
        with self._guard:
            self._observers.discard(observer)


class NoticeWriter:
    """Opens, changes and closes notices as troubles come and go, and remembers what the record does not hold yet."""

    def __init__(self, board: Board, say: Callable[[str], object]) -> None:
        self._board = board
        self._say = say
        self._guard = threading.Lock()
        self._open: dict[str, Notice] = {}
        #: The newest form of each trouble, and when its notice last changed.
        self._latest: dict[str, Trouble] = {}
        self._changed: dict[str, float] = {}
        self._unsaved: dict[str, Notice] = {}
        #: Ids of notices that were opened here and that the record has never held.
        self._own: set[str] = set()
        #: Whether changes are printed on the console; not where another process of this machine does so.
        self.speaks = True

    def adopt(self) -> None:
        """Go on with what another process has opened, on this board; what both have opened stays that process's."""
        with self._guard:
            own = {notice.id for notice in self._open.values()}
            for notice in [one for one in self._board.open() if one.id not in own]:
                if notice.key in self._open:
                    self._close(self._open[notice.key])
                self._open[notice.key] = notice

    def resign(self) -> None:
        """Leave it to another process: what the record doesn't hold nobody else knows, so it is over."""
        with self._guard:
            for notice in list(self._open.values()):
                if notice.id in self._own:
                    self._close(notice)
            for forgotten in (self._unsaved, self._open, self._own, self._latest, self._changed):
                forgotten.clear()

    def holds(self, identity: str) -> bool:
        """Return whether this process knows a newer form of a notice than the record."""
        return identity in self._unsaved

    @property
    def keys(self) -> set[str]:
        """The keys of what is open."""
        return set(self._open)

    def apply(self, source: str, troubles: Mapping[str, Trouble], *, whole: bool = True) -> bool:
        """Let *troubles* be open, keys `source/…`, and if they are the *whole* of what the source knows no other of it.

        Return whether that changes any.
        """
        with self._guard:
            before = dict(self._unsaved)
            for key, trouble in troubles.items():
                self._latest[key] = trouble
                notice = self._open.get(key)
                if notice is None:
                    self._begin(key, trouble)
                elif self._is_due(notice, trouble):
                    self._put(msgspec.structs.replace(notice, **_parts(trouble)))
            over = [key for key in self._open if key.startswith(f"{source}/") and key not in troubles]
            for key in over if whole else ():
                self._close(self._open.pop(key))
            return self._unsaved != before

    def _begin(self, key: str, trouble: Trouble) -> None:
        identity = id_text(_ids.take(1).to_bytes(16, "big"))
        self._own.add(identity)
        notice = self._put(Notice(id=identity, key=key, since=now_ms(), **_parts(trouble)))
        self._print(f"notice opened ({notice.kind}, {notice.severity}): {notice.text}")

    def _is_due(self, notice: Notice, trouble: Trouble) -> bool:
        parts = _parts(trouble)
        if all(getattr(notice, name) == value for name, value in parts.items()):
            return False
        since = monotonic() - self._changed.get(notice.key, 0.0)
        return notice.severity != trouble.severity or since >= CHANGE_SECONDS

    def _put(self, notice: Notice) -> Notice:
        if notice.until is None:
            self._open[notice.key] = notice
            self._changed[notice.key] = monotonic()
        self._unsaved[notice.id] = notice
        self._board.put(notice)
        return notice

    def _close(self, notice: Notice) -> None:
        self._changed.pop(notice.key, None)
        latest = self._latest.pop(notice.key, None)
        # A clock that was set back must not close what it had not opened yet.
        until = max(now_ms(), notice.since)
        closed = self._put(msgspec.structs.replace(notice, until=until, **(_parts(latest) if latest else {})))
        self._print(f"notice closed ({closed.kind}): it is over; it was: {closed.text}")

    def _print(self, line: str) -> None:
        if self.speaks:
            self._say(line)

    def save(self, keep: Callable[[list[Notice]], object]) -> None:
        """Let *keep* keep what the record doesn't hold; raises what it raises, and tries again the next time."""
        with self._guard:
            unsaved = list(self._unsaved.values())
        if not unsaved:
            return
        keep(unsaved)
        with self._guard:
            self._own -= {notice.id for notice in unsaved}
            for notice in unsaved:
                if self._unsaved.get(notice.id) == notice:
                    del self._unsaved[notice.id]


def _parts(trouble: Trouble) -> dict[str, Any]:
    return {
        "kind": trouble.kind,
        "severity": trouble.severity,
        "text": trouble.text,
        "details": trouble.details,
    }
