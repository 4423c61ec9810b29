"""Two logs beside each other: each difference is marked, nothing equal is, and hostile ones cost little."""

from __future__ import annotations

import random
import time

import pytest
from flask.testing import FlaskClient

from app.log.record import IdSource, LogRecord, id_text
from app.times.instant import now_ms
from app.web.render import differences
from tests.conftest import Fill, MakeRecord
from tests.web.reading import Html, get


@pytest.fixture
def two(make_record: MakeRecord, fill: Fill) -> tuple[str, str]:
    """The ids of two logs that differ in a few ways, and arrived in the same millisecond."""
    ids, at = IdSource(), now_ms()
    records = [
        make_record(
            id=ids.take(1, at).to_bytes(16, "big"),
            timestamp=f"2024-03-0{day}T00:00:0{day}.5Z",
            message=f"Failed to connect to {what} after {tries} tries",
            level=level,
            resource_id="server-1",
            metadata=metadata,
        )
        for day, what, tries, level, metadata in (
            (1, "DB", 3, "error", {"took": 31, "user": {"id": 7}}),
            (2, "cache", 12, "Error", {"took": 33, "user": {"id": 7}, "region": "north"}),
        )
    ]
    fill(records)
    return id_text(records[0].id), id_text(records[1].id)


def rows(page: Html) -> dict[str, list[str]]:
    """Return the cells of each field."""
    found: dict[str, list[str]] = {}
    for cell in page.find("td"):
        name = next(one.text for one in page.find("th", scope="row") if one.inside[-1] is cell.inside[-1])
        found.setdefault(name, []).append(cell.text)
    return found


def test_two_logs_are_compared_field_by_field(client: FlaskClient, two: tuple[str, str]) -> None:
    """Every field of either is there; what differs is said in words; the message is compared word by word."""
    page = get(client, "/compare", a=two[0], b=two[1])

    shown = rows(page)
    assert shown["resourceId"] == ["same", "server-1", "server-1"]
    assert shown["metadata.user.id"] == ["same", "7", "7"]
    assert shown["metadata.took"] == ["differs", "31", "33"]
    assert shown["metadata.region"] == ["differs", "absent", "north"]
    assert shown["level"] == ["differs", "error", "Error"]
    messages = [
        [one.text for one in page.find(tag) if one.inside[-3].text.startswith("message")] for tag in ("del", "ins")
    ]
    assert messages == [["DB", "3"], ["cache", "12"]]
    assert "B is 1 d 1 s after A by event time" in page.one("p", class_="sum").text
    assert "5 fields differ" in page.one("p", class_="sum").text


def test_only_differences(client: FlaskClient, two: tuple[str, str]) -> None:
    """What is equal can be left out; a log compared with itself differs in nothing."""
    page = get(client, "/compare", a=two[0], b=two[1], only="differences")
    assert {cells[0] for cells in rows(page).values()} == {"differs"}
    same = get(client, "/compare", a=two[0], b=two[0])
    assert {cells[0] for cells in rows(same).values()} == {"same"}
    assert "B is at the same time as A" in same.one("p", class_="sum").text
    assert not same.find("del") + same.find("ins")


def test_swapped_the_other_is_later(client: FlaskClient, two: tuple[str, str]) -> None:
    """The page has a link that swaps the two."""
    url = get(client, "/compare", a=two[0], b=two[1]).link("Swap")
    assert url == f"/compare?a={two[1]}&b={two[0]}"
    assert "B is 1 d 1 s before A" in get(client, url).one("p", class_="sum").text


def test_boxes_of_the_table_lead_here(client: FlaskClient, two: tuple[str, str]) -> None:
    """Each row has a box of the form that compares; two ticked ones become the address, one asks for the other."""
    page = get(client, "/")
    boxes = page.find("input", form="compare")
    assert [one["value"] for one in boxes] == [two[1], two[0]]
    assert page.one("form", id="compare")["action"] == "/compare"

    answer = client.get("/compare", query_string={"log": list(two)})
    assert (answer.status_code, answer.location) == (303, f"/compare?a={two[0]}&b={two[1]}")
    assert client.get("/compare", query_string={"log": two[0]}).location == f"/compare?a={two[0]}"
    asks = get(client, "/compare", a=two[0])
    assert asks.one("input", name="b")["value"] == ""
    assert "Failed to connect to DB" in asks.one("tbody").text


@pytest.mark.parametrize(
    ("given", "status", "said"),
    [
        ({}, 400, "0 were chosen"),
        ({"log": ["1", "2", "3"]}, 400, "3 were chosen"),
        ({"a": "A", "b": "nonsense"}, 400, "holds no id"),
        ({"a": "A", "b": "0190a5a0-0000-7000-8000-000000000000"}, 404, "there is no log with this id"),
        ({"a": "<script>\u202e"}, 400, "holds no id"),
    ],
)
def test_a_log_that_is_not_there_is_said(
    client: FlaskClient, two: tuple[str, str], given: dict[str, str], status: int, said: str
) -> None:
    """The fault is named with its side, and the log that is there is shown all the same."""
    page = get(client, "/compare", status, **{name: two[0] if text == "A" else text for name, text in given.items()})

    assert said in " ".join(one.text for one in page.find("p", role="alert"))
    if given.get("a") == "A":
        assert "Failed to connect to DB" in page.one("tbody").text


def test_an_address_of_a_log_will_do(client: FlaskClient, two: tuple[str, str]) -> None:
    """What stands in the address line of a log's page can be pasted."""
    page = get(client, "/compare", a=f"http://localhost/log/{two[0]}?q=x", b=two[1].replace("-", "").upper())
    assert page.one("input", name="a")["value"] == two[0]
    assert page.one("input", name="b")["value"] == two[1]


def test_huge_logs_are_compared(client: FlaskClient, make_record: MakeRecord, fill: Fill) -> None:
    """Of a MiB in which one word differs the page shows that word and what is around it, and stays small."""
    records = [
        make_record(message="a " * 250_000 + word + " b" * 250_000, metadata={"x": word * 10_000})
        for word in ("one", "two")
    ]
    fill(records)

    answer = client.get("/compare", query_string={"a": id_text(records[0].id), "b": id_text(records[1].id)})

    page = Html(answer.text)
    assert next(one.text for one in page.find("del")) == "one"
    assert "equal characters" in answer.text
    assert len(answer.data) < 40_000


PIECES = "ab c_.é\n1"


def test_parts_are_the_texts_again() -> None:
    """Joined, the runs are both texts; equal runs are equal, and neighbours are not both equal."""
    rng = random.Random(5)
    for _ in range(2_000):
        a, b = ("".join(rng.choices(PIECES, k=rng.randint(0, 14))) for _ in range(2))
        for by_word in (True, False):
            found = differences.parts(a, b, by_word=by_word)
            assert ("".join(part.a for part in found), "".join(part.b for part in found)) == (a, b)
            assert a != b or all(part.same for part in found)


@pytest.mark.parametrize(
    ("a", "b", "found"),
    [
        ("took 12 ms", "took 15 ms", [("12", "15")]),
        ("abc1", "abc2", [("abc1", "abc2")]),
        ("a b c d", "a x y d", [("b c", "x y")]),
        ("retry", "retry later", [("", " later")]),
        ("", "x", [("", "x")]),
        ("user=jo id=7", "user=ann id=7", [("jo", "ann")]),
    ],
)
def test_whole_words_differ(a: str, b: str, found: list[tuple[str, str]]) -> None:
    """A difference begins and ends where words do."""
    assert [(part.a, part.b) for part in differences.parts(a, b) if not part.same] == found


@pytest.mark.parametrize(
    ("a", "b"),
    [
        pytest.param("a b " * 75, "b a a " * 50, id="stairs"),
        pytest.param("a " * (1 << 19), "b " * (1 << 19), id="all-differ"),
        pytest.param("a" * (1 << 20), "a" * (1 << 20) + "b", id="one-word"),
    ],
)
def test_hostile_texts_cost_little(a: str, b: str) -> None:
    """Whatever two texts hold, they are compared in a bounded time."""
    begun = time.thread_time()
    differences.shown(a, b)
    assert time.thread_time() - begun < 10


def test_record_is_hostile(client: FlaskClient, make_record: MakeRecord, fill: Fill) -> None:
    """Nothing in either log runs or hides."""
    records: list[LogRecord] = [
        make_record(message=f"<script>{n}</script>\u202e\x1b", metadata={"<img>\u202e": f"<b>{n}"}) for n in range(2)
    ]
    fill(records)

    page = get(client, "/compare", a=id_text(records[0].id), b=id_text(records[1].id))

    assert not page.find("b") + page.find("script", src="")
    assert "<script>0</script>\\u202e\\x1b" in page.one("tbody").text
    assert "\u202e" not in page.one("body").text
