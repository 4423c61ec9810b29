"""Alerts and saved searches over HTTP: for programs as JSON, for people as pages that need no script."""

from __future__ import annotations

import html
import re
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from flask.testing import FlaskClient

from app.alerts import rounds
from app.alerts.counts import CountSources
from app.alerts.rounds import MINUTE, SETTLE_MS
from app.backends import Backends
from app.log.record import IdSource, LogRecord
from app.ports.alerts import ALERTS, NAME_LIMIT
from app.times.instant import now_ms
from app.web.render.zone import when
from tests.conftest import Fill, MakeRecord
from tests.web.reading import Html

PAGE = {"Accept": "text/html"}
HOSTILE = "<script>alert(1)</script>\u202e=cmd|' /C calc'!A0 \x1b[31m"


def save(client: FlaskClient, name: str = "errors", **parameters: str) -> dict[str, Any]:
    """Save a search; return it."""
    answer = client.post("/searches", json={"name": name, "q": "level:error", **parameters})
    assert answer.status_code == 201, answer.text
    return dict(answer.json["search"])


def make(client: FlaskClient, name: str = "many", **parts: Any) -> dict[str, Any]:
    """Make an alert on a saved search; return it."""
    given = {"name": name, "search": "errors", "kind": "at_least", "window": "5m", "threshold": 2, **parts}
    answer = client.post("/alerts", json=given)
    assert answer.status_code == 201, answer.text
    return dict(answer.json["alert"])


def faults(answer: Any) -> list[str]:
    """Return the fields that a 400 names."""
    assert answer.status_code == 400, answer.text
    return sorted(problem.get("field", "") for problem in answer.json["errors"])


@pytest.fixture
def errors(make_record: MakeRecord, fill: Fill) -> list[LogRecord]:
    """Three errors that arrived in the last whole minute, hostile ones."""
    ids, end = IdSource(), now_ms() // MINUTE * MINUTE
    made = [
        make_record(id=ids.take(1, end - 10 + n).to_bytes(16, "big"), level="error", message=f"{n} {HOSTILE}")
        for n in range(3)
    ]
    fill(made)
    return made


def evaluate(backends: Backends) -> None:
    """Evaluate the last whole minute, as a worker does."""
    now = now_ms() // MINUTE * MINUTE + SETTLE_MS
    rounds.work(
        backends.record.alerts, CountSources(backends.queue, backends.store, backends.index), lambda _: True, now
    )


def test_searches_as_json(client: FlaskClient) -> None:
    """Saved, found by id or name, changed, removed."""
    made = save(client, **{"from": "now-1h", "clock": "received"})
    assert made["parameters"] == {"q": "level:error", "from": "now-1h", "clock": "received"}
    assert client.get("/searches").json["searches"] == [made]
    for which in (made["id"], "errors"):
        assert client.get(f"/searches/{which}").json["search"] == made
    changed = client.put("/searches/errors", json={"name": "bad", "from": "", "sort": "asc"}).json["search"]
    assert (changed["name"], changed["id"]) == ("bad", made["id"])
    assert changed["parameters"] == {"q": "level:error", "clock": "received", "sort": "asc"}
    assert client.get("/searches/errors").status_code == 404
    assert client.delete("/searches/bad").json == {"status": True}
    assert client.get("/searches").json["searches"] == []


def test_a_search_with_faults_is_refused(client: FlaskClient) -> None:
    """All faults at once, with their fields and places; nothing is saved."""
    answer = client.post("/searches", json={"name": " ", "q": "a AND (", "from": "nonsense"})
    assert faults(answer) == ["from", "name", "q"]
    assert next(one for one in answer.json["errors"] if one["field"] == "q")["position"] == 7
    assert faults(client.post("/searches", json={"name": "x" * (NAME_LIMIT + 1)})) == ["name"]
    assert faults(client.post("/searches", json={"name": "x", "cursor": "y"})) == ["cursor"]
    save(client)
    assert faults(client.post("/searches", json={"name": " errors "})) == ["name"]
    save(client, "other")
    assert faults(client.put("/searches/other", json={"name": "errors"})) == ["name"]
    assert [one["name"] for one in client.get("/searches").json["searches"]] == ["errors", "other"]


def test_a_name_leads_to_its_search(client: FlaskClient) -> None:
    """A browser, in the state that was saved; in UTC where that names no zone, as alerts read it."""
    made = save(client, **{"from": "now-1h", "limit": "25"})
    client.set_cookie("zone", "Asia/Tokyo|")
    for which in ("errors", made["id"]):
        answer = client.get(f"/searches/{which}", headers=PAGE)
        assert answer.status_code == 303
        state = {"q": "level:error", "from": "now-1h", "limit": "25", "tz": "UTC"}
        assert dict(parse_qsl(urlsplit(answer.location).query)) == state
    save(client, name="there", tz="Europe/Berlin")
    assert "tz=Europe%2FBerlin" in client.get("/searches/there", headers=PAGE).location
    assert client.get("/searches/nothing", headers=PAGE).status_code == 404


def test_alerts_as_json(client: FlaskClient, backends: Backends, errors: list[LogRecord]) -> None:
    """Made, evaluated, tried, silenced, changed, removed."""
    save(client)
    made = make(client, fire_after=1)
    assert (made["state"], made["why"]) == ("cannot_tell", "It has not been evaluated yet.")
    assert (made["condition"], made["window"]) == ("at least 2 logs in 5 minutes", "5m")
    tried = client.get("/alerts/many/test").json["test"]
    assert (tried["holds"], tried["state"], tried["count"]) == (True, "firing", 3)
    assert len(tried["samples"]) == 3
    assert client.get("/alerts").json["alerts"] == [made]
    evaluate(backends)
    answer = client.get(f"/alerts/{made['id']}").json
    assert (answer["alert"]["state"], answer["alert"]["last_count"]) == ("firing", 3)
    fired, begun = answer["changes"]
    assert (fired["what"], fired["count"], fired["query"]) == ("firing", 3, "level:error")
    assert (begun["what"], begun["by"]) == ("made", "127.0.0.1")
    window = {"q": fired["query"], "clock": "received", **fired["window"]}
    assert client.get("/logs", query_string=window).json["total"] == 3
    silenced = client.post("/alerts/many/silence", json={"until": "now+2h", "reason": HOSTILE, "by": "me"}).json
    assert silenced["alert"]["silence"]["by"] == "me"
    assert [one["what"] for one in silenced["changes"]] == ["silenced", "firing", "made"]
    assert client.delete("/alerts/many/silence").json["alert"]["silence"] is None
    changed = client.put("/alerts/many", json={"window": 600, "name": "more"}).json["alert"]
    assert (changed["window"], changed["threshold"], changed["name"]) == ("10m", 2, "more")
    assert client.delete("/alerts/more").json == {"status": True}
    assert client.get("/alerts").json["alerts"] == []


def test_an_alert_with_faults_is_refused(client: FlaskClient) -> None:
    """Every fault by its field; a window must be whole minutes, a name its own."""
    save(client)
    assert faults(client.post("/alerts", json={})) == ["kind", "name", "search", "window"]
    good = {"name": "a", "search": "errors", "kind": "at_least", "window": "5m"}
    wrong = {
        "name": ["", "x" * 300, 5, "a\u202eb"],
        "search": ["nothing"],
        "kind": ["sometimes", 1],
        "window": ["90s", "30s", "8d", "x", -60, True, 1.5, "9" * 50 + "m"],
        "threshold": [0, -1, "x", 1.5, True, 10**10],
        "factor": [1, "nan", "inf", True, "x", 10**400],
        "windows": [0, 11],
        "fire_after": [0, 61],
        "close_after": ["0"],
        "severity": ["bad"],
        "nosuch": [1],
    }
    for name, values in wrong.items():
        for value in values:
            assert faults(client.post("/alerts", json={**good, name: value})) == [name], (name, value)
    make(client, "a")
    assert faults(client.post("/alerts", json=good)) == ["name"]
    for until in ("", "yesterday", "now-1h", True, 10**400):
        assert faults(client.post("/alerts/a/silence", json={"until": until})) == ["until"]
    assert faults(client.post("/alerts/a/silence", json={"until": "now+1h", "reason": "x" * 501})) == ["reason"]
    assert client.get("/alerts/a").json["alert"]["silence"] is None


def test_there_is_a_limit(client: FlaskClient) -> None:
    """Each alert costs a query a minute."""
    save(client)
    for n in range(ALERTS):
        make(client, str(n))
    answer = client.post("/alerts", json={"name": "x", "search": "errors", "kind": "absent", "window": "5m"})
    assert faults(answer) == ["name"]
    assert client.put("/alerts/5", json={"threshold": 7}).status_code == 200


def test_a_watched_search_stays(client: FlaskClient) -> None:
    """Until its alert goes."""
    save(client)
    make(client)
    answer = client.delete("/searches/errors")
    assert faults(answer) == ["search"]
    assert "“many”" in answer.json["message"]
    client.delete("/alerts/many")
    assert client.delete("/searches/errors").status_code == 200


def test_pages_of_other_sites_change_nothing(client: FlaskClient) -> None:
    """Neither by a form nor otherwise."""
    save(client)
    make(client)
    foreign = {"Origin": "https://elsewhere.example"}
    for method, path in (
        ("POST", "/page/searches"),
        ("POST", "/page/alert"),
        ("POST", "/page/alert/many"),
        ("DELETE", "/alerts/many"),
        ("PUT", "/alerts/many"),
        ("POST", "/alerts/many/silence"),
        ("DELETE", "/searches/errors"),
    ):
        assert client.open(path, method=method, headers=foreign, data={"do": "remove"}).status_code == 403, path
    assert len(client.get("/alerts").json["alerts"]) == 1


# Pages


def page(client: FlaskClient, path: str, status: int = 200) -> Html:
    """Return a page, as a browser gets it."""
    answer = client.get(path, headers=PAGE, follow_redirects=True)
    assert answer.status_code == status, answer.text
    assert answer.mimetype == "text/html"
    assert "no-cache" in answer.headers["Cache-Control"]
    return Html(answer.text)


def test_a_search_is_saved_from_its_page(client: FlaskClient, some: list[LogRecord]) -> None:
    """With its whole state; a name that is taken can be replaced, and what was typed stays."""
    shown = page(client, "/?q=level%3Aerror&from=2023-01-01&sort=asc&cursor=&counts=1")
    form = next(one for one in shown.find("form") if one["action"] == "/page/searches")
    sent = {one["name"]: one["value"] for one in shown.find("input", type="hidden") if form in one.inside}
    assert sent == {"q": "level:error", "from": "2023-01-01", "sort": "asc"}
    answer = client.post("/page/searches", data={**sent, "name": "mine", "do": "save"})
    assert answer.status_code == 303
    (kept,) = client.get("/searches").json["searches"]
    assert kept["parameters"] == sent
    assert answer.location == f"/searches#s-{kept['id']}"
    taken = client.post("/page/searches", data={"q": "other (", "name": "mine", "do": "save"})
    assert taken.status_code == 400 and "Replace" not in taken.text
    taken = client.post("/page/searches", data={"q": "other", "name": "mine", "do": "save"})
    assert taken.status_code == 400 and "is the name of another saved search" in taken.text
    assert next(one["value"] for one in Html(taken.text).find("input", name="q")) == "other"
    assert "Replace the search of this name" in taken.text
    client.post("/page/searches", data={"q": "other", "name": "mine", "do": "replace"})
    (kept,) = client.get("/searches").json["searches"]
    assert kept["parameters"] == {"q": "other"}
    client.post("/page/searches", data={"id": kept["id"], "name": "renamed", "q": "x", "do": "change"})
    assert client.get("/searches/renamed").json["search"]["parameters"] == {"q": "x"}
    assert client.post("/page/searches", data={"id": kept["id"], "do": "remove"}).status_code == 303
    assert client.get("/searches").json["searches"] == []


def test_a_search_is_changed_in_its_own_zone(client: FlaskClient) -> None:
    """Whatever zone its reader's browser was in last: a new name moves no range."""
    client.set_cookie("zone", "Asia/Tokyo|")
    for zone in ({}, {"tz": "Europe/Berlin"}):
        made = save(client, "errors", **{"from": "today"}, **zone)
        shown = page(client, "/searches")
        form = next(one for one in shown.find("form", class_="edit"))
        sent = {one["name"]: one["value"] for one in shown.find("input") if form in one.inside}
        client.post("/page/searches", data={**sent, "name": "renamed", "do": "change"})
        (kept,) = client.get("/searches").json["searches"]
        assert (kept["name"], kept["parameters"]) == ("renamed", made["parameters"])
        client.delete("/searches/renamed")


def test_what_names_and_queries_hold_is_shown_only(
    client: FlaskClient, backends: Backends, errors: list[LogRecord]
) -> None:
    """On every page: nothing runs, nothing is reordered, and it is still readable."""
    name = HOSTILE.translate(dict.fromkeys(map(ord, "\u202e\x1b")))
    save(client, name, q=f'level:error AND NOT "{HOSTILE}x"')
    made = make(client, name, search=name)
    client.post(f"/alerts/{made['id']}/silence", json={"until": "now+1h", "reason": HOSTILE, "by": HOSTILE})
    evaluate(backends)
    for path in ("/searches", "/alerts", f"/alerts/{made['id']}?test=1", f"/page/alert?id={made['id']}&try=1"):
        text = client.get(path, headers=PAGE).text
        assert html.escape(name[:8]) in text and "<script>alert" not in text
        # In an input stands what was typed; everywhere else it is made visible.
        shown = re.sub(r'<input [^>]*value="[^"]*"', "", text)
        assert "\u202e" not in shown and "\x1b" not in shown, path
        assert "\\u202e" in text or path == "/alerts"


def test_the_list_tells_states_and_values(client: FlaskClient, backends: Backends, errors: list[LogRecord]) -> None:
    """What fires first, each with its last count, limit, picture and cost."""
    save(client)
    make(client, "b quiet", kind="absent")
    make(client, "a fine", threshold=500)
    make(client, "z many")
    evaluate(backends)
    make(client, "fresh")
    shown = page(client, "/alerts")
    states = [one.text for one in shown.find("span") if "state" in one.attributes.get("class", "")]
    assert states == ["Firing", "Undecided", "OK", "OK"]
    names = [one.text for one in shown.find("a", class_="name")]
    assert names == ["z many", "fresh", "a fine", "b quiet"]
    assert [one["aria-label"] for one in shown.find("svg")] == [
        "1 evaluations, the last of 3 logs, 1 firing",
        "1 evaluations, the last of 3 logs, 0 firing",
        "1 evaluations, the last of 3 logs, 0 firing",
    ]


def test_an_alert_is_made_from_a_search(client: FlaskClient, errors: list[LogRecord]) -> None:
    """“Alert on this” brings the query; the form tries it without keeping anything, then makes both."""
    shown = page(client, "/?q=level%3Aerror&from=now-1h")
    link = shown.link("Alert on this")
    assert link is not None
    form = page(client, link)
    state = {one["name"]: one["value"] for one in form.find("input") if "name" in one.attributes}
    state |= {"name": "errors come", "search": "", "kind": "at_least", "severity": "warning", "threshold": "2"}
    assert state["q"] == "level:error"
    tried = client.get("/page/alert", query_string={**state, "try": "1"})
    assert tried.status_code == 200
    assert "3 logs in 5 minutes: at least 2. It would fire." in html.unescape(tried.text)
    assert client.get("/searches").json["searches"] == []
    wrong = client.post("/page/alert", data={**state, "window": "x", "threshold": "0"})
    assert wrong.status_code == 400
    assert {one["name"] for one in Html(wrong.text).find("input", aria_invalid="true")} == {"window", "threshold"}
    assert client.get("/searches").json["searches"] == []
    answer = client.post("/page/alert", data=state)
    assert answer.status_code == 303
    (alert,) = client.get("/alerts").json["alerts"]
    (search,) = client.get("/searches").json["searches"]
    assert answer.location == f"/alerts/{alert['id']}"
    assert alert["search"] == {"id": search["id"], "name": "errors come"}
    assert (search["name"], search["parameters"]) == ("errors come", {"q": "level:error", "from": "now-1h"})
    edit = page(client, f"/page/alert?id={alert['id']}")
    filled = {one["name"]: one["value"] for one in edit.find("input") if "name" in one.attributes}
    assert (filled["window"], filled["threshold"], filled["name"]) == ("5m", "2", "errors come")
    sent = {**filled, "search": search["id"], "kind": "absent", "severity": "error"}
    assert client.post("/page/alert", data=sent).status_code == 303
    assert client.get("/alerts/errors come").json["alert"]["condition"] == "no logs for 5 minutes"


def test_an_alert_without_a_name_is_no_alert(client: FlaskClient) -> None:
    """Nor is its search saved."""
    answer = client.post("/page/alert", data={"q": "x", "name": " ", "kind": "absent", "window": "5m"})
    assert answer.status_code == 400 and "needs a name" in answer.text
    save(client, "x", q="y")
    answer = client.post("/page/alert", data={"q": "z", "name": "x", "kind": "absent", "window": "5m"})
    assert answer.status_code == 400 and "is the name of another saved search" in answer.text
    assert client.get("/alerts").json["alerts"] == []


def test_an_alert_whose_name_is_taken_saves_no_search(client: FlaskClient) -> None:
    """What was saved for it goes with it; a search that was there stays."""
    kept = save(client)
    make(client, "many")
    sent = {"name": "many", "kind": "absent", "window": "5m"}
    for target in ({"q": "fresh"}, {"search": kept["id"]}):
        answer = client.post("/page/alert", data={**sent, **target})
        assert answer.status_code == 400 and "is the name of another alert" in answer.text
    assert [search["id"] for search in client.get("/searches").json["searches"]] == [kept["id"]]


def test_an_alert_of_the_name_of_its_search_watches_that(client: FlaskClient) -> None:
    """The page of a saved search names UTC in its address where the search names no zone; another zone is another search."""
    kept, sent = save(client, "z", q="z"), {"q": "z", "name": "z", "kind": "at_most", "window": "5m"}
    assert client.post("/page/alert", data={**sent, "tz": "Asia/Tokyo"}).status_code == 400
    assert client.post("/page/alert", data={**sent, "tz": "UTC"}).status_code == 303
    assert [search["id"] for search in client.get("/searches").json["searches"]] == [kept["id"]]


def test_an_alert_is_silenced_tried_and_removed(
    client: FlaskClient, backends: Backends, errors: list[LogRecord]
) -> None:
    """By the buttons of its page, where its history stands with links to exactly its logs."""
    save(client)
    made = make(client)
    evaluate(backends)
    path = f"/alerts/{made['id']}"
    shown = page(client, path)
    (link,) = [one["href"] for one in shown.find("a") if one.text.startswith("The logs")]
    assert len(page(client, link).messages()) == 3
    samples = [one.text for one in page(client, f"{path}?tz=%2B05:30").find("a") if "/log/" in one.attributes["href"]]
    assert samples[0] == f"{when((errors[-1].t + 330 * MINUTE, errors[-1].ns))} +05:30"
    client.get("/?tz=UTC")
    act = f"/page{path.replace('alerts', 'alert')}"
    refused = client.post(act, data={"do": "silence", "until": "never", "reason": "my reason"})
    assert refused.status_code == 400 and "my reason" in refused.text
    assert client.post(act, data={"do": "silence", "until": "now+1h", "reason": "known", "by": "me"}).status_code == 303
    assert "known" in client.get(path, headers=PAGE).text
    assert client.post(act, data={"do": "unsilence"}).status_code == 303
    assert [one["what"] for one in client.get(path).json["changes"]] == ["unsilenced", "silenced", "firing", "made"]
    before = client.get(path).json
    tried = page(client, f"{path}?test=1")
    assert "3 logs in 5 minutes: at least 2. It would fire." in tried.one("section", class_="tried").text
    assert client.get(path).json == before
    assert client.post(act, data={"do": "remove"}).location == "/alerts"
    assert client.get(path, headers=PAGE).status_code == 404


def test_an_empty_list_says_how_to_begin(client: FlaskClient) -> None:
    """Both pages."""
    assert "Alert on this" in page(client, "/alerts").one("p", class_="sentence").text
    assert "Save" in page(client, "/searches").one("p", class_="sentence").text
