"""The pages of dead letters: what was refused can be seen, mended, sent again and dropped by forms alone."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.accept import replay as pipeline
from app.accept.accept import Accept
from app.backends import Backends
from app.log.envelope import DeadLetter, Envelope, Taken
from app.log.record import IdSource, id_text
from app.query.query import Query
from app.systems.sqlite.queue import SqliteQueue
from app.web.current import parts
from app.web.operate import dead
from tests.web.reading import Html, get

HOSTILE = "<script>alert(1)</script>\u202egnp\x1b[31m\0\r\n'\"&"
Bury = Callable[..., DeadLetter]


@pytest.fixture
def bury(backends: Backends) -> Bury:
    """Return a function that keeps a dead letter."""
    ids = IdSource()

    def make(
        payload: bytes = b'{"message": 1}', reason: str = "is not a text", field: str | None = "message"
    ) -> DeadLetter:
        letter = DeadLetter(ids.take(1).to_bytes(16, "big"), payload, reason, field, "10.0.0.1")
        backends.record.letters.bury([letter])
        return letter

    return make


def left(backends: Backends) -> list[bytes]:
    """Return the ids of the letters that are left, newest first."""
    return [letter.id for letter in backends.record.letters.dead(1_000)]


def found(backends: Backends) -> list[str]:
    """Return the messages of what is stored, in order, once it is."""
    assert backends.move is not None
    while backends.move(1_000, 0):
        pass
    return [record.message for record in backends.index.find(Query(sort="asc")).records]


def test_without_letters(client: FlaskClient) -> None:
    """The page says that all is well."""
    assert "There are none" in get(client, "/dead").one("main").text


def test_groups_tell_what_there_is(client: FlaskClient, bury: Bury) -> None:
    """By reason, the most frequent first: count, first and last time, sender, field, sample; each leads to its letters."""
    first = bury()
    bury(b'{"message": 2}')
    other = bury(b"{", "is not JSON", None)
    page = get(client, "/dead")
    cards = page.find("li", class_="card")
    assert [card.text.split("\n")[1].strip() for card in cards] == ["is not a text", "is not JSON"]
    facts = " ".join(cards[0].text.split())
    assert "Letters2" in facts and "10.0.0.1" in facts and "Fieldmessage" in facts and '{"message": 2}' in facts
    assert dead.at(first.id) in facts
    listed = get(client, page.link("is not a text") or "")
    assert [row.text for row in listed.find("td", class_="sent")] == ['{"message": 2}', '{"message": 1}']
    everything = get(client, "/dead?all=1")
    assert len(everything.find("td", class_="sent")) == 3
    assert everything.find("td", class_="sent")[0].text == other.payload.decode()


@pytest.mark.parametrize("path", ["/dead", "/dead?all=1", "/dead/{id}", "/dead/drop?id={id}", "/dead/drop?all=1"])
def test_hostile_letters_are_only_shown(client: FlaskClient, bury: Bury, path: str) -> None:
    """Nothing in payload, reason, field or sender runs, acts or reorders what stands beside it."""
    letter = bury(HOSTILE.encode(), HOSTILE, HOSTILE)
    answer = client.get(path.format(id=id_text(letter.id)))
    page = Html(answer.text)
    assert answer.status_code == 200
    assert all(set(one.attributes) <= {"type", "src"} for one in page.find("script"))
    assert not [one for one in page.all if any(name.startswith("on") for name in one.attributes)]
    assert not {"\u202e", "\x1b", "\0"} & set(answer.text)


def test_a_reason_of_any_text_is_a_choice(client: FlaskClient, backends: Backends, bury: Bury) -> None:
    """Its links and forms mean exactly it, line ends and all."""
    reason = "line\nline\r\n\0 +&=%41"
    letter, other = bury(b'{"message": "x"}', reason), bury()
    page = get(client, "/dead")
    (form,) = [one for one in page.find("form") if "line" in one["action"]]
    listed = get(client, form["action"].replace("/dead/replay", "/dead"))
    assert len(listed.find("td", class_="sent")) == 1
    answer = client.post(form["action"], data={"newest": id_text(letter.id)})
    assert answer.status_code == 303
    assert left(backends) == [other.id]
    assert found(backends) == ["x"]


def test_what_is_wrong_now_is_said_with_its_place(client: FlaskClient, bury: Bury) -> None:
    """The field, the log among several, the character; what is fine now is said to be."""
    several = bury(b'[{"message": "a"}, 2]')
    page = get(client, f"/dead/{id_text(several.id)}")
    faults = page.one("section", id="faults").text
    assert "Log 2" in faults and "is not a JSON object" in faults
    broken = bury(b'{"message": "a" "level": 1}', "is not JSON", None)
    page = get(client, f"/dead/{id_text(broken.id)}")
    assert page.one("mark").text == '"'
    assert "column 17" in page.one("section", id="faults").text
    fine = bury(b'{"message": "a"}', "the index refused it", None)
    assert "Nothing is wrong with it now" in get(client, f"/dead/{id_text(fine.id)}").one("main").text


def test_a_mended_letter_is_sent(client: FlaskClient, backends: Backends, bury: Bury) -> None:
    """Once it is right; until then letter and typed text stay, with the fault. A second try is told to be one."""
    letter = bury()
    url = f"/dead/{id_text(letter.id)}"
    wrong = client.post(url, data={"payload": '[{"message": "mended"},\r\n 3]'})
    page = Html(wrong.text)
    assert wrong.status_code == 400
    assert page.one("textarea").text.strip() == '[{"message": "mended"},\r\n 3]'
    assert "is not a JSON object" in page.one("section", id="faults").text
    assert backends.record.letters.dead() == [letter]
    answer = client.post(url, data={"payload": '{"message": "mended"}'})
    assert answer.status_code == 303
    assert "1 letter sent again" in get(client, answer.location).one("main").text
    assert left(backends) == []
    backends.record.letters.bury([letter])  # as if a crash had come before it was dropped
    answer = client.post(url, data={"payload": '{"message": "mended otherwise"}'})
    assert "nothing was doubled" in get(client, answer.location).one("main").text
    assert left(backends) == []
    assert found(backends) == ["mended"]
    assert client.post(url, data={"payload": "{}"}).status_code == 404


def test_what_is_shown_to_be_changed_means_the_same(client: FlaskClient, backends: Backends, bury: Bury) -> None:
    """Numbers, equal keys, hidden characters and line ends come back as they were sent."""
    lines = '\ufeff{"message": "a\u202e\x7f", "metadata": {"n": 1e400, "big": 12345678901234567890123}}\r\n{"message": "b"}\r\n'
    letter = bury(lines.encode())
    url = f"/dead/{id_text(letter.id)}"
    text = get(client, url).one("textarea").text
    assert "\u202e" not in text and "1e400" in text
    client.post(url, data={"payload": text.replace("1e400", "1").replace("\n", "\r\n")})
    assert found(backends) == ["a\u202e\x7f", "b"]


def test_replay_of_a_reason(client: FlaskClient, backends: Backends, bury: Bury) -> None:
    """What is fine goes, what is not stays, and what came after the page was made is not touched."""
    good = [bury(f'{{"message": "{n}"}}'.encode(), "was full", None) for n in range(3)]
    bad = bury(b"{", "was full", None)
    other = bury()
    later = bury(b'{"message": "later"}', "was full", None)
    answer = client.post("/dead/replay?reason=was+full", data={"newest": id_text(bad.id)})
    assert "3 letters sent again" in (text := get(client, answer.location).one("main").text)
    assert "1 still refused" in text
    assert left(backends) == [later.id, other.id, bad.id]
    assert sorted(found(backends)) == ["0", "1", "2"]
    assert good[0].id not in left(backends)


def test_a_long_replay_is_gone_on_with(
    client: FlaskClient, backends: Backends, bury: Bury, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A request sends for some seconds only; the page then offers to go on with the next, past what is still refused."""
    monkeypatch.setattr(dead, "REPLAY_SECONDS", -1.0)
    letters = [bury(b'{"message": "x"}', "r", None), bury(b"{", "r", None)]
    answer = client.post("/dead/replay?reason=r", data={"newest": id_text(letters[1].id)})
    page = get(client, answer.location)
    assert page.one("input", name="newest")["value"] == id_text(letters[1].id)
    assert "Go on replaying" in page.one("main").text
    monkeypatch.setattr(dead, "REPLAY_SECONDS", 60.0)
    client.post("/dead/replay?reason=r", data={"newest": page.one("input", name="newest")["value"]})
    assert left(backends) == [letters[1].id]


def test_drop_asks_first(client: FlaskClient, backends: Backends, bury: Bury) -> None:
    """And drops exactly what it asked about: one, a reason, all; what came meanwhile stays."""
    one, two, other = bury(), bury(), bury(b"{", "is not JSON", None)
    page = get(client, f"/dead/drop?id={id_text(one.id)}")
    assert left(backends) == [other.id, two.id, one.id]
    client.post("/dead/drop", data={"id": page.one("input", name="id")["value"]})
    assert left(backends) == [other.id, two.id]
    page = get(client, "/dead/drop", reason="is not a text")
    meanwhile = bury()
    answer = client.post(page.one("form")["action"], data={"newest": page.one("input", name="newest")["value"]})
    assert "1 letter dropped" in get(client, answer.location).one("main").text
    assert left(backends) == [meanwhile.id, other.id]
    page = get(client, "/dead/drop", all="1")
    assert "Drop 2 dead letters" in page.one("h1").text
    client.post(page.one("form")["action"], data={"newest": page.one("input", name="newest")["value"]})
    assert left(backends) == []
    assert client.get("/dead/drop?all=1").status_code == 404


def test_letters_are_paged(client: FlaskClient, bury: Bury) -> None:
    """Newest first; each once."""
    for n in range(dead.LETTERS + 3):
        bury(f"{n}".encode())
    page = get(client, "/dead?all=1")
    seen = [one.text for one in page.find("td", class_="sent")]
    assert page.link("Newest") is None
    page = get(client, page.link("Older") or "")
    seen += [one.text for one in page.find("td", class_="sent")]
    assert seen == [str(n) for n in reversed(range(dead.LETTERS + 3))]
    assert page.link("Older") is None
    assert page.link("Newest") == "/dead?all=1"


def test_long_payload_is_a_file(client: FlaskClient, backends: Backends, bury: Bury) -> None:
    """Its page stays small, it can be fetched exactly, which no browser shows, and sent as it is."""
    letter = bury(b'{"message": "' + b"x" * (2 << 20) + b'", "metadata": {"y": "\\u0000"}}', "was full", None)
    url = f"/dead/{id_text(letter.id)}"
    answer = client.get(url)
    assert len(answer.data) < 20_000
    assert not Html(answer.text).find("textarea")
    file = client.get(f"{url}/payload")
    assert file.data == letter.payload
    assert file.content_type == "application/octet-stream"
    assert file.headers["Content-Disposition"].startswith("attachment")
    assert client.post(url).status_code == 303
    assert left(backends) == []


def test_a_large_form_is_taken(client: FlaskClient, backends: Backends, bury: Bury) -> None:
    """As large as what the page itself offers to change, though each of its characters is written as three."""
    letter = bury(b'{"message": "' + b"\xc3\xa9" * (dead.EDIT_BYTES // 2 - 100) + b'"}', "was full", None)
    url = f"/dead/{id_text(letter.id)}"
    assert client.post(url, data={"payload": get(client, url).one("textarea").text}).status_code == 303
    assert left(backends) == []


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("/dead/replay", {"newest": "x"}),
        ("/dead/replay?reason=r", {}),
        ("/dead/replay?reason=r&all=1", {"newest": "018a9772-0000-7000-8000-000000000000"}),
        ("/dead/drop?all=1", {"newest": "nonsense"}),
    ],
)
def test_an_unclear_choice_touches_nothing(
    client: FlaskClient, backends: Backends, bury: Bury, path: str, data: dict[str, str]
) -> None:
    """It is refused, and the field named."""
    letter = bury(b'{"message": "x"}')
    answer = client.post(path, data=data)
    assert answer.status_code == 400
    assert answer.json["errors"][0]["field"] in ("reason", "newest")
    assert left(backends) == [letter.id]


def test_no_other_site_can_press_a_button(client: FlaskClient, backends: Backends, bury: Bury) -> None:
    """A form on a foreign page is refused, on an open server too."""
    letter = bury(b'{"message": "x"}')
    for path in ("/dead/drop", f"/dead/{id_text(letter.id)}", "/dead/replay?all=1"):
        answer = client.post(path, data={"id": id_text(letter.id)}, headers={"Sec-Fetch-Site": "cross-site"})
        assert answer.status_code == 403
    assert left(backends) == [letter.id]


@pytest.mark.parametrize("name", ["nonsense", "018a9772-0000-7000-8000-000000000000"])
def test_letter_that_is_not_there(client: FlaskClient, name: str) -> None:
    """Is a 404 on each of its pages."""
    for path in (f"/dead/{name}", f"/dead/{name}/payload", f"/dead/drop?id={name}"):
        assert client.get(path).status_code == 404


def test_a_letter_that_the_queue_took_in_part_stays(app: Flask, backends: Backends, bury: Bury) -> None:
    """It is no fault of the input: what was typed is to be sent again as it is. A later replay brings the rest."""

    class Half(SqliteQueue):
        """A queue that keeps the first envelope only, as a carrier may that fills up."""

        def put(self, envelopes: Sequence[Envelope], *rest: Any) -> Taken:
            """Keep a part."""
            lost = frozenset(record.id for envelope in envelopes[1:] for record in envelope.records)
            super().put(envelopes[:1])
            return Taken(missing=lost)

    letter = bury(json.dumps([{"message": f"{n}"} for n in range(150)]).encode(), "was full", None)
    half = Half.__new__(Half)
    half.__dict__.update(vars(backends.queue))
    with app.app_context():
        parts().receipts()
    shared = app.extensions["logingestor"]
    whole, shared._accept = shared.accept(), Accept(half, shared.receipts())
    client, text = app.test_client(), json.dumps([{"message": f"mended {n}"} for n in range(150)])
    answer = client.post(f"/dead/{id_text(letter.id)}", data={"payload": text})
    assert answer.status_code == 503
    page = Html(answer.text)
    assert "Only a part was taken" in page.one("section", id="faults").text
    assert "still refused" not in answer.text
    assert page.one("textarea").text.strip() == text
    assert left(backends) == [letter.id]
    answer = client.post("/dead/replay?all=1", data={"newest": id_text(letter.id)})
    assert answer.status_code == 503 and "exactly the same again" in answer.text
    assert left(backends) == [letter.id]
    shared._accept = whole
    assert client.post(f"/dead/{id_text(letter.id)}", data={"payload": text}).status_code == 303
    assert left(backends) == []


@pytest.mark.parametrize(
    "payload", [b"[" * 900 + b"1," * 60_000 + b"1" + b"]" * 900, b'{"a":' * 3_000, b'"' + b'\\"' * 100_000]
)
def test_what_is_deeply_nested_is_not_blown_up(client: FlaskClient, bury: Bury, payload: bytes) -> None:
    """It stands there as it was sent, and at once; what is nested as logs are is indented."""
    answer = client.get(f"/dead/{id_text(bury(payload).id)}")
    assert len(answer.data) < 6 * dead.INDENTED_BYTES
    assert Html(answer.text).one("textarea").text.strip() == payload.decode()
    many = [{"message": "[[[[{{{{,,,,", "metadata": {"a": [n, {"b": '\\"'}]}} for n in range(2_000)]
    assert dead.editable(json.dumps(many).encode()) == json.dumps(many, indent=2)


def test_letters_are_read_one_by_one(backends: Backends, bury: Bury) -> None:
    """Each may be as long as a body; one that somebody else has dropped meanwhile ends nothing."""
    letters = [bury(b'{"message": "%d"}' % n, "r", None) for n in range(3)]
    found_ = pipeline.each(backends.record.letters, "r")
    assert next(found_) == letters[2]
    backends.record.letters.drop_dead([letters[1].id])
    assert list(found_) == [letters[0]]
