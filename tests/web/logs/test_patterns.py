"""The page and the route of patterns: their numbers, their links, and what they say when they can't see all."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient

from app.find.patterns import patterns as mining
from app.log.record import LogRecord
from app.web.logs import patterns
from tests.conftest import Fill, MakeRecord
from tests.web import asking
from tests.web.reading import Element, Html, get
from tests.web.search.test_look import ACTING, HOSTILE


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the page take its time, be the machine ever so busy."""
    monkeypatch.setattr(patterns, "SECONDS", 60.0)


@pytest.fixture
def mixed(make_record: MakeRecord, fill: Fill) -> list[LogRecord]:
    """Ten requests, three failures with a stack trace and one start, a second apart."""
    messages = [("info", f"request {n} took {n * 3} ms") for n in range(10)]
    messages += [("ERROR", f"failed to connect to 10.0.0.{n}\n at line {n}") for n in range(3)]
    messages += [("warn", "started")]
    records = [
        make_record(level=level, message=message, t=1_700_000_000_000 + n * 1000, resource_id=f"server-{n % 2}")
        for n, (level, message) in enumerate(messages)
    ]
    fill(records)
    return records


def rows(page: Html) -> list[list[Element]]:
    """Return the cells of each row of the table."""
    found: list[list[Element]] = []
    for one in page.find("td"):
        if one.attributes.get("class") == "count":
            found.append([])
        found[-1].append(one)
    return found


def links(page: Html, text: str) -> list[str]:
    """Return where the links with this text lead."""
    return [one["href"] for one in page.find("a") if one.text.strip() == text]


@pytest.mark.usefixtures("mixed")
def test_patterns_with_their_numbers(client: FlaskClient) -> None:
    """Each pattern has count, share, levels, ends and an example; the most frequent is first."""
    page = get(client, "/patterns")

    assert page.one("h1").text == "3 patterns"
    assert "in 14 logs." in page.one("p", class_="sentence").text
    first, second, third = (" ".join(cell.text for cell in row).split() for row in rows(page))
    assert first[:3] == ["10", "71", "%"]
    assert " ".join(first).startswith("10 71 % request number took number ms")
    assert " ".join(second).startswith(
        "3 21 % failed to connect to address\u2026For example failed to connect to 10.0.0.2"
    )
    assert "error" in second
    assert "2023-11-14 22:13:30.000" in " ".join(second)
    assert "2023-11-14 22:13:32.000" in " ".join(second)
    assert third[:4] == ["1", "7.1", "%", "started"]


@pytest.mark.usefixtures("mixed")
def test_links_find_and_exclude_what_was_counted(client: FlaskClient) -> None:
    """`Logs` leads to a search that finds the pattern's logs, `Exclude` to the other patterns, in the same state."""
    page = get(client, "/patterns", q="resourceId:server-0", clock="received")

    counts = [int(row[0].text.split()[0]) for row in rows(page)]
    assert counts == [5, 2]
    for count, url in zip(counts, links(page, "Logs"), strict=True):
        assert parse_qs(urlsplit(url).query)["clock"] == ["received"]
        assert len(get(client, url).messages()) == count
    without = get(client, links(page, "Exclude")[0])
    assert [row[0].text.split()[0] for row in rows(without)] == ["2"]
    assert get(client, links(without, "Back to the logs")[0]).messages()


@pytest.mark.usefixtures("mixed")
def test_times_are_of_the_zone(client: FlaskClient) -> None:
    """A range is read, and times are shown, in the zone that is asked for; links keep it."""
    page = get(client, "/patterns", tz="Asia/Kolkata", **{"from": "2023-11-15 03:43:30", "to": "2023-11-15 03:43:32"})

    (row,) = rows(page)
    assert row[0].text.split()[0] == "3"
    assert "2023-11-15 03:43:30.000" in row[4].text
    assert "tz=Asia" in links(page, "Exclude")[0]


@pytest.mark.usefixtures("mixed")
def test_search_page_leads_to_its_patterns(client: FlaskClient) -> None:
    """The result head links to the patterns of the same query, range and clock."""
    page = get(client, "/", q="level:error", **{"from": "2023-11-14", "clock": "received", "sort": "asc"})
    url = page.link("Patterns")

    assert url == "/patterns?q=level%3Aerror&from=2023-11-14&clock=received"


@pytest.mark.usefixtures("mixed")
@pytest.mark.parametrize(
    ("order", "counts"), [("most", ["10", "3", "1"]), ("fewest", ["1", "3", "10"]), ("new", ["1", "3", "10"])]
)
def test_orders(client: FlaskClient, order: str, counts: list[str]) -> None:
    """The rarest or those that came up last can stand first."""
    assert [row[0].text.split()[0] for row in rows(get(client, "/patterns", order=order))] == counts


@pytest.mark.usefixtures("mixed")
def test_rest_can_be_shown(client: FlaskClient) -> None:
    """Patterns beyond the limit are said and a link shows them."""
    page = get(client, "/patterns", limit="1")

    assert len(rows(page)) == 1
    assert "2 more patterns are not shown" in page.find("div", class_="empty")[0].text
    assert len(rows(get(client, links(page, "show all")[0]))) == 3


@pytest.mark.usefixtures("mixed")
def test_sample_is_said(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """When not all logs were looked at, page and route say how many of how many; the page offers to look longer."""
    monkeypatch.setattr(mining, "LOGS", 4)

    page = get(client, "/patterns")
    found = asking.get(client, "/logs/patterns")

    assert "in the newest 4 of 14 logs" in page.one("p", class_="sentence").text
    assert "older ones like them, which were not looked at" in " ".join(
        page.find("div", class_="empty")[0].text.split()
    )
    assert (found["logs"], found["total"], found["total_is"], found["exact"]) == (4, 14, "exact", False)
    assert not links(page, "look longer")
    monkeypatch.setattr(mining, "FORMS", 1)
    assert links(get(client, "/patterns"), "look longer") == ["/patterns?order=most&longer=1"]


@pytest.mark.usefixtures("mixed")
def test_no_time_is_said(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without time for a single log the answer is a 503, with a link that gives more."""
    monkeypatch.setattr(patterns, "SECONDS", -1.0)

    page = get(client, "/patterns", 503)

    assert "There was no time to look at any log" in page.one("section", role="alert").text
    assert rows(get(client, links(page, "Look longer")[0]))


def test_record_answers_without_index(apart: FlaskClient) -> None:
    """While the index is away the patterns come from the record, which is said."""
    page = get(apart, "/patterns")

    assert [row[0].text.split()[0] for row in rows(page)] == ["30"]
    assert "these logs come from the record" in page.one("p", class_="notice").text
    assert asking.get(apart, "/logs/patterns")["source"] == "record"


@pytest.mark.parametrize(
    ("url", "field"),
    [("/patterns?q=(", "q"), ("/patterns?order=odd", "order"), ("/patterns?limit=0", "limit"), ("/patterns?form=1", "form"),
     ("/logs/patterns?size=0", "size"), ("/logs/patterns?sort=asc", "sort")],
)  # fmt: skip
def test_faults_are_named(client: FlaskClient, url: str, field: str) -> None:
    """What can't be understood is a 400 that names the parameter."""
    assert asking.problems(client, url)[0]["field"] == field


def test_nothing_found(client: FlaskClient) -> None:
    """No logs are no patterns, and no error."""
    assert "No logs match" in get(client, "/patterns").one("h2").text
    assert asking.get(client, "/logs/patterns")["patterns"] == []


@pytest.mark.usefixtures("mixed")
def test_route_answers_by_post(client: FlaskClient) -> None:
    """The route takes the filters of the others; its query finds what it counted."""
    answer: dict[str, Any] = client.post(
        "/logs/patterns", json={"key": "level", "operation": "equals", "value": "error", "size": 5}
    ).json
    (one,) = answer["patterns"]

    assert (one["pattern"], one["count"], one["share"], one["levels"]) == (
        "failed to connect to <address>\u2026", 3, 1.0, {"ERROR": 3}
    )  # fmt: skip
    assert (one["first"], one["last"]) == ("2023-11-14T22:13:30Z", "2023-11-14T22:13:32Z")
    assert one["sample"]["message"] == "failed to connect to 10.0.0.2\n at line 2"
    assert client.get("/logs", query_string={"q": one["query"]}).json["total"] == 3


def test_overlap_is_said(client: FlaskClient, make_record: MakeRecord, fill: Fill) -> None:
    """A search that finds logs of another pattern says so."""
    names = ("alice", "bob", "carol", "dave", "erin")
    fill([make_record(message=f"login of {name} ok") for name in names] + [make_record(message="login of x:y ok")])

    found = {one["pattern"]: one["shared"] for one in asking.get(client, "/logs/patterns")["patterns"]}

    assert found == {"login of <*> ok": 1, "login of x:y ok": 0}
    assert "also finds logs of 1 other pattern." in rows(get(client, "/patterns"))[0][2].text


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_messages_are_only_shown(client: FlaskClient, make_record: MakeRecord, fill: Fill, text: str) -> None:
    """A message can't run, break out or reorder anything, in pattern, sample, level or title."""
    fill([make_record(message=f"{text} 5", level=text), make_record(message="x" * 200_000)])

    answer = client.get("/patterns", query_string={"q": "*:*"})
    page = Html(answer.text)

    assert answer.status_code == 200
    assert len(answer.data) < 40_000
    assert not page.find("script") or all(set(one.attributes) <= {"type", "src"} for one in page.find("script"))
    assert not [name for one in page.all for name in one.attributes if name.startswith("on") or name == "style"]
    assert not ACTING.search(re.sub(r'href="[^"]*"', "", answer.text))
    for url in links(page, "Logs"):
        assert len(get(client, url).messages()) >= 1
