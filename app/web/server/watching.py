"""The watch of a web process: which probes its settings ask for, and how notices are printed on the console."""

from __future__ import annotations

import sys
import time

from app import backends as backends_module
from app.alerts.probe import AlertProbe
from app.audit_log.spool import FOLDER, waiting
from app.backends import Backends
from app.monitor.audit_log import AuditLogProbe
from app.monitor.board import Board
from app.monitor.lost import LostDatagramProbe
from app.monitor.probes import Broker, Disk, Index, Probe
from app.monitor.watch import Watch, Watched
from app.settings.settings import Settings
from app.web.render.display import plain


def watch(settings: Settings, held: Backends, board: Board) -> Watch:
    """Return the watch of this process, to be started."""
    probes: list[Probe] = [
        Disk(settings.data_dir, settings.min_free_disk),
        AlertProbe(held.record.alerts),
        LostDatagramProbe(settings.data_dir),
        AuditLogProbe(held.record.audit_log, lambda: waiting(settings.data_dir / FOLDER)),
    ]
    if held.move is None:
        probes.append(Index(held.index))
    if not settings.local_broker:
        probes.append(Broker(lambda: backends_module.reach_broker(settings)))
    lock = backends_module.watch_lock(settings)
    alone = backends_module.is_one_file(settings)
    channels = backends_module.channels(settings)
    return Watch(Watched(held.record, held.queue, lock, held.places, probes, alone, channels), board, say)


def say(line: str) -> None:
    """Print a line on the console, with the time; what a system said is made harmless."""
    print(f"{time.strftime('%Y-%m-%d %H:%M:%S')} web {plain(' '.join(line.split()))}", file=sys.stderr, flush=True)
