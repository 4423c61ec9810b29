"""Completions, explanations and statistics over HTTP: their shape, what they refuse, and that they don't hold anybody up."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient

from app.errors import Problem, TimedOut
from app.find.hints import complete, known
from app.find.hints import explain as explaining
from app.log.fold import clean
from app.log.record import LogRecord
from app.systems.sqlite.index.index import SqliteIndex
from app.web import current
from app.web.search import empty
from tests.conftest import Fill, MakeRecord
from tests.web.asking import NOTHING_PENDING, get, problems
from tests.web.reading import Html
from tests.web.reading import get as page_of
from tests.web.search.test_look import ACTING, HOSTILE


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let each look take its time: what is tested is what it says, be the machine ever so busy."""
    monkeypatch.setattr(current, "QUERY_SECONDS", 60.0)
    for module, name in ((explaining, "EXPLAIN_SECONDS"), (explaining, "LOOK_SECONDS"), (empty, "PATIENCE")):
        monkeypatch.setattr(module, name, 60.0)
    monkeypatch.setattr("app.web.api.hints.COMPLETE_SECONDS", 60.0)


@pytest.mark.usefixtures("minutes")
def test_completions_have_the_documented_shape(client: FlaskClient) -> None:
    """What to put in place of which characters, by URL and by body alike; the place counts characters."""
    found = get(client, "/logs/completions?q=😀 AND lev&at=9")
    assert found == {
        "status": True,
        "start": 6,
        "end": 9,
        "completions": [{"kind": "field", "text": "level", "insert": "level:", "count": 120, "about": "string"}],
        "exact": True,
        "problem": None,
    }
    assert client.post("/logs/completions", json={"q": "😀 AND lev", "at": 9}).json == found
    # Without a place the cursor is at the end.
    assert get(client, "/logs/completions?q=😀 AND lev") == found


@pytest.mark.parametrize(
    ("query", "field"), [("at=x", "at"), ("from=soon", "from"), ("clock=wall", "clock"), ("limit=5", "limit")]
)
def test_completions_refuse_what_they_do_not_know(client: FlaskClient, query: str, field: str) -> None:
    """A fault in a parameter is named; one in the query text is none: it is being typed."""
    assert [one["field"] for one in problems(client, f"/logs/completions?{query}")] == [field]
    assert get(client, "/logs/completions?q=((")["completions"]


def test_completions_remember_for_a_moment(
    client: FlaskClient, fill: Fill, make_record: MakeRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key typed after another asks the index nothing new; some seconds later it does."""

    def offered() -> list[str]:
        return [one["text"] for one in get(client, "/logs/completions?q=resourceId:w")["completions"]][:2]

    fill([make_record(resource_id="web-1")])
    before = offered()
    fill([make_record(resource_id="web-2")])
    assert offered() == before
    monkeypatch.setattr(known, "FRESH_SECONDS", -1.0)
    assert offered() == ["web-1", "web-2"]


@pytest.mark.usefixtures("minutes")
def test_completions_stop_in_time(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the index is slow what can be had in time is offered: never a wait for each key."""
    monkeypatch.setattr("app.web.api.hints.COMPLETE_SECONDS", -1.0)

    found = get(client, "/logs/completions?q=metadata.tags:&from=2023-09-15T08:00:30Z")

    assert [one["kind"] for one in found["completions"]] == ["form"] * 4
    assert found["exact"] is False
    assert complete.COMPLETE_SECONDS <= 0.15


def test_fields_of_the_newest_logs_are_offered_where_all_take_too_long(
    client: FlaskClient, fill: Fill, make_record: MakeRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each with the number of logs that have it, of whatever type its values are."""

    def slow(*_: object) -> None:
        raise TimedOut(Problem("takes too long"))

    fill([make_record(metadata={"size": 40, "user": {"name": "ann"}}), make_record(metadata={"size": "large"})])
    monkeypatch.setattr(SqliteIndex, "fields", slow)
    found = get(client, "/logs/completions?q=metadata.")
    offered = {one["text"]: (one["count"], one["about"]) for one in found["completions"]}
    assert offered == {"metadata.size": (2, "mixed"), "metadata.user.name": (1, "string")}
    assert found["exact"] is False


@pytest.mark.usefixtures("minutes")
def test_explanation_has_the_documented_shape(client: FlaskClient) -> None:
    """Counts, near logs, corrections and clocks, with what is not searchable yet."""
    url = "/logs/explain?q=level:fatal AND resourceId:Server-1&from=2023-09-15T08:10:00Z&to=2023-09-15T08:19:59Z"

    found = get(client, url)

    none = {"total": 0, "total_is": "exact"}
    clauses = (("level:fatal", "resourceId:Server-1"), ("resourceId:Server-1", "level:fatal"))
    near = [{"text": "server-1", "query": "level:fatal AND resourceId:server-1"}]
    assert found == {
        "status": True,
        "clauses": [{"query": q, "rest": rest, "without": none, "alone": none} for q, rest in clauses],
        "range": {"total": 10, "total_is": "exact"},
        "nearest": {"match": False, "before": None, "after": None},
        "mistyped": [
            {"field": "level", "value": "fatal", "near": []},
            {"field": "resourceId", "value": "Server-1", "near": near},
        ],
        "skew": None,
        "unasked": [],
        **NOTHING_PENDING,
    }
    body = {
        "query": "level:fatal AND resourceId:Server-1",
        "from": "2023-09-15T08:10:00Z",
        "to": "2023-09-15T08:19:59Z",
    }
    assert client.post("/logs/explain", json=body).json == found


@pytest.mark.parametrize(
    ("url", "field"),
    [
        ("/logs/explain?q=(", "q"),
        ("/logs/explain?limit=1", "limit"),
        ("/logs/statistics", "field"),
        ("/logs/statistics?field=metadata", "field"),
        ("/logs/statistics?field=nonsense", "field"),
        ("/logs/statistics?field=level&size=0", "size"),
    ],
)
def test_faults_are_named(client: FlaskClient, url: str, field: str) -> None:
    """Each route refuses what it can't understand, with the parameter at fault."""
    assert [one["field"] for one in problems(client, url)] == [field]


@pytest.mark.usefixtures("minutes")
@pytest.mark.parametrize("name", ["timestamp", "received", "id", "message", "level", "metadata.tags"])
def test_every_field_has_statistics(client: FlaskClient, name: str) -> None:
    """Also those whose values are all different: how many logs have it, the first and the last."""
    found = get(client, f"/logs/statistics?field={name}")

    assert found["having"] == found["logs"] == {"total": 120, "total_is": "exact"}
    assert (found["first"], found["last"]) == ("2023-09-15T08:00:00Z", "2023-09-15T09:59:00Z")
    assert found["types"].keys() == {"time" if name in ("timestamp", "received") else "string"}


def why(page: Html) -> str:
    """Return the text of the part that says why nothing was found, in one line."""
    return " ".join(page.one("div", class_="empty").text.split())


@pytest.mark.usefixtures("minutes")
def test_page_says_what_each_condition_costs(client: FlaskClient) -> None:
    """For each condition the page says how many logs there would be without it, and leads there."""
    page = page_of(client, "/", q="level:info AND resourceId:Server-1 AND step", **{"from": "2023-09-15T08:00:00Z"})

    assert "What each condition costs in this time range" in why(page)
    links = [one["href"] for one in page.find("a") if one.text == "80 logs"]
    assert len(links) == 1
    assert "from=2023" in links[0]
    assert len(page_of(client, links[0]).messages()) == 80
    corrected = page.link("server-1")
    assert corrected is not None
    assert len(page_of(client, corrected).messages()) == 40


@pytest.mark.usefixtures("minutes")
def test_page_corrects_a_field(client: FlaskClient) -> None:
    """A field that no log has is named, with one that occurs; the link asks for that."""
    page = page_of(client, "/", q="metadata.Tag:a")

    assert "No log has a field metadata.Tag; did you mean metadata.tags?" in why(page)
    link = page.link("metadata.tags")
    assert link is not None
    assert len(page_of(client, link).messages()) == 100


def test_page_tells_clocks_that_are_off(client: FlaskClient, minutes: list[LogRecord]) -> None:
    """Logs that came now with a time of years ago: how many, how far off, and the way to them."""
    page = page_of(client, "/", q="step", **{"from": "now-1h"})

    assert re.search(
        r"By arrival time there are 120 logs, whose own time lies outside it: typically [\d,]+ d( \d+ h)? behind",
        why(page),
    )
    link = page.link("By arrival time")
    assert link is not None
    assert len(page_of(client, link).messages()) == 100
    assert "There are no logs of any kind in this time range." in why(page)


@pytest.mark.usefixtures("minutes")
def test_page_says_what_it_could_not_find_out(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """A look that takes too long is named, and is no zero."""
    monkeypatch.setattr(explaining, "EXPLAIN_SECONDS", -1.0)

    page = page_of(client, "/", q="/x/ AND /y/ AND metadata.no:1", **{"from": "2023-09-15T08:00:30Z"})

    assert "not counted in time" in why(page)
    assert "Not found out in the time there is: how many logs" in why(page)


@pytest.mark.parametrize("text", [*HOSTILE, "nul\0and\x1b[31mred"])
def test_hostile_names_and_values_are_only_shown(
    client: FlaskClient, make_record: MakeRecord, fill: Fill, text: str
) -> None:
    """What senders chose can't run, break out or reorder anything where it is offered as a correction."""
    text = clean(text)
    fill([make_record(resource_id=text, metadata={text: text})])
    mistyped = text.swapcase() if text.swapcase() != text else f"{text}x"

    for q in ({"key": "resourceId"}, {"key": f"metadata.{mistyped}"}):
        explanation = client.post("/logs/explain", json={**q, "operation": "equals", "value": mistyped})
        assert explanation.status_code == 200
        clause = explanation.json["clauses"][0]["query"]
        answer = client.get("/", query_string={"q": clause})
        page = Html(answer.text)
        assert "did you mean" in why(page) or "No log has" in why(page) or "In no log" in why(page)
        assert not [one for one in page.find("img") if one.attributes.get("alt") != ""]
        assert not [name for one in page.all for name in one.attributes if name.startswith("on") or name == "style"]
        assert not ACTING.search(re.sub(r'(value|href|data-part|data-zoom|data-query)="[^"]*"', "", answer.text))


def test_help_stands_beside_the_bar_on_every_search(client: FlaskClient, minutes: list[LogRecord]) -> None:
    """The syntax is a click away, without a script, whatever was found."""
    for q in ("", "level:error", "level:fatal", "("):
        page = page_of(client, "/", 400 if q == "(" else 200, q=q)
        sheet = page.one("details", class_="syntax")
        assert [one for one in page.find("code") if sheet in one.inside]
