"""What webhooks are sent, and what becomes of each answer."""

from __future__ import annotations

import ssl
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler
from typing import Any

import msgspec
import pytest

from app.backends import channels, signing
from app.notify.channels import post as post_module
from app.notify.channels.post import post
from app.ports.outbox import Channel, Delivery, Message, Undelivered
from app.settings.settings import Settings
from tests.notify.channels.conftest import HOSTILE, message, notice
from tests.notify.channels.receivers import Receiver

ALLOWED = ("127.0.0.1/32",)


def channel(tmp_path: Any, url: str, **more: str) -> tuple[Channel, Settings]:
    """Return the channel that a URL of NOTIFY means."""
    given = {"DATA_DIR": str(tmp_path), "NOTIFY": url, "NOTIFY_PRIVATE": "127.0.0.1", **more}
    settings = Settings.from_env({f"LOGINGESTOR_{name}": value for name, value in given.items()})
    (made,) = channels(settings)
    return made, settings


def test_a_webhook_is_signed_json(receiver: Receiver, tmp_path: Any) -> None:
    """As Standard Webhooks says: checked by the secret that its receiver was given; a try later has another time and the same id."""
    made, settings = channel(tmp_path, f"{receiver.url}?token=1&min=x#name=ops&min=error")
    made.send(message(HOSTILE))
    made.send(message(HOSTILE))
    first, second = receiver.got
    (secret,) = signing(settings, made.notifier)
    assert first.path == "/hook?token=1&min=x"
    assert first.is_signed(secret) and second.is_signed(secret)
    assert not first.is_signed("whsec_" + "A" * 32)
    assert first.headers["webhook-id"] == second.headers["webhook-id"] == message().id
    assert first.headers["content-type"] == "application/json"
    told = first.data
    assert (told["type"], told["timestamp"]) == ("notice.opened", "2023-11-14T22:13:20Z")
    assert told["data"] == msgspec.to_builtins(notice(HOSTILE).shown())


def test_each_webhook_has_a_secret_of_its_own(receiver: Receiver, tmp_path: Any) -> None:
    """So that no receiver can pose as us to another; one that is set holds for all, and two sign both."""
    one, settings = channel(tmp_path, f"{receiver.url}#name=one")
    two, _ = channel(tmp_path, f"{receiver.url}#name=two")
    assert signing(settings, one.notifier) != signing(settings, two.notifier)
    secrets = ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_" + "B" * 32]
    both, _ = channel(tmp_path, receiver.url, NOTIFY_SECRET=" ".join(secrets))
    both.send(message())
    assert all(receiver.got[0].is_signed(secret) for secret in secrets)


def test_closed_digests_and_tests_are_told(receiver: Receiver, tmp_path: Any) -> None:
    """A notice that is over with when; several at once without their details; a test says that it is one."""
    made, _ = channel(tmp_path, receiver.url)
    made.send(message(event="closed"))
    several = tuple(Delivery("ops", "opened", notice(f"number {n}"), 5, "digest-1") for n in range(3))
    made.send(Message("digest-1", several))
    made.send(Message("test-1", ()))
    closed, digest, test = [one.data for one in receiver.got]
    assert (closed["type"], closed["timestamp"], closed["data"]["state"]) == (
        "notice.closed",
        "2023-11-14T22:14:23Z",
        "closed",
    )
    assert digest["type"] == "notices.digest"
    assert [one["data"]["text"] for one in digest["data"]["events"]] == ["number 0", "number 1", "number 2"]
    assert test["type"] == "test"


def test_no_message_is_too_large(receiver: Receiver, tmp_path: Any) -> None:
    """Whatever a notice holds: texts are cut, of a traceback its end is sent, and details that are still too large are left out."""
    webhook, _ = channel(tmp_path, receiver.url)
    slack, _ = channel(tmp_path, f"slack+{receiver.url}")
    long = message("x" * 100_000 + "end")
    many = msgspec.structs.replace(notice(), details={"logs": ["y" * 999] * 99, "count": 99})
    for made in (webhook, slack):
        made.send(long)
        made.send(Message("m", (Delivery("ops", "opened", many, 1, "m"),)))
    assert max(len(one.body) for one in receiver.got) < 20 << 10
    assert receiver.got[0].data["data"]["details"]["traceback"].endswith("end")
    assert receiver.got[1].data["data"]["details"] == {"count": 99, "left_out": True}


def test_slack_is_told_in_words_that_call_nobody(receiver: Receiver, tmp_path: Any) -> None:
    """One text, which Mattermost and Rocket.Chat take too; what a system said opens no mark, link or mention."""
    made, _ = channel(tmp_path, f"slack+{receiver.url}")
    made.send(message(HOSTILE))
    made.send(message(event="closed"))
    first, second = [one.data for one in receiver.got]
    assert first.keys() == {"text"}
    assert "Error: worker_gone" in first["text"] and "2023-11-14T22:13:20Z" in first["text"]
    for acts in ("<!", "@all", "\u202e", "\x1b", "\0", "](", "`"):
        assert acts not in first["text"]
    assert "Over: worker_gone" in second["text"] and "(1 min 3 s)" in second["text"]
    assert "webhook-signature" not in receiver.got[0].headers


def refused(url: str) -> Undelivered:
    """Return what a POST there raises."""
    with pytest.raises(Undelivered) as raised:
        post(url, b"{}", {}, ALLOWED)
    return raised.value


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 410, 413, 422, 301, 308])
def test_what_is_never_taken_is_said(receiver: Receiver, status: int) -> None:
    """With what the receiver said, on one line."""
    receiver.answers = [(status, {}, "no such\r\n channel \x1b[31m")]
    error = refused(receiver.url)
    assert error.final
    assert str(status) in str(error)
    assert str(error).isprintable()


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_what_may_be_taken_later_is_tried_again(receiver: Receiver, status: int) -> None:
    """Not before the receiver wants it: in seconds, or by a date; nonsense asks for nothing."""
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
    receiver.answers = [(status, {"Retry-After": text}, "") for text in ("120", date, "-1", "soon")]
    first, second, third, fourth = (refused(receiver.url) for _ in range(4))
    assert not first.final and first.wait == 120
    assert second.wait is not None and 60 < second.wait <= 90
    assert (third.wait, fourth.wait) == (None, None)


def hang(handler: BaseHTTPRequestHandler) -> None:
    """Answer nothing for a while."""
    time.sleep(1.5)


def trickle(handler: BaseHTTPRequestHandler) -> None:
    """Answer a byte now and then, for ever."""
    while True:
        handler.wfile.write(b"H")
        time.sleep(0.1)


def leave(handler: BaseHTTPRequestHandler) -> None:
    """Close without an answer."""
    handler.close_connection = True
    handler.connection.close()


@pytest.mark.parametrize(
    ("answer", "words"),
    [(hang, "did not answer within"), (trickle, "HTTP|did not answer"), (leave, "without an answer")],
)
def test_who_hangs_holds_nobody(receiver: Receiver, monkeypatch: pytest.MonkeyPatch, answer: Any, words: str) -> None:
    """Each step has a limit, and all of them together, for a receiver that answers a byte at a time."""
    monkeypatch.setattr(post_module, "STEP_SECONDS", 0.4)
    monkeypatch.setattr(post_module, "WHOLE_SECONDS", 0.8)
    receiver.answers = [answer]
    began = time.monotonic()
    with pytest.raises(Undelivered, match=words) as raised:
        post(receiver.url, b"{}", {}, ALLOWED)
    assert not raised.value.final
    assert time.monotonic() - began < 20


def test_nobody_listens(receiver: Receiver) -> None:
    """It is tried again."""
    receiver.stop()
    error = refused(receiver.url)
    assert not error.final and "refused" in str(error)


def test_certificates_are_checked(tls: ssl.SSLContext, believed: None) -> None:
    """An authority that the machine believes is enough; a name that the certificate does not have is not."""
    receiver = Receiver(context=tls)
    try:
        post(receiver.url, b"{}", {}, ALLOWED)
        assert len(receiver.got) == 1
        error = refused(receiver.url.replace("127.0.0.1", "127.1"))
        assert "certificate" in str(error) and not error.final
    finally:
        receiver.stop()


def test_an_unknown_authority_is_not_believed(tls: ssl.SSLContext) -> None:
    """Nothing is sent."""
    receiver = Receiver(context=tls)
    try:
        assert "certificate" in str(refused(receiver.url))
        assert receiver.got == []
    finally:
        receiver.stop()


def test_a_login_in_the_url_is_sent_as_such(receiver: Receiver) -> None:
    """And not as a part of the host."""
    post(receiver.url.replace("//", "//user:p%40ss@"), b"{}", {}, ALLOWED)
    assert receiver.got[0].headers["authorization"] == "Basic dXNlcjpwQHNz"
