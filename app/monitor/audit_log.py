"""The audit log, as a probe: whether entries can be added, and whether any wait too long to be moved into it."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain

from app.monitor.board import Trouble
from app.ports.audit_log.chain import AuditLog

#: Seconds for which entries may wait in the data folder: they are moved within one.
LATE_SECONDS = 60.0


class AuditLogProbe:
    """A probe: a chain whose end was moved back, and entries that nobody moves into it."""

    name = "audit_log"

    def __init__(self, audit_log: AuditLog, waiting: Callable[[], float]) -> None:
        """*waiting* returns for how many seconds the oldest entry of this machine has waited, 0 where none does."""
        self._audit_log = audit_log
        self._waiting = waiting

    def look(self) -> dict[str, Trouble]:
        """See Probe."""
        _, head = self._audit_log.ends()
        if any(one.seq > head.seq for one in chain.from_iterable(self._audit_log.chained(head.seq))):
            # Another process may have added entries between the two looks.
            _, now = self._audit_log.ends()
            if now == head:
                return self._stuck(
                    "error",
                    f"Nothing can be added to the audit log: it ends with entry {head.seq:,} and holds later ones, so somebody changed it. "
                    "What leaves an entry before it is done is refused: changes of users, tokens, alerts and dead letters. Logs are accepted and found. "
                    "`logingestor audit-log verify` says where, `logingestor audit-log mend` lets it go on.",
                    seq=head.seq,
                )
        seconds = self._waiting()
        if seconds < LATE_SECONDS:
            return {}
        return self._stuck(
            "warning",
            f"Entries have waited {seconds:,.0f} s to be moved into the audit log, where nobody finds them yet. They lie in the data folder; "
            "beyond 64 MiB reads leave none. The server's own log says why.",
            seconds=int(seconds),
        )

    def _stuck(self, severity: str, text: str, **details: int) -> dict[str, Trouble]:
        return {f"{self.name}/stuck": Trouble("audit_log_stuck", severity, text, details)}

    def unreachable(self, reason: str) -> dict[str, Trouble]:
        """See Probe: the record has a probe of its own."""
        return {}
