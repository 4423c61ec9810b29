"""Repeats: one series for equal bodies while the first is in work or unanswered, a new one afterwards."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.accept import repeats as module
from app.accept.repeats import Repeats

DIGEST = hashlib.blake2b(b"a body", digest_size=16).digest()


@pytest.fixture
def repeats(tmp_path: Path) -> Iterator[Repeats]:
    """Series in a file of the test's own."""
    made = Repeats(tmp_path / "data" / "repeats")
    yield made
    made.close()


def test_a_second_request_joins_while_the_first_works(repeats: Repeats) -> None:
    """Its body is in work, so it is the same request sent again."""
    assert repeats.begin(DIGEST) == repeats.begin(DIGEST)


def test_after_an_answer_equal_bytes_are_a_new_batch(repeats: Repeats) -> None:
    """Whoever was answered does not send again."""
    first = repeats.begin(DIGEST)
    repeats.end(DIGEST, first, delivered=True)
    assert repeats.begin(DIGEST) != first


def test_an_answer_that_was_lost_leaves_the_series_open(repeats: Repeats) -> None:
    """The client can't know that its logs were taken, and sends them again, as often as it is cut off."""
    first = repeats.begin(DIGEST)
    repeats.end(DIGEST, first, delivered=False)
    assert repeats.begin(DIGEST) == first
    repeats.end(DIGEST, first, delivered=False)
    assert repeats.begin(DIGEST) == first
    repeats.end(DIGEST, first, delivered=True)
    assert repeats.begin(DIGEST) != first


def test_the_first_answer_does_not_end_a_series_that_still_works(repeats: Repeats) -> None:
    """A repeat that is under way belongs to the same series until it has ended too."""
    first = repeats.begin(DIGEST)
    assert repeats.begin(DIGEST) == first
    repeats.end(DIGEST, first, delivered=True)
    repeats.end(DIGEST, first, delivered=False)
    assert repeats.begin(DIGEST) != first


def test_a_series_is_forgotten_in_time(repeats: Repeats, monkeypatch: pytest.MonkeyPatch) -> None:
    """After that equal bytes are a batch of their own again."""
    first = repeats.begin(DIGEST)
    monkeypatch.setattr(module, "REMEMBERED_SECONDS", -1.0)
    assert repeats.begin(DIGEST) != first


def test_more_series_than_places_forget_the_oldest(repeats: Repeats) -> None:
    """The file never grows, and the newest series are known."""
    digests = [DIGEST[:4] + number.to_bytes(12, "big") for number in range(100)]
    names = [repeats.begin(digest) for digest in digests]
    assert len(set(names)) == len(names)
    assert [repeats.begin(digest) for digest in digests[-10:]] == names[-10:]


def test_processes_share_the_series(repeats: Repeats, tmp_path: Path) -> None:
    """A client's next connection may come to another process."""
    first = repeats.begin(DIGEST)
    program = (
        "import sys; from pathlib import Path; from app.accept.repeats import Repeats;"
        "print(Repeats(Path(sys.argv[1])).begin(bytes.fromhex(sys.argv[2])).hex())"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "data" / "repeats"), DIGEST.hex()]
    found = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2])
    assert found.stdout.strip() == first.hex()


def test_what_a_killed_process_left_in_work_works_no_more(repeats: Repeats, tmp_path: Path) -> None:
    """Its request comes again and is the same; once that is answered, equal bytes are a new batch."""
    killed = Repeats(tmp_path / "data" / "repeats")
    first = killed.begin(DIGEST)
    assert repeats.begin(DIGEST) == first
    killed.close()
    repeats.end(DIGEST, first, delivered=True)
    second = repeats.begin(DIGEST)
    assert second != first


def test_a_process_that_is_killed_after_an_answer(repeats: Repeats, tmp_path: Path) -> None:
    """While it worked what came was a repeat; afterwards it is a batch of its own."""
    killed = Repeats(tmp_path / "data" / "repeats")
    first = killed.begin(DIGEST)
    repeats.begin(DIGEST)
    repeats.end(DIGEST, first, delivered=True)
    assert repeats.begin(DIGEST) == first
    repeats.end(DIGEST, first, delivered=True)
    killed.close()
    assert repeats.begin(DIGEST) != first
    assert len(list((tmp_path / "data" / "repeats.d").iterdir())) == 1


def test_more_processes_than_are_noted(repeats: Repeats, tmp_path: Path) -> None:
    """The series goes on while one of them works."""
    others = [Repeats(tmp_path / "data" / "repeats") for _ in range(6)]
    names = {one.begin(DIGEST) for one in (repeats, *others)}
    assert len(names) == 1
    for one in others:
        one.end(DIGEST, *names, delivered=True)
    assert {repeats.begin(DIGEST)} == names
    for one in others:
        one.close()
