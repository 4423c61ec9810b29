"""What only a record on PostgreSQL must bear: a server that dies, workers in parallel, partitions, restored data."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from app.backends import connect, upgrade
from app.errors import InvalidSettings, LogIngestorError, Unavailable
from app.log.envelope import Claim, DeadLetter, Envelope
from app.log.record import IdSource, LogRecord
from app.maintain import backup, rebuild
from app.maintain.rebuild import settled
from app.ports.parts import RecordParts
from app.ports.record import LogStore
from app.query.query import Query
from app.settings.settings import Retention, Settings
from app.systems.entry import Opened
from app.systems.postgres import entry, schema
from app.systems.postgres import server as postgres
from app.times.instant import now_ms
from tests.conftest import MakeRecord, fill_backends
from tests.services.fixtures import StartServer
from tests.services.postgres import Postgres
from tests.services.process import wait_for

DAY = 24 * 3600 * 1000
DEAD_LIMIT = 1 << 30


def opened(url: str, **options: Any) -> Opened:
    """Return a record in the database, which is upgraded first."""
    schema.upgrade(url)
    return entry.opened(url, **{"dead_limit": DEAD_LIMIT, **options})


@pytest.fixture
def parts(postgres_database: str) -> Iterator[RecordParts]:
    """A record in an empty database."""
    with closing(opened(postgres_database)) as made:
        yield made.record


@pytest.fixture
def store(parts: RecordParts) -> LogStore:
    """The logs of a record in an empty database."""
    return parts.store


def asked(url: str, statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
    """Run a statement beside the store; return its rows."""
    with closing(psycopg2.connect(url)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement, parameters)
            return list(cursor.fetchall()) if cursor.description else []


def together(*steps: Callable[[], object]) -> None:
    """Run the steps at once, each in a thread of its own; raise what one of them raised."""
    with ThreadPoolExecutor(len(steps)) as threads:
        for step in [threads.submit(step) for step in steps]:
            step.result()


def record_of(time: int, message: str = "hello") -> LogRecord:
    """Return a record that arrived at that time."""
    # A source of its own: one source never steps back.
    return LogRecord(IdSource().take(1, now=time).to_bytes(16, "big"), time, 0, "info", message)


# A server that dies, or is not there


def test_what_was_added_is_there_after_a_kill(own_server: StartServer) -> None:
    """A server is killed while two workers store; what they were told is stored is there, once, and they go on."""
    server = own_server(Postgres)
    held = opened(server.url)
    store = held.record.store
    kept: list[LogRecord] = []
    done = threading.Event()

    def work() -> None:
        while not done.is_set():
            batch = [record_of(now_ms()) for _ in range(20)]
            with suppress(Unavailable):
                store.add(batch)
                kept.extend(batch)

    def stored_more() -> bool:
        before = len(kept)
        return wait_for(lambda: len(kept) > before + 200)

    with ThreadPoolExecutor(2) as threads:
        workers = [threads.submit(work) for _ in range(2)]
        try:
            for _ in range(2):
                assert stored_more()
                server.kill()
                server.start()
            assert stored_more()
        finally:
            done.set()
        for worker in workers:
            worker.result()
    assert store.get([record.id for record in kept]) == kept
    stored = asked(server.url, "SELECT count(*), count(DISTINCT id) FROM logs")
    assert stored == [(store.stats()["stored"],) * 2]
    held.close()


def test_a_server_that_is_away_is_unavailable_until_it_is_back(
    own_server: StartServer, make_record: MakeRecord
) -> None:
    """Each call says so; the first after the start works, on connections of before or made while nobody answered."""
    server, records = own_server(Postgres), [make_record() for _ in range(3)]
    held = opened(server.url)
    before = held.record.store
    before.add(records[:1])
    server.stop()
    others = entry.opened(server.url, dead_limit=DEAD_LIMIT)
    while_away = others.record.store
    for store in (before, while_away):
        for call in (partial(store.add, records), partial(store.get, [bytes(16)]), store.lacking, store.newest_place):
            with pytest.raises(Unavailable, match="can't be reached"):
                call()
    server.start()
    assert before.add(records[1:2]).new == 1
    assert while_away.add(records).new == 1
    assert before.get([record.id for record in records]) == records
    held.close()
    others.close()


def test_more_threads_than_connections_take_turns(store: LogStore, make_record: MakeRecord) -> None:
    """Many threads of a web process share a few connections."""
    record = make_record()
    store.add([record])
    found: list[list[LogRecord]] = []

    def ask() -> None:
        for _ in range(5):
            found.append(store.get([record.id]))

    together(*[ask] * (postgres.CONNECTIONS * 3))
    assert found == [[record]] * postgres.CONNECTIONS * 15


def test_commits_are_durable_whatever_the_server_thinks(postgres_database: str) -> None:
    """A database that is set to forget its last commits at a crash is told otherwise."""
    name = postgres_database.rpartition("/")[2]
    asked(postgres_database, f"ALTER DATABASE {name} SET synchronous_commit = off")
    with closing(postgres.open_connection(postgres_database)) as connection, connection.cursor() as cursor:
        cursor.execute("SHOW synchronous_commit")
        assert cursor.fetchone() == ("on",)


# Workers in parallel


def test_who_reads_on_never_skips(postgres_database: str, store: LogStore) -> None:
    """Commits end in another order than they began; a reader meets every record once, places ascending."""
    asked(
        postgres_database,
        "CREATE FUNCTION nap() RETURNS trigger LANGUAGE plpgsql AS "
        "'BEGIN PERFORM pg_sleep(0.02 * random() ^ 3); RETURN NULL; END';"
        "CREATE CONSTRAINT TRIGGER nap AFTER INSERT ON unindexed DEFERRABLE INITIALLY DEFERRED "
        "FOR EACH ROW EXECUTE FUNCTION nap()",
    )
    writers, commits, size = 6, 40, 3
    met: list[tuple[int, bytes]] = []

    def write() -> None:
        for _ in range(commits):
            store.add([record_of(now_ms()) for _ in range(size)])

    def read() -> None:
        place = store.newest_place()
        while len(met) < writers * commits * size:
            found = store.after(place, 10)
            met.extend((at, record.id) for at, record in found)
            place = found[-1][0] if found else place

    together(read, *[write] * writers)
    assert [place for place, _ in met] == sorted(place for place, _ in met)
    assert len({identity for _, identity in met}) == len(met) == store.stats()["stored"]


def test_an_open_transaction_holds_the_reader_and_loses_nothing(postgres_database: str, store: LogStore) -> None:
    """What is committed behind an older transaction waits for it; afterwards it is there at once."""
    place = store.newest_place()
    with closing(psycopg2.connect(postgres_database)) as older, older.cursor() as cursor:
        cursor.execute("SELECT pg_current_xact_id()")
        record = record_of(now_ms())
        store.add([record])
        assert store.after(place, 10) == []
        assert store.newest_place() >= place
        held = store.newest_place()
        older.rollback()
    settled(store)
    assert [found for _, found in store.after(place, 10)] == [record]
    assert [found for _, found in store.after(held, 10)] == [record]


def test_whoever_reads_all_waits_for_what_is_held_back(
    postgres_url: str, postgres_database: str, tmp_path: Path, make_record: MakeRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rebuild or backup has all that was stored, though another program's transaction is open on the server; or it says why not."""
    settings = Settings.from_env({"LOGINGESTOR_DATA_DIR": str(tmp_path), "LOGINGESTOR_STORE_URL": postgres_database})
    upgrade(settings)
    with (
        closing(connect(settings)) as backends,
        closing(psycopg2.connect(postgres_url)) as older,
        older.cursor() as cursor,
    ):
        begin = partial(cursor.execute, "SELECT pg_current_xact_id()")
        begin()
        fill_backends(backends, [make_record() for _ in range(5)])
        with monkeypatch.context() as patch, pytest.raises(Unavailable, match="a transaction has been open"):
            patch.setattr(rebuild, "HELD_SECONDS", 0.2)
            rebuild.rebuild(backends.store, backends.record.letters, backends.index)
        assert backends.index.find(Query()).total == 5
        ending = threading.Timer(0.5, older.rollback)
        ending.start()
        assert rebuild.rebuild(backends.store, backends.record.letters, backends.index).logs == 5
        ending.join()
        assert backends.index.find(Query()).total == 5
        begin()
        fill_backends(backends, [make_record()])
        ending = threading.Timer(0.5, older.rollback)
        ending.start()
        assert backup.write(io.BytesIO(), backends.record, backends.queue, backends.keepers()).counts["logs"] == 6
        ending.join()


def test_two_workers_with_the_same_logs_store_them_once(store: LogStore) -> None:
    """As after a lease that ended too early; in whatever order each has them."""
    rounds = [[record_of(now_ms()) for _ in range(60)] for _ in range(15)]
    new: list[int] = []

    def work(order: int) -> Callable[[], None]:
        def run() -> None:
            for batch in rounds:
                new.append(store.add(batch[::order]).new)

        return run

    together(work(1), work(-1), work(1))
    assert sum(new) == store.stats()["stored"] == 15 * 60
    assert store.lacking().logs == 3 * 15 * 60


def test_of_two_claims_at_once_one_is_made(parts: RecordParts) -> None:
    """Whatever the order in which two workers name the keys, each key is one request's, and neither fails."""
    answers: dict[bytes, list[bool]] = {}

    def work(answer: bytes, order: int) -> Callable[[], None]:
        envelopes = [Envelope(claim=Claim(f"key {number}", b"", answer)) for number in range(200)][::order]

        def run() -> None:
            answers[answer] = parts.claims.claim(envelopes)[::order]

        return run

    together(work(b"1", 1), work(b"2", -1))
    assert [one != other for one, other in zip(answers[b"1"], answers[b"2"], strict=True)] == [True] * 200


def test_marks_are_leased_to_one_worker_each(store: LogStore) -> None:
    """Workers that catch up together share the marks and leave none."""
    marks = {store.add([record_of(now_ms())]).mark for _ in range(120)}
    taken: list[int] = []

    def work() -> None:
        while found := store.lacking_records(7, 600)[0]:
            taken.extend(found)

    together(work, work, work)
    # One that looked while another held the last marks may have gone home early.
    while found := store.lacking_records(7, 600)[0]:
        taken.extend(found)
    assert sorted(taken) == sorted(marks)


# Partitions


def tables(url: str) -> list[str]:
    """Return the names of the partitions."""
    found = asked(url, "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'logs'::regclass ORDER BY 1")
    return [name for (name,) in found]


def test_each_day_has_its_partition(postgres_database: str, store: LogStore) -> None:
    """Made when first needed, whole days of arrival; dropped whole, never before all of it is older."""
    noon = 20_000 * DAY + DAY // 2
    records = [record_of(noon + day * DAY) for day in range(4)]
    store.add(records)
    assert tables(postgres_database) == ["logs_20241004", "logs_20241005", "logs_20241006", "logs_20241007"]
    assert store.expire(noon + 2 * DAY, 1) == 1
    assert store.expire(noon + 2 * DAY, 1) == 1
    assert store.expire(noon + 2 * DAY, 1) == 0
    assert set(tables(postgres_database)) >= {"logs_20241006", "logs_20241007"}
    assert not set(tables(postgres_database)) & {"logs_20241004", "logs_20241005"}
    assert store.get([record.id for record in records]) == records[2:]
    assert store.stats()["stored"] == 2


def test_the_next_period_is_made_ahead(postgres_database: str) -> None:
    """Nobody's first log of a day waits for a table."""
    held = opened(postgres_database, retention=Retention(600 * 86_400))
    store = held.record.store
    store.expire(0, 100)
    assert len(tables(postgres_database)) == 2
    held.close()


def test_periods_of_another_length_lie_between(postgres_database: str) -> None:
    """After RETENTION was changed new periods end where old ones begin."""
    start = 20_010 * DAY
    one, other = opened(postgres_database), opened(postgres_database, retention=Retention(600 * 86_400))
    days, tens = one.record.store, other.record.store
    days.add([record_of(start + 4 * DAY)])
    records = [record_of(start + 3 * DAY), record_of(start + 7 * DAY)]
    tens.add(records)
    days.add([record_of(start + 9 * DAY), record_of(start + 10 * DAY)])
    # Ten days, but for the day in the middle.
    bounds = [(period.start - start, period.end - start) for period in days._periods.refresh()]
    assert bounds == [(0, 4 * DAY), (4 * DAY, 5 * DAY), (5 * DAY, 10 * DAY), (10 * DAY, 11 * DAY)]
    assert tens.get([record.id for record in records]) == records
    one.close()
    other.close()


def test_a_partition_that_another_process_dropped_is_made_again(postgres_database: str, store: LogStore) -> None:
    """Logs that waited in the queue beyond their retention are stored all the same, rather than lost."""
    time = 20_000 * DAY
    first, second = record_of(time), record_of(time)
    store.add([first])
    other = opened(postgres_database)
    assert other.record.store.expire(time + DAY, 10) == 1
    assert store.add([second]).new == 1
    assert other.record.store.get([first.id, second.id]) == [second]
    assert store.stats()["stored"] == 1
    other.close()


def test_partitions_are_made_and_dropped_under_way(store: LogStore) -> None:
    """Workers that store, expire and read at once neither fail nor lose a log that was not to go."""
    done, kept = threading.Event(), list[LogRecord]()

    def write() -> None:
        for number in range(60):
            batch = [record_of((19_000 + number % 7) * DAY), record_of(now_ms())]
            store.add(batch)
            kept.append(batch[1])

    def drop() -> None:
        while not done.is_set():
            store.expire(19_500 * DAY, 1)

    def read() -> None:
        while not done.is_set():
            store.after(0, 50)
            store.stats()

    def end() -> None:
        try:
            together(write, write)
        finally:
            done.set()

    together(end, drop, read)
    store.expire(19_500 * DAY, 1_000)
    assert store.get([record.id for record in kept]) == kept
    assert store.stats()["stored"] == len(kept) == 120


def test_expire_does_not_wait_for_a_long_reader(postgres_database: str, store: LogStore) -> None:
    """While somebody dumps the database nothing is dropped, and nobody else has to wait; later it is."""
    time = 20_000 * DAY
    store.add([record_of(time)])
    with closing(psycopg2.connect(postgres_database)) as dump, dump.cursor() as cursor:
        cursor.execute("LOCK TABLE logs IN ACCESS SHARE MODE")
        assert store.expire(time + 9 * DAY, 10) == 0
        assert store.stats()["stored"] == 1
        # A new period is made meanwhile.
        assert store.add([record_of(time + 5 * DAY)]).new == 1
        dump.rollback()
    assert store.expire(time + 9 * DAY, 10) == 2


def test_size_is_what_is_left(store: LogStore) -> None:
    """Deleted rows count no more though their file stays as large, so expiring for room ends where it must."""
    store.add([record_of(now_ms(), "x" * 500) for _ in range(4_000)])
    before = store.stats()
    assert store.expire(None, 1_000) == 1_000
    after = store.stats()
    assert after["bytes_on_disk"] >= before["bytes_on_disk"] * 0.95
    assert after["bytes"] < before["bytes"] * 0.85
    store.add([record_of(now_ms(), "x" * 500) for _ in range(1_000)])
    assert store.stats()["bytes"] >= before["bytes"] * 0.95


# Schema


def test_many_processes_upgrade_at_once(postgres_database: str) -> None:
    """They take turns; the first makes the tables, the others find them."""
    program = "import sys; from app.systems.postgres import schema; schema.upgrade(sys.argv[1])"
    command = [sys.executable, "-c", program, postgres_database]
    running = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(4)]
    assert [(process.communicate()[1], process.returncode) for process in running] == [("", 0)] * 4
    schema.check(postgres_database)


def test_an_upgrade_says_that_it_waits(
    postgres_database: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody takes a start that waits for another's upgrade for one that hangs."""
    monkeypatch.setattr(schema, "SILENT_SECONDS", 0.05)
    said = threading.Event()
    monkeypatch.setattr(caplog.handler, "emit", lambda record: said.set())
    with closing(psycopg2.connect(postgres_database)) as busy, busy.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", (schema.UPGRADE_LOCK,))
        waiter = threading.Thread(target=schema.upgrade, args=(postgres_database,))
        waiter.start()
        assert said.wait(60)
        assert waiter.is_alive()
    waiter.join()
    schema.check(postgres_database)


def test_only_the_schema_that_is_known_is_used(postgres_database: str) -> None:
    """None, and a newer one, are refused with a sentence; a newer one is not touched."""
    with pytest.raises(InvalidSettings, match="db upgrade"):
        entry.opened(postgres_database, dead_limit=1)
    schema.upgrade(postgres_database)
    asked(postgres_database, "UPDATE alembic_version SET version_num = '9999'")
    for use in (schema.upgrade, schema.check):
        with pytest.raises(InvalidSettings, match="newer release"):
            use(postgres_database)


def test_a_database_that_cannot_hold_every_text_is_refused(postgres_url: str) -> None:
    """A log's message may be in any script."""
    name = f"test_{os.urandom(8).hex()}"
    asked(postgres_url, f"CREATE DATABASE {name} ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    try:
        with pytest.raises(InvalidSettings, match="UTF8"):
            schema.upgrade(f"{postgres_url.rpartition('/')[0]}/{name}")
    finally:
        asked(postgres_url, f"DROP DATABASE {name} WITH (FORCE)")


def test_a_url_that_is_none_is_refused() -> None:
    """The setting is named, and the password is not shown."""
    with pytest.raises(InvalidSettings, match="LOGINGESTOR_STORE_URL"):
        schema.check("postgresql://host/database?nosuch=parameter")
    assert "secret" not in postgres.place("postgresql://user:secret@host:5433/logs")


def test_places_go_on_after_a_restore(postgres_database: str, make_record: MakeRecord) -> None:
    """Data of another server carry its higher numbers; `db upgrade` lets new places follow them."""
    held = opened(postgres_database)
    store = held.record.store
    old, new = make_record(), make_record()
    store.add([old])
    held.close()
    asked(postgres_database, "UPDATE logs SET place = place + 1000000000")
    with pytest.raises(InvalidSettings, match="restored"):
        schema.check(postgres_database)
    held = opened(postgres_database)
    store = held.record.store
    place = settled(store)
    assert [record for _, record in store.after(0, 10)] == [old]
    store.add([new])
    settled(store)
    assert [record for _, record in store.after(place, 10)] == [new]
    assert store.newest_place() > place
    held.close()


def test_a_dump_is_restored_on_another_server(
    postgres_database: str, own_server: StartServer, tmp_path: Path, make_record: MakeRecord
) -> None:
    """Everything is there, and goes on, as docs/operations.md shows it."""
    programs = [shutil.which(name) for name in ("pg_dump", "pg_restore")]
    if None in programs:
        pytest.skip("pg_dump and pg_restore are not on PATH")
    held, records = opened(postgres_database), [make_record() for _ in range(5)]
    store = held.record.store
    with closing(psycopg2.connect(postgres_database)) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        for _ in range(2_000):
            cursor.execute("SELECT pg_current_xact_id()")
    store.add(records)
    place, figures = settled(store), store.stats()
    held.close()
    new, dump = own_server(Postgres).url, str(tmp_path / "logs.dump")
    for command in (
        [programs[0], "--format=custom", f"--file={dump}", postgres_database],
        [programs[1], "--no-owner", f"--dbname={new}", dump],
    ):
        subprocess.run([str(word) for word in command], check=True, capture_output=True)
    with pytest.raises(InvalidSettings, match="restored"):
        schema.check(new)
    held = opened(new)
    store = held.record.store
    assert store.get([record.id for record in records]) == records
    assert (settled(store), store.stats()["stored"], store.lacking().logs) == (place, figures["stored"], 5)
    later = make_record()
    store.add([later])
    settled(store)
    assert [record for _, record in store.after(place, 10)] == [later]
    held.close()


def test_commands_look_after_it(postgres_database: str, tmp_path: Path) -> None:
    """`db upgrade` makes the tables and `doctor` says what it finds, before and after."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("LOGINGESTOR_")},
        "LOGINGESTOR_DATA_DIR": str(tmp_path),
        "LOGINGESTOR_STORE_URL": postgres_database,
        "LOGINGESTOR_MIN_FREE_DISK": "1 MiB",
        "LOGINGESTOR_PORT": "0",
    }

    def run(*arguments: str, **more: str) -> str:
        command = [sys.executable, "-m", "app.cli", *arguments]
        ended = subprocess.run(command, env=environment | more, capture_output=True, text=True, check=False)
        return ended.stdout + ended.stderr

    assert "database test_" in run("db", "upgrade")
    found = run("doctor")
    assert "ok   schema: up to date" in found
    assert "record: " in found
    assert "can't be reached" in run("doctor", LOGINGESTOR_STORE_URL="postgresql://postgres:secret@127.0.0.1:1/logs")
    other = f"{postgres_database.rpartition('/')[0]}/no_such_database"
    assert "refuses connections: " in run("doctor", LOGINGESTOR_STORE_URL=other)
    assert "secret" not in run("db", "upgrade", LOGINGESTOR_STORE_URL="postgresql://postgres:secret@127.0.0.1:1/logs")


def test_a_connection_that_cannot_be_set_up_is_closed(postgres_database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would be one of the few that the server has, for good."""
    made = []
    connect = psycopg2.connect

    def noted(**given: Any) -> Any:
        made.append(connect(**given))
        return made[-1]

    monkeypatch.setattr(psycopg2, "connect", noted)
    monkeypatch.setattr("app.systems.postgres.server.TIMEOUTS", {"no_such_setting": 1})
    with pytest.raises(Unavailable, match=r"refuses connections: .*no_such_setting"):
        postgres.open_connection(postgres_database)
    assert [one.closed for one in made] == [1]


# What a record may hold


def test_large_logs(store: LogStore, make_record: MakeRecord) -> None:
    """Messages of a mebibyte, and metadata of a quarter, come back as they were."""
    texts = ["x" * (1 << 20), "\\\t\n\r" * (1 << 18), "é😀" * (1 << 17)]
    records = [make_record(message=text, metadata={"text": text[: 1 << 16]}) for text in texts]
    store.add(records)
    assert store.get([record.id for record in records]) == records


def test_a_log_at_fault_is_told_from_a_server_at_fault(store: LogStore, make_record: MakeRecord) -> None:
    """What PostgreSQL can't hold is the log's own fault, so that the drain tries its neighbours one by one."""
    bad = make_record(message="\0")
    with pytest.raises(Exception, match=r"0x00|NUL") as raised:
        store.add([make_record(), bad])
    assert not isinstance(raised.value, LogIngestorError)
    assert store.stats()["stored"] == store.lacking().logs == 0
    nested: dict[str, Any] = {}
    for _ in range(900):
        nested = {"a": nested}
    assert store.add([make_record(metadata=nested)]).new == 1


def test_metadata_come_back_exactly(store: LogStore, make_record: MakeRecord) -> None:
    """Order of keys, kinds of numbers, numbers of any size, escapes."""
    metadata = {"z": 1.0, "a": [10**40, -0.0, 1e300, 0.1, 2**63, -(2**64), True, None], "\\": '"\\u0000\t', "": {}}
    record = make_record(metadata=metadata)
    store.add([record])
    assert repr(store.get([record.id])[0].metadata) == repr(metadata)


def test_dead_letters_hold_anything(parts: RecordParts) -> None:
    """Payloads are bytes; reasons, fields and senders lose what no text of PostgreSQL can hold."""
    ids = IdSource()
    letter = DeadLetter(
        ids.take(1).to_bytes(16, "big"), bytes(range(256)), "no\0 \ud800" + "x" * 5_000, "f\0", "s\ud800"
    )
    parts.letters.bury([letter])
    cleaned = "no\ufffd \ufffd" + "x" * 5_000
    expected = replace_letter(letter, cleaned)
    assert (
        parts.letters.dead(reason=letter.reason)
        == parts.letters.dead(reason=cleaned)
        == parts.letters.dead()
        == [expected]
    )
    assert parts.letters.dead_counts() == {cleaned: 1}


def replace_letter(letter: DeadLetter, reason: str) -> DeadLetter:
    """Return the letter as it is kept."""
    return DeadLetter(letter.id, letter.payload, reason, "f\ufffd", "s\ufffd")


def test_two_workers_bury_at_once(postgres_database: str) -> None:
    """The limit holds, and the bytes add up, whoever buries what."""
    held = opened(postgres_database, dead_limit=5_000)
    keeper = held.record.letters
    ids = IdSource()
    letters = [DeadLetter(ids.take(1).to_bytes(16, "big"), b"x" * 100, "reason") for _ in range(200)]

    def work(some: Sequence[DeadLetter]) -> Callable[[], None]:
        def run() -> None:
            for start in range(0, len(some), 10):
                keeper.bury(some[start : start + 10])

        return run

    together(work(letters), work(letters[::-1]))
    assert len(keeper.dead(1_000)) == 50
    assert keeper.drop_dead([letter.id for letter in keeper.dead(1_000)]) == 50
    assert asked(postgres_database, "SELECT value FROM state WHERE name = 'dead_bytes'") == [(0,)]
    held.close()
