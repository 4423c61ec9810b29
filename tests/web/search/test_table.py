"""The table of the search page: its columns, its look, what is marked in it, and files of what it shows."""

from __future__ import annotations

import csv
import io
import json
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.errors import InvalidQuery
from app.log.record import LogRecord, id_text
from app.web.accounts.identity import ADMIN
from app.web.search import columns
from app.web.search.form import SearchForm
from app.web.server.environ import WHO
from app.web.server.live import Live
from tests.conftest import Fill, MakeRecord
from tests.web.reading import Html, get, location


def heads(page: Html) -> list[str]:
    """Return the names over the columns, save that of the fields."""
    return [one.text for one in page.find("th", role="columnheader")][1:]


def marks(page: Html) -> list[str]:
    """Return what is marked in the table."""
    return [one.text for one in page.find("mark")]


@pytest.mark.usefixtures("some")
def test_columns_are_those_of_the_url(client: FlaskClient) -> None:
    """Any field can be a column, in any order; every link and button of the page keeps them."""
    page = get(client, "/", columns="metadata.n,message,id", limit="2")

    assert heads(page) == ["Time UTC", "metadata.n", "Message", "id"]
    assert [one.text for one in page.find("button", name="keep") if one.inside[-1].tag == "td"][:1] == ["4"]
    older = page.link("Older")
    assert older is not None
    assert parse_qs(urlsplit(older).query)["columns"] == ["metadata.n,message,id"]
    assert location(client, columns="metadata.n,message,id", keep="level=info")["columns"] == "metadata.n,message,id"
    assert location(client, columns="id", was="", q="a", go="1") == {"q": "a", "columns": "id"}


@pytest.mark.parametrize(
    ("now", "pressed", "then"),
    [
        ("", {"column": "metadata.took"}, "level,resourceId,message,metadata.took"),
        ("", {"column": " level "}, None),
        ("", {"drop": "level"}, "resourceId,message"),
        ("", {"left": "message"}, "level,message,resourceId"),
        ("", {"right": "level"}, "resourceId,level,message"),
        ("", {"left": "level"}, None),
        ("", {"right": "message"}, None),
        ("", {"drop": "nothing"}, None),
        ("resourceId,message", {"column": "level"}, "resourceId,message,level"),
        ("resourceId,level,message", {"left": "level"}, None),
        ("message", {"column": "metadata.a,b%"}, "message,metadata.a%2Cb%25"),
    ],
)
@pytest.mark.usefixtures("some")
def test_a_button_changes_the_columns(client: FlaskClient, now: str, pressed: dict[str, str], then: str | None) -> None:
    """Add, remove, left, right: the URL says what came of it, nothing where these are the usual columns."""
    assert location(client, columns=now, q="number", **pressed) == {"q": "number"} | ({"columns": then} if then else {})


@pytest.mark.usefixtures("some")
def test_every_button_of_the_menu_can_be_pressed(client: FlaskClient) -> None:
    """The menu's buttons and its form need no JavaScript: each leads to a page with other columns."""
    page = get(client, "/", columns="level,metadata.n,message")
    pressed = [
        one for name in columns.ACTIONS for one in page.find("button", name=name) if "disabled" not in one.attributes
    ]

    assert [(one["name"], one["value"]) for one in pressed] == [
        *(("drop", name) for name in ("level", "metadata.n", "message")),
        *(("left", name) for name in ("metadata.n", "message")),
        *(("right", name) for name in ("level", "metadata.n")),
    ]
    answer = client.get("/", query_string={"columns": "level,message", "column": "commit"})
    assert answer.headers["Location"] == "/?columns=level,message,commit"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"columns": "level,nonsense"}, "there is no field “nonsense”"),
        ({"columns": ",".join(f"metadata.a{n}" for n in range(13))}, "at most 12"),
        ({"column": "nonsense"}, "there is no field “nonsense”"),
        ({"columns": "level", "drop": "level"}, "one column at least"),
        ({"wrap": "perhaps"}, "must be yes or no"),
        ({"density": "dense"}, "must be comfortable or compact"),
    ],
)
@pytest.mark.usefixtures("some")
def test_what_can_be_no_column_is_said(client: FlaskClient, given: dict[str, str], said: str) -> None:
    """A fault is named with its place; the query stays as it was typed."""
    page = get(client, "/", 400, q="number", **given)

    assert said in page.one("div", id="problems").text
    assert page.one("input", id="q")["value"] == "number"


def test_cells_show_whatever_a_field_holds(client: FlaskClient, make_record: MakeRecord, fill: Fill) -> None:
    """Several values, an object, an absent one, a number, a hostile one, a long one: each is harmless and whole or cut."""
    held = {"list": ["a", "b"], "user": {"name": "Jo", "id": 7}, "n": 1.0, "x": "<b>\u202e", "long": "l" * 5_000}
    fill([make_record(metadata=held)])

    page = get(
        client, "/", columns="metadata.list,metadata.user,metadata.n,metadata.x,metadata.long,metadata.no,spanId"
    )
    cells = [one for one in page.find("td") if "data-c" in one.attributes]
    shown = {one["data-c"]: [inner.text for inner in page.find("bdi") if one in inner.inside] for one in cells}

    assert shown == {
        "metadata.list": ["a", "b"],
        "metadata.user": ["name=Jo", "id=7"],
        "metadata.n": ["1"],
        "metadata.x": ["<b>\\u202e"],
        "metadata.long": ["l" * 200 + "…"],
        "metadata.no": [],
        "spanId": [],
    }
    assert page.find("div", class_="scrolls")


def test_a_column_of_times_is_a_time(client: FlaskClient, some: list[LogRecord]) -> None:
    """Both clocks can be columns, in the form of the first."""
    page = get(client, "/", columns="timestamp,received", limit="1")

    shown = [one.text.strip() for one in page.find("td") if one.attributes.get("data-c") == "timestamp"]
    assert shown == ["2023-11-14 22:13:24.000"]
    assert any(id_text(some[4].id) in value for one in page.all for value in one.attributes.values())


@pytest.mark.parametrize(
    ("given", "cookie", "classes"),
    [
        ({}, "", set()),
        ({"wrap": "no"}, "", {"nowrap"}),
        ({"density": "compact"}, "", {"compact"}),
        ({}, "nowrap-compact", {"nowrap", "compact"}),
        ({"wrap": "yes"}, "nowrap-compact", {"compact"}),
        ({}, "<script>-compactor", set()),
    ],
)
@pytest.mark.usefixtures("some")
def test_the_look_is_the_urls_or_what_is_remembered(
    client: FlaskClient, given: dict[str, str], cookie: str, classes: set[str]
) -> None:
    """The URL decides; where it is silent the cookie; each look is one link away."""
    client.set_cookie("logingestor_look", cookie)

    page = get(client, "/", **given)

    has = set(page.one("table", role="table")["class"].split()) & {"nowrap", "compact"}
    assert has == classes
    for link in page.find("a"):
        if "data-look" in link.attributes:
            wanted = link["data-look"]
            then = set(get(client, link["href"]).one("table", role="table")["class"].split())
            assert not wanted or wanted in then
            assert wanted or not ({"nowrap"} if link.inside[-1]["aria-label"] == "Lines" else {"compact"}) & then


@pytest.mark.usefixtures("some")
def test_what_was_searched_for_is_marked(client: FlaskClient) -> None:
    """In the message and in every column that is shown; what is denied is not."""
    asked = {"q": "number AND level:info AND metadata.n:4 AND NOT message", "columns": "level,message,metadata.n"}
    assert marks(get(client, "/", **asked)) == []
    asked["q"] = "number AND level:info AND metadata.n:4 AND NOT zebra"
    page = get(client, "/", **asked)

    assert marks(page) == ["info", "number", "4"]


def test_marks_are_harmless(client: FlaskClient, make_record: MakeRecord, fill: Fill) -> None:
    """A mark in the midst of markup and of what would act changes nothing about that; the JSON stays JSON."""
    fill([make_record(message="<b>timeout</b>\u202etimeout\x1b&timeout;", resource_id="<timeout>")])

    page = get(client, "/", q='timeout AND resourceId:"<timeout>"')

    assert page.messages() == ["<b>timeout</b>\\u202etimeout\\x1b&timeout;"]
    assert marks(page) == ["<timeout>", "timeout", "timeout", "timeout"]


def test_files_hold_what_the_page_shows(client: FlaskClient, some: list[LogRecord]) -> None:
    """The export has the page's filter, range, clock, order and columns."""
    page = get(client, "/", q="level:info", columns="message,metadata.n", sort="asc", **{"from": "2023-01-01"})
    links = [one["href"] for one in page.find("a") if one["href"].startswith("/logs/export?")]

    assert [dict(parse_qsl(urlsplit(link).query))["format"] for link in links] == ["csv", "ndjson", "csv", "ndjson"]
    rows = list(csv.reader(io.StringIO(client.get(links[0]).text)))
    assert rows[0] == ["timestamp", "message", "metadata.n"]
    assert [row[1:] for row in rows[1:]] == [["message number 0", "0"], ["message number 4", "4"]]
    assert client.get(links[3]).text.count("\n") == 2
    assert "received," in dict(parse_qsl(urlsplit(str(_first(client, clock="received"))).query))["columns"]


def _first(client: FlaskClient, **state: str) -> str:
    return next(one["href"] for one in get(client, "/", **state).find("a") if one["href"].startswith("/logs/export?"))


def test_an_object_is_in_the_file_too(client: FlaskClient, make_record: MakeRecord, fill: Fill) -> None:
    """A column of an object holds what lies in it, in a file as on the page."""
    fill([make_record(metadata={"user": {"name": "Jo", "ids": [1, 2]}})])

    shown = client.get(_first(client, columns="metadata.user")).text.splitlines()[1]
    assert next(csv.reader([shown]))[1] == '{"name":"Jo","ids":[1,2]}'


def test_a_comma_in_a_name_reaches_the_file(client: FlaskClient, make_record: MakeRecord, fill: Fill) -> None:
    """A column is exported by the name that the page gives it, whatever that holds."""
    fill([make_record(metadata={"a,b": 1, "c%2Cd": 2})])

    page = get(client, "/", columns=columns.listed(("metadata.a,b", "metadata.c%2Cd")))
    link = next(one["href"] for one in page.find("a") if one["href"].startswith("/logs/export?"))

    assert heads(page)[1:] == ["metadata.a,b", "metadata.c%2Cd"]
    assert list(csv.reader(io.StringIO(client.get(link).text)))[1][1:] == ["1", "2"]


def test_rows_that_arrive_have_the_pages_columns(
    app: Flask, client: FlaskClient, some: list[LogRecord], make_record: MakeRecord
) -> None:
    """The page tells the live tail how its rows look, and a row made so has the same cells as one of the page."""
    asked = {"clock": "received", "columns": "metadata.n,message", "wrap": "no", "density": "compact"}
    page = get(client, "/", q="number", **asked)
    look = dict(parse_qsl(page.one("div", id="live")["data-look"]))
    assert look == asked

    live = Live(app, lambda *_: None)
    reader = live._asked(
        {"query_string": f"q=number&as=row&{urlencode(look)}".encode(), "headers": [], WHO: ADMIN},
        lambda: None,
    )
    assert reader.key == ("row", "clock=received&columns=metadata.n,message&wrap=no&density=compact", "number", "")
    assert SearchForm.read(look).row() == reader.key[1]
    row = reader.write(some[4], "cursor")
    with pytest.raises(InvalidQuery, match="no field"):
        live._asked({"query_string": b"as=row&columns=nonsense", "headers": [], WHO: ADMIN}, lambda: None)
    live.close()
    assert "<mark>number<\\/mark>" in row or "<mark>number</mark>" in row
    cells = [one for one in page.find("td") if one.inside[-1].attributes.get("id") == f"log-{id_text(some[4].id)}"]
    assert row.count("<td ") == len(cells) == 4
    (link,) = [one["href"] for one in page.find("a") if cells[1] in one.inside]
    assert link in [one["href"] for one in Html(json.loads(row)["row"]).find("a")]


def test_rows_that_arrive_on_an_empty_page_can_be_compared(client: FlaskClient) -> None:
    """Their boxes belong to a form that is shown with them."""
    page = get(client, "/")
    assert page.one("form", id="compare").inside[-1]["id"] == "arriving"
