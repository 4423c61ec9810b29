"""Thinning: which logs are left out before the queue, by the first rule whose filter finds them."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence

from app.log.record import LogRecord
from app.query.meaning import predicate
from app.rules.rule import Thinning

log = logging.getLogger(__name__)

#: Name in the metadata of a log that a sampling rule kept: which rule, and which share of such logs it keeps.
MARK = "sampled"


class Thinner:
    """Decides which logs are kept; for all threads of a process."""

    def __init__(self, rules: Sequence[Thinning]) -> None:
        self.rules = rules
        self._tests = [(rule, predicate(rule.filter)) for rule in rules]
        self._failed: set[str] = set()

    def dropped_by(self, record: LogRecord) -> str | None:
        """Return the name of the rule that drops the record, None where it is kept; one that a sample keeps is marked."""
        rule = self.decides(record)
        if rule is None or rule.fate == "keep":
            return None
        if rule.fate == "drop" or place_of(record) >= rule.share:
            return rule.name
        record.metadata = {**(record.metadata or {}), MARK: {rule.name: rule.share}}
        return None

    def decides(self, record: LogRecord) -> Thinning | None:
        """Return the rule that decides about the record: the first whose filter finds it. A rule that fails finds nothing."""
        for rule, holds in self._tests:
            try:
                if holds(record):
                    return rule
            except Exception:
                self._fail(rule)
        return None

    def _fail(self, rule: Thinning) -> None:
        if rule.name not in self._failed:
            self._failed.add(rule.name)
            log.error("the rule %s failed; it drops nothing of that", rule.name)


def place_of(record: LogRecord) -> float:
    """Return the place of a log between 0 and 1 by which a sample keeps or drops it: the same for all logs of a trace, anywhere.

    A log without a trace has its place by what it says and when, so that a log that is sent again meets the same fate.
    """
    asked = hashlib.blake2b(digest_size=8, person=b"sample")
    if record.trace_id:
        asked.update(record.trace_id.encode("utf-8", "surrogateescape"))
    else:
        said = f"{record.t}.{record.ns} {record.resource_id} {record.span_id} {record.message}"
        asked.update(said.encode("utf-8", "surrogateescape"))
    return int.from_bytes(asked.digest(), "big") / (1 << 64)
