"""Servers that are told, and certificates that only these tests believe."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import trustme

from app.ports.notices import Notice
from app.ports.outbox import Delivery, Message
from tests.notify.channels.receivers import Mailbox

HOSTILE = "<!channel> @all \u202e\x1b[31m\r\nBcc: all@example.org\0 [x](http://evil.example) `"


@pytest.fixture
def make_mailbox() -> Iterator[Callable[..., Mailbox]]:
    """Return a function that makes a server of mail."""
    made: list[Mailbox] = []

    def make(**options: object) -> Mailbox:
        made.append(Mailbox(**options))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for one in made:
        one.stop()


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    """An authority that nobody believes by itself."""
    return trustme.CA()


@pytest.fixture
def tls(authority: trustme.CA) -> ssl.SSLContext:
    """A server's certificate, for 127.0.0.1 and localhost."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", "localhost").configure_cert(context)
    return context


@pytest.fixture
def believed(authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let clients believe the authority, in the way that an operator does."""
    authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))


def notice(text: str = "It is bad. Nothing is lost.", until: int | None = None, severity: str = "error") -> Notice:
    """Return a notice."""
    details = {"reason": text, "traceback": f"Traceback\n{text}"}
    return Notice(
        "019e3c52-5b1e-7000-9c1a-2f6d3f0e8a11", "k", "worker_gone", severity, text, 1_700_000_000_000, until, details
    )


def message(text: str = "It is bad. Nothing is lost.", event: str = "opened") -> Message:
    """Return a message that tells one event."""
    told = notice(text, 1_700_000_063_000 if event == "closed" else None)
    return Message(f"{told.id}-{event}", (Delivery("ops", event, told, 1_700_000_000_500, f"{told.id}-{event}"),))
