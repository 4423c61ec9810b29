"""One log, its context, its trace."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from flask.testing import FlaskClient

from app.backends import Backends
from app.log.envelope import Envelope
from app.log.record import LogRecord, id_text
from tests.conftest import Fill, MakeRecord
from tests.web.asking import NOTHING_PENDING, get, numbers, original, problems


def test_one_log(client: FlaskClient, fill: Fill, make_record: MakeRecord) -> None:
    """By its id, with or without hyphens, in either case."""
    record = original(make_record)
    fill([record])
    name = id_text(record.id)
    for spelling in (name, name.upper(), name.replace("-", "")):
        assert get(client, f"/logs/{spelling}") == {"status": True, "log": record.to_dict()}


def test_log_that_is_not_there(client: FlaskClient, backends: Backends, make_record: MakeRecord) -> None:
    """404 for one that never was and for what is no id; one that waits is not denied: it is a 503 to be asked again."""
    record = make_record()
    assert problems(client, f"/logs/{id_text(record.id)}", status=404) == []
    assert problems(client, f"/logs/{'x' * 36}", status=404) == []
    assert problems(client, "/logs/12", status=404) == []
    backends.queue.put([Envelope([record])])
    for url in (f"/logs/{id_text(record.id)}", f"/logs/{id_text(record.id)}/context"):
        answer = client.get(url)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert backends.move is not None
    backends.move(10, 0)
    assert client.get(f"/logs/{id_text(record.id)}").status_code == 200


def test_context(client: FlaskClient, minutes: list[LogRecord]) -> None:
    """Ten before and ten after if not said, oldest first, the log among them; fewer at either end."""
    path = f"/logs/{id_text(minutes[50].id)}/context"
    found = get(client, path)
    assert found.keys() == {"status", "results", *NOTHING_PENDING}
    assert numbers(found) == list(range(40, 61))
    assert numbers(get(client, f"{path}?before=2&after=0")) == [48, 49, 50]
    assert numbers(get(client, f"/logs/{id_text(minutes[1].id)}/context?after=1")) == [0, 1, 2]
    assert numbers(get(client, f"{path}?clock=received&before=1&after=1")) == [49, 50, 51]


def test_context_with_a_filter(client: FlaskClient, minutes: list[LogRecord]) -> None:
    """Neighbours are those that fit; the log itself is there though it does not."""
    path = f"/logs/{id_text(minutes[50].id)}/context"
    found = client.post(path, json={"query": "level:error", "before": 2, "after": 2}).json
    assert numbers(found) == [45, 48, 50, 51, 54]
    found = get(client, f"{path}?from=2023-09-15T08:49:00Z&to=2023-09-15T08:51:00Z")
    assert numbers(found) == [49, 50, 51]


def test_trace(client: FlaskClient, minutes: list[LogRecord]) -> None:
    """All its logs, oldest first, in pages if there are more than the limit; a filter narrows it."""
    assert numbers(get(client, "/traces/trace-1")) == list(range(60, 120))
    seen: list[int] = []
    cursor = ""
    while True:
        found = get(client, f"/traces/trace-0?limit=25&cursor={cursor}")
        assert found["total"] == 60
        seen += numbers(found)
        if found["next"] is None:
            break
        cursor = found["next"]
    assert seen == list(range(60))
    assert numbers(get(client, "/traces/trace-0?q=metadata.n:<3&sort=desc")) == [2, 1, 0]
    assert get(client, "/traces/nosuch")["results"] == []


@pytest.mark.parametrize(
    "name", ["a/b c", "a//b", "/a", "a/", "a\nb", "a\n", "日本", "a?b#c", "*", '"', "a\\b", "%41", "x" * 255]
)
def test_trace_of_any_name(client: FlaskClient, fill: Fill, make_record: MakeRecord, name: str) -> None:
    """Whatever a trace is called, its URL finds it and it alone."""
    fill([make_record(trace_id=name), make_record(trace_id="other")])
    found = get(client, f"/traces/{quote(name, safe='')}")
    assert [log["traceId"] for log in found["results"]] == [name]
