"""Each detector finds all of what was planted, whole, and next to nothing where nothing was."""

from __future__ import annotations

import time
from itertools import islice

import msgspec
import pytest

from app.log.record import LogRecord
from app.rules.detectors import DETECTORS
from app.rules.look import JsonLook
from app.rules.redact import Redactor, compiled
from app.rules.text import parse
from bench.logs import lines
from tests.made_logs import made_logs
from tests.rules.planted import planted
from tests.test_real_logs import LOGHUB
from tests.thorough import examples

#: Of each kind: a property as others, of which all examples are tried in `.ci/run`.
EACH = examples(3_000)
ALL = "\n".join(f"{name}: mask {name}" for name in DETECTORS)
#: Of what is no secret at most so many logs may be changed.
FALSE_SHARE = 0.001


def redactor(text: str = ALL) -> Redactor:
    """Return the rules of *text*, ready."""
    return Redactor([compiled(rule) for rule in parse(text).redactions], b"k" * 32)


@pytest.mark.parametrize("seed", [1, 2])
def test_all_that_was_planted_is_found(seed: int) -> None:
    """Nothing of a secret is left, in messages and in metadata, whatever stands around it, and its own detector finds it."""
    rules = redactor()
    left = []
    for name, secret, text in planted(EACH, seed):
        record = LogRecord(b"", 0, 0, "error", text, metadata={"exception": {"stack": [text]}})
        rules.records([record])
        shown = f"{record.message} {record.metadata['exception']}" if record.metadata else record.message
        if not list(DETECTORS[name].find(text)) or secret in shown or secret[:-1] in shown or secret[1:] in shown:
            left.append((name, text, record.message))
    assert left == []


@pytest.mark.parametrize("name", DETECTORS)
def test_a_quick_look_passes_by_nothing(name: str) -> None:
    """Where a detector finds something its quick look at the bytes of the JSON says that it may."""
    detector = DETECTORS[name]
    for _, _, text in planted(300, 3):
        if list(detector.find(text)):
            assert detector.may_hold(JsonLook(msgspec.json.encode((text, {"a": [text]})))), text


def test_what_looks_alike_stays() -> None:
    """Numbers, names and times that are no secrets are left as they are."""
    for text in (
        "blk_-1608999687919862906 blk_4111111111111111 -4111111111111111 0.4111111111111111 4111111111111111.5",
        "4111111111111112 at 1700000000000 ns 1700000000000000000 1234567890123456 0000000000000000",
        "order 41111111111111110 id x4111111111111111 4111111111111111x 41111111111111111111111",
        "std::string dead::beef at 08:00:00, 00:1a:2b:3c:4d:5e, version 1.2.3, oid 1.3.6.1.4.1.311, 999.1.1.1 a::b",
        "org.example.Thing@6d06d69c root@localhost @decorator a @ b.com user@ @example.com foo@1.2.3",
        "bearer authentication failed, the bearer of bad news; eyJ eyJhbGci.short AKIA AKIA1234 secret",
        "sk-learn ghp_short npm_config_registry sk-a-name-of-many-words-that-is-no-key-at-all AIza whsec_ SG.b.c xoxo- shpat_ private key",
        "access_token expired, no refresh_token given; access_token: none 12:AAb -----BEGIN PUBLIC KEY----- glow-in-the-dark-paint-of-sorts",
        "the secret is safe, aws_secret_access_key was rotated; wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    ):
        record = LogRecord(b"", 0, 0, "info", text, metadata={"text": text})
        assert redactor().records([record]) == [None], record.message
        assert record.message == text


def test_few_logs_without_secrets_are_changed() -> None:
    """At most one in a thousand logs of real and made-up programs; addresses apart, of which they are full."""
    rules = redactor("\n".join(f"{name}: mask {name}" for name in DETECTORS if name != "ip"))
    texts = [str(log["message"]) for log in islice(made_logs(8_000), 8_000)] + list(lines(8_000))
    for file in sorted(LOGHUB.glob("*.ndjson")) if LOGHUB.is_dir() else ():
        texts += file.read_text(encoding="utf-8").splitlines()
    changed = [text for text in texts if rules.records([LogRecord(b"", 0, 0, "info", text)])[0] is not None]
    assert len(changed) <= FALSE_SHARE * len(texts), changed[:10]


def test_a_token_beside_its_name_is_found_in_the_metadata() -> None:
    """As in a text, though there name and value are apart; a word there is none."""
    metadata = {
        "access_token": "Zm9vYmFy1234",
        "oauth": {"app_refresh_token": "opaque/token+without=digits"},
        "token": "x",
    }
    record = LogRecord(b"", 0, 0, "info", "logged in", metadata=metadata)
    assert redactor("bearer: mask bearer").records([record]) == [{"bearer": 2}]
    assert record.metadata is not None
    assert (record.metadata["access_token"], record.metadata["oauth"]) == (
        "[bearer]",
        {"app_refresh_token": "[bearer]"},
    )
    record = LogRecord(
        b"", 0, 0, "info", "logged in", metadata={"access_token": "expired", "access_tokens": "12345678"}
    )
    assert redactor("bearer: mask bearer").records([record]) == [None]


def test_the_token_of_a_bot_in_an_address_is_found() -> None:
    """Telegram has it behind `bot` in the path of each request, which is what clients log."""
    token = "123456789:AA" + "HdqTcvCH1vGWJxfSeofSAs0K5PALDsaw1"
    for text in (
        f"POST https://api.telegram.org/bot{token}/sendMessage 200",
        f"to=https%3A%2F%2Fa%2Fbot{token}%2FgetMe",
    ):
        assert [text[start:end] for start, end in DETECTORS["key"].find(text)] == [token]


def test_many_finds_in_one_text_take_little_time() -> None:
    """Of characters of several bytes too, whose places are told right."""
    secret = "sk_live_" + "a" * 16
    text = f"é {secret} " * 5_000
    began = time.process_time()
    found = list(DETECTORS["key"].find(text))
    assert time.process_time() - began < 1
    assert {text[start:end] for start, end in found} == {secret}
    assert len(found) == 5_000
