"""The schema of notices in PostgreSQL: added to a database of the release before, with all that it held."""

from __future__ import annotations

from contextlib import closing

import pytest

from app.errors import InvalidSettings
from app.ports.notices import Beat, Notice
from app.systems.postgres import entry, schema, server
from tests.conftest import MakeRecord

#: Tables that came after the schema 0002.
SINCE = (
    *("notices", "beats", "deliveries", "notifiers", "searches", "alerts", "alert_changes", "samples", "sources"),
    *("numberers", "tokens", "users", "costs", "sessions", "source_forms"),
    *("oidc_logins", "totp_factors", "recovery_codes", "spaces"),
    *("audit_log", "audit_chain", "passkeys"),
)
#: Columns of the dead letters since then.
COLUMNS = ("times", "digest", "seen")


def test_an_older_database_is_upgraded(postgres_database: str, make_record: MakeRecord) -> None:
    """Refused before, with what to do; afterwards its logs are there, and counters begin."""
    schema.upgrade(postgres_database)
    record = make_record()
    with closing(entry.opened(postgres_database, dead_limit=1 << 20)) as held:
        held.record.store.add([record])
    with closing(server.open_connection(postgres_database)) as connection, connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE {', '.join(SINCE)}; DELETE FROM counts WHERE period = 'ever'")
        cursor.execute(f"ALTER TABLE dead_letters {', '.join(f'DROP COLUMN {name}' for name in COLUMNS)}")
        cursor.execute("UPDATE alembic_version SET version_num = '0002'")
    with pytest.raises(InvalidSettings, match="db upgrade"):
        entry.opened(postgres_database, dead_limit=1 << 20)
    schema.upgrade(postgres_database)
    with closing(entry.opened(postgres_database, dead_limit=1 << 20)) as held:
        store, notices, (place,) = held.record.store, held.record.notices, held.places
        assert store.get([record.id]) == [record]
        assert (store.stats()["stored"], store.stats()["stored_ever"]) == (1, 0)
        store.add([make_record()])
        assert (store.stats()["stored"], store.stats()["stored_ever"]) == (2, 1)
        notices.keep_notices([Notice("a", "k", "logs_refused", "warning", "text", 1)])
        place.beat(Beat("b", "host", 1, 1))
        assert [one.id for one in notices.notices(10)] == ["a"]
        assert [seen.beat.id for seen in place.beats()] == ["b"]
        assert notices.lead()
