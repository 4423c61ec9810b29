"""The page of one log: what is around it with and without the search, and the ways to copy it."""

from __future__ import annotations

import json
import shlex
import subprocess
from urllib.parse import parse_qsl, urlsplit

import pytest
from flask.testing import FlaskClient

from app.backends import Backends
from app.errors import Unavailable
from app.log.envelope import DeadLetter, Envelope
from app.log.record import LogRecord, id_bytes, id_text
from app.web.search import one
from tests.conftest import Fill, MakeRecord
from tests.web.reading import Html, get


def log_url(record: LogRecord) -> str:
    """Return the address of a log's page."""
    return f"/log/{id_text(record.id)}"


def numbers(page: Html) -> list[int]:
    """Return the numbers at the end of the messages in the table."""
    return [int(message.rpartition(" ")[2]) for message in page.messages()]


def test_the_search_is_a_choice_of_the_logs_page(client: FlaskClient, minutes: list[LogRecord]) -> None:
    """A row's link keeps the search: its words are marked, and the logs around are those that match, or all."""
    row = get(client, "/", q="level:error", limit="5").find("a")
    url = next(link["href"] for link in row if link["href"].startswith("/log/"))
    assert url == f"{log_url(minutes[117])}?q=level%3Aerror"
    page = get(client, log_url(minutes[60]), q="level:error", beside="search", before="3", after="2")
    assert numbers(page) == [51, 54, 57, 60, 63, 66]
    assert [mark.text for mark in page.find("mark")].count("error") == 7
    assert "level:error" in page.one("section", id="around").text

    without = page.link("All logs")
    assert without is not None and "q=level%3Aerror" in without
    assert numbers(get(client, log_url(minutes[60]) + without)) == [57, 58, 59, 60, 61, 62]
    assert page.link("Same resource") is not None
    assert get(client, log_url(minutes[60])).link("Matching the search") is None


def test_more_is_one_click_away(client: FlaskClient, minutes: list[LogRecord]) -> None:
    """Each side grows by itself, until there are no more."""
    page = get(client, log_url(minutes[60]), beside="all")
    assert numbers(page) == list(range(50, 71))
    earlier, later = page.link("40 more before these"), page.link("40 more after these")
    assert earlier is not None and later is not None

    grown = get(client, log_url(minutes[60]) + earlier)
    assert numbers(grown) == list(range(10, 71))
    assert earlier.endswith(f"#log-{id_text(minutes[60].id)}")
    url = grown.link("150 more before these")
    assert url is not None
    whole = get(client, log_url(minutes[60]) + url)
    assert numbers(whole) == list(range(71))
    assert whole.link("300 more before these") is None
    assert whole.link("40 more after these") is not None


def test_none_on_a_side(client: FlaskClient, minutes: list[LogRecord]) -> None:
    """A side may be left out, and asked for again."""
    page = get(client, log_url(minutes[60]), beside="all", before="0", after="1")
    assert numbers(page) == [60, 61]
    assert page.link("10 more before these") is not None


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"before": "many"}, "before must be a whole number from 0 to 500"),
        ({"after": "501"}, "after must be a whole number from 0 to 500"),
        ({"beside": "nobody"}, "beside must be one of"),
        ({"q": "(", "before": "2"}, "q "),
        ({"befor": "5"}, "befor is not a parameter"),
        ({"columns": "nonsense"}, "columns there is no field"),
        ({"wrap": "x"}, "wrap must be"),
    ],
)
def test_a_fault_is_said_beside_the_log(
    client: FlaskClient, minutes: list[LogRecord], given: dict[str, str], said: str
) -> None:
    """What can't be read is named; the log and what else was asked for are there all the same."""
    page = get(client, log_url(minutes[60]), 400, **given)

    assert said in " ".join(page.one("div", role="alert").text.split())
    assert page.one("pre", class_="message").text == "step 60"
    assert len(page.messages()) > 10


def test_a_log_is_shown_without_its_neighbours(
    client: FlaskClient, minutes: list[LogRecord], monkeypatch: pytest.MonkeyPatch
) -> None:
    """When neither index nor record can be searched the page says so and shows the log."""

    def away(*_: object, **__: object) -> None:
        raise Unavailable("nothing can be searched")

    monkeypatch.setattr("app.find.find.page", away)
    page = get(client, log_url(minutes[60]))

    assert page.messages() == ["step 60"]
    assert "can't be had now: nothing can be searched" in page.one("section", id="around").text


def test_a_huge_log_is_shown_in_part(client: FlaskClient, make_record: MakeRecord, fill: Fill) -> None:
    """A MiB takes a page of a few tens of KiB; the whole is one link away, and marks are in both."""
    record = make_record(message="word " * 200_000 + "end")
    fill([record])

    answer = client.get(log_url(record), query_string={"q": "word end"})
    assert len(answer.data) < 200_000
    page = Html(answer.text)
    assert "The first 20,000 of 1,000,003 characters" in answer.text
    assert page.find("mark")
    whole = client.get(page.link("Show all") or "")
    assert len(Html(whole.text).one("pre", class_="message").text) == 1_000_003
    assert Html(whole.text).find("mark")


def test_the_whole_of_a_log_keeps_the_search(client: FlaskClient, make_record: MakeRecord, fill: Fill) -> None:
    """From its row, from its fields and from its page: the query, the columns, the clock and the zone, and which neighbours."""
    record = make_record(message="word " * 5_000)
    fill([record])
    search = {"q": "word", "tz": "Asia/Tokyo", "clock": "received", "columns": "message"}

    def linked(page: Html) -> dict[str, str]:
        links = [one["href"] for one in page.find("a") if one.text.lower().endswith("show all")]
        return dict(parse_qsl(urlsplit(links[0]).query))

    for found in (
        linked(get(client, "/", **search)),
        linked(get(client, log_url(record), **search, part="fields")),
    ):
        assert found == {**search, "message": "whole"}
    beside = {"beside": "search", "before": "50", "after": "200"}
    assert linked(get(client, log_url(record), **search, **beside)) == {**search, **beside, "message": "whole"}
    whole = get(client, log_url(record), **search, message="whole")
    assert "message=whole" in (whole.link("All logs") or "")


ODD = 'it\'s `$(id)` "q" \\n \\\\ ! % é \u202e \x1b[31m\nsecond & line'


@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_the_command_sends_the_log_again(make_record: MakeRecord, shell: str) -> None:
    """A shell hands the JSON on untouched, whatever is in the log; it decodes to what was sent."""
    record = make_record(message=ODD, resource_id=ODD, metadata={ODD: [ODD, 1, None]})
    command = one.command(record, "http://host/logs/ingest/?a='b'", user=True)

    printed = subprocess.run(
        [shell, "-c", command.replace("curl ", "printf '%s\\0' ", 1)], capture_output=True, text=True, check=True
    ).stdout.split("\0")

    assert printed[:4] == ["-u", "admin", "-H", "Content-Type: application/json"]
    assert json.loads(printed[5]) == record.sent_fields()
    assert printed[6] == "http://host/logs/ingest/?a='b'"
    body = shlex.split(command)[6]
    assert body.isascii() and "'" not in body and "\\\\" not in body


def test_a_log_too_long_for_an_argument(make_record: MakeRecord) -> None:
    """Its JSON is read from the lines below the command."""
    record = make_record(message="x" * 200_000)
    command = one.command(record, "http://host/", user=False)

    # A function in its place reads what curl would.
    script = f"curl() {{ cat; }}\n{command}"
    printed = subprocess.run(["sh"], input=script, capture_output=True, text=True, check=True)

    assert json.loads(printed.stdout) == record.sent_fields()


def test_copies_are_plain_texts(client: FlaskClient, make_record: MakeRecord, fill: Fill) -> None:
    """As text nothing in it acts; as JSON it is the log; the command goes to this server, with a user where one was asked."""
    record = make_record(message="a\x1b[31m\u202e<b>", resource_id="r")
    fill([record])

    parts = {part: client.get(log_url(record), query_string={"part": part}) for part in one.COPIES}

    assert {answer.mimetype for answer in parts.values()} == {"text/plain"}
    assert parts["text"].text == "2023-09-15T08:00:00Z info r a\\x1b[31m\\u202e<b>"
    assert json.loads(parts["json"].text) == record.to_dict()
    assert "\x1b" not in parts["json"].text
    assert parts["curl"].text.rstrip().endswith(" http://localhost/logs/ingest/")
    assert "-u admin" not in parts["curl"].text
    asked = client.get(log_url(record), query_string={"part": "curl"}, headers={"Authorization": "Basic YWRtaW46eA=="})
    assert asked.text.startswith("curl -u admin ")


def test_a_log_that_is_not_there_yet_is_said_to_wait(
    client: FlaskClient, backends: Backends, make_record: MakeRecord
) -> None:
    """The page knows what the API knows: whether a log waits, is a dead letter, or is nowhere."""
    waiting = make_record(message="soon")
    backends.queue.put([Envelope([waiting])])
    dead = id_bytes("0190a5a0-0000-7000-8000-000000000001")
    backends.record.letters.bury([DeadLetter(dead, b"{}", "too odd")])
    for identity, status, said in (
        (id_text(waiting.id), 503, "accepted and waits to be stored"),
        (id_text(dead), 404, "among the dead letters"),
        ("0190a5a0-0000-7000-8000-000000000002", 404, "never arrived, or has expired"),
        ("x", 404, "x is not the id of a log"),
    ):
        for path in (f"/log/{identity}", f"/logs/{identity}"):
            answer = client.get(path, headers={"Accept": "text/html"})
            if path.startswith("/log/") or identity != "x":  # no route of the API has an id such as x
                assert (answer.status_code, said in answer.text) == (status, True)
