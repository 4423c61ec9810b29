"""The page of a trace: what it shows of a log, of ten thousand, of none, and where it leads."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import parse_qsl, urlsplit

import pytest
from flask.testing import FlaskClient

from app.backends import Backends
from app.find import trace as pipeline
from app.log.envelope import Envelope
from app.log.record import LogRecord, id_text
from app.times import instant
from app.web.logs import trace
from tests.conftest import Fill, MakeRecord
from tests.web import asking
from tests.web.reading import Element, Html, get
from tests.web.search.test_look import ACTING, HOSTILE

T = 1_700_000_000_000
Make = Callable[..., LogRecord]


@pytest.fixture
def step(make_record: MakeRecord) -> Make:
    """Return a function that makes a log of the trace `t`, so many ms after its start."""

    def make(at: float, span: str | None = None, parent: str | None = None, **fields: object) -> LogRecord:
        metadata = {"parentSpanId": parent} if parent else None
        t, ns = divmod(round(at * 10**6), 10**6)
        return make_record(**{"trace_id": "t", "span_id": span, "metadata": metadata, "t": T + t, "ns": ns, **fields})

    return make


@pytest.fixture
def checkout(step: Make, fill: Fill) -> list[LogRecord]:
    """A trace of three nested spans and a log without one, with an error, over two seconds; and another trace."""
    records = [
        step(0, "a", resource_id="gateway", message="begins"),
        step(100, "b", "a", resource_id="cart", level="debug"),
        step(120, "c", "b", resource_id="db"),
        step(300, "b", "a", resource_id="cart", level="warn"),
        step(1_900, None, resource_id="worker"),
        step(2_000, "a", resource_id="gateway", level="ERROR", message="failed"),
    ]
    fill([*records, step(50, "a", trace_id="other")])
    return records


def lanes(page: Html) -> list[list[str]]:
    """Return the texts of the lanes' cells, the line of all logs first, without the picture."""
    found: list[list[str]] = []
    for one in page.all:
        inside = any(outer.attributes.get("class") == "lanes" for outer in one.inside)
        if inside and one.tag in ("th", "td") and one.attributes.get("role") != "columnheader":
            if one.tag == "th":
                found.append([])
            if one.attributes.get("class") != "over":
                found[-1].append(" ".join(one.text.split()))
    return found


def steps(page: Html) -> list[list[str]]:
    """Return the texts of the list's cells."""
    rows: dict[int, list[str]] = {}
    for one in page.find("td", role="cell"):
        if any(outer.attributes.get("class") == "steps" for outer in one.inside):
            rows.setdefault(id(one.inside[-1]), []).append(one.text)
    return list(rows.values())


def marks(page: Html) -> list[Element]:
    """Return the marks in all lanes."""
    return [one for one in page.find("rect") if re.fullmatch("s[0-6x]", one.attributes.get("class", ""))]


@pytest.mark.usefixtures("checkout")
def test_lanes_and_list_say_the_same(client: FlaskClient) -> None:
    """Each span has a lane with resource, logs, errors, beginning and length; each log a line with its distance."""
    page = get(client, "/trace/t")

    assert "6 logs in 4 lanes, 2 s, from 2023-11-14 22:13:20.000" in " ".join(
        page.find("p", class_="sentence")[0].text.split()
    )
    assert lanes(page) == [
        ["All", "", "6 1 error", "+0.000 s", "2 s"],
        ["a", "gateway", "2 1 error", "+0.000 s", "2 s"],
        ["b part of a", "cart", "2", "+0.100 s", "200 ms"],
        ["c part of b", "db", "1", "+0.120 s", ""],
        ["no span", "worker", "1", "+1.900 s", ""],
    ]
    assert [row[:4] for row in steps(page)] == [
        ["+0.000 s", "", "info", "a"],
        ["+0.100 s", "+100 ms", "debug", "b"],
        ["+0.120 s", "+20 ms", "info", "c"],
        ["+0.300 s", "+180 ms", "warn", "b"],
        ["+1.900 s", "+1.6 s", "info", ""],
        ["+2.000 s", "+100 ms", "ERROR", "a"],
    ]
    # Each log is marked in its lane and in that of all.
    assert len(marks(page)) == 12
    assert "Longest without a log: 1.6 s at +0.300 s." in page.one("section", id="lanes").text


def test_every_log_leads_to_its_trace(client: FlaskClient, checkout: list[LogRecord]) -> None:
    """A log's fields link to the trace; the trace links to the log, to the search for it and to the JSON."""
    log = get(client, f"/log/{id_text(checkout[0].id)}")
    url = log.link("Its trace")
    assert url == "/trace/t"
    page = get(client, url)

    assert page.link("+0.000 s") == f"/log/{id_text(checkout[0].id)}"
    assert len(get(client, str(page.link("Search its logs"))).messages()) == 6
    assert asking.get(client, str(page.link("JSON")))["total"] == 6


def test_clock_and_zone_are_kept_on_the_way(client: FlaskClient, checkout: list[LogRecord]) -> None:
    """From a log to its trace, and from there to its logs and to the search for them."""
    look = {"tz": "Asia/Kolkata", "clock": "received"}
    url = get(client, f"/log/{id_text(checkout[0].id)}", **look, q="x").link("Its trace")
    assert url == "/trace/t?tz=Asia%2FKolkata&clock=received"
    page = get(client, url)
    search = urlsplit(str(page.link("Search its logs"))).query
    assert dict(parse_qsl(search)) == {"q": "traceId:t", **look}
    links = {one["href"] for one in page.find("a") if one["href"].startswith("/log/")}
    assert len(links) == 6 and all(link.endswith("?tz=Asia%2FKolkata&clock=received") for link in links)


def test_a_span_may_be_called_anything(client: FlaskClient, step: Make, fill: Fill) -> None:
    """Also by a word that is the usual value of another parameter."""
    fill([step(0, "event"), step(1, "other")])
    page = get(client, "/trace/t?span=event&clock=event")
    assert "1 log" in page.one("h2", id="logs-title").text
    assert "clock" not in str(page.link("other"))


@pytest.mark.usefixtures("checkout")
@pytest.mark.parametrize(
    ("link", "shown"),
    [("b", ["+0.100 s", "+0.300 s"]), ("no span", ["+1.900 s"]), ("error 1", ["+2.000 s"]), ("debug 1", ["+0.100 s"])],
)
def test_spans_and_levels_filter_the_list(client: FlaskClient, link: str, shown: list[str]) -> None:
    """A lane's name and a level's are links that narrow the list; the picture of all logs stays, and there is a way back."""
    page = get(client, "/trace/t")
    narrowed = get(client, str(next(one["href"] for one in page.find("a") if " ".join(one.text.split()) == link)))

    assert [row[0] for row in steps(narrowed)] == shown
    assert lanes(narrowed)[0][2] == "6 1 error"
    assert len(steps(get(client, str(narrowed.link("All logs of the trace"))))) == 6


@pytest.mark.usefixtures("checkout")
def test_a_level_leaves_the_lanes_that_have_it(client: FlaskClient) -> None:
    """Where errors are asked for, lanes without one don't hide those with."""
    assert [row[0] for row in lanes(get(client, "/trace/t?level=error&lane=3"))] == ["All", "a"]
    assert [row[0] for row in lanes(get(client, "/trace/t?level=trace"))] == ["All"]


def test_one_log_is_a_trace(client: FlaskClient, step: Make, fill: Fill) -> None:
    """A single moment has no length, and no fault."""
    fill([step(0, "a")])
    page = get(client, "/trace/t")

    assert lanes(page) == [["All", "", "1", "+0.000 ms", ""], ["a", "", "1", "+0.000 ms", ""]]
    assert "1 log in 1 lane, at one moment" in " ".join(page.all[0].text.split())


def test_nanoseconds_are_told_apart(client: FlaskClient, step: Make, fill: Fill) -> None:
    """A trace of microseconds has distances of nanoseconds."""
    fill([step(0, "a"), step(0.0015, "a")])
    assert [row[:2] for row in steps(get(client, "/trace/t"))] == [
        ["+0.000 \u00b5s", ""],
        ["+1.500 \u00b5s", "+1.5 \u00b5s"],
    ]


@pytest.mark.usefixtures("checkout")
def test_time_is_of_the_zone(client: FlaskClient) -> None:
    """The beginning is said in the zone that is asked for; links keep it, and one that does not exist is a fault."""
    page = get(client, "/trace/t?tz=Asia/Kolkata")

    assert "2023-11-15 03:43:20.000" in page.find("p", class_="sentence")[0].text
    assert "tz=Asia" in next(one["href"] for one in page.find("a") if one.text == "b")
    assert asking.problems(client, "/trace/t?tz=Nowhere")[0]["field"] == "tz"


def test_unknown_trace(client: FlaskClient) -> None:
    """A trace without logs is a 404 that says what may be the reason."""
    assert (
        "None has arrived, or all have expired"
        in get(client, "/trace/nothing", 404).one("section", class_="empty").text
    )


def test_waiting_logs_are_said(client: FlaskClient, backends: Backends, step: Make) -> None:
    """Accepted logs that no search finds yet may belong to the trace."""
    backends.queue.put([Envelope([step(0, "a")])])
    assert (
        "1 accepted log is not searchable yet. Some of them may belong"
        in get(client, "/trace/t", 404).one("p", class_="notice").text
    )


def test_long_trace_is_cut_and_says_so(
    client: FlaskClient, step: Make, fill: Fill, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond so many logs, lanes and lines the page says what it shows, and links lead to all the rest, once each."""
    monkeypatch.setattr(pipeline, "LOGS", 50)
    monkeypatch.setattr(trace, "LISTED", 20)
    monkeypatch.setattr(trace, "LANES", 7)
    records = [step(n, f"s{n % 10}", message=f"step {n}") for n in range(120)]
    fill(records)
    seen, spans, url = list[str](), set[str](), "/trace/t"
    while url:
        page = get(client, url)
        assert "120 logs" in " ".join(page.all[0].text.split())
        notice = page.one("p", class_="notice")
        following = page.link("The logs after these")
        part = url
        while part:
            page = get(client, part)
            seen += [row[-1] for row in steps(page)]
            part = next((one["href"] for one in page.find("a", rel="next") if one["href"].endswith("#logs")), "")
        page = get(client, url)
        while page:
            spans |= {row[0] for row in lanes(page)[1:]}
            more = next((one["href"] for one in page.find("a", rel="next") if one["href"].endswith("#lanes")), "")
            assert len(lanes(page)) <= 8
            page = get(client, more) if more else None  # type: ignore[assignment]
        assert "A part of the trace: its" in notice.text or "another 50 logs" in notice.text
        url = following or ""

    assert seen == [record.message for record in records]
    assert spans == {f"s{n}" for n in range(10)}


def test_ten_thousand_logs_are_one_page(client: FlaskClient, step: Make, fill: Fill) -> None:
    """A long trace of many spans stays a page that a browser shows at once."""
    fill(
        [
            step(n * 3, f"span-{n % 700:016}", f"span-{n % 70:016}", level="error" if n % 50 == 0 else "info")
            for n in range(10_000)
        ]
    )

    answer = client.get("/trace/t")

    assert answer.status_code == 200
    assert "10,000 logs in 700 lanes" in " ".join(answer.text.split())
    assert len(answer.data) < 250_000


def test_clock_that_is_ahead_is_said(client: FlaskClient, step: Make, fill: Fill) -> None:
    """A log of a time after its arrival shows whose clock is wrong; by arrival time the order is right."""
    late = instant.now_ms() - T
    fill(
        [step(late, "a", resource_id="right"), step(late + 60_000, "b", "a", resource_id="wrong"), step(late + 1, "a")]
    )
    page = get(client, "/trace/t")

    assert re.search("The clock of wrong is at least (59|60|1 min).* ahead", page.one("p", class_="notice").text)
    ordered = get(client, str(page.link("By arrival time")))
    assert [row[3] for row in steps(ordered)] == ["a", "b", "a"]
    assert [row[3] for row in steps(page)] == ["a", "a", "b"]


def test_part_before_its_parent_is_said(client: FlaskClient, step: Make, fill: Fill) -> None:
    """A span that begins before the one it is a part of is named."""
    fill([step(0, "b", "a"), step(10, "a")])
    page = get(client, "/trace/t")

    assert "1 span below begins before the one that it is a part of" in page.one("p", class_="notice").text
    assert [row[0] for row in lanes(page)[1:]] == ["a", "b part of abegins before its parent"]


def test_record_answers_without_index(apart: FlaskClient) -> None:
    """While the index is away the trace comes from the record, which is said."""
    page = get(apart, "/trace/t-1")

    assert len(steps(page)) == 30
    assert "these logs come from the record" in page.one("p", class_="notice").text


@pytest.mark.usefixtures("checkout")
def test_no_time_is_said(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without time for a single log the answer is a 503."""
    monkeypatch.setattr("app.web.current.QUERY_SECONDS", -1.0)
    assert "Reading the trace took too long" in get(client, "/trace/t", 503).one("section", role="alert").text


@pytest.mark.parametrize(
    ("query", "field"),
    [("level=odd", "level"), ("log=x", "log"), ("lane=-1", "lane"), ("clock=odd", "clock"), ("after=odd", "cursor"),
     ("q=x", "q")],
)  # fmt: skip
def test_faults_are_named(client: FlaskClient, query: str, field: str) -> None:
    """What can't be understood is a 400 that names the parameter."""
    assert asking.problems(client, f"/trace/t?{query}")[0]["field"] == field


@pytest.mark.parametrize(
    "text", [*HOSTILE, "/slash/", "..", ".", "a//b", "a\nb", "a\n", "", "?x=1&y#z", "50 %", "\u65e5\u672c"]
)
def test_odd_ids_are_only_shown_and_found(client: FlaskClient, make_record: MakeRecord, fill: Fill, text: str) -> None:
    """Ids, resources, levels and messages can't run, break out or reorder anything; every id has an address."""
    fill(
        [
            make_record(
                trace_id=text,
                span_id=text,
                resource_id=text,
                level=text,
                message=text,
                metadata={"parentSpanId": f"{text}p"},
            )
        ]
    )
    with client.application.test_request_context():
        url = trace.address(text)

    answer = client.get(url)
    page = Html(answer.text)

    assert answer.status_code == 200, url
    assert len(steps(page)) == 1
    assert not page.find("script") or all(set(one.attributes) <= {"type", "src"} for one in page.find("script"))
    assert not [name for one in page.all for name in one.attributes if name.startswith("on") or name == "style"]
    assert not ACTING.search(re.sub(r'href="[^"]*"', "", answer.text))
    if text:
        span = next(one["href"] for one in page.find("a") if "span=" in one["href"])
        assert len(steps(get(client, span))) == 1
