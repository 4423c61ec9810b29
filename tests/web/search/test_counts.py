"""The counts beside the logs: chart, fields and values; each leads to what it counted, and none takes away the rows."""

from __future__ import annotations

import re
from collections import Counter
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from flask.testing import FlaskClient

from app.log.fold import clean
from app.log.record import LogRecord
from app.web.search import chart, counts
from tests.conftest import Fill, MakeRecord
from tests.web.reading import Element, Html, get
from tests.web.search.test_look import ACTING, HOSTILE

MINUTE = 60_000


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let counts take their time: what is tested is what they say, be the machine ever so busy."""
    monkeypatch.setattr(counts, "COUNT_SECONDS", 60.0)
    monkeypatch.setattr(counts, "QUICK_SECONDS", 60.0)


def bars(page: Html) -> list[Element]:
    """Return the links of the chart, oldest first."""
    return [one for one in page.find("a") if any(outer.attributes.get("class") == "bars" for outer in one.inside)]


def counted(title: str) -> int:
    """Return the number of logs that a bar's title names."""
    found = re.search(r": ([\d,]+) logs? \(", title)
    assert found, title
    return int(found[1].replace(",", ""))


def part(page: Html) -> str:
    """Return where the counts of a page are fetched from."""
    return page.one("section", id="chart")["data-part"]


@pytest.mark.parametrize(("clock", "least"), [("event", 20), ("received", 1)])
def test_every_bar_leads_to_the_logs_that_it_counts(
    client: FlaskClient, minutes: list[LogRecord], clock: str, least: int
) -> None:
    """A bar is a link to the search in its time alone, by the same clock, and all bars together are all logs."""
    page = get(client, "/", clock=clock, limit="250")

    links = bars(page)
    assert len(links) >= least
    assert sum(counted(bar.text) for bar in links) == len(minutes)
    for bar in links[:3] + links[-3:]:
        zoomed = get(client, bar["href"])
        assert len(zoomed.messages()) == counted(bar.text)
        assert sum(counted(inner.text) for inner in bars(zoomed) or bars(get(client, part(zoomed)))) == counted(
            bar.text
        )


def test_one_is_no_plural(client: FlaskClient, make_record: MakeRecord, fill: Fill) -> None:
    """A chart of one log has one bar, and says so."""
    fill([make_record()])
    bar = get(client, "/", counts="1").one("svg", class_="bars")
    assert bar["aria-label"] == "1 bar"


def test_bar_holds_the_last_nanosecond(client: FlaskClient, make_record: MakeRecord, fill: Fill) -> None:
    """What a bucket counts up to its end is found by its link."""
    fill([make_record(t=t, ns=999_999) for t in (1_700_000_000_000 + n * MINUTE - 1 for n in range(1, 61))])

    for bar in bars(get(client, "/"))[:5]:
        assert len(get(client, bar["href"]).messages()) == counted(bar.text)


def test_chart_of_all_the_time_there_is(client: FlaskClient, make_record: MakeRecord, fill: Fill) -> None:
    """Clocks that are off by thousands of years make a coarse chart, and no error."""
    fill([make_record(timestamp=at) for at in ("0001-01-01T00:00:00Z", "2023-09-15T08:00:00Z", "9999-12-31T23:59:59Z")])

    links = bars(get(client, "/"))

    assert [len(get(client, bar["href"]).messages()) for bar in links] == [counted(bar.text) for bar in links]
    assert sum(counted(bar.text) for bar in links) == 3


def test_table_says_what_the_bars_show(client: FlaskClient, minutes: list[LogRecord]) -> None:
    """Who can't see bars reads the same numbers, by level, with their sum."""
    page = get(client, "/")

    cells = [one for one in page.find("td") if page.one("section", id="chart") in one.inside]
    rows: dict[int, list[str]] = {}
    for cell in cells:
        row = next(outer for outer in reversed(cell.inside) if outer.tag == "tr")
        rows.setdefault(id(row), []).append(cell.text)
    *each, total = [[int(text) for text in row] for row in rows.values()]
    assert [row[0] for row in each] == [counted(bar.text) for bar in bars(page)]
    assert total == [sum(column) for column in zip(*each, strict=True)]
    levels = Counter(record.level for record in minutes)
    assert total == [len(minutes), levels["error"], levels["info"]]


def test_open_range_is_that_of_the_logs(client: FlaskClient, minutes: list[LogRecord]) -> None:
    """The axis runs from the first to the last log, not to now."""
    page = get(client, "/")

    assert "2023-09-15 08:00 to 10:00" in page.one("output").text


def test_filtered_counts_follow_the_rows(client: FlaskClient, minutes: list[LogRecord]) -> None:
    """With a filter the page has its rows at once; the counts are a part of their own, and a link without JavaScript."""
    page = get(client, "/", q="level:error")
    assert len(page.messages()) == 40
    assert not bars(page)

    followed = get(client, part(page))
    url = page.link("Count over time and by field")
    assert url is not None
    linked = get(client, url)

    for found in (followed, linked):
        assert sum(counted(bar.text) for bar in bars(found)) == 40
        assert all("q=level" in bar["href"] for bar in bars(found))
        named = [one.text for one in found.find("bdi") if one.inside[-1].tag == "summary"]
        assert named.count("resourceId") == 1
    assert len(linked.messages()) == 40
    assert dict(parse_qsl(urlsplit(url).query))["counts"] == "1"


def test_long_query_has_few_bars(
    client: FlaskClient, minutes: list[LogRecord], make_record: MakeRecord, fill: Fill
) -> None:
    """Each bar holds the whole state, so that a long query must not make the page heavy."""
    q = f'level:error OR (step AND ("{"a" * 900}" OR "{"b" * 900}" OR "{"c" * 900}"))'
    fill([make_record(metadata={f"field{n}": n for n in range(100)}, t=minutes[0].t)])

    found = client.get("/", query_string={"q": q, "counts": "1"})

    assert len(bars(Html(found.text))) >= 6
    assert len(found.data) < 150 << 10


def picks(page: Html, name: str) -> dict[str, str]:
    """Return what the buttons called *name* among the fields carry, by the text of their value."""
    fields = page.one("aside", id="facets")
    buttons = [one for one in page.find("button", name=name) if fields in one.inside]
    return {one["value"]: one.text for one in buttons}


@pytest.mark.usefixtures("minutes")
def test_values_are_kept_and_excluded(client: FlaskClient) -> None:
    """The most frequent values of level, resource and what many logs share stand beside them, each with two buttons."""
    page = get(client, "/")

    tags = {f"metadata.tags={tag}" for tag in ("a", "t0", "t1", "t2", "t3", "t4")}
    assert picks(page, "keep").keys() == picks(page, "exclude").keys()
    assert (
        picks(page, "keep").keys()
        == {f"level={level}" for level in ("info", "error")} | {f"resourceId=server-{n}" for n in (0, 1)} | tags
    )
    items = [one.text.split() for one in page.find("li") if page.one("aside", id="facets") in one.inside]
    assert ["info80−"] in items
    assert len(get(client, "/", keep="level=error").messages()) == 40
    assert len(get(client, "/", q="step", exclude="level=error").messages()) == 80


@pytest.mark.usefixtures("minutes")
def test_fields_have_type_and_share(client: FlaskClient, make_record: MakeRecord, fill: Fill) -> None:
    """Every field that occurs is listed with the type of its values and in how many logs it is."""
    fill([make_record(metadata={"rare": True})])

    page = get(client, "/")

    lines = [" ".join(one.text.split()) for one in page.find("summary") if page.one("aside", id="facets") in one.inside]
    assert lines == [
        "level string 100 %",
        "resourceId string 99 %",
        "traceId string 99 %",
        "metadata.n number 99 %",
        "metadata.tags string 99 %",
        "metadata.rare boolean 1 %",
    ]
    plain = [" ".join(one.text.split()) for one in page.find("p", class_="line")]
    assert plain == ["id string 100 %", "message string 100 %", "received time 100 %", "timestamp time 100 %"]
    assert "of 121 logs" in page.one("aside", id="facets").text
    shares = {one.text: one.attributes.get("title") for one in page.find("span") if one.inside[-1].tag == "summary"}
    assert shares["1 %"] == "In 1 log" and shares["100 %"] == "In 121 logs"


@pytest.mark.usefixtures("minutes")
def test_values_of_any_field_on_demand(client: FlaskClient) -> None:
    """The values of a field that is closed at first are a part of the page, and a link without JavaScript."""
    page = get(client, "/", q="level:error", counts="1")
    button = next(one for one in page.find("button", name="list") if one["value"] == "metadata.tags")
    assert button["form"] == "state"

    fetched = get(client, f"{page.one('aside', id='facets')['data-part']}?q=level:error&field=metadata.tags")
    pressed = client.get("/", query_string={"q": "level:error", "counts": "1", "list": "metadata.tags"})
    assert pressed.location == "/?q=level%3Aerror&values=metadata.tags&counts=1#facets"
    linked = get(client, pressed.location)

    shown = [one["value"] for one in fetched.find("button", name="keep")]
    assert shown[0] == "metadata.tags=a"
    assert len(shown) == 6
    assert set(shown) <= picks(linked, "keep").keys()
    assert len(get(client, "/", keep=shown[0]).messages()) == 100
    assert len(get(client, "/", q="level:error", exclude="metadata.tags=t0").messages()) == 32


def test_five_fields_have_their_values_at_once(client: FlaskClient, make_record: MakeRecord, fill: Fill) -> None:
    """Beside all logs stand the counted fields, and of the metadata those whose values many logs share; no other."""
    fill(
        [
            make_record(
                resource_id="web",
                commit="abc",
                metadata={"id": n, "status": n % 3, "region": "north", **({"zone": "a"} if n % 2 else {})},
            )
            for n in range(40)
        ]
    )

    opened = {name.partition("=")[0] for name in picks(get(client, "/"), "keep")}

    assert opened == {"level", "resourceId", "commit", "metadata.region", "metadata.status"}


def figures(page: Html) -> dict[str, str]:
    """Return the statistics on a page."""
    return {name.text: figure.text for name, figure in zip(page.find("dt"), page.find("dd"), strict=True)}


def test_statistics_of_a_field(client: FlaskClient, make_record: MakeRecord, fill: Fill) -> None:
    """Who opens a field reads in how many logs it is, how many values it has, and of numbers how they are spread."""
    fill([make_record(t=1_700_000_000_000 + n * 1_000, metadata={"ms": n % 101}) for n in range(202)])
    fill([make_record(metadata={"ms": "soon"}), make_record()])

    fetched = get(client, "/page/values?field=metadata.ms")
    linked = get(client, "/", values="metadata.ms")

    assert figures(fetched) == figures(linked)
    assert figures(fetched) == {
        "in": "203 logs, 99 %",
        "different values": "102",
        "types": "number 99 %, string 1 %",
        "least": "0",
        "mean": "50",
        "greatest": "100",
        "percentiles": ", ".join(f"p{at}\u00a0{at}" for at in (5, 25, 50, 75, 95, 99)),
        "first": "2023-09-15 08:00:00.000 UTC",
        "last": "2023-11-14 22:16:41.000 UTC",
    }


def test_more_values_than_shown_are_said(client: FlaskClient, make_record: MakeRecord, fill: Fill) -> None:
    """A list that is cut says so."""
    fill([make_record(resource_id=f"server-{n}") for n in range(counts.VALUES + 1)])

    assert "and other values" in get(client, "/").one("aside", id="facets").text


@pytest.mark.parametrize("field", ["", "timestamp", "message", "metadata", "nonsense"])
@pytest.mark.usefixtures("minutes")
def test_field_without_values_is_refused(client: FlaskClient, field: str) -> None:
    """What can't have frequent values is an error that names the parameter."""
    answer = client.get("/page/values", query_string={"field": field})

    assert answer.status_code == 400
    assert answer.json["errors"][0]["field"] == "field"


@pytest.mark.parametrize("url", ["/page/counts?nonsense=1", "/page/counts?q=(", "/page/values?field=level&form=1"])
def test_parts_refuse_what_the_page_refuses(client: FlaskClient, url: str) -> None:
    """A part is asked by the page's own state, or not at all."""
    assert client.get(url).status_code == 400


@pytest.mark.usefixtures("minutes")
def test_counts_that_take_too_long_leave_the_rows(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """The logs stay when there is no time to count them; the page says what is lacking."""
    monkeypatch.setattr(counts, "COUNT_SECONDS", -1.0)
    monkeypatch.setattr(counts, "QUICK_SECONDS", -1.0)

    page = get(client, "/", q="/step/", counts="1")
    answer = client.get("/page/counts?q=/step/")

    assert len(page.messages()) == 100
    assert "Counting took longer" in page.one("section", id="chart").text
    assert "Counting took longer" in page.one("aside", id="facets").text
    assert answer.status_code == 503
    assert "Counting took longer" in answer.text


def test_chart_cut_short_says_how_far_back(
    client: FlaskClient, minutes: list[LogRecord], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bars that were not counted are not shown as empty, and their sum is said to be a least."""
    draw = chart.draw

    def cut(whole: chart.Chart, *rest: object) -> chart.Drawing:
        newest = chart.Chart(whole.interval, whole.start, whole.size, whole.buckets[-10:])
        return draw(newest, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(chart, "draw", cut)
    page = get(client, "/", q="step", counts="1")

    assert len(bars(page)) == 10
    assert "Counted back to 2023-09-15 09:40 only, at least 20 logs" in page.one("section", id="chart").text
    assert page.one("path", class_="uncounted")["d"].startswith("M0 0h")
    assert "At least" in [one.text for one in page.find("th", scope="row")]


def test_rows_stay_when_the_index_cannot_count(apart: FlaskClient) -> None:
    """The record has the logs; the page says where they come from and that counts can't be had."""
    page = get(apart, "/", q="step")

    assert len(page.messages()) == 30
    assert "these logs come from the record" in page.one("p", class_="notice").text
    assert "Counts can't be had now" in page.one("section", id="chart").text
    answer = apart.get("/page/counts?q=step")
    assert answer.status_code == 503
    assert "Counts can&#39;t be had now" in answer.text
    assert "No logs match" in get(apart, "/", q="nowhere").one("h3").text


@pytest.mark.parametrize("text", [*HOSTILE, "nul\0and\x1b[31mred"])
def test_hostile_values_are_only_shown(client: FlaskClient, make_record: MakeRecord, fill: Fill, text: str) -> None:
    """Levels, resources and names of fields that senders chose can't run, break out or reorder anything."""
    text = clean(text)
    record = make_record(level=text, resource_id=text, commit=text, metadata={text: text})
    fill([record])
    field = f"metadata.{text}"
    urls = ["/", "/page/counts", f"/page/values?{urlencode({'field': field})}"]

    for url in [*urls, f"/?{urlencode({'values': field})}"]:
        answer = client.get(url)

        page = Html(answer.text)
        assert answer.status_code == 200, (url, answer.text)
        assert all(set(one.attributes) <= {"type", "src"} for one in page.find("script"))
        assert not [one for one in page.find("img") if one.attributes.get("alt") != ""]
        assert not [name for one in page.all for name in one.attributes if name.startswith("on") or name == "style"]
        assert not ACTING.search(re.sub(r'(value|href|data-part|data-zoom)="[^"]*"', "", answer.text))
    kept = get(client, urls[2]).one("button", name="keep")["value"]
    assert get(client, "/", keep=kept).messages() == ["hello"]


def test_long_values_are_cut_and_not_offered(client: FlaskClient, make_record: MakeRecord, fill: Fill) -> None:
    """A value longer than a filter may be has no buttons, and a long one doesn't fill the page."""
    fill([make_record(metadata={"long": "x" * 50_000, "medium": "y" * 500})])

    long, medium = (get(client, f"/page/values?field=metadata.{name}") for name in ("long", "medium"))

    assert not long.find("button")
    assert len(long.one("li").text.strip()) < 300
    assert medium.one("button", name="keep")["value"] == "metadata.medium=" + "y" * 500
    assert len(medium.one("button", name="keep").text) == 201


@pytest.mark.parametrize(
    ("count", "top", "shown"),
    [(1, 1, "1"), (7, 8, "8"), (13, 15, "15"), (99, 100, "100"), (101, 120, "120"), (8_001, 10_000, "10k"),
     (1_150_000, 1_200_000, "1.2M")],
)  # fmt: skip
def test_axis_ends_at_a_round_number(count: int, top: int, shown: str) -> None:
    """The top of the axis is round, not below the highest bar, and short."""
    assert chart.nice(count) == top
    assert chart.compact(top) == shown


@pytest.mark.parametrize(
    ("hours", "marks"),
    [
        (1, ["00:10", "00:20", "00:30", "00:40", "00:50"]),
        (30, ["09-01 00:00", "06:00", "12:00", "18:00", "09-02 00:00"]),
        (24 * 20, ["2023-09-01", "2023-09-08", "2023-09-15"]),
    ],
)
def test_axis_has_round_times(
    client: FlaskClient, make_record: MakeRecord, fill: Fill, hours: int, marks: list[str]
) -> None:
    """Marks are at round times, and name the day where it changes."""
    start = 1_693_526_400_000 + MINUTE
    fill([make_record(t=start + n * hours * MINUTE) for n in range(60)])

    assert [one.text for one in get(client, "/").find("text")] == marks


@pytest.mark.usefixtures("minutes")
def test_rare_levels_are_seen(client: FlaskClient, make_record: MakeRecord, fill: Fill) -> None:
    """One fatal log among thousands has a piece of its bar that is high enough to be seen, and bars stay in their room."""
    fill([make_record(level="fatal"), *(make_record() for _ in range(3_000))])

    page = get(client, "/")

    pieces = [one for one in page.find("path") if re.fullmatch("s[0-6x]", one.attributes["class"])]
    places = [found for one in pieces for found in re.findall(r"M[\d.]+ ([\d.]+)h[\d.]+v([\d.]+)h-[\d.]+z", one["d"])]
    assert len(places) == sum(one["d"].count("M") for one in pieces) > 1
    assert all(float(height) >= 2 and float(y) + float(height) <= 72.01 for y, height in places)
    assert [one for one in pieces if one["class"] == "s6"]
