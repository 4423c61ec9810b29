"""The outbox in a SQL database."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from app.log.fold import clean
from app.ports.notices import Notice
from app.ports.outbox import KEPT, Delivery, Standing
from app.systems.sql.shelf import Row, Shelf

_DELIVERY = "notifier, event, message, state, made, tries, tried, reason, body"
_STANDING = "notifier, revision, sent, failed, failures, since, reason, again, tested, test_reason"
_decode = msgspec.json.Decoder(Notice).decode

#: One delivery, written over its earlier form, if any; its event and notice never change.
_POST = (
    f"INSERT INTO deliveries (notice, {_DELIVERY}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
    "ON CONFLICT (notifier, notice, event) DO UPDATE SET message = excluded.message, state = excluded.state, "
    "tries = excluded.tries, tried = excluded.tried, reason = excluded.reason"
)
_FORGET = (
    "DELETE FROM deliveries WHERE state <> 'waiting' AND seq <= "
    f"(SELECT seq FROM deliveries WHERE state <> 'waiting' ORDER BY seq DESC LIMIT 1 OFFSET {KEPT}) "
    # Without its delivery a notice that is still open would be sent once more.
    "AND notice NOT IN (SELECT id FROM notices WHERE until IS NULL)"
)
#: A standing, less what `keep_test` keeps.
_STAND = (
    "INSERT INTO notifiers (notifier, revision, sent, failed, failures, since, reason, again, test_reason) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, '') ON CONFLICT (notifier) DO UPDATE SET revision = excluded.revision, "
    "sent = excluded.sent, failed = excluded.failed, failures = excluded.failures, since = excluded.since, "
    "reason = excluded.reason, again = excluded.again"
)
_WAITING = f"SELECT {_DELIVERY} FROM deliveries WHERE state = 'waiting' AND notifier = ? ORDER BY seq LIMIT ?"
_COUNTS = "SELECT notifier, count(*) FROM deliveries WHERE state = 'waiting' GROUP BY notifier"
_TOLD_AT = "SELECT max(tried) FROM deliveries WHERE state IN ('sent', 'failed') AND notifier = ? AND tried > ? GROUP BY message ORDER BY 1"
_STANDINGS = f"SELECT {_STANDING} FROM notifiers ORDER BY notifier"
_KEEP_TEST = "UPDATE notifiers SET tested = ?, test_reason = ? WHERE notifier = ?"
#: After a test that arrived.
_WORKS = "UPDATE notifiers SET failures = 0, since = NULL, reason = '', again = 0 WHERE notifier = ?"


class SqlOutbox:
    """An Outbox in the tables deliveries and notifiers."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    def post(self, deliveries: Sequence[Delivery], standings: Sequence[Standing] = ()) -> None:
        """See Outbox."""
        with self._shelf.write(durable=True) as writing:
            writing.change_each(_POST, [_delivery_row(one) for one in deliveries])
            writing.change_each(_STAND, [_standing_row(one) for one in standings])
            writing.change(_FORGET)

    def waiting(self, notifier: str, limit: int) -> list[Delivery]:
        """See Outbox."""
        with self._shelf.read() as reading:
            return [_delivery(row) for row in reading.rows(_WAITING, (notifier, limit))]

    def waiting_counts(self) -> dict[str, int]:
        """See Outbox."""
        with self._shelf.read() as reading:
            return dict(reading.rows(_COUNTS))

    def deliveries(self, notices: Sequence[str]) -> list[Delivery]:
        """See Outbox."""
        if not notices:
            return []
        marks = ", ".join("?" * len(notices))
        with self._shelf.read() as reading:
            found = reading.rows(f"SELECT {_DELIVERY} FROM deliveries WHERE notice IN ({marks}) ORDER BY seq", notices)
        return [_delivery(row) for row in found]

    def told_at(self, notifier: str, after: int) -> list[int]:
        """See Outbox."""
        with self._shelf.read() as reading:
            return [at for (at,) in reading.rows(_TOLD_AT, (notifier, after))]

    def standings(self) -> list[Standing]:
        """See Outbox."""
        with self._shelf.read() as reading:
            return [Standing(*row) for row in reading.rows(_STANDINGS)]

    def keep_test(self, notifier: str, tested: int, reason: str) -> None:
        """See Outbox."""
        with self._shelf.write(durable=True) as writing:
            writing.change(_KEEP_TEST, (tested, clean(reason), notifier))
            if not reason:
                writing.change(_WORKS, (notifier,))


def _delivery_row(one: Delivery) -> Row:
    """Return the values for _POST."""
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


def _standing_row(one: Standing) -> Row:
    """Return the values for _STAND."""
    reason = clean(one.reason)
    return one.notifier, one.revision, one.sent, one.failed, one.failures, one.since, reason, one.again


def _delivery(row: Row) -> Delivery:
    """Return the delivery that a row holds."""
    notifier, event, message, state, made, tries, tried, reason, body = row
    return Delivery(notifier, event, _decode(body), made, message, state, tries, tried, reason)
