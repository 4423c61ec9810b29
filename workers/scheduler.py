"""The schedule: periodiq's, in the worker beside a local broker, else as a process of its own.

Run as `python -m workers.scheduler`; `logingestor scheduler` is the same. It ends when the broker can't be reached;
whoever supervises it starts it again, and the workers' shifts go on meanwhile.
"""

from __future__ import annotations

import queue
import signal
import sys
import threading

from dramatiq import Broker
from dramatiq.errors import BrokerConnectionError
from periodiq import Scheduler

from app.errors import Unavailable
from app.settings.settings import Settings
from workers import alerts, console, drain, index, upkeep
from workers import broker as brokers


def keep(broker: Broker, stopping: threading.Event) -> None:
    """Send the broker's scheduled actors their ticks until *stopping* is set by a signal's handler."""
    scheduler = Scheduler([actor for actor in broker.actors.values() if "periodic" in actor.options])
    # Signal handlers put into it: periodiq's own queue has a lock that the thread they interrupt may hold.
    scheduler.alarm_q = queue.SimpleQueue()
    # It sets the alarm first and the handler then: a process that had no time between the two would end.
    signal.signal(signal.SIGALRM, scheduler.signal_handler)

    def stop() -> None:
        stopping.set()
        scheduler.alarm_q.put(False)

    console.when_told_to_stop(stop)
    try:
        if stopping.is_set():
            return
        # Sends at once what is due in this minute.
        scheduler.schedule()
        if not stopping.is_set():
            scheduler.loop()
    finally:
        # One that came while the interpreter ends would be the process's death.
        signal.alarm(0)


def run(settings: Settings) -> None:
    """Keep the schedule until the process is asked to stop. Raises Unavailable when the broker can't be reached."""
    broker = brokers.make(settings)
    for room in (drain, index, upkeep, alerts):
        room.declare(broker, _elsewhere)
    try:
        keep(broker, console.Stopping())
    except BrokerConnectionError as error:
        raise Unavailable(f"the broker can't be reached: {error or type(error).__name__}") from error
    finally:
        broker.close()


def _elsewhere() -> None:
    """Stand in for the work of an actor, which only workers do."""
    raise AssertionError("the scheduler only sends")


if __name__ == "__main__":
    sys.exit(console.run("scheduler", run))
