"""The parts that one process opens, once: the backends, and what is made of them."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from app import backends as backends_module
from app import secret
from app.accept.accept import Accept
from app.accept.receipts import Receipts
from app.accept.repeats import Repeats
from app.accept.spaces import Spaces
from app.accept.visits import Visits
from app.audit_log.recorder import Recorder
from app.backends import Backends
from app.figures import Recent
from app.files.sources.forms import SourceForms
from app.log.limits import Limits
from app.monitor.board import Board
from app.settings.limits import limits_of
from app.settings.settings import Settings

if TYPE_CHECKING:
    from app.accept.ruling import Ruling


@dataclass(slots=True)
class Parts:
    """The parts of one process, each opened once, at its first use: a parent that forks or a command that needs none opens none."""

    settings: Settings
    #: The limits of a log, made once for all requests.
    limits: Limits = field(init=False)
    #: Notices that this process knows; filled while it watches (app/web/server/watching.py).
    board: Board = field(default_factory=Board)
    #: The record's figures that its pages share.
    recent: Recent = field(default_factory=Recent)
    _guard: threading.Lock = field(default_factory=threading.Lock)
    _backends: Backends | None = None
    _accept: Accept | None = None
    _receipts: Receipts | None = None
    _visits: Visits | None = None
    _ruling: Ruling | None = None
    _spaces: Spaces | None = None
    _repeats: Repeats | None = None
    _source_forms: SourceForms | None = None
    _recorder: Recorder | None = None

    def __post_init__(self) -> None:
        self.limits = limits_of(self.settings)

    def backends(self) -> Backends:
        """Return the backends; opens them at the first call."""
        with self._guard:
            if self._backends is None:
                self._backends = backends_module.connect(self.settings)
                self._visits = Visits(self._backends.record.figures)
                self._source_forms = SourceForms(self._backends.record.forms)
            return self._backends

    def receipts(self) -> Receipts:
        """Return the maker of receipts."""
        if self._receipts is None:
            held, retention = self.backends(), self.settings.retention.seconds * 1000
            self._receipts = Receipts(
                held.queue, held.store, held.record.letters, held.index, secret.load(self.settings), retention
            )
        return self._receipts

    def accept(self) -> Accept:
        """Return the one Accept of this process: its ids ascend over all threads."""
        receipts = self.receipts()
        with self._guard:
            if self._accept is None:
                self._ruling = self._made_ruling()
                assert self._backends is not None
                self._spaces = Spaces(self._backends.record.spaces)
                self._accept = Accept(receipts.queue, receipts, self._visits, self._ruling, self._spaces)
            return self._accept

    def _made_ruling(self) -> Ruling | None:
        if self.settings.rules is None or self._backends is None:
            return None
        # A process without rules loads nothing for them.
        from app.accept.ruling import Ruling
        from app.rules.redact import redaction_key

        key = redaction_key(secret.load(self.settings))
        return Ruling(self.settings.rules, key, self.limits, self._backends.record.notes)

    def visits(self) -> Visits:
        """Return what this process has seen of sources."""
        self.backends()
        assert self._visits is not None
        return self._visits

    def source_forms(self) -> SourceForms:
        """Return how sources write, as far as an admin said so."""
        if self._source_forms is None:
            self.backends()
        assert self._source_forms is not None
        return self._source_forms

    def repeats(self) -> Repeats:
        """Return the keeper that recognizes a request that comes again."""
        with self._guard:
            if self._repeats is None:
                self._repeats = Repeats(self.settings.data_dir / "repeats")
            return self._repeats

    def recorder(self) -> Recorder:
        """Return what this process hands to the audit log."""
        audit_log = self.backends().record.audit_log
        with self._guard:
            if self._recorder is None:
                self._recorder = Recorder(self.settings.data_dir, audit_log)
            return self._recorder

    def close(self) -> None:
        """Close what was opened."""
        with self._guard:
            if self._recorder is not None:
                self._recorder.close()
                self._recorder = None
            if self._repeats is not None:
                self._repeats.close()
            if self._visits is not None:
                self._visits.close()
            if self._ruling is not None:
                self._ruling.close()
            if self._spaces is not None:
                self._spaces.close()
            if self._backends is not None:
                self._backends.close()
            self._backends = self._accept = self._receipts = self._visits = self._ruling = self._repeats = None
            self._source_forms = None
            self._spaces = None
