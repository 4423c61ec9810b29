"""Redaction of one log: anywhere in it, marked, counted, and never at the cost of the log."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from app.log.record import LogRecord
from app.rules.redact import Redactor, compiled
from app.rules.spans import merged
from app.rules.text import parse

KEY = b"k" * 32


def redacted(rules: str, key: bytes = KEY, **fields: Any) -> LogRecord:
    """Return a log after rules were applied to it."""
    record = LogRecord(b"", 0, 0, **{"level": "info", "message": "m", **fields})
    Redactor([compiled(rule) for rule in parse(rules).redactions], key).records([record])
    return record


def test_values_go_at_any_depth_names_and_numbers_too() -> None:
    """Objects in lists, keys, and numbers that are cards: nothing is too deep, and the log says what was taken out."""
    found = redacted(
        "mails: mask email\ncards: mask card",
        message="from a@b.io",
        metadata={"a": [{"b": ["to c@d.io", 4111111111111111, 5500005555555559.0, 7]}], "e@f.io": True, "n": None},
    )
    assert found.message == "from [mails]"
    assert found.metadata == {
        "a": [{"b": ["to [mails]", "[cards]", "[cards]", 7]}],
        "[mails]": True,
        "n": None,
        "redacted": {"mails": 3, "cards": 2},
    }


def test_two_keys_that_become_one_stay_two() -> None:
    """A key that is masked takes no neighbour's place."""
    found = redacted("mails: mask email", metadata={"a@b.io": 1, "c@d.io": 2, "[mails]": 3})
    assert sorted(value for name, value in (found.metadata or {}).items() if name != "redacted") == [1, 2, 3]


def test_equal_secrets_have_equal_hashes() -> None:
    """A keyed hash tells that two are the same, however they are written, and with another key nothing."""
    rules = "mails: hash email\ncards: hash card"
    one = redacted(rules, message="Bob@Example.com 4111 1111 1111 1111").message
    assert one == redacted(rules, message="bob%40example.com 4111111111111111").message
    assert one != redacted(rules, key=b"other", message="bob@example.com 4111111111111111").message
    assert "bob" not in one.lower()
    assert "4111" not in one


def test_whole_values_by_their_field() -> None:
    """A field goes with all beneath it, whatever its type; removed ones are not there any more."""
    metadata = {"user": {"Password": "x", "keys": [1, 2]}, "http.auth": "y", "ok": "z", "passwords": 1}
    found = redacted(
        "a: remove value in *.password\nb: mask value in metadata.user.keys\nc: remove value in metadata.http.auth, commit",
        metadata=metadata,
        commit="c0ffee",
    )
    assert found.commit is None
    assert found.metadata == {"user": {"keys": "[b]"}, "ok": "z", "passwords": 1, "redacted": {"a": 1, "b": 1, "c": 2}}


def test_own_patterns_take_out_their_groups() -> None:
    """With groups only those go; in the fields that a rule names and no others."""
    found = redacted("ssn: remove /ssn=(\\d+)/ in message", message="ssn=12 and ssn=345", metadata={"x": "ssn=6"})
    assert found.message == "ssn= and ssn="
    assert found.metadata == {"x": "ssn=6", "redacted": {"ssn": 2}}


def test_what_two_rules_find_crosswise_goes_whole() -> None:
    """Where spans overlap no rest is left that neither rule would find."""
    assert merged([(5, 9, 0), (0, 6, 1), (9, 12, 2)]) == [(0, 9, 0), (9, 12, 2)]
    found = redacted("one: mask /abcd/\ntwo: mask /cdef/", message="x abcdef y")
    assert found.message == "x [one] y"


def test_a_log_without_secrets_stays_as_it_is() -> None:
    """Nothing is marked, copied or sorted anew."""
    metadata = {"b": 1, "a": {"x": [1.5, None, "text"]}}
    record = LogRecord(b"", 0, 0, "info", "nothing to see", metadata=metadata)
    assert Redactor([compiled(rule) for rule in parse("a: mask email").redactions], KEY).records([record]) == [None]
    assert record.metadata is metadata
    assert "redacted" not in metadata


def test_marks_of_before_are_added_to() -> None:
    """A log that was marked once keeps that; what a sender calls the same and is none is kept beside it."""
    found = redacted("a: mask email", message="x@y.io", metadata={"redacted": {"a": 2, "b": 1}})
    assert found.metadata == {"redacted": {"a": 3, "b": 1}}
    found = redacted("a: mask email", message="x@y.io", metadata={"redacted": "yes"})
    assert found.metadata == {"redacted.sent": "yes", "redacted": {"a": 1}}


def test_a_rule_that_fails_shows_nothing_and_loses_no_log() -> None:
    """The text on which a rule fails is masked as a whole, the others are as they are, and the other rules go on."""

    def broken(text: str) -> Any:
        if "bad" in text:
            raise RuntimeError(text)
        return [(0, 1)] if text == "ok" else []

    rules = [compiled(rule) for rule in parse("odd: mask /x/\nmails: mask email").redactions]
    rules[0] = replace(rules[0], find=broken)
    record = LogRecord(b"", 0, 0, "info", "bad a@b.io", metadata={"one": "ok", "two": "c@d.io"})
    (counts,) = Redactor(rules, KEY).records([record])
    assert record.message == "[odd failed]"
    assert record.metadata == {"one": "[odd]k", "two": "[mails]", "redacted": {"odd": 2, "mails": 1}}
    assert counts == {"odd": 2, "mails": 1}
