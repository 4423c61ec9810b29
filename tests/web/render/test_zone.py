"""Pages in a zone: in the URL, in a cookie, in every time and link."""

from __future__ import annotations

import json
from urllib.parse import parse_qsl, urlsplit

import pytest
from flask.testing import FlaskClient

from app.backends import Backends
from app.log.envelope import DeadLetter
from app.log.record import IdSource, LogRecord, id_bytes, id_text
from app.times import instant
from app.web.render import zone
from app.web.search.form import SearchForm
from tests.conftest import Fill, MakeRecord
from tests.web.reading import Html, get, location

TWICE = ("2023-10-29T00:30:00Z", "2023-10-29T01:30:00Z")


@pytest.fixture
def twice(fill: Fill, make_record: MakeRecord) -> list[LogRecord]:
    """Two logs of an hour that clocks in Berlin show twice, and one of the evening before."""
    records = [make_record(timestamp=text, message=text) for text in ("2023-10-28T20:00:00Z", *TWICE)]
    fill(records)
    return records


def times(page: Html) -> list[str]:
    """Return the times in the table, from above."""
    rows = [one for one in page.find("tr") if one.attributes.get("id", "").startswith("log-")]
    return [next(one.text for one in page.find("a") if row in one.inside) for row in rows]


def follow(client: FlaskClient, url: str) -> Html:
    """Return the page behind a link."""
    return get(client, urlsplit(url).path, **dict(parse_qsl(urlsplit(url).query)))


@pytest.mark.usefixtures("twice")
def test_every_time_follows_the_zone(client: FlaskClient) -> None:
    """Table, head, chart and the ranges of its bars; where a clock shows a time twice the offset stands beside it."""
    page = get(client, "/", tz="Europe/Berlin", counts="1")
    assert times(page) == ["2023-10-29 02:30:00.000+01:00", "2023-10-29 02:30:00.000+02:00", "2023-10-28 22:00:00.000"]
    assert page.one("a", id="next-zone").text == "Europe/Berlin"
    assert "t29" in page.one("table", role="table")["class"]
    assert page.one("output").text.startswith("2023-10-28 22:00 to 2023-10-29 02:40+01:00 Europe/Berlin")
    bars = [one["href"] for one in page.find("a") if "from=" in one.attributes.get("href", "") and "tz=" in one["href"]]
    assert any("from=2023-10-28T22%3A00%3A00%2B02%3A00" in bar for bar in bars)
    assert all("tz=Europe%2FBerlin" in bar for bar in bars)


def test_utc_is_what_is_shown_at_first(client: FlaskClient, twice: list[LogRecord]) -> None:
    """Without a zone in the URL or a cookie; links are not lengthened by it."""
    page = get(client, "/")
    assert times(page) == [zone.when((record.t, 0)) for record in reversed(twice)]
    assert page.one("a", id="next-zone").text == "UTC"
    links = [one["href"] for one in page.find("a") if "tz=" in one["href"]]
    assert set(links) == {"/?tz=local"}
    assert "Set-Cookie" not in client.get("/").headers


def test_other_pages_follow_by_a_cookie(client: FlaskClient, twice: list[LogRecord]) -> None:
    """The zone of the last page with one holds on pages without; its state names it, so that links do."""
    set_ = client.get("/?tz=Europe/Berlin").headers["Set-Cookie"]
    assert "SameSite=Lax" in set_ and "Path=/" in set_
    identity = id_text(twice[0].id)
    assert "2023-10-28 22:00:00.000 +02:00" in get(client, f"/log/{identity}").one("h1").text
    page = get(client, "/")
    assert times(page)[-1] == "2023-10-28 22:00:00.000"
    hidden = {one["name"]: one["value"] for one in page.find("input") if one.inside[-1].attributes.get("id") == "state"}
    assert hidden == {"tz": "Europe/Berlin"}
    assert times(get(client, "/", tz="UTC"))[-1] == "2023-10-28 20:00:00.000"
    assert times(get(client, "/"))[-1] == "2023-10-28 20:00:00.000"


def test_the_api_takes_no_zone_from_a_cookie(client: FlaskClient, twice: list[LogRecord]) -> None:
    """What a program is answered does not depend on what somebody looked at in the same browser."""
    client.get("/?tz=Europe/Berlin")
    assert client.get("/logs/export?sort=asc").json is None
    assert (
        json.loads(client.get("/logs/export?sort=asc&from=2023-10-28").text.splitlines()[0])["timestamp"]
        == twice[0].timestamp
    )
    assert "Set-Cookie" not in client.get("/logs?tz=Asia/Tokyo").headers


def test_one_click_goes_through_utc_local_and_the_last_other_zone(client: FlaskClient) -> None:
    """And back; what the browser's zone is, its script tells by a cookie."""
    client.set_cookie("browser_zone", "America/New_York")
    page = get(client, "/", tz="Asia/Tokyo", q="level:error")
    seen = []
    for _ in range(4):
        seen.append(page.one("a", id="next-zone").text)
        page = follow(client, page.one("a", id="next-zone")["href"])
        assert page.one("input", id="q")["value"] == "level:error"
    assert seen == ["Asia/Tokyo", "UTC", "America/New_York", "Asia/Tokyo"]


def test_local_is_a_name_once_the_browser_told_it(client: FlaskClient) -> None:
    """A link to the local zone leads to one that names it; before that the page is in UTC, whatever zone was last, and says why."""
    client.set_cookie("zone", "Asia/Tokyo|")
    page = get(client, "/", tz="local")
    assert page.one("a", id="next-zone").text == "UTC"
    assert "Only a script can tell" in page.one("noscript").text
    hidden = {one["name"]: one["value"] for one in page.find("input") if one.inside[-1].attributes.get("id") == "state"}
    assert hidden == {"tz": "UTC"}
    client.set_cookie("browser_zone", "America/New_York")
    answer = client.get("/?q=x&tz=local")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/?q=x&tz=America%2FNew_York")


@pytest.mark.parametrize(("told", "name"), [("America/New_York", "America/New_York"), ("", "local")])
def test_a_form_sent_with_the_local_zone_loses_nothing(client: FlaskClient, told: str, name: str) -> None:
    """Neither rows, nor the instants of times that were shown in another zone, nor, untold, that it was asked for."""
    client.set_cookie("zone", "Asia/Tokyo|")
    client.set_cookie("browser_zone", told)
    sent = {"q": "", "was": "", "k": "level", "o": "equals", "v": "error", "was_tz": "Europe/Berlin", "tz": "local"}
    times = {"from": "2023-09-15 10:00:00", "was_from": "2023-09-15 10:00:00"}
    state = {"q": "level:error", "from": "2023-09-15T10:00:00+02:00"}
    assert location(client, **sent, **times, use="rows") == {**state, "tz": name}
    page = get(client, "/", **sent, add="1")
    assert [one["value"] for one in page.find("input", name="k")] == ["level", ""]
    assert bool(page.find("noscript")) == (name == "local")


@pytest.mark.usefixtures("twice")
def test_switching_keeps_the_instants(client: FlaskClient) -> None:
    """A time that was typed in one zone is the same instant in the next; days and words are of the new zone."""
    page = get(client, "/", tz="Europe/Berlin", **{"from": "2023-09-15 10:00", "to": "today"})
    state = dict(parse_qsl(urlsplit(page.one("a", id="next-zone")["href"]).query))
    assert state == {"from": "2023-09-15T10:00:00+02:00", "to": "today", "tz": "UTC"}
    assert get(client, "/", **state).find("input", name="from")[0]["value"] == "2023-09-15 08:00:00"


def test_a_zone_is_all_that_its_button_changes(client: FlaskClient) -> None:
    """The place among the pages and the opened log stay, as the instants do."""
    state = {"q": "level:error", "limit": "25", "cursor": "AAAA", "open": "018a97da-98fa-7000-8000-000000000001"}
    assert location(client, **state, tz="UTC", zone="Asia/Tokyo") == {**state, "tz": "Asia/Tokyo"}


@pytest.mark.parametrize("path", ["/", "/page/counts", "/page/values?field=level", "/log/{}"])
def test_a_zone_that_does_not_exist_is_refused(client: FlaskClient, twice: list[LogRecord], path: str) -> None:
    """By its name, on every page; it is not remembered, and what else was asked stays."""
    url = path.format(id_text(twice[0].id))
    answer = client.get(f"{url}{'&' if '?' in url else '?'}tz=Mars/<b>Olympus")
    assert answer.status_code == 400
    assert (
        "Mars/&lt;b&gt;Olympus” is neither a zone" in answer.text
        or "Mars/<b>Olympus” is neither" in answer.json["message"]
    )
    assert "Set-Cookie" not in answer.headers


def test_what_is_no_log_follows_too(
    client: FlaskClient, backends: Backends, fill: Fill, make_record: MakeRecord
) -> None:
    """Dead letters and the overview."""
    letter = IdSource().take(1).to_bytes(16, "big")
    backends.record.letters.bury([DeadLetter(letter, b"{}", "lacks a message", "message", "10.0.0.1")])
    fill([make_record(resource_id="pump")])
    client.get("/?tz=%2B05:30")
    refused = zone.to_second(int.from_bytes(letter[:6], "big") + 330 * 60_000)
    for path in ("/dead", "/dead?all=1", f"/dead/{id_text(letter)}"):
        page = client.get(path).text
        assert refused in page and "<small>+05:30</small>" in page
    assert "when the last arrived (+05:30)" in client.get("/overview").text


def test_a_silence_ends_in_the_zone_of_its_form(client: FlaskClient) -> None:
    """What is typed without an offset is of the zone beside it, also if another window has switched to another since."""
    client.post("/searches", json={"name": "all"})
    client.post("/alerts", json={"name": "none", "search": "all", "kind": "absent", "window": "5m"})
    html = {"Accept": "text/html"}
    form = Html(client.get("/alerts/none?tz=%2B05:30", headers=html).text)
    (action,) = [one["action"] for one in form.find("form") if "tz=" in one["action"]]
    client.get("/?tz=Asia/Tokyo")
    assert client.post(action, data={"do": "silence", "until": "2099-01-01 00:00"}).status_code == 303
    assert client.get("/alerts/none").json["alert"]["silence"]["until"] == "2098-12-31T18:30:00Z"
    for name, text in (("Asia/Tokyo", "2099-01-01 03:30:00"), ("UTC", "2098-12-31 18:30:00")):
        shown = client.get("/alerts/none", query_string={"tz": name}, headers=html).text
        assert f'Silenced until <span class="number">{text}</span> {name}' in shown


@pytest.mark.parametrize("path", ["/dead", "/dead?all=1", "/overview", "/alerts"])
def test_a_zone_that_is_none_is_refused(client: FlaskClient, path: str) -> None:
    """Rather than that times are shown in another one."""
    mark = "&" if "?" in path else "?"
    answer = client.get(f"{path}{mark}tz=Mars", headers={"Accept": "text/html"})
    assert answer.status_code == 400
    assert "Mars" in answer.text


@pytest.mark.parametrize("cookie", ["x", "Mars|Venus", "|", "UTC|../../etc/passwd", "\x7f", "a" * 4000])
def test_a_cookie_of_anything_harms_nothing(client: FlaskClient, cookie: str) -> None:
    """What is no zone counts as none."""
    client.set_cookie("zone", cookie)
    client.set_cookie("browser_zone", cookie)
    assert get(client, "/").one("a", id="next-zone").text == "UTC"


def test_skew_is_told(client: FlaskClient, fill: Fill, make_record: MakeRecord) -> None:
    """A log whose time lies ahead of its arrival is marked in the table; one far behind too, by the arrival clock.

    By event time an old file that was taken later would be marked on each row.
    """
    identity, received = id_bytes("018a97da-98fa-7000-8000-000000000001"), 1_694_764_800_250
    ahead = make_record(id=identity, t=received + 2 * 3_600_000 + 60_000, message="ahead")
    behind = make_record(id=identity[:-1] + b"\2", t=received - 400 * 86_400_000, message="behind")
    late = make_record(id=identity[:-1] + b"\3", t=received - 3_600_000, message="late")
    fill([ahead, behind, late])

    def marked(**args: str) -> list[str]:
        return [one["title"] for one in get(client, "/", **args).find("abbr", class_="skew")]

    assert marked() == ["2 h 1 min ahead of its arrival"]
    assert marked(clock="received") == ["400 d behind its arrival", "2 h 1 min ahead of its arrival"]
    record = get(client, f"/log/{id_text(ahead.id)}").find("p", class_="skewed")
    assert "2 h 1 min ahead of its arrival: the sender's clock" in record[0].text
    assert not get(client, f"/log/{id_text(late.id)}").find("p", class_="skewed")


def test_state_of_a_form_without_a_request() -> None:
    """What the URL says is the state; without a request nothing else is."""
    assert SearchForm.read({"tz": "Asia/Tokyo"}).state() == [("tz", "Asia/Tokyo")]
    assert SearchForm.read({}).state() == []
    with zone.using(zone.read_zone("+02:00")):
        assert zone.when(instant.parse("2023-09-15T08:00:00Z")) == "2023-09-15 10:00:00.000"
        assert zone.exactly(instant.parse("2023-09-15T08:00:00Z")) == "2023-09-15 10:00:00.000 +02:00"
        assert zone.when(instant.FIRST) == "0001-01-01 00:00:00.000Z"
    assert zone.exactly((0, 0)) == "1970-01-01 00:00:00.000 UTC"


def test_days_of_a_chart_begin_at_midnight_of_the_zone(
    client: FlaskClient, fill: Fill, make_record: MakeRecord
) -> None:
    """Bars of a day are the zone's days, though not where its clock was set within the chart: then the hour is said."""
    fill([make_record(timestamp=f"2023-10-{day:02}T21:30:00Z") for day in range(1, 31)])
    page = get(client, "/", tz="Europe/Berlin", counts="1", **{"from": "2023-09-25", "to": "2023-10-30"})
    titles = [one.text.partition(":  ")[0].partition(" log")[0] for one in page.find("title") if " to " in one.text]
    assert titles[0] == "2023-10-01 to 2023-10-02: 1"
    assert titles[-2:] == ["2023-10-29 to 2023-10-29 23:00: 1", "2023-10-29 23:00 to 2023-10-30 23:00: 1"]
