"""What a server of mail is sent: over TLS, to one address, with headers that nobody can add to."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from typing import Any

import pytest

from app.backends import channels
from app.ports.outbox import Channel, Undelivered
from app.settings.settings import Settings
from tests.notify.channels.conftest import HOSTILE, message
from tests.notify.channels.receivers import Mailbox

Make = Callable[..., Mailbox]


def channel(tmp_path: Any, server: str) -> Channel:
    """Return the channel to an address by a server."""
    given = {"DATA_DIR": str(tmp_path), "NOTIFY": "mailto:ops@example.org", "SMTP_URL": server}
    (made,) = channels(Settings.from_env({f"LOGINGESTOR_{name}": value for name, value in given.items()}))
    return made


@pytest.mark.usefixtures("believed")
@pytest.mark.parametrize("at_once", [False, True])
def test_mail_is_sent_over_tls_with_a_login(
    make_mailbox: Make, tls: ssl.SSLContext, tmp_path: Any, at_once: bool
) -> None:
    """By STARTTLS or from the first byte; the password crosses no line that can be read."""
    box = make_mailbox(context=tls, at_once=at_once, login=("logs", "p@ss"))
    scheme = "smtps" if at_once else "smtp"
    channel(tmp_path, f"{scheme}://logs:p%40ss@127.0.0.1:{box.port}?from=logs@example.org").send(message())
    (letter,) = box.letters
    assert (letter["From"], letter["To"]) == ("logs@example.org", "ops@example.org")
    assert letter["Message-ID"] == f"<{message().id}@example.org>"
    assert letter["Auto-Submitted"] == "auto-generated"
    assert "Error: worker_gone" in letter["Subject"]
    assert "It is bad. Nothing is lost." in letter.get_content()
    assert all(line.startswith("TLS ") for line in box.heard if "AUTH" in line or "MAIL" in line)


def test_the_same_message_has_the_same_id_and_its_end_refers_to_it(make_mailbox: Make, tmp_path: Any) -> None:
    """So that programs of mail drop doubles, and show the end beneath the beginning."""
    box = make_mailbox()
    made = channel(tmp_path, f"smtp://127.0.0.1:{box.port}?starttls=never")
    for event in ("opened", "opened", "closed"):
        made.send(message(event=event))
    first, second, closed = box.letters
    assert first["Message-ID"] == second["Message-ID"] != closed["Message-ID"]
    assert closed["References"] == first["Message-ID"]
    assert "Over: worker_gone" in closed["Subject"]


def test_what_a_system_said_adds_no_header(make_mailbox: Make, tmp_path: Any) -> None:
    """Line ends, controls and marks of direction act nowhere, and no line ends the letter early."""
    box = make_mailbox()
    made = channel(tmp_path, f"smtp://127.0.0.1:{box.port}?starttls=never")
    made.send(message(f"{HOSTILE}\r\n.\r\nMAIL FROM:<x@example.org>"))
    (letter,) = box.letters
    assert letter["Bcc"] is None
    assert letter["To"] == "ops@example.org"
    assert len(letter.get_all("Subject")) == 1
    assert not any(acts in letter.get_content() for acts in "\u202e\x1b\0")
    assert [line for line in box.heard if line.startswith("MAIL")] == [
        line for line in box.heard if "x@example" not in line and line.startswith("MAIL")
    ]


def test_without_starttls_nothing_is_sent(make_mailbox: Make, tmp_path: Any) -> None:
    """Where it is wanted: the default."""
    box = make_mailbox(login=("logs", "secret"))
    with pytest.raises(Undelivered, match="no STARTTLS") as raised:
        channel(tmp_path, f"smtp://logs:secret@127.0.0.1:{box.port}").send(message())
    assert not raised.value.final
    assert not any("AUTH" in line or "MAIL" in line for line in box.heard)


def test_a_certificate_that_is_not_believed(make_mailbox: Make, tls: ssl.SSLContext, tmp_path: Any) -> None:
    """Nothing is sent either."""
    box = make_mailbox(context=tls)
    with pytest.raises(Undelivered, match="certificate"):
        channel(tmp_path, f"smtp://127.0.0.1:{box.port}").send(message())
    assert box.letters == []


@pytest.mark.parametrize(
    ("options", "words", "final"),
    [
        ({"to_recipient": "550 no such user"}, "550 no such user", True),
        ({"to_recipient": "450 greylisted"}, "450 greylisted", False),
        ({"to_data": "554 spam"}, "554 spam", True),
        ({"to_data": "451 later"}, "451 later", False),
    ],
)
def test_refusals_are_told_apart(make_mailbox: Make, tmp_path: Any, options: Any, words: str, final: bool) -> None:
    """5xx is never taken, 4xx later."""
    box = make_mailbox(**options)
    with pytest.raises(Undelivered, match=words) as raised:
        channel(tmp_path, f"smtp://127.0.0.1:{box.port}?starttls=never").send(message())
    assert raised.value.final is final


@pytest.mark.usefixtures("believed")
def test_a_wrong_password_can_be_mended(make_mailbox: Make, tls: ssl.SSLContext, tmp_path: Any) -> None:
    """So the message waits, and the password is not said."""
    box = make_mailbox(context=tls, login=("logs", "right"))
    with pytest.raises(Undelivered, match="does not let 'logs' in: 535") as raised:
        channel(tmp_path, f"smtp://logs:wrong@127.0.0.1:{box.port}").send(message())
    assert not raised.value.final and "wrong@" not in str(raised.value)


@pytest.mark.parametrize("said", ["421 going down", "500 what?", "nonsense"])
def test_mail_that_was_taken_is_not_sent_again(make_mailbox: Make, tmp_path: Any, said: str) -> None:
    """However the server answers the goodbye."""
    box = make_mailbox(to_quit=said)
    channel(tmp_path, f"smtp://127.0.0.1:{box.port}?starttls=never").send(message())
    assert len(box.letters) == 1


def test_nobody_takes_mail(make_mailbox: Make, tmp_path: Any) -> None:
    """It is tried again."""
    box = make_mailbox()
    box.stop()
    with pytest.raises(Undelivered, match="refused") as raised:
        channel(tmp_path, f"smtp://127.0.0.1:{box.port}?starttls=never").send(message())
    assert not raised.value.final
