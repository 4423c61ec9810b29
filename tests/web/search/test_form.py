"""The form of the search page: text and rows, buttons for values, links that hold the state."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import pytest
from flask.testing import FlaskClient

from app.log.record import id_text
from tests.conftest import Fill, MakeRecord
from tests.web.reading import get, location


@pytest.mark.usefixtures("some")
def test_every_parameter_of_a_link_comes_back(client: FlaskClient) -> None:
    """A URL is the whole state: what it names is in the form, and in every link and button of the page."""
    # Given
    state = {
        "q": 'message:"number" AND NOT level:debug',
        "from": "2023-01-01T00:00:00Z",
        "to": "now-1m",
        "clock": "event",
        "sort": "asc",
        "limit": "2",
    }
    # When
    page = get(client, "/", **state)
    # Then
    typed = [one for one in page.find("input") if page.one("form", id="search") in one.inside]
    chosen = [(one.inside[-1]["name"], one["value"]) for one in page.find("option") if "selected" in one.attributes]
    shown = {**state, "from": "2023-01-01 00:00:00"}
    assert shown.items() <= {(one["name"], one["value"]) for one in typed} | set(chosen)
    hidden = {one["name"]: one["value"] for one in page.find("input") if one.inside[-1].attributes.get("id") == "state"}
    assert hidden == {name: value for name, value in state.items() if name != "clock"}
    newer = page.link("Newer")
    assert newer is not None
    assert hidden.items() <= dict(parse_qsl(urlsplit(newer).query)).items()


@pytest.mark.usefixtures("some")
def test_submitted_form_becomes_a_short_link(client: FlaskClient) -> None:
    """What is empty or a default stays out of the URL."""
    sent = {
        "was": "",
        "q": " level:info ",
        "from": "",
        "to": "",
        "clock": "event",
        "sort": "desc",
        "limit": "100",
        "go": "1",
    }

    assert location(client, **sent) == {"q": "level:info"}


@pytest.mark.parametrize(
    ("rows", "match", "found"),
    [
        ([("level", "equals", "info")], "all", [4, 0]),
        ([("level", "equals", "info"), ("resourceId", "not_equals", "server-1")], "all", [4, 0]),
        ([("level", "equals", "error"), ("message", "contains", "BER 3")], "any", [3, 1]),
        ([("message", "regex", "number [12]$")], "all", [2, 1]),
        ([("metadata.n", "range", "1 .. 2")], "all", [2, 1]),
        ([("metadata.n", "range", "3 ..")], "all", [4, 3]),
        ([("level", "in", "warn, debug")], "all", [3, 2]),
        ([("level", "not_in", "warn, debug")], "all", [4, 1, 0]),
        ([("level", "range", "warn ..")], "all", [2, 1]),
        ([("spanId", "exists", "")], "all", []),
        ([("spanId", "not_exists", "")], "all", [4, 3, 2, 1, 0]),
        ([("resourceId", "prefix", "server-"), ("", "equals", "")], "all", [4, 3, 2, 1, 0]),
    ],
)
@pytest.mark.usefixtures("some")
def test_rows_become_text_and_text_rows(
    client: FlaskClient, rows: list[tuple[str, str, str]], match: str, found: list[int]
) -> None:
    """Rows and text are two views of one filter: rows sent come back as rows of the text they became."""
    # When
    state = location(
        client,
        was="",
        q="",
        match=match,
        k=[r[0] for r in rows],
        o=[r[1] for r in rows],
        v=[r[2] for r in rows],
        go="1",
    )
    page = get(client, "/", **state)
    # Then
    assert state.keys() == {"q"}
    assert page.messages() == [f"message number {n}" for n in found]
    shown = zip(page.find("input", name="k"), page.find("input", name="v"), strict=True)
    operations = [
        o["value"]
        for o in page.find("option")
        if o.inside[-1].attributes.get("name") == "o" and "selected" in o.attributes
    ]
    kept = [row for row in rows if row[0]]
    assert [(k["value"], o, v["value"]) for (k, v), o in zip(shown, operations, strict=True)] == kept
    if len(kept) > 1:
        assert [one["value"] for one in page.find("input", name="match") if "checked" in one.attributes] == [match]


ROW = {"k": "level", "o": "equals", "v": "info"}


@pytest.mark.parametrize(
    ("sent", "q"),
    [
        pytest.param({"was": "level:info", "q": "level:warn", "go": "1", **ROW}, "level:warn", id="text-edited"),
        pytest.param({"was": "level:info", "q": "level:info", "go": "1", **ROW}, "level:info", id="nothing-edited"),
        pytest.param({"was": "level:info", "q": "level:info", "remove": "0", **ROW}, None, id="row-removed"),
        pytest.param(
            {"was": "level:info", "q": "level:info", "remove": "9" * 5_000, **ROW}, "level:info", id="no-row-removed"
        ),
        pytest.param(
            {"was": "level:info", "q": "level:warn", "use": "rows", **ROW, "v": "error"},
            "level:error",
            id="rows-applied",
        ),
    ],
)
@pytest.mark.usefixtures("some")
def test_edited_side_holds(client: FlaskClient, sent: dict[str, str], q: str | None) -> None:
    """Whichever of text and rows was edited is the query; a button of the rows decides for them."""
    assert location(client, **sent).get("q") == q


@pytest.mark.usefixtures("some")
def test_row_narrows_a_query_that_no_rows_can_show(client: FlaskClient) -> None:
    """Adding a row to a nested query keeps the nested part."""
    nested = "(level:info AND resourceId:server-0) OR (level:warn AND resourceId:server-0)"
    page = get(client, "/", q=nested)
    assert len(page.messages()) == 3
    assert page.one("input", name="k")["value"] == ""

    state = location(client, was=nested, q=nested, k="metadata.n", o="range", v="1 .. 3", go="1")

    assert get(client, "/", **state).messages() == ["message number 2"]


@pytest.mark.usefixtures("some")
def test_added_row_is_empty_and_keeps_the_others(client: FlaskClient) -> None:
    """The add button gives one more row, and applies those that are complete."""
    page = get(client, "/", was="", q="", k="level", o="equals", v="warn", add="1")

    assert [one["value"] for one in page.find("input", name="k")] == ["level", ""]
    assert page.messages() == ["message number 2"]


@pytest.mark.usefixtures("some")
def test_bad_row_is_an_error_that_keeps_the_rows(client: FlaskClient) -> None:
    """A row that can't be a filter is named; nothing typed is lost."""
    page = get(client, "/", 400, was="", q="", k=["", "message"], o=["equals", "regex"], v=["", "("], go="1")

    assert page.one("strong").text == "Filter 1"
    assert [one["value"] for one in page.find("input", name="k")] == ["message", ""]
    assert [one["value"] for one in page.find("input", name="v")] == ["(", ""]


@pytest.mark.parametrize(
    ("sent", "found"),
    [
        ({"keep": "level=ERROR"}, [1]),
        ({"exclude": "level=info"}, [3, 2, 1]),
        ({"keep": "metadata.n=3"}, [3]),
        ({"q": "level:info", "keep": "resourceId=server-0", "exclude": "metadata.n=0"}, [4]),
        ({"q": "level:info OR level:warn", "exclude": "metadata%2En=0"}, [4, 2]),
    ],
)
@pytest.mark.usefixtures("some")
def test_click_on_a_value_narrows_the_query(client: FlaskClient, sent: dict[str, str], found: list[int]) -> None:
    """Keep and exclude join the query as it is, and the place in the old results is left."""
    state = location(client, **sent, cursor="AAAA", limit="50")

    assert state.keys() == {"q", "limit"}
    assert get(client, "/", **state).messages() == [f"message number {n}" for n in found]


def test_every_button_for_a_value_finds_its_log(client: FlaskClient, make_record: MakeRecord, fill: Fill) -> None:
    """Whatever a value holds, keeping it finds the log it was clicked in, and excluding it does not."""
    odd = 'a:b=c "d" \\e (f) *? [g] /h/ AND %41 + ü\u202e'
    record = make_record(
        level="Odd Level",
        resource_id=odd,
        trace_id="TO",
        span_id="*",
        commit="",
        metadata={"x:y": odd, "a b": "", "n": -1.5},
    )
    fill([record])
    page = get(client, f"/log/{id_text(record.id)}")
    buttons = [one for one in page.find("button", form="state") if one["name"] in ("keep", "exclude")]
    assert len(buttons) >= 18

    for button in buttons:
        found = get(client, "/", **{button["name"]: button["value"]}).messages()
        assert found == ([record.message] if button["name"] == "keep" else []), button


@pytest.mark.usefixtures("some")
def test_a_value_that_is_pressed_twice_is_asked_for_once(client: FlaskClient) -> None:
    """Keeping what is kept, and excluding what is excluded, changes nothing."""
    for q, action in (("level:info", "keep"), ("NOT level:info", "exclude"), ("number AND level:info", "keep")):
        assert location(client, q=q, **{action: "level=info"}) == {"q": q}
