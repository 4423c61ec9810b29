"""Redaction of refused payloads: of JSON, of what was to be JSON, of text, of bytes."""

from __future__ import annotations

import gzip
import json

import pytest

from app.rules.payload import redacted, sentence
from app.rules.redact import Redactor, compiled
from app.rules.text import parse

RULES = Redactor(
    [
        compiled(rule)
        for rule in parse(
            "mails: mask email\ncards: mask card\ntokens: remove bearer\nwords: mask value in *.password"
        ).redactions
    ],
    b"k" * 32,
)


def test_json_stays_json() -> None:
    """A refused log can be read, mended and sent again: numbers and names are replaced as values, and it is marked."""
    sent = {
        "message": 5,
        "card": 4111111111111111,
        "metadata": {"a@b.io": 1, "password": "x"},
        "list": [{"password": 2}],
    }
    changed, counts = redacted(RULES, json.dumps(sent).encode())
    assert json.loads(changed) == {
        "message": 5,
        "card": "[cards]",
        "metadata": {"[mails]": 1, "password": "[words]"},
        "list": [{"password": "[words]"}],
        "redacted": {"cards": 1, "mails": 1, "words": 2},
    }
    assert counts == {"cards": 1, "mails": 1, "words": 2}


def test_what_holds_nothing_stays_to_the_byte() -> None:
    """Blanks, order and escapes of an innocent payload are as they were sent."""
    for body in (b'{ "b":1,\n"a" : "\\u0041" }', b"plain text", b'{"a": "\xff"}', b'{"a": 1', b""):
        assert redacted(RULES, body) == (body, {})


@pytest.mark.parametrize(
    "body",
    [
        b'{"message": "to a@b.io", "password": "hunter2", ',
        b'{"message": "to a\\u0040b.io", "password" : "hunter2"',
        b'{"message": "a@b.io", "message": "clean", "password": "hunter2"}',
        b"a@b.io password=hunter2\xff",
        b"level=info mail=a@b.io password: hunter2, ok",
        b'{"log":"{\\"mail\\":\\"a@b.io\\",\\"password\\":\\"hunter2\\"}"',
    ],
)
def test_text_is_looked_through_as_it_is(body: bytes) -> None:
    """Broken JSON, names that stand twice, escapes, other bytes: no secret stays."""
    changed, counts = redacted(RULES, body)
    assert b"b.io" not in changed
    assert b"hunter2" not in changed
    assert counts == {"mails": 1, "words": 1}


def test_a_secret_that_the_end_would_cut_is_found() -> None:
    """Of a long body the beginning is kept, and looked through beyond its end."""
    body = b"x" * 90 + b" a-long-name@example.com and more" + b"y" * 200
    changed, _ = redacted(RULES, body, 100)
    assert len(changed) <= 100
    assert changed.startswith(b"x" * 90 + b" [mails]")


def test_bytes_that_are_no_text_are_not_kept() -> None:
    """What is compressed can be inflated by anybody, and looked through by no rule."""
    changed, _ = redacted(RULES, gzip.compress(b"a@b.io")[:-4])
    assert b"no text" in changed
    assert len(changed) < 100


def test_reasons_cite_no_secret() -> None:
    """The reason of a refusal may cite what was sent."""
    assert sentence(RULES, "'a@b.io' is not a time") == "'[mails]' is not a time"
