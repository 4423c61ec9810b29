"""Tables of what reads: its action in the audit log, the parameters that are kept, and which looks at a page were written lately."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable

#: Action of each endpoint that reads; one that is missing here and wants a reader is `log.read`.
READS = {
    "filters.logs": "log.search",
    "filters.histogram": "log.count",
    "filters.facets": "log.values",
    "filters.fields": "log.fields",
    "filters.alike": "log.patterns",
    "filters.exported": "log.export",
    "filters.one": "log.show",
    "filters.context": "log.show",
    "filters.trace": "log.trace",
    "hints.completions": "log.complete",
    "hints.explained": "log.explain",
    "hints.figures": "log.count",
    "tail.tail": "log.follow",
    "pages.search": "log.search",
    "pages.counts": "log.count",
    "pages.values": "log.values",
    "pages.log": "log.show",
    "pages.compare": "log.show",
    "patterns.show": "log.patterns",
    "trace.show": "log.trace",
    "overview.page": "log.count",
    "add.page": "log.follow",
    "alerts.one": "log.show",
    "alerts.test": "log.show",
    "page_alerts.form": "log.show",
    "rules.cost_table": "log.patterns",
    "dead.overview": "dead.read",
    "dead.letter": "dead.read",
    "dead.payload": "dead.read",
    "rules.preview": "log.preview",
    "page_rules.tried": "log.preview",
    "rules.retention_preview": "log.count",
    "page_rules.counted": "log.count",
    "audit_log.show": "audit-log.search",
}
#: Endpoints without an entry: they show nothing of logs, or their change writes its entry in its own transaction.
UNWRITTEN = frozenset(
    {
        "pages.meant_window",
        "searches.every",
        "searches.one",
        "page_access.act",
        "page_account.change",
        "add.tried",
    }
)
#: Endpoints with an entry only where the answer shows logs, which it says by `recording.returned`.
SHOWING = frozenset({"add.page", "alerts.one", "alerts.test", "page_alerts.form"})
#: Names of parameters whose values are kept: none of them is a secret, nor the content of a log.
NAMES = frozenset(
    {
        *("q", "query", "key", "value", "operation", "filters", "match", "from", "to", "clock", "tz", "sort"),
        *("limit", "count", "interval", "by", "field", "size", "format", "columns", "before", "after", "a", "b"),
        *("log", "only", "part", "text", "at", "days", "rules", "name", "search", "kind", "window", "until"),
        *("reason", "all", "id", "newest", "which", "identity", "trace_id", "do", "since"),
    }
)
#: Parts of a path that are kept: they name what is shown or changed. Others may be a password, as at Datadog's door, or anything.
PARTS = frozenset({"identity", "which", "trace_id"})
#: Endpoints of pages that keep themselves current: they say so by `recording.refreshing`.
REFRESHED = frozenset({"overview.page", "add.page"})
#: Seconds for which the entry of a page that refreshes itself covers its refreshes; most looks that are remembered, the oldest forgotten first.
LOOK_SECONDS, LOOKS = 3600.0, 10_000


class Looks:
    """The looks that one process has written, so that a page that keeps itself current leaves an entry an hour, not one every 2 s."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._guard = threading.Lock()
        self._written: OrderedDict[Hashable, float] = OrderedDict()

    def note(self, look: Hashable) -> None:
        """Note that a look is written."""
        with self._guard:
            self._written[look] = self._clock()
            self._written.move_to_end(look)
            if len(self._written) > LOOKS:
                self._written.popitem(last=False)

    def lasts(self, look: Hashable) -> bool:
        """Return whether a look was written within LOOK_SECONDS."""
        with self._guard:
            at = self._written.get(look)
            return at is not None and self._clock() - at < LOOK_SECONDS
