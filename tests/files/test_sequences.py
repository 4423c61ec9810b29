"""Sequences of JSON texts (RFC 7464), as Twisted and others write them: a text that was cut costs no other."""

from __future__ import annotations

from itertools import pairwise

import pytest

from app.errors import InvalidRecord
from tests.files.reading import NOW, read, split

ONE = {"message": "zw\u00f6lf", "level": "error"}
TWO = {"message": "two", "level": "info"}
#: The texts as they are written with a separator before and a line feed behind each.
_ONE, _TWO = '\x1e{"message":"zw\u00f6lf","level":"error"}\n', '\x1e{"message":"two","level":"info"}\n'


@pytest.mark.parametrize("part", ['\x1e{"message":', '\x1e{"message":"ha', '\x1e{"message":"half","level":"error"'])
def test_a_text_that_was_cut_costs_no_other(part: str) -> None:
    """What a crash cut is refused by itself, though the next text stands on its line."""
    format, found = split(_ONE + part + _TWO + _ONE)
    assert format.name == "json"
    assert [found[place].logs(format, NOW) for place in (0, 2, 3)] == [[ONE], [TWO], [ONE]]
    with pytest.raises(InvalidRecord):
        found[1].logs(format, NOW)


def test_texts_on_one_line() -> None:
    """Texts without a line feed between them are a log each."""
    assert read(_ONE.rstrip() + _TWO.rstrip() + _TWO) == [ONE, TWO, TWO]


def test_texts_over_several_lines() -> None:
    """A text may go on over several lines, each of which has no separator."""
    assert read('\x1e{\n  "message": "two",\n  "level": "info"\n}\n' * 2 + _ONE) == [TWO, TWO, ONE]


def test_entries_follow_one_another_without_a_gap() -> None:
    """Each entry of a line ends where the next begins, so that a file that was begun goes on between them."""
    text = _ONE + '\x1e{"message":' + _TWO + _ONE.rstrip() + _TWO
    _, found = split(text)
    assert [after.start - before.end for before, after in pairwise(found)] == [0] * 4
    assert found[-1].end == len(text.encode())


def test_a_text_of_a_program_keeps_its_separators() -> None:
    """In lines that are no JSON the sign is one as any other."""
    (log,) = read("2026-01-02T03:04:05Z ERROR field one\x1efield two\n")
    assert log["message"] == "field one\x1efield two"
