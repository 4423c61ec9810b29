"""GET /metrics: figures for Prometheus, taken from what all processes share, so that any of them answers the same.

A figure that can't be read is left out, and `logingestor_part_up` says whose fault that is: no figure is made up.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from flask import Blueprint, Response
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from app import figures
from app.figures import SystemFigures as Found
from app.ports.notices import KINDS
from app.version import VERSION
from app.web.current import backends, parts, settings

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
            "queue_logs",
            "gauge",
            "Logs that wait in the queue; where it doesn't know exactly never less than there are.",
        ),
        Figure("queue_bytes", "gauge", "Bytes that wait in the queue; an estimate where it doesn't know."),
        Figure(
            "queue_oldest_seconds",
            "gauge",
            "Age of the oldest log that waits; 0 without any, absent where it isn't known.",
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
        Figure(
            "listen_messages_total", "counter", "Messages of syslog and GELF that this machine received.", ("address",)
        ),
        Figure(
            "listen_lost_datagrams_total",
            "counter",
            "Datagrams lost: by the kernel, whose buffer was full; for want of room while the queue was away; as chunks of GELF whose message never became whole.",
            ("address", "reason"),
        ),
        Figure("rule_changed_logs_total", "counter", "Logs that a rule took something out of.", ("rule",)),
        Figure("rule_values_total", "counter", "Values that a rule took out of logs.", ("rule",)),
        Figure("rule_changed_letters_total", "counter", "Dead letters that a rule took something out of.", ("rule",)),
        Figure("rule_dropped_logs_total", "counter", "Logs that a rule dropped before they were queued.", ("rule",)),
        Figure("rule_dropped_bytes_total", "counter", "Bytes, as sent, of the logs that a rule dropped.", ("rule",)),
        Figure("notifier_failing", "gauge", "Whether the last try at a notifier failed: 1, else 0.", ("notifier",)),
    )
}


@bp.get("/metrics")
def metrics() -> Response:
    """Answer with all figures."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Figures(figures.read(backends(), settings(), parts().board)))
    response = Response(generate_latest(registry), content_type=CONTENT_TYPE_PLAIN_0_0_4)
    response.headers["Cache-Control"] = "no-store"
    return response


class _Figures(Collector):
    """The figures of one request."""

    def __init__(self, found: Found) -> None:
        self._found = found

    def collect(self) -> Iterator[Metric]:
        """Yield each metric whose figures are known, in the order of the table."""
        found = self._found
        values: dict[str, list[Value]] = {name: [(value, ())] for name, value in found.values.items()}
        values["build"] = [(1, (VERSION,))]
        values["part_up"] = [(float(wrong is None), (part,)) for part, wrong in found.parts.items()]
        counts = Counter(notice.kind for notice in found.notices)
        values["notices_open"] = [(counts[kind], (kind,)) for kind in KINDS]
        values |= {name: list(there) for name, there in found.labelled.items()}
        for name, figure in FIGURES.items():
            if name in values:
                yield figure.family(values[name])
