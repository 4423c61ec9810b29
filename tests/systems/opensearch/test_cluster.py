"""Nodes of OpenSearch that come and go: what can't be answered whole is not answered, and nothing is lost."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing, suppress
from typing import TypeVar

import opensearchpy
import pytest

from app.errors import Unavailable
from app.ports.deadline import Budget
from app.query.filter import Contains, Not
from app.query.query import Query
from app.settings.settings import Retention
from app.systems.opensearch import OpenSearchIndex
from tests.conftest import MakeRecord
from tests.services.fixtures import StartServer
from tests.services.opensearch import REAL_MEMORY, OpenSearch

pytestmark = pytest.mark.alone

T = TypeVar("T")

MONTH = Retention(30 * 86_400)
#: Seconds within which a cluster must have settled, be the machine ever so busy.
SETTLE_SECONDS = 150.0


def at_last(call: Callable[[], T]) -> T:
    """Call until it answers: whoever needs the index tries again for ever."""
    end = time.monotonic() + SETTLE_SECONDS
    while True:
        try:
            return call()
        except Unavailable:
            if time.monotonic() > end:
                raise
            time.sleep(0.5)


def cured(server: OpenSearch, node: int, call: Callable[[], T]) -> Callable[[], T]:
    """Return the call with what its operator does: a primary on that node that never begins its work is cured by a restart.

    OpenSearch leaves a copy that it promoted so now and then, for up to half an hour: docs/operations.md names the cure.
    """
    restarted = False

    def tried() -> T:
        nonlocal restarted
        try:
            return call()
        except Unavailable as error:
            # Raised after six waits of 10 s for that shard: whatever is handed over is there by then.
            if "not in primary mode" in str(error) and not restarted:
                restarted = True
                server.kill(node)
                server.start(node)
            raise

    return tried


def refused(call: Callable[[], object], why: str) -> None:
    """Call until it says why it can't answer; every answer before that was a whole one."""
    end, said = time.monotonic() + SETTLE_SECONDS, ""
    while why not in said:
        assert time.monotonic() < end, said or "no error"
        try:
            call()
        except Unavailable as error:
            said = str(error)
        time.sleep(0.5)


def test_a_server_that_comes_back(own_server: StartServer, make_record: MakeRecord) -> None:
    """While it is away every call says so; then the same object goes on, with all that was added."""
    server = own_server(OpenSearch)
    records = [make_record(level=f"l{n % 50}", t=n * 1_000) for n in range(300)]
    with closing(OpenSearchIndex(f"{server.url}/logs?replicas=0", retention=MONTH)) as index:
        index.add(records[:150])
        server.kill()
        for call in (lambda: index.add(records[:1]), index.refresh, index.check, lambda: index.find(Query())):
            with pytest.raises(Unavailable, match="can't be reached"):
                call()
        server.start()
        at_last(index.check)
        # What was to be refreshed then is refreshed now.
        at_last(index.refresh)
        index.add(records)
        index.refresh()
        assert index.find(Query(count="exact", limit=1)).total == 300
        # More buckets than the cluster makes at once are counted in parts.
        with closing(opensearchpy.OpenSearch([server.url])) as client:
            client.cluster.put_settings(body={"transient": {"search.max_buckets": 64}})
        for asked in (Query(), Query(start=(0, 0), end=(299_000, 0))):
            buckets = index.histogram(asked, 10_000, True)
            assert [bucket.count for bucket in buckets] == [10] * 30
            assert sum(bucket.by["l7"] for bucket in buckets if "l7" in bucket.by) == 6


def test_a_server_short_of_memory(own_server: StartServer, make_record: MakeRecord) -> None:
    """While it refuses all requests for want of memory, whatever asked it says so; then all that was added is found."""
    server = own_server(OpenSearch, settings={REAL_MEMORY: "true"})
    records = [make_record() for _ in range(10)]
    with (
        closing(OpenSearchIndex(f"{server.url}/logs?replicas=0", retention=MONTH)) as index,
        closing(OpenSearchIndex(f"{server.url}/logs?replicas=0", retention=MONTH)) as new,
        closing(opensearchpy.OpenSearch([server.url])) as client,
    ):
        index.add(records)
        index.refresh()
        limit = "indices.breaker.total.limit"
        client.cluster.put_settings(body={"transient": {limit: "1kb"}})
        for short in (index, new):
            with pytest.raises(Unavailable, match="OpenSearch lacks the memory for it now"):
                short.find(Query(limit=20))
        client.cluster.put_settings(body={"transient": {limit: None}})
        for well in (index, new):
            assert well.find(Query(limit=20)).total == len(records)


@pytest.mark.timeout(600)
def test_nodes_come_and_go(own_server: StartServer, make_record: MakeRecord) -> None:
    """With a copy of each shard a node may go; without one no answer is given in its place."""
    server = own_server(OpenSearch, nodes=3)
    records = [make_record(message=f"log {n}") for n in range(600)]
    whole = OpenSearchIndex(f"{server.url}/whole?shards=3&replicas=1", retention=MONTH)
    single = OpenSearchIndex(f"{server.url}/single?shards=6&replicas=0", retention=MONTH)
    with closing(whole), closing(single):
        for index in (whole, single):
            index.add(records)
            index.refresh()
            assert index.find(Query(count="exact")).total == 600
        with closing(opensearchpy.OpenSearch([server.url.partition(",")[0]])) as client:
            client.cluster.health(wait_for_status="green", request_timeout=SETTLE_SECONDS)
        server.kill(0)

        assert at_last(lambda: whole.find(Query(count="exact"))).total == 600
        more = [make_record() for _ in range(100)]
        assert at_last(lambda: whole.add(more)) == []
        at_last(whole.refresh)
        assert at_last(lambda: whole.find(Query(count="exact"))).total == 700

        def complete() -> None:
            assert single.find(Query(count="exact", limit=10)).total == 600

        # Which of its shards went with the node, or the one of its state, is the cluster's choice.
        refused(complete, "single-")
        for call in (
            lambda: single.find(Query(Not(Contains("message", "log 7")))),
            lambda: single.histogram(Query(), 1_000, False),
            lambda: single.facets(Query(), ["level", "traceId"], 1),
            lambda: single.fields(Query()),
            lambda: single.span(Query()),
            lambda: next(single.scan(Query())),
            lambda: next(single.ids_between(bytes(16), b"\xff" * 16)),
        ):
            with pytest.raises(Unavailable):
                call()
        with pytest.raises(Unavailable, match="no node that is there"):
            single.check()
        with pytest.raises(Unavailable, match="no node that is there"):
            single.add([make_record() for _ in range(60)])

        server.kill(1)
        refused(whole.check, "no cluster manager")
        # The last node may hold the only copy of every shard by now: then it answers, completely, and keeps what it takes.
        with suppress(Unavailable):
            assert whole.find(Query(count="exact"), Budget(seconds=5)).total == 700
        late, taken = [make_record() for _ in range(30)], set[bytes]()
        with suppress(Unavailable):
            assert whole.add(late) == []
            taken = {record.id for record in late}

        server.start()
        for index, count in ((whole, 700), (single, 600)):
            at_last(index.check)
            assert at_last(lambda index=index: index.find(Query(count="exact"))).total >= count  # type: ignore[misc]
            # While a shard is handed from node to node the index says that it takes nothing now.
            assert at_last(cured(server, 2, lambda index=index: index.add(records + more))) == []  # type: ignore[misc]
            at_last(index.refresh)
            found = {record.id for chunk in index.scan(Query()) for record in chunk}
            assert {record.id for record in records + more} <= found
            assert index is single or taken <= found
