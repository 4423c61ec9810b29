"""The search page and the page of one log."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from flask.testing import FlaskClient

from app.backends import Backends
from app.core import instant
from app.core.ports import Envelope
from app.core.record import SEVERITY_NAMES, LogRecord, id_text
from app.web import display

STATIC = Path(display.__file__).parent / "static"
VOID = {"col", "meta", "link", "input", "img", "br", "option", "path"}

MakeRecord = Callable[..., LogRecord]
Fill = Callable[[Iterable[LogRecord]], Any]


@dataclass
class Element:
    """One element of a page, with the text inside it."""

    tag: str
    attributes: dict[str, str]
    text: str = ""
    #: The elements that hold it, outermost first.
    inside: list[Element] = field(default_factory=list)

    def __getitem__(self, name: str) -> str:
        return self.attributes[name]


class Html(HTMLParser):
    """The elements of a page in their order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.all: list[Element] = []
        self._open: list[Element] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs}, inside=list(self._open))
        self.all.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_endtag(self, tag: str) -> None:
        while tag not in VOID and self._open and self._open.pop().tag != tag:
            pass

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.text += data

    def find(self, tag: str, **attributes: str) -> list[Element]:
        """Return the elements with this tag and these attributes (`class_` for class)."""
        wanted = {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()}
        return [one for one in self.all if one.tag == tag and wanted.items() <= one.attributes.items()]

    def one(self, tag: str, **attributes: str) -> Element:
        """Return the only such element."""
        (found,) = self.find(tag, **attributes)
        return found

    def messages(self) -> list[str]:
        """Return the messages in the table, from top to bottom."""
        return [one.text for one in self.find("bdi") if one.inside[-1].tag == "div"]

    def link(self, text: str) -> str | None:
        """Return where the first link with this text leads."""
        return next((one["href"] for one in self.find("a") if one.text.strip() == text), None)


def get(client: FlaskClient, url: str, status: int = 200, /, **params: Any) -> Html:
    """Return the page at *url*, redirects followed."""
    answer = client.get(url, query_string=params or None, follow_redirects=True)
    assert answer.status_code == status, answer.text
    assert answer.mimetype == "text/html"
    return Html(answer.text)


def location(client: FlaskClient, **params: Any) -> dict[str, str]:
    """Return the parameters of the state that the page redirects to."""
    answer = client.get("/", query_string=params)
    assert answer.status_code == 303, answer.text
    return dict(parse_qsl(urlsplit(answer.location).query))


@pytest.fixture
def some(make_record: MakeRecord, fill: Fill) -> list[LogRecord]:
    """Five logs, a second apart, oldest first."""
    levels = ("info", "ERROR", "warn", "debug", "info")
    records = [
        make_record(
            level=level,
            message=f"message number {n}",
            resource_id=f"server-{n % 2}",
            trace_id="t-1",
            t=1_700_000_000_000 + n * 1000,
            metadata={"n": n, "dataset": "demo"},
        )
        for n, level in enumerate(levels)
    ]
    fill(records)
    return records


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
    assert page.one("caption").text
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
    ("instant", "shown"),
    [
        ((0, 0), "1970-01-01 00:00:00.000"),
        ((1_700_000_000_120, 0), "2023-11-14 22:13:20.120"),
        ((1_700_000_000_120, 5_000), "2023-11-14 22:13:20.120005"),
        ((1_700_000_000_120, 1), "2023-11-14 22:13:20.120000001"),
        ((-62_135_596_800_000, 0), "0001-01-01 00:00:00.000"),
    ],
)
def test_times_have_one_form(instant: tuple[int, int], shown: str) -> None:
    """Milliseconds always, more where the log has more."""
    assert display.when(instant) == shown


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
    ("name", "value"), [("from", "yesterday"), ("to", "2023-13-01"), ("limit", "10001"), ("cursor", "x"), ("back", "x")]
)
@pytest.mark.usefixtures("some")
def test_error_in_parameter_names_it(client: FlaskClient, name: str, value: str) -> None:
    """A parameter that can't be read is an error, never left out of the search."""
    page = get(client, "/", 400, **{name: value})

    assert page.one("div", role="alert").text.strip()
    assert not page.messages()


def test_unknown_parameter_is_refused(client: FlaskClient) -> None:
    """A mistyped name must not widen the search unseen."""
    page = get(client, "/", 400, form="now-15m")

    assert "form" in page.one("div", role="alert").text


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
    assert page.link(display.when((held.t, 0))) == f"/log/{id_text(held.id)}"
    assert page.link("The same over the last hour") is None
    near, all_time = page.link("The same over the last 6 hours"), page.link("The same over all time")
    assert near is not None
    assert get(client, near).messages() == ["needle"]
    assert all_time is not None
    assert get(client, all_time).messages() == ["needle", "older needle"]


@pytest.mark.usefixtures("some")
def test_part_of_a_word_is_offered_as_such(client: FlaskClient) -> None:
    """A word finds whole words only; who typed a part of one is a click away from what was meant."""
    page = get(client, "/", q="level:warn essag umber")

    url = page.link("The words anywhere")
    assert url is not None
    assert get(client, url).messages() == ["message number 2"]
    assert get(client, "/", q='level:fatal "essag"').link("The words anywhere") is None


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
    assert state.items() <= {(one["name"], one["value"]) for one in typed} | set(chosen)
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
    page = get(client, "/", 400, was="", q="", k="message", o="regex", v="(", go="1")

    assert page.one("div", role="alert").text.strip()
    assert page.one("input", name="k")["value"] == "message"
    assert page.one("input", name="v")["value"] == "("


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


HOSTILE = [
    "<script>alert(1)</script><img src=x onerror=alert(2)>",
    "\"' onmouseover='alert(3)' autofocus=\"",
    "</pre></td></table><h1>{{ 7 * 7 }}</h1>",
    "\x1b[31mred\x1b[0m \x07 \x9b31m \x7f",
    "user \u202egnp.exe\u202c \u2066x\u2069 \u200f\u200e\u061c",
    "zero\u200bwidth \ufeff \u2028 \U000e0041",
    "carriage\rreturn",
]
#: What may act on a terminal, an editor or the order of the text around it.
ACTING = re.compile(
    "[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\U000e0000-\U000e007f]"
)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_log_is_only_shown(client: FlaskClient, make_record: MakeRecord, fill: Fill, text: str) -> None:
    """Nothing in a log runs, breaks out of its place or reorders the text around it, wherever it is shown."""
    # Given
    record = make_record(
        level=text, message=text, resource_id=text, trace_id=text, commit=text, metadata={text: {text: [text, 1]}}
    )
    fill([record])
    urls = [
        "/",
        f"/?open={id_text(record.id)}",
        f"/log/{id_text(record.id)}",
        f"/log/{id_text(record.id)}?beside=trace",
    ]
    for url in urls:
        # When
        answer = client.get(url)
        # Then
        page = Html(answer.text)
        assert answer.status_code == 200
        assert all(set(one.attributes) <= {"type", "src"} for one in page.find("script"))
        assert not [one for one in page.find("img") if one.attributes.get("alt") != ""]
        assert not [name for one in page.all for name in one.attributes if name.startswith("on") or name == "style"]
        assert len(page.find("h1")) == 1
        outside_values = re.sub(r'value="[^"]*"', "", answer.text)
        assert not ACTING.search(outside_values), ACTING.search(outside_values)


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.usefixtures("some")
def test_hostile_link_is_only_shown(client: FlaskClient, text: str) -> None:
    """A URL made by somebody else can't run or inject anything either."""
    for name in ("q", "from", "cursor", "nonsense", "k", text):
        answer = client.get("/", query_string={name: text, "limit": "5"}, follow_redirects=True)

        page = Html(answer.text)
        assert answer.status_code in (200, 400)
        assert all(set(one.attributes) <= {"type", "src"} for one in page.find("script"))
        assert not [one for one in page.find("img") if one.attributes.get("alt") != ""]
        assert not [name for one in page.all for name in one.attributes if name.startswith("on") or name == "style"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain & <b>", "plain &amp; &lt;b&gt;"),
        ("tab\tand\nline", "tab\tand\nline"),
        ("\x1b[0m", '<span class="ctl">\\x1b</span>[0m'),
        ("\0\x07", '<span class="ctl">\\x00\\x07</span>'),
        ("a\u202eb", 'a<span class="ctl">\\u202e</span>b'),
        ("\U000e0041", '<span class="ctl">\\U000e0041</span>'),
        ("שלום 日本 🙂", "שלום 日本 🙂"),
    ],
)
def test_what_would_act_is_shown_as_a_code(text: str, shown: str) -> None:
    """Control characters and marks of direction are visible; writing in any script is untouched."""
    assert display.visible(text) == shown


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


def test_long_message_is_cut_in_the_table_and_whole_on_its_page(
    client: FlaskClient, make_record: MakeRecord, fill: Fill
) -> None:
    """A message of a million characters doesn't make the table heavy, and can be read whole."""
    record = make_record(message="long " * 20_000)
    fill([record])

    page = get(client, "/")

    assert len(page.messages()[0]) == display.MESSAGE_SHOWN + 1
    url = page.link("100,000 characters: show all")
    assert url == f"/log/{id_text(record.id)}"
    assert len(client.get("/").data) < 20_000
    assert get(client, url).one("pre", class_="message").text == record.message


def test_empty_values_are_seen_and_can_be_pressed(client: FlaskClient, make_record: MakeRecord, fill: Fill) -> None:
    """An empty text is a value: it is shown as such, and its buttons have names."""
    fill([make_record(level="", message="", resource_id="", metadata={"a": ""})])

    page = get(client, "/")
    row = page.one("tr", class_="sx")
    assert [one.text for one in page.find("bdi") if row in one.inside] == ["empty", "empty", "empty"]
    assert get(client, "/", exclude="level=").messages() == []
    assert get(client, "/", keep="level=").messages() == ["empty"]


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


@pytest.mark.parametrize("url", ["/", "/?q=(", "/static/style.css", "/nowhere", "/logs/nowhere"])
def test_every_answer_forbids_foreign_and_inline_code(client: FlaskClient, url: str) -> None:
    """The browser is told to run only our own files and to guess at nothing."""
    headers = client.get(url, buffered=True).headers

    assert "default-src 'self'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("url", ["/", "/?open={id}", "/log/{id}", "/nowhere"])
def test_pages_need_nothing_from_elsewhere(client: FlaskClient, some: list[LogRecord], url: str) -> None:
    """No page loads anything from another server, and none holds inline style or script, which CSP would stop."""
    text = client.get(url.format(id=id_text(some[0].id)), headers={"Accept": "text/html"}).text
    page = Html(text)

    loaded = [
        one.attributes.get("src") or one.attributes.get("href", "")
        for one in page.all
        if one.tag in ("script", "link", "img")
    ]
    assert loaded
    assert all(one.startswith("/static/") for one in loaded)
    assert all(client.get(one, buffered=True).status_code == 200 for one in loaded)
    assert not page.find("style")
    assert not [one for one in page.all if "style" in one.attributes]


def test_pages_stay_small(client: FlaskClient, make_record: MakeRecord, fill: Fill) -> None:
    """A hundred ordinary logs and the style sheet load at once on a slow line."""
    fill(
        [make_record(message=f"request {n} took 12 ms " * 8, resource_id="org.example.web.Server") for n in range(100)]
    )

    text = client.get("/").text

    assert len(Html(text).messages()) == 100
    assert len(text.encode()) < 150 << 10
    assert (STATIC / "style.css").stat().st_size < 30 << 10
    assert (STATIC / "page.js").stat().st_size < 5 << 10


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_colours_can_be_read(theme: str) -> None:
    """Every colour of text has a contrast of 4.5 to 1 or more on every ground (WCAG 2.2, 1.4.3)."""
    blocks = re.findall(r":root \{(.*?)\}", (STATIC / "style.css").read_text(), re.DOTALL)
    light, dark = (dict(re.findall(r"--([\w-]+): (#\w{6});", block)) for block in blocks)
    colours = light if theme == "light" else dark
    assert light.keys() == dark.keys()

    texts = ("text", "quiet", "accent", "key", "sx", *(f"s{rank}" for rank in range(len(SEVERITY_NAMES))))
    pairs = [(text, ground) for text in texts for ground in ("back", "panel", "hover")]
    for text, ground in [*pairs, ("on-accent", "accent"), ("back", "s6"), ("text", "mark")]:
        bright, dim = sorted((_luminance(colours[text]), _luminance(colours[ground])), reverse=True)
        assert (bright + 0.05) / (dim + 0.05) >= 4.5, (text, ground)
