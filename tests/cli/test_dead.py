"""`logingestor dead`: what was refused can be looked at, mended, sent again and dropped."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from app.backends import Backends
from app.log.envelope import DeadLetter
from app.log.record import IdSource, id_text
from tests.cli.conftest import Commands, Stored

#: An id that no letter has.
UNKNOWN = "018a9772-0000-7000-8000-000000000000"


@pytest.fixture
def letters(client: FlaskClient, stored: Stored, backends: Backends) -> list[DeadLetter]:
    """Three dead letters, newest first: two of one reason, one that would act on a terminal."""
    bodies = [b'{"message":1}', b'[{"message":"m","level":2},{"message":2}]', b"\x1b[31m{"]
    for body in bodies:
        client.post("/logs/ingest/?strict=1", data=body)
    stored()
    found = backends.record.letters.dead()
    assert len(found) == 4
    return found


def test_list_shows_the_newest_first(letters: list[DeadLetter], command: Commands) -> None:
    """Id, sender, field, reason and what was sent; nothing in them acts."""
    found = command.json("dead", "list")
    assert [one["id"] for one in found] == [id_text(letter.id) for letter in letters]
    assert found[-1] == {
        "id": id_text(letters[-1].id),
        "refused": found[-1]["refused"],
        "reason": "is not a text",
        "field": "message",
        "sender": "127.0.0.1",
        "times": 1,
        "payload": '{"message":1}',
    }
    printed = command("dead", "list")
    assert printed.stdout.splitlines()[-1] == f'{found[-1]["id"]} 127.0.0.1 message: is not a text  {{"message":1}}'
    assert "\x1b" not in printed.stdout
    assert printed.stderr == ""


def test_the_same_sent_again_is_one_letter_with_a_count(
    client: FlaskClient, command: Commands, stored: Stored, backends: Backends
) -> None:
    """In the list and on the pages; once mended it is replayed once."""
    for _ in range(3):
        client.post("/logs/ingest/?strict=1", data=b'{"message":"m","level":2}')
        stored()
    (letter,) = backends.record.letters.dead()
    assert [one["times"] for one in command.json("dead", "list")] == [3]
    assert "(3 times)" in command("dead", "list").stdout
    assert "3 times" in client.get("/dead?all=1").text
    assert "3 times within a day" in client.get(f"/dead/{id_text(letter.id)}").text
    assert command.json("dead", "replay", "--all") == {"replayed": 1, "refused": []}
    assert [log["message"] for log in stored()] == ["m"]
    assert backends.record.letters.dead() == []


def test_list_is_limited_and_chosen_by_reason(letters: list[DeadLetter], command: Commands) -> None:
    """What is left out is said."""
    printed = command("dead", "list", "--limit", "1")
    assert (printed.stdout.count("\n"), "1 of 4 dead letters" in printed.stderr) == (1, True)
    assert len(command.json("dead", "list", "--reason", "is not a text")) == 3
    assert command.json("dead", "list", "--reason", "other") == []


def test_list_says_that_logs_still_wait(client: FlaskClient, command: Commands) -> None:
    """A letter on its way is not listed; that there may be some is said."""
    client.post("/logs/ingest/?strict=1", data=b'{"message":1}')
    printed = command("dead", "list", "--json")
    assert printed.stdout == "[]\n"
    assert "not listed yet" in printed.stderr


def test_show_gives_one_whole(letters: list[DeadLetter], command: Commands) -> None:
    """For people, as JSON, and exactly as it was sent."""
    name = id_text(letters[0].id)
    assert command.json("dead", "show", name) == command.json("dead", "list")[0]
    assert "\\x1b[31m{" in command("dead", "show", name).stdout
    assert command("dead", "show", name, "--payload").stdout_bytes == b"\x1b[31m{"


@pytest.mark.parametrize("verb", ["show", "replay", "drop"])
def test_letter_that_is_not_there(command: Commands, verb: str) -> None:
    """An unknown id is 1, what is no id is 2."""
    assert "no dead letter" in command("dead", verb, UNKNOWN, code=1).stderr
    assert "'abc' is not an id" in command("dead", verb, "abc", code=2).stderr


@pytest.mark.parametrize("verb", ["replay", "drop"])
@pytest.mark.parametrize("arguments", [[], ["--all", "--reason", "x"], [UNKNOWN, "--all"]])
def test_choice_must_be_clear(letters: list[DeadLetter], command: Commands, verb: str, arguments: list[str]) -> None:
    """None of the ways of choosing, or two of them, touches nothing."""
    assert "use --all" in command("dead", verb, *arguments, code=2).stderr
    assert len(command.json("dead", "list")) == 4


def test_replay_stores_what_can_be_read_now(backends: Backends, command: Commands, stored: Stored) -> None:
    """It is a log and no letter any more; a second replay adds nothing."""
    ids = IdSource()
    good = DeadLetter(ids.take(1).to_bytes(16, "big"), b'[{"message":"one"},{"message":"two"}]', "mended since")
    bad = DeadLetter(ids.take(1).to_bytes(16, "big"), b"1", "is not a JSON object")
    backends.record.letters.bury([good, bad])
    found = command.json("dead", "replay", "--all", code=2)
    assert found == {"replayed": 1, "refused": [{"id": id_text(bad.id), "message": "is not a JSON object"}]}
    backends.record.letters.bury([good])  # as if a crash had come before the letter was dropped
    assert command("dead", "replay", id_text(good.id)).stdout == "replayed 1, still refused 0\n"
    assert [log["message"] for log in stored()] == ["one", "two"]
    assert backends.record.letters.dead() == [bad]


def test_replay_by_people_says_why_not(letters: list[DeadLetter], command: Commands) -> None:
    """Each letter that stays, with its reason; exit 2."""
    printed = command("dead", "replay", "--all", code=2)
    assert printed.stdout == "replayed 3, still refused 1\n"
    assert printed.stderr.count("is not JSON") == 1
    assert "\x1b" not in printed.stderr


def test_drop_forgets(letters: list[DeadLetter], command: Commands) -> None:
    """By id, by reason, all; never more than was meant."""
    assert command("dead", "drop", id_text(letters[-1].id)).stdout == "dropped 1\n"
    assert command.json("dead", "drop", "--reason", "is not a text") == {"dropped": 2}
    assert [one["id"] for one in command.json("dead", "list")] == [id_text(letters[0].id)]
    assert command.json("dead", "drop", "--all") == {"dropped": 1}
    assert command.json("dead", "list") == []
