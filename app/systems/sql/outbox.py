"""How deliveries and standings are rows: the same statements for SQLite and PostgreSQL, whose marks for values differ."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from app.log.fold import clean
from app.ports.notices import Notice
from app.ports.outbox import KEPT, Delivery, Standing

_DELIVERY = "notifier, event, message, state, made, tries, tried, reason, body"
_STANDING = "notifier, revision, sent, failed, failures, since, reason, again, tested, test_reason"
_decode = msgspec.json.Decoder(Notice).decode

#: One delivery, in the place of an earlier form: what it tells never changes.
POST = (
    f"INSERT INTO deliveries (notice, {_DELIVERY}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
    "ON CONFLICT (notifier, notice, event) DO UPDATE SET message = excluded.message, state = excluded.state, "
    "tries = excluded.tries, tried = excluded.tried, reason = excluded.reason"
)
FORGET = (
    "DELETE FROM deliveries WHERE state <> 'waiting' AND seq <= "
    f"(SELECT seq FROM deliveries WHERE state <> 'waiting' ORDER BY seq DESC LIMIT 1 OFFSET {KEPT}) "
    # What is open would be told once more.
    "AND notice NOT IN (SELECT id FROM notices WHERE until IS NULL)"
)
#: A standing, less what `keep_test` keeps.
STAND = (
    "INSERT INTO notifiers (notifier, revision, sent, failed, failures, since, reason, again, test_reason) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, '') ON CONFLICT (notifier) DO UPDATE SET revision = excluded.revision, "
    "sent = excluded.sent, failed = excluded.failed, failures = excluded.failures, since = excluded.since, "
    "reason = excluded.reason, again = excluded.again"
)
WAITING = f"SELECT {_DELIVERY} FROM deliveries WHERE state = 'waiting' AND notifier = ? ORDER BY seq LIMIT ?"
COUNTS = "SELECT notifier, count(*) FROM deliveries WHERE state = 'waiting' GROUP BY notifier"
TOLD_AT = "SELECT max(tried) FROM deliveries WHERE state IN ('sent', 'failed') AND notifier = ? AND tried > ? GROUP BY message ORDER BY 1"
STANDINGS = f"SELECT {_STANDING} FROM notifiers ORDER BY notifier"
KEEP_TEST = "UPDATE notifiers SET tested = ?, test_reason = ? WHERE notifier = ?"
#: After a test that arrived.
WORKS = "UPDATE notifiers SET failures = 0, since = NULL, reason = '', again = 0 WHERE notifier = ?"


def of_notices(condition: str) -> str:
    """Return the statement for the deliveries of notices whose ids fit the end of a *condition*."""
    return f"SELECT {_DELIVERY} FROM deliveries WHERE notice {condition} ORDER BY seq"


def delivery_row(one: Delivery) -> tuple[Any, ...]:
    """Return the values for POST."""
    notice = msgspec.structs.replace(one.notice, text=clean(one.notice.text))
    body = msgspec.json.encode(notice).decode()
    return (
        notice.id,
        one.notifier,
        one.event,
        one.message,
        one.state,
        one.made,
        one.tries,
        one.tried,
        clean(one.reason),
        body,
    )


def standing_row(one: Standing) -> tuple[Any, ...]:
    """Return the values for STAND."""
    reason = clean(one.reason)
    return one.notifier, one.revision, one.sent, one.failed, one.failures, one.since, reason, one.again


def delivery(row: Sequence[Any]) -> Delivery:
    """Return the delivery that a row holds."""
    notifier, event, message, state, made, tries, tried, reason, body = row
    return Delivery(notifier, event, _decode(body), made, message, state, tries, tried, reason)


def standing(row: Sequence[Any]) -> Standing:
    """Return the standing that a row holds."""
    return Standing(*row)
