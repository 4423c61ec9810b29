"""The tables of the SQLite file, as SQLAlchemy knows them; migrations/ makes them.

Those that hold logs, and what is searched in them, are in app/systems/sqlite/segments/tables.py. Queue, record and index
each use their own tables, so that any of them may lie in a file of its own.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, Table, Text, UniqueConstraint

from app.systems.sqlite import more_tables
from app.systems.sqlite.segments.tables import metadata

#: Envelopes that wait. `seq` is never used twice, so that a late acknowledgement can't hit a newer one.
queue = Table(
    "queue",
    metadata,
    Column("seq", Integer, primary_key=True),
    Column("first", LargeBinary(16), nullable=False),
    Column("last", LargeBinary(16), nullable=False),
    Column("logs", Integer, nullable=False),
    #: Unix time until which a worker has the envelope for itself; 0 when nobody has.
    Column("leased", Integer, nullable=False, server_default="0"),
    Column("body", LargeBinary, nullable=False),
    #: Whose it is; empty where it belongs to no space.
    Column("space", Text, nullable=False, server_default=""),
    Index("queue_space", "space"),
    sqlite_autoincrement=True,
)

#: Requests with an Idempotency-Key, and what they were answered; by envelope where envelopes are claimed one by one.
claims = Table(
    "claims",
    metadata,
    Column("key", Text, primary_key=True),
    Column("part", Integer, primary_key=True),
    Column("parts", Integer, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("answer", LargeBinary, nullable=False),
    Column("made", BigInteger, nullable=False),
)

#: Records that the index lacks: 16 bytes for each id, one row for each commit. `leased` and `made` are ms since 1970.
unindexed = Table(
    "unindexed",
    metadata,
    Column("mark", Integer, primary_key=True),
    Column("made", BigInteger, nullable=False),
    Column("leased", BigInteger, nullable=False),
    Column("logs", Integer, nullable=False),
    Column("ids", LargeBinary, nullable=False),
    sqlite_autoincrement=True,
)

#: Envelopes that were dropped since another request had claimed them: their logs are stored under its ids.
doubles = Table(
    "doubles",
    metadata,
    Column("first", LargeBinary(16), primary_key=True),
    Column("last", LargeBinary(16), nullable=False),
    Column("logs", Integer, nullable=False),
)

#: Ids that senders chose, for as long as they may still wait in the queue.
own_ids = Table(
    "own_ids",
    metadata,
    Column("id", LargeBinary(16), primary_key=True),
    Column("made", BigInteger, nullable=False),
)

#: Ids behind the receipts of requests whose ids are not consecutive, 16 bytes each.
listings = Table(
    "listings",
    metadata,
    Column("key", LargeBinary(16), primary_key=True),
    Column("ids", LargeBinary, nullable=False),
    Column("until", BigInteger, nullable=False),
)

#: Logs and bodies that were refused or could not be stored.
dead_letters = Table(
    "dead_letters",
    metadata,
    Column("id", LargeBinary(16), primary_key=True),
    Column("payload", LargeBinary, nullable=False),
    Column("reason", Text, nullable=False),
    Column("field", Text),
    Column("sender", Text, nullable=False),
    Column("times", BigInteger, nullable=False, server_default="0"),
    Column("digest", LargeBinary),
    Column("seen", LargeBinary),
)
Index("dead_letters_digest", dead_letters.c.digest)
Index("dead_letters_reason", dead_letters.c.reason, dead_letters.c.id)

#: Figures kept in the transaction that changes them: what waits, what is stored, the next place.
state = Table(
    "state",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", BigInteger, nullable=False),
)

#: Notices, open and closed. `revision` grows with each change of a notice; `since` and `until` are ms since 1970, `details` JSON.
notices = Table(
    "notices",
    metadata,
    Column("revision", Integer, primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    *(Column(name, Text, nullable=False) for name in ("key", "kind", "severity", "text")),
    Column("since", BigInteger, nullable=False),
    Column("until", BigInteger),
    Column("details", Text, nullable=False),
    sqlite_autoincrement=True,
)

#: Deliveries to notifiers, waiting, sent and failed: `body` is the notice as it was then, as JSON; `made` and `tried` are ms since 1970.
deliveries = Table(
    "deliveries",
    metadata,
    Column("seq", Integer, primary_key=True),
    *(Column(name, Text, nullable=False) for name in ("notice", "notifier", "event", "message", "state")),
    Column("made", BigInteger, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("tried", BigInteger),
    Column("reason", Text, nullable=False),
    Column("body", Text, nullable=False),
    UniqueConstraint("notifier", "notice", "event"),
    sqlite_autoincrement=True,
)
Index("deliveries_notice", deliveries.c.notice)

#: How each notifier is doing. `revision` is how far notices were looked at for it; `since`, `again` and `tested` are ms since 1970.
notifiers = Table(
    "notifiers",
    metadata,
    Column("notifier", Text, primary_key=True),
    *(Column(name, BigInteger, nullable=False) for name in ("revision", "sent", "failed")),
    Column("failures", Integer, nullable=False),
    Column("since", BigInteger),
    Column("reason", Text, nullable=False),
    Column("again", BigInteger, nullable=False),
    Column("tested", BigInteger),
    Column("test_reason", Text, nullable=False),
)

#: States of the search page under a name. `body` is JSON.
searches = Table(
    "searches",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("body", Text, nullable=False),
)

#: Alerts: `body` is what their users say, `status` what their evaluations came to, both JSON. `turn` grows with each
#: lease and with what it came to; a lease is over at `leased`, in ms since 1970.
alerts = Table(
    "alerts",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("body", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("turn", BigInteger, nullable=False),
    Column("leased", BigInteger, nullable=False),
)

#: Events of alerts, in order. `body` is JSON.
alert_changes = Table(
    "alert_changes",
    metadata,
    Column("seq", Integer, primary_key=True),
    Column("alert", Text, nullable=False),
    Column("body", Text, nullable=False),
    sqlite_autoincrement=True,
)
Index("alert_changes_alert", alert_changes.c.alert, alert_changes.c.seq)

#: Counts of the logs that had flowed through the system at a moment, in ms since 1970; none while nothing happens.
samples = Table(
    "samples",
    metadata,
    Column("at", BigInteger, primary_key=True),
    *(Column(name, BigInteger, nullable=False) for name in ("accepted", "stored", "indexed", "refused", "waiting")),
)

#: Senders of logs, what of theirs was refused last, and what their last log was read as. `minute_logs` and `before_logs` are of `minute`, and of the one before.
sources = Table(
    "sources",
    metadata,
    Column("sender", Text, primary_key=True),
    Column("agent", Text, primary_key=True),
    *(
        Column(name, BigInteger, nullable=False)
        for name in ("first", "last", "requests", "logs", "refused", "minute", "minute_logs", "before_logs")
    ),
    Column("refused_at", BigInteger),
    Column("reason", Text),
    Column("field", Text),
    Column("sample", LargeBinary),
    Column("read_as", Text, nullable=False, server_default=""),
)

#: How the logs of sources are written, by a pattern of their names. `body` is JSON.
source_forms = Table(
    "source_forms",
    metadata,
    Column("name", Text, primary_key=True),
    Column("body", Text, nullable=False),
)

#: Numberers of logs, and which of their numbers arrived: `state` is packed (app/drain/numbering.py). `lost` of them did not, the
#: last of which was noticed at `noticed`; the last log came at `seen`, both in ms since 1970.
numberers = Table(
    "numberers",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("source", Text, primary_key=True),
    Column("state", LargeBinary, nullable=False),
    *(Column(name, BigInteger, nullable=False) for name in ("lost", "noticed", "seen")),
)
Index("numberers_seen", numberers.c.seen)

#: Tables beside the logs: what they cost, the spaces, and who did what.
costs, spaces, audit_log, audit_chain = more_tables.define(metadata)
