"""NOTIFY and its neighbours: what may be written, and that a mistake is named without the secret it stands in."""

from __future__ import annotations

import pytest

from app.errors import InvalidSettings
from app.ports.notices import Notice
from app.ports.outbox import Notifier
from app.settings.notify import MailServer
from app.settings.settings import Settings

MAIL = {"SMTP_URL": "smtp://mail.example.org"}


def settings(**given: str) -> Settings:
    """Return the settings."""
    return Settings.from_env({f"LOGINGESTOR_{name}": value for name, value in given.items()})


def refusal(**given: str) -> str:
    """Return why settings are refused."""
    with pytest.raises(InvalidSettings) as raised:
        settings(**given)
    return str(raised.value)


def test_notifiers_are_read() -> None:
    """Commas, blanks and line ends part them; a comma or a sign within a URL does not."""
    text = (
        "https://hooks.example.org/a?b=c,d&min=x#name=ops&min=error&kinds=worker_gone+disk_nearly_full,"
        "slack+https://hooks.slack.com/services/T/B/secret \n mailto:ops@example.org#min=error"
    )
    assert settings(NOTIFY=text, **MAIL).notify == (
        Notifier(
            "ops", "webhook", "https://hooks.example.org/a?b=c,d&min=x", "error", ("worker_gone", "disk_nearly_full")
        ),
        Notifier("hooks.slack.com", "slack", "https://hooks.slack.com/services/T/B/secret"),
        Notifier("ops@example.org", "mailto", "ops@example.org", "error"),
    )
    assert settings().notify == ()
    assert settings(NOTIFY="http://[::1]:8080/x").notify[0].name == "1.8080"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("ftp://example.org/secret", "begins with none of https:"),
        ("https:///secret", "is not a URL with a host"),
        ("https://example.org:port/secret", "Port could not"),
        ("https://example.org/secret#name=a b", "needs a name"),
        ("https://example.org/secret#level=error", "has the option 'level'"),
        ("https://example.org/secret#min=info", "min: must be error or warning"),
        ("https://example.org/secret#kinds=worker_gone+nonsense", "kinds: known are worker_crashed"),
        ("https://example.org/secret,https://example.org/other", "two notifiers called example.org"),
        ("mailto:a@example.org,b@example.org", "is not one plain address"),
        ("mailto:a@example.org?bcc=b@example.org", "is not one plain address"),
        ("mailto:a@example.org%0d%0aBcc:b@example.org", "is not one plain address"),
        ("mailto:Secret <a@example.org>", "is not one plain address"),
    ],
)
def test_mistakes_are_named(text: str, words: str) -> None:
    """With what is wrong, and without what may be secret."""
    told = refusal(NOTIFY=text, **MAIL)
    assert words in told
    assert "secret" not in told.lower()


def test_mail_needs_a_server() -> None:
    """Else it would be known only when something is wrong."""
    assert "LOGINGESTOR_SMTP_URL is not set" in refusal(NOTIFY="mailto:ops@example.org")


@pytest.mark.parametrize(
    ("text", "server"),
    [
        ("smtp://mail", MailServer("mail", 587, False, "required", "", "", "")),
        ("smtps://u:p%40@mail?from=a@b.org", MailServer("mail", 465, True, "required", "u", "p@", "a@b.org")),
        ("smtp://mail:25?starttls=never", MailServer("mail", 25, False, "never", "", "", "")),
    ],
)
def test_mail_servers_are_read(text: str, server: MailServer) -> None:
    """With their ports, and STARTTLS unless another is said."""
    assert settings(SMTP_URL=text).smtp_url == server


@pytest.mark.parametrize(
    "text",
    [
        "mail:25",
        "http://mail",
        "smtp://",
        "smtp://mail?x=1",
        "smtp://mail?starttls=yes",
        "smtp://mail:x",
        "smtp://mail?from=a%0d%0ab@c",
        "smtp://u:secret@mail?starttls=optional",
        "smtp://u:secret@mail?starttls=never",
    ],
)
def test_bad_mail_servers_are_refused(text: str) -> None:
    """Without the password."""
    assert "secret" not in refusal(SMTP_URL=text)


@pytest.mark.parametrize(
    "text", ["short", "whsec_" + "A" * 28, "whsec_" + "A" * 92, "whsec_!!!!", "whsec_" + "A" * 32 + " x"]
)
def test_bad_secrets_are_refused(text: str) -> None:
    """Standard Webhooks wants 24 to 64 bytes as base64."""
    assert text not in refusal(NOTIFY_SECRET=text)
    assert len(settings(NOTIFY_SECRET="whsec_" + "A" * 32).notify_secret[0]) == 24


def notice(kind: str, severity: str, **details: str) -> Notice:
    """Return a notice."""
    return Notice("1", "k", kind, severity, "text", 1, None, details)


def test_what_a_notifier_wants() -> None:
    """The least severity and the kinds both hold; that it fails itself it is never told, that others fail it is."""
    everything, errors = Notifier("a", "webhook", "u"), Notifier("b", "webhook", "u", "error")
    some = Notifier("c", "webhook", "u", "warning", ("worker_gone",))
    assert [one.wants(notice("worker_gone", "warning")) for one in (everything, errors, some)] == [True, False, True]
    assert [one.wants(notice("logs_refused", "error")) for one in (everything, errors, some)] == [True, True, False]
    failing = notice("notifier_failing", "error", notifier="a")
    assert [one.wants(failing) for one in (everything, errors)] == [False, True]


def test_secrets_are_not_shown() -> None:
    """Where settings are printed."""
    made = settings(
        NOTIFY="https://example.org/hidden", SMTP_URL="smtps://u:hidden@mail", NOTIFY_SECRET="whsec_" + "A" * 32
    )
    assert "hidden" not in repr(made) and "AAA" not in repr(made)
