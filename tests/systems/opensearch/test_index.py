"""What the index on OpenSearch promises beyond the contract: faults are named and waited out, nothing is shown by halves."""

from __future__ import annotations

import http.server
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import msgspec
import opensearchpy
import pytest

from app.errors import InvalidSettings, Unavailable
from app.log.record import IdSource, LogRecord
from app.ports.deadline import Budget
from app.query.filter import And, Contains, Equals, Exists, Filter, In, Matches, Not, Or, Phrase, Range, Wildcard, Words
from app.query.meaning import predicate
from app.query.query import Query
from app.settings.settings import Retention
from app.systems.opensearch import OpenSearchIndex
from app.systems.opensearch.connection import SearchAddress
from tests.conftest import MakeRecord
from tests.samples import random_records

MONTH = Retention(30 * 86_400)
DAY_MS = 86_400_000
#: A query of five hundred leaves takes long where much else runs; how long is no question here.
PATIENT = Budget(seconds=300)


@pytest.fixture
def index(opensearch_prefix: str) -> Iterator[OpenSearchIndex]:
    """An empty index."""
    with closing(OpenSearchIndex(opensearch_prefix, retention=MONTH)) as opened:
        yield opened


@contextmanager
def client_of(url: str) -> Iterator[tuple[opensearchpy.OpenSearch, str]]:
    """Give a client of the hosts of a SEARCH_URL, and its prefix."""
    address = SearchAddress.parse(url)
    with closing(opensearchpy.OpenSearch([f"http://{host}:{port}" for host, port in address.hosts])) as client:
        yield client, address.prefix


def ids_of(index: OpenSearchIndex, tree: Filter = And(())) -> list[bytes]:
    """Return the ids of all that the index finds, in ascending order; checks the total on the way."""
    query = Query(tree, clock="received", sort="asc")
    found = [record.id for chunk in index.scan(query, PATIENT) for record in chunk]
    page = index.find(Query(tree, limit=1, count="exact"), PATIENT)
    assert (page.total, page.exact) == (len(found), True)
    return found


def old_record(make_record: MakeRecord, received: int, **fields: object) -> LogRecord:
    """Return a record that was received at this ms."""
    return make_record(id=IdSource().take(1, now=received).to_bytes(16, "big"), **fields)


# --- the URL and the connection


def test_a_url_says_everything() -> None:
    """Hosts, login, prefix, copies and trust; ports and the rest have defaults."""
    found = SearchAddress.parse(
        "https://us%40er:p%3Aw@one:9201,two,[::1]:9/logs_1?shards=5&replicas=0&ca=/etc/ca.pem&verify=no"
    )
    assert found == SearchAddress(
        True, (("one", 9201), ("two", 9200), ("::1", 9)), "logs_1", ("us@er", "p:w"), 5, 0, "/etc/ca.pem", False
    )
    assert SearchAddress.parse("http://one") == SearchAddress(False, (("one", 9200),), "logingestor")


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://", "host"),
        ("http://a,,b/p", "host"),
        ("http://a:x/p", "host"),
        ("http://a/UP", "prefix"),
        ("http://a/p/q", "prefix"),
        ("http://a/p?shard=3", "not known: shard"),
        ("http://a/p?shards=0", "shards"),
        ("http://a/p?replicas=-1", "replicas"),
        ("http://a/p?verify=false", "verify"),
    ],
)
def test_a_url_that_says_nothing_is_refused(url: str, reason: str) -> None:
    """A mistake is told, rather than a default taken."""
    with pytest.raises(InvalidSettings, match=reason):
        SearchAddress.parse(url)


def test_an_unknown_host_is_named(make_record: MakeRecord) -> None:
    """Each method says which host can't be reached; the password stays out of it."""
    index = OpenSearchIndex("http://user:secret@127.0.0.1:1,unknown.invalid:9200/logs", retention=MONTH)
    for call in (
        lambda: index.add([make_record()]),
        lambda: index.find(Query()),
        index.check,
        lambda: index.expire(1, 1),
        lambda: index.facets(Query(), ["level"], 1),
    ):
        with pytest.raises(Unavailable, match=r"127.0.0.1:1, unknown.invalid:9200") as caught:
            call()
        assert "secret" not in str(caught.value)


class _Door(http.server.BaseHTTPRequestHandler):
    """Refuses everybody, and remembers the login."""

    def do_GET(self) -> None:
        self.server.login = self.headers.get("Authorization")  # type: ignore[attr-defined]
        self.send_response(401)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def door(certificate: Path | None = None) -> Iterator[http.server.HTTPServer]:
    """Give a server that refuses everybody, over TLS if it has a certificate."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Door) as server:
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_a_wrong_password_is_told() -> None:
    """The login travels; a refusal names SEARCH_URL and not the password."""
    with door() as server:
        index = OpenSearchIndex(f"http://me:s%20t@127.0.0.1:{server.server_port}/logs", retention=MONTH)
        with pytest.raises(Unavailable, match="user or the password of SEARCH_URL"):
            index.check()
        assert server.login == "Basic bWU6cyB0"  # type: ignore[attr-defined]


def test_certificates_are_checked(tmp_path: Path) -> None:
    """A certificate of nobody's is refused, unless its authority is named or checks are off."""
    pair = tmp_path / "pair.pem"
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    made += [
        "-addext",
        "subjectAltName=IP:127.0.0.1",
        "-keyout",
        str(tmp_path / "key"),
        "-out",
        str(tmp_path / "certificate"),
    ]
    try:
        subprocess.run(made, check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("openssl is not installed")
    pair.write_bytes((tmp_path / "key").read_bytes() + (tmp_path / "certificate").read_bytes())
    with door(pair) as server:
        url = f"https://127.0.0.1:{server.server_port}/logs"
        for query, reason in (
            ("", "certificate"),
            (f"?ca={tmp_path}/certificate", "password"),
            ("?verify=no", "password"),
        ):
            with pytest.raises(Unavailable, match=reason):
                OpenSearchIndex(url + query, retention=MONTH).check()


# --- documents


def test_the_template_is_strict(opensearch_prefix: str, make_record: MakeRecord) -> None:
    """Three shards and a replica unless the URL says otherwise; no field but ours; all indices have the one alias."""
    with client_of(opensearch_prefix) as (client, prefix):
        url = opensearch_prefix.partition("?")[0]
        with closing(OpenSearchIndex(url, retention=MONTH)) as index:
            index.check()
            found = client.indices.get_index_template(name=f"{prefix}-g1")["index_templates"][0]["index_template"]
            assert found["template"]["settings"]["index"]["number_of_shards"] == "3"
            assert found["template"]["settings"]["index"]["number_of_replicas"] == "1"
            record = make_record()
            index.add([record])
        (name,) = client.indices.get_alias(name=f"{prefix}-g1")
        assert name.startswith(f"{prefix}-g1-20")
        assert client.indices.get_mapping(index=name)[name]["mappings"]["dynamic"] == "strict"
        with pytest.raises(opensearchpy.RequestError, match="strict"):
            client.index(index=name, body={"other": 1})


def test_a_faulty_record_is_refused_alone(index: OpenSearchIndex, make_record: MakeRecord) -> None:
    """What the index can't hold is named; its neighbours are found."""
    good = [make_record() for _ in range(20)]
    faulty = [make_record(resource_id="x" * 40_000), make_record(id=b"\xff" * 16)]
    refused = index.add([*good[:10], *faulty, *good[10:]])
    assert {one.id for one in refused} == {record.id for record in faulty}
    assert all(one.reason for one in refused)
    index.refresh()
    assert ids_of(index) == [record.id for record in good]


def test_what_was_added_is_found_after_a_refresh(
    index: OpenSearchIndex, opensearch_prefix: str, make_record: MakeRecord
) -> None:
    """Also when another process had added it already, and died before its own refresh."""
    record = make_record()
    index.add([record])
    with closing(OpenSearchIndex(opensearch_prefix, retention=MONTH)) as other:
        other.add([record, make_record(id=record.id, message="another")])
        other.refresh()
        assert other.find(Query()).records == [record]


def test_texts_of_any_length(index: OpenSearchIndex, make_record: MakeRecord) -> None:
    """A megabyte of message and long metadata come back whole, and are found by any part."""
    long = " ".join(f"{number:x}" for number in range(180_000))
    records = [
        make_record(message=long),
        make_record(message=f"{'é' * 20_000} needle", metadata={"a": {"b": "ß" * 40_000 + "Needle"}}),
        make_record(message="short", metadata={"a": {"b": "needle"}, "n" * 3_000: 1}),
    ]
    assert index.add(records) == []
    index.refresh()
    assert index.find(Query(sort="asc")).records == records
    for tree in (
        Words("2bf1f 1"),
        Phrase("f423 f424 f425"),
        Contains("message", " F424 F425 "),
        Contains("message", "é needle"),
        Contains("metadata.a.b", "ßneedle"),
        Equals("metadata.a.b", "needle"),
        Matches("message", "^0 1 .* 2bf1f$"),
        Matches("metadata.a.b", "^ß+Needle$"),
        Wildcard("metadata.a.b", "ß*needle"),
        Not(Wildcard("metadata.a.b", "*needle")),
        Exists(f"metadata.{'n' * 900}"),
        Exists("metadata.a"),
    ):
        holds = predicate(tree)
        assert ids_of(index, tree) == [record.id for record in records if holds(record)], tree


@pytest.mark.parametrize("negated", [False, True])
def test_five_hundred_leaves_of_any_kind(index: OpenSearchIndex, negated: bool) -> None:
    """OpenSearch takes 1,024 clauses; however a leaf is translated, 500 are never too many."""
    records = random_records(5, 300)
    index.add(records)
    index.refresh()
    kinds: list[list[Filter]] = [
        [Words(f"failed to connect x{n}") for n in range(500)],
        [Matches("message", rf"f.*{n}\b|\pL{{9}}{n}") for n in range(500)],
        [Range("timestamp", (1694764800000 + n, 7), (1694764900000 + n, 999)) for n in range(500)],
        [Wildcard("metadata.a", f"*{n}*z") for n in range(500)],
        [In("level", (f"l{n}", "ERROR")) for n in range(500)],
        [Not(Contains("metadata.status", f"{n}")) for n in range(500)],
    ]
    for leaves in kinds:
        for tree in (Or(tuple(leaves)), And(tuple(map(Not, leaves)))):
            meant: Filter = Not(tree) if negated else tree
            holds = predicate(meant)
            assert ids_of(index, meant) == [record.id for record in records if holds(record)]


# --- a cluster that can't


def test_a_read_only_index_is_named_and_waited_out(
    index: OpenSearchIndex, opensearch_prefix: str, make_record: MakeRecord
) -> None:
    """A full disk makes indices read-only: that is no fault of a record, and goes by itself when there is room."""
    first, second = make_record(), make_record()
    index.add([first])
    index.check()
    with client_of(opensearch_prefix) as (client, prefix):
        for block in ("read_only_allow_delete", "write"):
            client.indices.put_settings(index=f"{prefix}-g1-*", body={f"index.blocks.{block}": True})
            with pytest.raises(Unavailable, match="read-only" if block != "write" else "blocked"):
                index.add([second])
            with pytest.raises(Unavailable, match="read-only"):
                index.check()
            index.refresh()
            assert ids_of(index) == [first.id]
            client.indices.put_settings(index=f"{prefix}-g1-*", body={f"index.blocks.{block}": None})
    assert index.add([second]) == []
    index.refresh()
    index.check()
    assert ids_of(index) == [first.id, second.id]


def test_an_index_of_another_release_is_not_touched(opensearch_prefix: str, make_record: MakeRecord) -> None:
    """Neither one by other rules nor a state that can't be read is used as if it were ours."""
    with (
        client_of(opensearch_prefix) as (client, prefix),
        closing(OpenSearchIndex(opensearch_prefix, retention=MONTH)) as index,
    ):
        index.add([make_record()])
        (name,) = client.indices.get_alias(name=f"{prefix}-g1")
        client.indices.put_mapping(index=name, body={"_meta": {"version": 99}})
        with closing(OpenSearchIndex(opensearch_prefix, retention=MONTH)) as other:
            with pytest.raises(Unavailable, match="rebuilt"):
                other.check()
            with pytest.raises(Unavailable, match="rebuilt"):
                other.add([make_record()])
        client.update(index=f"{prefix}-state", id="state", body={"doc": {"later": 1}})
        with pytest.raises(Unavailable, match="release"):
            index.add([make_record()])


# --- retention


def test_expired_indices_are_dropped(index: OpenSearchIndex, opensearch_prefix: str, make_record: MakeRecord) -> None:
    """Whole days go; of the day in which the limit falls exactly what is older is found no more."""
    noon = time.time_ns() // 1_000_000 // DAY_MS * DAY_MS - 5 * DAY_MS + DAY_MS // 2
    records = [old_record(make_record, noon + hours * 3_600_000, metadata={"h": hours}) for hours in range(-48, 49, 12)]
    index.add(records)
    index.refresh()
    with client_of(opensearch_prefix) as (client, prefix):
        assert len(client.indices.get(index=f"{prefix}-g1-*")) == 5
        assert index.expire(noon, 2) == 4
        assert ids_of(index) == [record.id for record in records[4:]]
        assert len(client.indices.get(index=f"{prefix}-g1-*")) == 3
        assert index.expire(noon, 2) == 0
        assert index.expire(noon + 1, 100) == 1
        assert index.expire(None, 2) == 2
        assert ids_of(index) == [record.id for record in records[7:]]
        assert len(client.indices.get(index=f"{prefix}-g1-*")) == 1
        assert {info.name for info in index.fields(Query())} >= {"metadata.h"}
        # One that comes late is forgotten already.
        index.add(records[:1])
        index.refresh()
        assert ids_of(index) == [record.id for record in records[7:]]
        assert index.expire(None, 100) == 2
        assert ids_of(index) == []


def test_the_period_of_indices_stays(opensearch_prefix: str, make_record: MakeRecord) -> None:
    """Another RETENTION gives no record a second place."""
    record = make_record()
    for days in (30, 3_650):
        with closing(OpenSearchIndex(opensearch_prefix, retention=Retention(days * 86_400))) as index:
            index.add([record])
            index.refresh()
            assert ids_of(index) == [record.id]


# --- made anew


def test_a_rebuild_while_logs_arrive(opensearch_prefix: str, make_record: MakeRecord) -> None:
    """Whoever adds while a generation follows another, in any process: each record is found once, at every moment."""
    stored, guard, ended = (
        [make_record(metadata={"n": number}) for number in range(500)],
        threading.Lock(),
        threading.Event(),
    )
    faults: list[BaseException] = []

    def adds() -> None:
        with closing(OpenSearchIndex(opensearch_prefix, retention=MONTH)) as index:
            while not ended.is_set():
                with guard:
                    record = make_record()
                    # The record first, then the index.
                    stored.append(record)
                index.add([record])
                index.refresh()

    def looks() -> None:
        with closing(OpenSearchIndex(opensearch_prefix, retention=MONTH)) as index:
            while not ended.is_set():
                found = [record.id for record in index.find(Query(Exists("metadata.n"), limit=1_000)).records]
                assert sorted(found) == [record.id for record in stored[:500]]

    def guarded(run: object) -> None:
        try:
            run()  # type: ignore[operator]
        except BaseException as error:
            faults.append(error)

    with closing(OpenSearchIndex(opensearch_prefix, retention=MONTH)) as index:
        index.add(stored)
        index.refresh()
        threads = [threading.Thread(target=guarded, args=(run,)) for run in (adds, adds, looks)]
        for thread in threads:
            thread.start()
        for generation in (2, 3):
            assert index.begin_rebuild() == generation
            with guard:
                snapshot = list(stored)
            for start in range(0, len(snapshot), 200):
                assert index.rebuild_add(snapshot[start : start + 200], start + 200) == []
            index.finish_rebuild()
        ended.set()
        for thread in threads:
            thread.join()
        assert faults == []
        assert index.rebuilding() is None
        assert sorted(ids_of(index)) == sorted(record.id for record in stored)
        with client_of(opensearch_prefix) as (client, prefix):
            assert set(client.indices.get_alias(name=f"{prefix}-g3")) == set(client.indices.get(index=f"{prefix}-g*"))


def test_a_killed_rebuild_goes_on(opensearch_prefix: str, make_record: MakeRecord) -> None:
    """Another process finds how far it came; one that was abandoned leaves nothing behind."""
    records = [make_record() for _ in range(6)]
    with closing(OpenSearchIndex(opensearch_prefix, retention=MONTH)) as index:
        index.add(records)
        index.refresh()
        generation = index.begin_rebuild()
        index.rebuild_add(records[:3], 17)
        index.rebuild_add(records[2:5], 23)
    with closing(OpenSearchIndex(opensearch_prefix, retention=MONTH)) as index:
        found = index.rebuilding()
        assert found is not None
        assert (found.generation, found.place, found.logs) == (generation, 23, 6)
        assert index.begin_rebuild() == generation
        assert ids_of(index) == [record.id for record in records]
        index.abandon_rebuild()
        assert index.rebuilding() is None
        with pytest.raises(Unavailable, match="abandoned"):
            index.rebuild_add(records, 30)
        assert index.begin_rebuild() > generation
        index.rebuild_add(records[:5], 23)
        index.finish_rebuild()
        assert ids_of(index) == [record.id for record in records[:5]]
        index.remove([records[0].id, bytes(16)])
        assert ids_of(index) == [record.id for record in records[1:5]]


def test_ids_between(index: OpenSearchIndex, make_record: MakeRecord) -> None:
    """The ids of a span come in order, both ends included."""
    ids = IdSource()
    records = [make_record(id=ids.take(1, now=1_700_000_000_000 + n // 3).to_bytes(16, "big")) for n in range(30)]
    index.add(records[::-1])
    index.refresh()
    found = [identity for chunk in index.ids_between(records[6].id, records[14].id) for identity in chunk]
    assert found == [record.id for record in records[6:15]]
    assert list(index.ids_between(bytes(16), records[0].id[:15] + b"\0")) == []


def test_documents_are_small(opensearch_prefix: str, make_record: MakeRecord) -> None:
    """A document holds each text once, and nothing for what a log lacks."""
    record = make_record(message="one two")
    with (
        client_of(opensearch_prefix) as (client, prefix),
        closing(OpenSearchIndex(opensearch_prefix, retention=MONTH)) as index,
    ):
        index.add([record])
        index.refresh()
        (hit,) = client.search(index=f"{prefix}-g1")["hits"]["hits"]
    assert hit["_source"].keys() == {"t", "k", "m", "level", "message", "words"}
    assert len(msgspec.json.encode(hit["_source"])) < 150
