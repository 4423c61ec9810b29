"""The worker process: Dramatiq's Worker, and periodiq's schedule beside it when the broker is in this process.

Run as `python -m workers.main`; `logingestor worker` is the same. Stops on SIGTERM and SIGINT after
the batch at hand.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from functools import partial

from app import backends as backends_module
from app import memory
from app.backends import Backends
from app.drain.indexing import Indexing
from app.monitor.pulse import Pulse
from app.settings.settings import Settings
from workers import alerts, console, drain, index, scheduler, upkeep
from workers import broker as brokers
from workers.quiet import QuietWorker
from workers.shifts import Keeper, Shifts

#: Two shifts of drain and of index overlap for a moment, and neither upkeep nor alerts must wait for them.
THREADS = 7
#: Milliseconds after which each thread looks whether to stop, with a broker elsewhere.
POLL_MS = 100
#: Milliseconds given to the batch at hand when the process stops.
STOP_MS = 10_000


def run(settings: Settings) -> None:
    """Work until the process is asked to stop."""
    stopping = console.Stopping()
    # Before anything else: told to stop while it still starts, it ends as well as later.
    console.when_told_to_stop(stopping.set)
    memory.share_pool()
    backends = backends_module.connect(settings)
    pulse = Pulse(backends.places)
    pulse.start()
    fault: BaseException | None = None
    try:
        _work(settings, backends, stopping, pulse)
    except BaseException as error:
        fault = error
        raise
    finally:
        pulse.stop(fault)
        backends.close()


def _work(settings: Settings, backends: Backends, stopping: threading.Event, pulse: Pulse) -> None:
    broker = brokers.make(settings)
    indexing = Indexing(backends.store, backends.record.letters, backends.index)
    drains = Shifts(stopping, drain.work(backends, indexing), pulse.crashed)
    indexes = Shifts(stopping, index.work(backends, indexing, stopping), pulse.crashed)
    drain.declare(broker, drains.work)
    index.declare(broker, indexes.work)
    upkeep.declare(broker, partial(_told, upkeep.work, backends, pulse))
    alerts.declare(broker, partial(_told, alerts.work(stopping), backends, pulse))
    worker = QuietWorker(broker, threads=THREADS, timeout=POLL_MS)
    keeper = Keeper(stopping, [drains, indexes])
    memory.give_back()
    memory.settle()
    keeper.start()
    worker.start()
    try:
        if settings.local_broker:
            scheduler.keep(broker, stopping)
        else:
            # Not by its wait(): a signal that comes while that holds the event's lock could never set it.
            while not stopping.is_set():
                time.sleep(POLL_MS / 1000)
    finally:
        console.stop_by_itself(stopping)
        for hurry in backends.hurry:
            hurry()
        worker.stop(timeout=STOP_MS)
        keeper.join(STOP_MS / 1000)
        broker.close()


def _told(work: Callable[[Backends], object], backends: Backends, pulse: Pulse) -> None:
    """Work; let errors be reported with the next beat."""
    try:
        work(backends)
    except Exception as error:
        pulse.crashed(error)
        raise


if __name__ == "__main__":
    sys.exit(console.run("worker", run))
