"""GET /metrics: figures for Prometheus, taken from what all processes share, so that any of them answers the same.

What can't be read is left out, and `logingestor_part_up` says whose fault that is: no figure is made up.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from flask import Blueprint, Response
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from app.backends import Backends
from app.core.errors import LogIngestorError
from app.core.instant import now_ms
from app.core.operating import REFUSED
from app.core.settings import Settings
from app.core.watching import GONE_SECONDS, HISTORY, KINDS, Seen
from app.pipeline import pause
from app.pipeline.notices import Board
from app.version import VERSION
from app.web import backends, parts, settings

bp = Blueprint("metrics", __name__)

PREFIX = "logingestor_"
#: A figure and the values of its labels.
Value = tuple[float, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Figure:
    """A metric: its name after PREFIX, `counter` or `gauge`, what it means, and the names of its labels."""

    name: str
    kind: str
    help: str
    labels: tuple[str, ...] = ()

    def family(self, values: list[Value]) -> Metric:
        """Return it with its values."""
        kind = CounterMetricFamily if self.kind == "counter" else GaugeMetricFamily
        made = kind(PREFIX + self.name, self.help, labels=self.labels)
        for value, labels in values:
            made.add_metric(labels, value)
        return made


FIGURES = {
    figure.name: figure
    for figure in (
        Figure("build", "gauge", "1, with the version of the process that answers.", ("version",)),
        Figure("part_up", "gauge", "Whether record, queue and disk answered this request: 1, else 0.", ("part",)),
        Figure(
            "logs_accepted_total",
            "counter",
            "Logs ever accepted, on all machines. With RabbitMQ or SQS noted each second: a killed process may take a second's count.",
        ),
        Figure("logs_stored_total", "counter", "Logs ever stored, on all machines, those deleted since included."),
        Figure(
            "logs_refused_total",
            "counter",
            "Dead letters ever kept, on all machines: logs refused at the door, or that could not be stored or indexed.",
        ),
        Figure("logs_stored", "gauge", "Logs that the record holds."),
        Figure("logs_indexed", "gauge", "Logs that the record holds and that can be found."),
        Figure("index_lacking", "gauge", "Stored logs that can't be found yet."),
        Figure("index_lag_seconds", "gauge", "Age of the oldest stored log that can't be found yet; 0 without any."),
        Figure(
            "queue_logs", "gauge", "Logs that wait in the queue; where it can't tell exactly never less than there are."
        ),
        Figure("queue_bytes", "gauge", "Bytes that wait in the queue; an estimate where it can't tell."),
        Figure(
            "queue_oldest_seconds",
            "gauge",
            "Age of the oldest log that waits; 0 without any, absent where it can't be told.",
        ),
        Figure("queue_paused", "gauge", "Whether an operator has paused the drain: 1, else 0."),
        Figure(
            "pending_logs",
            "gauge",
            "Accepted logs that no search finds yet: those that wait and those the index lacks.",
        ),
        Figure("dead_letters", "gauge", "Dead letters kept."),
        Figure("dead_letters_dropped_total", "counter", "Dead letters dropped since DEAD_LIMIT bytes were reached."),
        Figure("record_bytes", "gauge", "Bytes that the record uses, with the index where both are one file."),
        Figure("disk_free_bytes", "gauge", "Bytes free on the disk of this machine's data folder."),
        Figure(
            "workers_alive", "gauge", "Workers, on all machines, that gave a sign of life within the last 6 seconds."
        ),
        Figure("notices_open", "gauge", "Open notices by kind.", ("kind",)),
        Figure(
            "notifier_messages_total",
            "counter",
            "Messages that a notifier has taken, tests not counted.",
            ("notifier",),
        ),
        Figure(
            "notifier_given_up_total",
            "counter",
            "Deliveries that a notifier refused for good, or for a day.",
            ("notifier",),
        ),
        Figure("notifier_waiting", "gauge", "Deliveries that wait for a notifier.", ("notifier",)),
        Figure("notifier_failing", "gauge", "Whether the last try at a notifier failed: 1, else 0.", ("notifier",)),
    )
}


@bp.get("/metrics")
def metrics() -> Response:
    """Answer with all figures."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Figures(backends(), settings(), parts().board))
    response = Response(generate_latest(registry), content_type=CONTENT_TYPE_PLAIN_0_0_4)
    response.headers["Cache-Control"] = "no-store"
    return response


class _Figures(Collector):
    """The figures of one request."""

    def __init__(self, held: Backends, chosen: Settings, board: Board) -> None:
        self._held = held
        self._settings = chosen
        self._board = board
        self._found: dict[str, list[Value]] = {}

    def collect(self) -> Iterator[Metric]:
        """Yield each metric that can be told, in the order of the table."""
        self._found["build"] = [(1, (VERSION,))]
        up = {
            "record": self._tried(self._record),
            "queue": self._tried(self._queue),
            "disk": self._tried(self._disk),
        }
        self._found["part_up"] = [(float(works), (part,)) for part, works in up.items()]
        self._tried(lambda: self._note(logs_accepted_total=self._held.queue.accepted()))
        if up["record"] and up["queue"]:
            self._note(pending_logs=self._found["queue_logs"][0][0] + self._found["index_lacking"][0][0])
        # The places are asked for themselves: while the record is away those on this machine are known.
        self._note(workers_alive=self._alive())
        self._notices()
        self._tried(self._notifiers)
        for name, figure in FIGURES.items():
            if name in self._found:
                yield figure.family(self._found[name])

    def _note(self, **values: float) -> None:
        for name, value in values.items():
            self._found[name] = [(value, ())]

    def _tried(self, look: Callable[[], None]) -> bool:
        try:
            look()
        except (LogIngestorError, OSError):
            return False
        return True

    def _record(self) -> None:
        store = self._held.store
        # What lacks first: between the two more may become findable, never less.
        lacking, found = store.lacking(), store.stats()
        age = 0 if lacking.since is None else max(now_ms() - lacking.since, 0)
        self._note(
            logs_stored_total=found["stored_ever"],
            logs_refused_total=store.noted(REFUSED),
            logs_stored=found["stored"],
            logs_indexed=max(found["stored"] - lacking.logs, 0),
            index_lacking=lacking.logs,
            index_lag_seconds=age / 1000,
            queue_paused=float(bool(pause.paused(store))),
            dead_letters=found["dead_letters"],
            dead_letters_dropped_total=found["dead_letters_dropped"],
            record_bytes=found["bytes"],
        )

    def _queue(self) -> None:
        depth = self._held.queue.depth()
        self._note(queue_logs=depth.logs, queue_bytes=depth.bytes)
        if depth.oldest is not None or not depth.logs:
            age = 0 if depth.oldest is None else max(now_ms() - depth.oldest, 0)
            self._note(queue_oldest_seconds=age / 1000)

    def _disk(self) -> None:
        self._note(disk_free_bytes=shutil.disk_usage(self._settings.data_dir).free)

    def _alive(self) -> int:
        seen = list[Seen]()
        for place in self._held.places:
            self._tried(lambda place=place: seen.extend(place.beats()))  # type: ignore[misc]
        return len({one.beat.id for one in seen if one.age < GONE_SECONDS and not one.beat.ended})

    def _notices(self) -> None:
        try:
            there = self._held.store.notices(HISTORY, "open")
        except LogIngestorError:
            there = self._board.open()
        counts = Counter(notice.kind for notice in there)
        self._found["notices_open"] = [(counts[kind], (kind,)) for kind in KINDS]

    def _notifiers(self) -> None:
        names = {one.name for one in self._settings.notify}
        standings = [one for one in self._held.store.standings() if one.notifier in names]
        counts = self._held.store.waiting_counts()
        for name, value in (
            ("notifier_messages_total", lambda one: one.sent),
            ("notifier_given_up_total", lambda one: one.failed),
            ("notifier_waiting", lambda one: counts.get(one.notifier, 0)),
            ("notifier_failing", lambda one: one.since is not None),
        ):
            self._found[name] = [(float(value(one)), (one.notifier,)) for one in standings]
