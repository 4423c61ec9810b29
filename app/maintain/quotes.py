"""Quotes: what the record says of logs in other places than theirs; it goes with logs that are deleted.

Costs name resources and forms of messages, and changes of alerts show logs as samples.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from app.drain.costing import costs_of
from app.log.record import LogRecord, id_text
from app.ports.deadline import Budget
from app.ports.index import SearchIndex
from app.ports.parts import RecordParts
from app.query.filter import And, Equals
from app.query.normal import normal
from app.query.query import Query

#: Seconds for a count.
_SECONDS = 60.0


class Quotes:
    """The quotes of the logs that a query finds."""

    def __init__(self, record: RecordParts, index: SearchIndex, query: Query) -> None:
        self._record = record
        self._index = index
        self._query = query
        #: Whether all logs of a booked resource are found.
        self._whole: dict[str, bool] = {}

    def forget(self, records: Sequence[LogRecord]) -> None:
        """Take out of the record what is quoted of *records*; a resource's name only where all of its logs are found."""
        booked = {cost.resource for day in self._record.costs.costs(0) for cost in day.costs if cost.resource}
        found = costs_of(records)
        resources = {one for one in booked.intersection(cost.resource for cost in found) if self._goes(one)}
        self._record.costs.forget_names({cost.form for cost in found}, resources)
        ids = self._record.alerts.sampled().intersection(id_text(record.id) for record in records)
        if ids:
            self._record.alerts.forget_samples(ids)

    def _goes(self, resource: str) -> bool:
        """Return whether no other logs have the resource."""
        known = self._whole.get(resource)
        if known is None:
            alone = Equals("resourceId", resource)
            every, ours = (
                self._index.find(query, Budget(_SECONDS))
                for query in (
                    Query(alone, limit=1, count="exact"),
                    replace(self._query, filter=normal(And((self._query.filter, alone))), limit=1, count="exact"),
                )
            )
            known = self._whole[resource] = every.exact and every.total == ours.total
        return known
