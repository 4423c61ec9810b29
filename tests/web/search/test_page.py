"""The search page and the page of one log."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.backends import Backends
from app.log.envelope import Envelope
from app.log.record import LogRecord, id_text
from app.times import instant
from app.web.render import zone
from app.web.search import empty
from app.web.search import page as search_page
from tests.conftest import Fill, MakeRecord
from tests.web.reading import get


@pytest.mark.usefixtures("some")
def test_page_has_landmarks_and_every_input_a_name(client: FlaskClient) -> None:
    """Whoever can't see the page finds its parts, and each control says what it is for."""
    page = get(client, "/", q="level:info", add="1", was="level:info", k="level", o="equals", v="info")

    assert page.one("html")["lang"] == "en"
    assert page.find("main", id="main")
    targets = [one["href"] for one in page.find("a", class_="skip")]
    assert targets == ["#main", "#found"]
    assert {f"#{one.attributes.get('id')}" for one in page.all if "tabindex" in one.attributes} >= set(targets)
    assert page.find("form", role="search")
    assert all(one.attributes.get("aria-label") for one in page.find("nav"))
    assert [one.tag for one in page.all if one.tag in ("h1", "h2")] == ["h1", "h2"]
    labelled = {one["for"] for one in page.find("label") if "for" in one.attributes}
    for control in (one for one in page.all if one.tag in ("input", "select")):
        named = (
            control.attributes.get("type") == "hidden"
            or "aria-label" in control.attributes
            or control.attributes.get("id") in labelled
            or any(outer.tag == "label" for outer in control.inside)
        )
        assert named, control
    for button in page.find("button"):
        assert button.text.strip() or button.attributes.get("aria-label"), button
    assert all(one.text.strip() for one in page.find("caption"))
    assert all(one["scope"] == "col" and one.text.strip() for one in page.find("th"))


@pytest.mark.usefixtures("some")
def test_page_shows_newest_first_with_time_level_resource_message(client: FlaskClient) -> None:
    """The table is what a reader of logs expects: newest first, times in UTC with milliseconds."""
    page = get(client, "/")

    assert page.messages() == [f"message number {n}" for n in (4, 3, 2, 1, 0)]
    rows = [one for one in page.find("tr") if one.attributes.get("id", "").startswith("log-")]
    shown = [one.text for one in page.all if one.tag in ("a", "bdi") and rows[0] in one.inside]
    assert shown == ["2023-11-14 22:13:24.000", "info", "server-0", "message number 4"]
    assert [one["class"] for one in rows] == ["s2", "s1", "s4", "s5", "s2"]
    assert page.one("h2").text == "5 logs"


@pytest.mark.parametrize(
    ("q", "marked"), [("level:error AND (message:x", "("), ('level:"err', '"'), ("level:error AND", " ")]
)
@pytest.mark.usefixtures("some")
def test_error_in_query_shows_its_place(client: FlaskClient, q: str, marked: str) -> None:
    """A query that can't be read is answered with what is wrong and where; what was typed stays."""
    page = get(client, "/", 400, q=q)

    assert page.one("input", id="q")["value"] == q
    assert page.one("input", id="q")["aria-describedby"] == page.one("div", role="alert")["id"]
    assert page.one("pre", class_="place").text.rstrip() == q
    assert len(page.one("mark").text) == len(marked)
    assert not page.messages()


@pytest.mark.parametrize(
    ("name", "value"), [("from", "soon"), ("to", "2023-13-01"), ("limit", "10001"), ("cursor", "x"), ("back", "x")]
)
@pytest.mark.usefixtures("some")
def test_error_in_parameter_names_it(client: FlaskClient, name: str, value: str) -> None:
    """A parameter that can't be read is an error, never left out of the search."""
    page = get(client, "/", 400, **{name: value})

    assert page.one("div", role="alert").text.strip()
    assert not page.messages()


@pytest.mark.parametrize("sent", [{"form": "now-15m"}, {"key": "level", "operation": "equals", "value": "error"}])
def test_unknown_parameter_is_refused(client: FlaskClient, sent: dict[str, str]) -> None:
    """A name that the page's links would not keep must not widen the next search unseen; each such is named."""
    page = get(client, "/", 400, **sent)

    assert [one.text for one in page.find("strong")] == list(sent)


def test_without_any_log_the_page_says_how_to_send_one(client: FlaskClient) -> None:
    """The first look at an empty server ends with a line to copy."""
    page = get(client, "/", q="level:error")

    assert "curl -X POST http://localhost/logs/ingest/" in page.one("pre", class_="code").text


@pytest.mark.usefixtures("some")
def test_finding_nothing_helps_on(client: FlaskClient) -> None:
    """An empty result repeats what was asked and offers the same over more time."""
    page = get(client, "/", **{"q": "level:fatal", "from": "now-1h"})

    assert page.one("h2").text == "0 logs"
    assert "level" in page.one("p", class_="sentence").text
    assert "fatal" in page.one("p", class_="sentence").text
    assert "nor at any other time" in page.one("div", class_="empty").text
    assert page.link("All logs in this time range") == "/?from=now-1h"
    assert not page.find("pre", class_="code")


def test_empty_range_names_the_newest_match(client: FlaskClient, make_record: MakeRecord, fill: Fill) -> None:
    """Where only the time range is at fault, the page says where the logs are and how to get there."""
    # Given
    held = make_record(message="needle", t=instant.now_ms() - 2 * 3_600_000)
    fill([held, make_record(message="older needle"), make_record(message="hay", t=instant.now_ms())])
    # When
    page = get(client, "/", **{"q": "needle", "from": "now-15m"})
    # Then
    assert page.messages() == []
    assert page.link(zone.when((held.t, 0))) == f"/log/{id_text(held.id)}"
    assert page.link("The same over the last hour") is None
    near, all_time = page.link("The same over the last 6 hours"), page.link("The same over all time")
    assert near is not None
    assert get(client, near).messages() == ["needle"]
    assert all_time is not None
    assert get(client, all_time).messages() == ["needle", "older needle"]


@pytest.mark.usefixtures("some")
def test_advice_that_takes_too_long_is_left_out(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """The empty result itself is certain: looking for what to try instead must neither delay nor spoil it."""
    monkeypatch.setattr(empty, "PATIENCE", -1.0)

    page = get(client, "/", **{"q": "level:error", "from": "now-1h"})

    assert page.one("h2").text == "0 logs"
    assert "any other time" not in page.one("div", class_="empty").text
    assert page.link("The same over the last 7 days") == "/?q=level%3Aerror&from=now-7d"


@pytest.mark.usefixtures("some")
def test_part_of_a_word_is_offered_as_such(client: FlaskClient) -> None:
    """A word finds whole words only; who typed a part of one is a click away from what was meant."""
    page = get(client, "/", q="level:warn essag umber")

    url = page.link("The words anywhere")
    assert url is not None
    assert get(client, url).messages() == ["message number 2"]
    assert get(client, "/", q='level:fatal "essag"').link("The words anywhere") is None


@pytest.mark.parametrize("sort", ["desc", "asc"])
@pytest.mark.parametrize("clock", ["event", "received"])
def test_turning_pages_there_and_back(
    client: FlaskClient, make_record: MakeRecord, fill: Fill, sort: str, clock: str
) -> None:
    """Forward through all logs and back shows each once, in order, though their times are equal."""
    # Given
    fill([make_record(message=f"m{n:02}", t=1_700_000_000_000) for n in range(8)])
    forward, back = ("Older", "Newer") if sort == "desc" else ("Newer", "Older")
    first = get(client, "/", limit="3", sort=sort, clock=clock)
    assert first.link(back) is None
    # When
    pages = [first]
    while (url := pages[-1].link(forward)) is not None:
        pages.append(get(client, url))
    # Then
    shown = [message for page in pages for message in page.messages()]
    assert shown == sorted(shown, reverse=sort == "desc")
    assert len(shown) == 8
    assert [len(page.messages()) for page in pages] == [3, 3, 2]
    url = pages[2].link(back)
    assert url is not None
    assert get(client, url).messages() == pages[1].messages()
    url = get(client, url).link(back)
    assert url is not None
    assert get(client, url).messages() == pages[0].messages()
    assert all(page.one("h2").text == "8 logs" for page in pages)


def test_opened_log_is_shown_as_json_to_copy(client: FlaskClient, make_record: MakeRecord, fill: Fill) -> None:
    """The JSON shown for a log is the log, whatever characters it holds."""
    record = make_record(
        message="a\x1b\u202e\x7f\U000e0041<&\"'\\ 🙂", metadata={"k\u202e": ["\x9b", 1.5, None, {"x": True}]}
    )
    fill([record])

    for url in (f"/?open={id_text(record.id)}", f"/log/{id_text(record.id)}", f"/log/{id_text(record.id)}?part=fields"):
        assert json.loads(get(client, url).one("pre", class_="json").text) == record.to_dict()


def test_opening_and_closing_keeps_place_and_page(client: FlaskClient, some: list[LogRecord]) -> None:
    """Without JavaScript a log opens on the same page of results, scrolled to it, and closes there again."""
    wanted = id_text(some[2].id)

    opened = client.get("/", query_string={"limit": "2", "cursor": "", "q": "message", "show": wanted})
    closed = client.get("/", query_string={"limit": "2", "q": "message", "hide": wanted})

    assert opened.location == f"/?q=message&limit=2&open={wanted}#log-{wanted}"
    assert closed.location == f"/?q=message&limit=2#log-{wanted}"


def test_log_page_shows_its_neighbours(client: FlaskClient, some: list[LogRecord]) -> None:
    """One log's page has the logs before and after it: of its resource, its trace, or all."""
    url = f"/log/{id_text(some[2].id)}"

    assert get(client, url).messages() == [f"message number {n}" for n in (0, 2, 4)]
    assert get(client, url, beside="trace").messages() == [f"message number {n}" for n in range(5)]
    page = get(client, url, beside="all")
    assert page.messages() == [f"message number {n}" for n in range(5)]
    assert page.one("tr", aria_current="true").text.strip().endswith("message number 2")


@pytest.mark.parametrize("identity", ["nonsense", "01890000-0000-7000-8000-000000000000", "<script>"])
def test_unknown_log_is_not_found(client: FlaskClient, identity: str) -> None:
    """A link to a log that is not there says so."""
    answer = client.get(f"/log/{identity}", headers={"Accept": "text/html"})

    assert answer.status_code == 404
    assert "<script>" not in answer.text


def test_accepted_but_not_searchable_logs_are_announced(
    client: FlaskClient, backends: Backends, make_record: MakeRecord
) -> None:
    """No answer hides that something is still on its way."""
    assert not get(client, "/").find("p", role="status")

    backends.queue.put([Envelope([make_record() for _ in range(3)])])

    assert get(client, "/").one("p", role="status").text == "3 accepted logs are not searchable yet."


def test_a_log_that_is_stored_amid_the_search_is_shown_or_announced(
    client: FlaskClient, backends: Backends, fill: Fill, make_record: MakeRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What waits is counted before the search: behind it nothing would say that one is missing."""
    backends.queue.put([Envelope([make_record()])])
    turn = search_page.turn

    def turned(*asked: Any) -> Any:
        found = turn(*asked)
        fill([])
        return found

    monkeypatch.setattr(search_page, "turn", turned)
    assert get(client, "/").one("p", role="status").text == "1 accepted log is not searchable yet."
    monkeypatch.undo()
    assert get(client, "/").one("h2").text == "1 log"
