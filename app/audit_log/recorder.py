"""One process hands its entries to the audit log: at once and durably, or on the way with the next that are moved there."""

from __future__ import annotations

import getpass
import hashlib
import os
import re
import socket
import threading
from collections.abc import Callable
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import Any

from app.audit_log.spool import FOLDER, Spool, SpoolMover
from app.ports.audit_log.chain import AuditLog
from app.ports.audit_log.entry import AuditEntry, entry
from app.settings.settings import SETTINGS, Settings
from app.times.instant import now_ms

DAY_MS = 86_400_000
#: Under this name and the machine's is noted what its settings were when the web was started last.
_SETTINGS = "audit-log settings "
#: A URL, up to where another begins: a setting may hold several, separated by `;`, `,` or spaces. Its password may hold these.
_URL = re.compile(
    r"(?P<scheme>[a-z][a-z0-9+.-]*://)(?P<rest>.*?)(?=[;,\s]+[a-z][a-z0-9+.-]*://|$)", re.IGNORECASE | re.DOTALL
)


class Recorder:
    """The one Recorder of a process; nothing is opened before the first entry."""

    def __init__(self, data_dir: Path, audit_log: AuditLog) -> None:
        self._audit_log = audit_log
        self._spool = Spool(data_dir / FOLDER)
        self._guard = threading.Lock()
        self._mover: SpoolMover | None = None

    def append(self, *entries: AuditEntry) -> None:
        """Add entries, durably. Raises Unavailable: then what they say must not be done."""
        self._audit_log.append(entries)

    def write(self, one: AuditEntry) -> None:
        """Add an entry soon, whatever becomes of this process. Raises Unavailable."""
        self._spool.write(one)
        self.start().wake()

    def start(self) -> SpoolMover:
        """Move entries from now on, those that killed processes left first."""
        with self._guard:
            if self._mover is None:
                self._mover = SpoolMover(self._spool, self._audit_log)
            return self._mover

    def note_settings(self, settings: Settings) -> None:
        """Add an entry with this machine's settings if they are not those of the last start, as soon as the record can be written."""
        self.start().add(settings_note(self._audit_log, settings))

    def close(self) -> None:
        """Move what there is, and stop."""
        if self._mover is not None:
            self._mover.close()


def expire_audit_log(audit_log: AuditLog, settings: Settings) -> int:
    """Take what is older than AUDIT_LOG_RETENTION from the audit log, whole days (UTC) at a time; return how many. Raises Unavailable."""
    # Not each minute: every time leaves an entry.
    before = now_ms() - settings.audit_log_retention * 1000
    return audit_log.expire(before - before % DAY_MS)


def operator() -> str:
    """Return who runs this process, as the operating system knows them: `ann@shop-1`."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # a user without a name, as in containers
        name = str(os.getuid())
    # The name may be that of the environment, in any bytes.
    return f"{name}@{socket.gethostname()}".encode("utf-8", "backslashreplace").decode()


def settings_note(audit_log: AuditLog, settings: Settings) -> Callable[[], bool]:
    """Return what adds an entry of this moment if the settings are not those of the last start; it returns whether, and raises Unavailable."""
    shown = shown_settings(settings)
    content = repr(sorted(shown.items())).encode()
    state = int.from_bytes(hashlib.blake2b(content, digest_size=8).digest(), "big") >> 1
    made = entry("settings", actor=operator(), by="server", details=shown)
    return partial(audit_log.append_change, _SETTINGS + socket.gethostname(), state, made)


def shown_settings(settings: Settings) -> dict[str, Any]:
    """Return the settings that are not at their default, without secrets: of one only that it is set, of a URL no password."""
    hidden = {one.name for one in fields(settings) if not one.repr}
    found: dict[str, Any] = {}
    for one in SETTINGS:
        name = one.name.lower()
        value, default = getattr(settings, name), one.read(one.default)
        if value == default:
            continue
        if name in ("rules", "retention_rules"):
            kinds = value.rules if name == "rules" else (*value.holds, *value.rules)
            found[one.name] = [rule.text for rule in kinds]
        else:
            found[one.name] = "set" if name in hidden else _harmless(str(value))
    return found


def _harmless(text: str) -> str:
    """Return a setting without the users and passwords that its URLs may hold, and without their queries."""
    return _URL.sub(_without_password, text)


def _without_password(url: re.Match[str]) -> str:
    shown, _, behind = url["rest"].replace("#", "?").partition("?")
    # With an @ behind the first ? it is not sure which part the password is.
    return url["scheme"] + ("…" if "@" in behind else shown.rpartition("@")[2])
