"""The worker process: Dramatiq's Worker on the in-process broker, and periodiq's schedule beside it.

Run as `python -m workers.main`; `logingestor worker` is the same. Stops on SIGTERM and SIGINT after
the batch at hand.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading

from dramatiq import Broker, Worker
from periodiq import Scheduler

from app import backends as backends_module
from app.backends import Backends
from app.core.errors import InvalidInput, LogIngestorError
from app.core.settings import Settings
from app.pipeline.indexing import Indexing
from workers import broker as brokers
from workers import drain, index, upkeep
from workers.shifts import Shifts

#: Two shifts of drain and of index overlap for a moment, and upkeep must not wait for them.
THREADS = 6
#: Milliseconds that Dramatiq's threads wait for a message before they look whether to stop.
POLL_MS = 100
#: Milliseconds given to the batch at hand when the process stops.
STOP_MS = 10_000


def declare(broker: Broker, backends: Backends, stopping: threading.Event) -> None:
    """Declare every actor on *broker*; *stopping* ends their shifts."""
    indexing = Indexing(backends.store, backends.index)
    drain.declare(broker, backends, indexing, Shifts(stopping))
    index.declare(broker, indexing, Shifts(stopping))
    upkeep.declare(broker, backends)


def run(settings: Settings) -> None:
    """Work until the process is told to stop."""
    backends = backends_module.connect(settings)
    broker = brokers.make(settings)
    stopping = threading.Event()
    declare(broker, backends, stopping)
    worker = Worker(broker, worker_threads=THREADS, worker_timeout=POLL_MS)
    scheduler = Scheduler([actor for actor in broker.actors.values() if "periodic" in actor.options])

    def stop(*_: object) -> None:
        stopping.set()
        scheduler.alarm_q.put_nowait(False)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    worker.start()
    try:
        # Sends at once what is due in this minute: the first shift begins now.
        scheduler.schedule()
        if not stopping.is_set():
            scheduler.loop()
    finally:
        stopping.set()
        worker.stop(timeout=STOP_MS)
        backends.close()


def main() -> int:
    """Run the worker; return the exit code."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s worker %(levelname)s %(message)s", stream=sys.stderr)
    for name in ("dramatiq", "periodiq"):
        logging.getLogger(name).setLevel(logging.WARNING)
    try:
        run(Settings.from_env(os.environ))
    except InvalidInput as error:
        print(error, file=sys.stderr)
        return 2
    except LogIngestorError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
