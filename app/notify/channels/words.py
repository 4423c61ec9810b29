"""Messages to notifiers, in words and as data. Text from outside is not trusted: it is made harmless before it is shown."""

from __future__ import annotations

import socket
from typing import Any

import msgspec

from app.ports.notices import Notice
from app.ports.outbox import Delivery, Message
from app.times import instant, lengths
from app.times.instant import now_ms

#: Most characters of a notice's text; of a traceback, and of another text, among its details; most bytes of all of them as JSON.
_TEXT, _LONG, _SHORT, _DETAILS = 4_000, 6_000, 1_000, 16_000
_TITLES = {"error": "Error", "warning": "Warning"}


def harmless(text: str) -> str:
    """Return *text* with a mark in place of what would act instead of showing: controls, marks of direction."""
    return "".join(one if one.isprintable() or one == "\n" else "\ufffd" for one in text)


def host() -> str:
    """Return the name of this machine, for who hears of several."""
    return harmless(socket.gethostname())


def title(one: Delivery) -> str:
    """Return what happened, in a few words: `Error: worker_gone`, `Over: …`."""
    notice = one.notice
    if one.event == "closed":
        return f"Over: {notice.kind}"
    again = "Worse: " if one.event == "worsened" else ""
    return f"{again}{_TITLES.get(notice.severity, 'Notice')}: {notice.kind}"


def sentence(one: Delivery) -> str:
    """Return what is wrong, and from when until when."""
    notice = one.notice
    since = instant.text((notice.since // 1000 * 1000, 0))
    told = harmless(_shorten(notice.text, _TEXT))
    if notice.until is None:
        return f"{told} Since {since}."
    until = instant.text((notice.until // 1000 * 1000, 0))
    return f"It was: {told} From {since} until {until} ({lengths.brief(((notice.until or now_ms()) - notice.since) * lengths.MS)})."


def summary(message: Message) -> str:
    """Return a message's title."""
    if not message.deliveries:
        return "Test"
    if len(message.deliveries) == 1:
        return title(message.deliveries[0])
    return f"{len(message.deliveries)} notices"


def text(message: Message) -> str:
    """Return a message as lines of text."""
    if not message.deliveries:
        return f"This is a test from LogIngestor on {host()}. Nothing is wrong."
    return "\n".join(f"{title(one)}: {sentence(one)}" for one in message.deliveries)


def data(message: Message) -> dict[str, Any]:
    """Return a message as Standard Webhooks recommends it: type, the event's time, and what it is about."""
    match message.deliveries:
        case ():
            told: dict[str, Any] = {"text": text(message)}
            return {"type": "test", "timestamp": instant.text((now_ms(), 0)), "source": host(), "data": told}
        case (one,):
            return {**_event(one), "source": host()}
    made = max(one.made for one in message.deliveries)
    told = {"events": [_event(one, whole=False) for one in message.deliveries]}
    return {"type": "notices.digest", "timestamp": instant.text((made, 0)), "source": host(), "data": told}


def _event(one: Delivery, *, whole: bool = True) -> dict[str, Any]:
    notice = one.notice
    at = notice.until if one.event == "closed" and notice.until is not None else notice.since
    if one.event == "worsened":
        at = one.made
    shown = notice.shown()
    shown.text = _shorten(notice.text, _TEXT)
    shown.details = details(notice) if whole else {}
    return {"type": f"notice.{one.event}", "timestamp": instant.text((at, 0)), "data": shown}


def details(notice: Notice) -> dict[str, Any]:
    """Return the details, so much of them as receivers take: of a traceback the end tells most."""
    found = {
        name: value[-_LONG:] if name == "traceback" else _shorten(value, _SHORT) if isinstance(value, str) else value
        for name, value in notice.details.items()
    }
    if len(msgspec.json.encode(found)) <= _DETAILS:
        return found
    return {name: value for name, value in found.items() if value is None or isinstance(value, int | float)} | {
        "left_out": True
    }


def _shorten(text: str, most: int) -> str:
    return text if len(text) <= most else text[:most] + "\u2026"
