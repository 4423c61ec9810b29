"""The worker process: Dramatiq's Worker, and periodiq's schedule beside it when the broker is in this process.

Run as `python -m workers.main`; `logingestor worker` is the same. Stops on SIGTERM and SIGINT after
the batch at hand.
"""

from __future__ import annotations

import sys
import threading
from functools import partial

from dramatiq import Worker

from app import backends as backends_module
from app.core.settings import Settings
from app.pipeline.indexing import Indexing
from workers import broker as brokers
from workers import console, drain, index, scheduler, upkeep
from workers.shifts import Keeper, Shifts

#: Two shifts of drain and of index overlap for a moment, and upkeep must not wait for them.
THREADS = 6
#: Milliseconds that Dramatiq's threads wait for a message before they look whether to stop.
POLL_MS = 100
#: Milliseconds given to the batch at hand when the process stops.
STOP_MS = 10_000


def run(settings: Settings) -> None:
    """Work until the process is told to stop."""
    stopping = threading.Event()
    # Before anything else: told to stop while it still starts, it ends as well as later.
    console.when_told_to_stop(stopping.set)
    backends = backends_module.connect(settings)
    broker = brokers.make(settings)
    indexing = Indexing(backends.store, backends.index)
    drains = Shifts(stopping, drain.work(backends, indexing))
    indexes = Shifts(stopping, index.work(indexing, stopping))
    drain.declare(broker, drains.work)
    index.declare(broker, indexes.work)
    upkeep.declare(broker, partial(upkeep.work, backends))
    worker = Worker(broker, worker_threads=THREADS, worker_timeout=POLL_MS)
    keeper = Keeper(stopping, [drains, indexes])
    keeper.start()
    worker.start()
    try:
        if brokers.is_local(settings):
            scheduler.keep(broker, stopping)
        else:
            stopping.wait()
    finally:
        stopping.set()
        worker.stop(timeout=STOP_MS)
        keeper.join(STOP_MS / 1000)
        broker.close()
        backends.close()


if __name__ == "__main__":
    sys.exit(console.run("worker", run))
