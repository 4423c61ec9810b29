"""What pages show and load: hostile logs harmless, long ones short, colours readable, nothing foreign."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from app.log.record import SEVERITY_NAMES, LogRecord, id_text
from app.web.render import display, zone
from tests.conftest import Fill, MakeRecord
from tests.web.reading import Html, get

STATIC = Path(display.__file__).parents[1] / "static"


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
    assert zone.when(instant) == shown


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


def test_long_message_is_cut_in_the_table_and_whole_on_its_page(
    client: FlaskClient, make_record: MakeRecord, fill: Fill
) -> None:
    """A message of a million characters doesn't make the table heavy, and can be read whole."""
    record = make_record(message="long " * 20_000)
    fill([record])

    page = get(client, "/")

    assert len(page.messages()[0]) == display.MESSAGE_SHOWN + 1
    url = page.link("100,000 characters: show all")
    assert url == f"/log/{id_text(record.id)}?message=whole"
    assert len(client.get("/").data) < 20_000
    assert get(client, url).one("pre", class_="message").text == record.message
    cut = get(client, f"/log/{id_text(record.id)}")
    assert cut.one("pre", class_="message").text == record.message[: display.TEXT_SHOWN]
    assert cut.link("Show all") == url


def test_empty_values_are_seen_and_can_be_pressed(client: FlaskClient, make_record: MakeRecord, fill: Fill) -> None:
    """An empty text is a value: it is shown as such, and its buttons have names."""
    fill([make_record(level="", message="", resource_id="", metadata={"a": ""})])

    page = get(client, "/")
    row = page.one("tr", class_="sx")
    assert [one.text for one in page.find("bdi") if row in one.inside] == ["empty", "empty", "empty"]
    assert get(client, "/", exclude="level=").messages() == []
    assert get(client, "/", keep="level=").messages() == ["empty"]


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
    """A hundred ordinary logs beside the counts of more, and the style sheet, load at once on a slow line."""
    fill(
        [
            make_record(
                message=f"request {n} took 12 ms " * 8,
                resource_id="org.example.web.Server",
                level=SEVERITY_NAMES[n % 5],
                t=1_700_000_000_000 + n * 60_000,
                metadata={f"field{n % 20}": n},
            )
            for n in range(1_000)
        ]
    )

    text = client.get("/").text

    assert len(Html(text).messages()) == 100
    assert len(text.encode()) < 150 << 10
    loaded = {name: (STATIC / name).stat().st_size for name in re.findall(r'"/static/([\w.]+)"', text)}
    assert sum(size for name, size in loaded.items() if name.endswith(".css")) < 30 << 10
    assert sum(size for name, size in loaded.items() if name.endswith(".js")) < 60 << 10
    assert (STATIC / "page.js").stat().st_size < 5 << 10


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_colours_can_be_read(theme: str) -> None:
    """On every ground text has a contrast of 4.5 to 1 or more, a bar of the chart 3 to 1 (WCAG 2.2, 1.4.3 and 1.4.11)."""
    blocks = re.findall(r":root \{(.*?)\}", (STATIC / "style.css").read_text(), re.DOTALL)
    light, dark = (dict(re.findall(r"--([\w-]+): (#\w{6});", block)) for block in blocks)
    colours = light if theme == "light" else dark
    assert light.keys() == dark.keys()

    def contrast(one: str, other: str) -> float:
        bright, dim = sorted((_luminance(colours[one]), _luminance(colours[other])), reverse=True)
        return (bright + 0.05) / (dim + 0.05)

    texts = ("text", "quiet", "accent", "key", "sx", *(f"s{rank}" for rank in range(len(SEVERITY_NAMES))))
    pairs = [(text, ground) for text in texts for ground in ("back", "panel", "hover")]
    shares = [(text, "share") for text in ("text", "quiet")]
    for text, ground in [
        *pairs,
        *shares,
        ("on-accent", "accent"),
        ("back", "s6"),
        ("text", "mark"),
        *((text, "found") for text in texts),
    ]:
        assert contrast(text, ground) >= 4.5, (text, ground)
    for bar in ("bx", *(f"b{rank}" for rank in range(len(SEVERITY_NAMES)))):
        assert contrast(bar, "back") >= 3, bar


def test_long_names_break_at_their_dots(client: FlaskClient, make_record: MakeRecord, fill: Fill) -> None:
    """A long resource wraps where its parts end, and is still the same text to copy."""
    name = "org.apache.hadoop.mapreduce.<v2>.Allocator"
    fill([make_record(resource_id=name)])

    text = client.get("/").text

    assert "mapreduce.<wbr>&lt;v2&gt;.<wbr>Allocator" in text
    assert name in [one.text for one in Html(text).find("bdi")]
