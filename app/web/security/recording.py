"""Requests are entries of the audit log: who read what, who changed what, and who was not let in.

What changes something is written before it is done, and is not done where it can't be written. What only reads is written
when it is answered; where it can't be, the answer says so in a header.
"""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sized
from functools import cache
from typing import Any, TypeVar

import msgspec
from flask import Flask, Response, g, request

from app.audit_log.recorder import Recorder
from app.errors import Unavailable
from app.ports.audit_log.entry import Outcome, entry
from app.process import Parts
from app.web.accounts.noting import asked_entry
from app.web.security.access import SAFE_METHODS, guard_of
from app.web.security.credentials import presented
from app.web.security.proxied import current_request
from app.web.security.reads import NAMES, PARTS, READS, REFRESHED, SHOWING, UNWRITTEN, Looks
from app.web.security.rights import right_of

log = logging.getLogger(__name__)

#: Characters kept of a value, and bytes that all parameters of an entry take together, as JSON.
VALUE_LENGTH, DETAILS_BYTES = 2_000, 7_900
#: Header of an answer whose reading could not be written.
UNWRITTEN_HEADER = "Audit-Log"
#: Refusals that are written at once, and a second; others are counted in the next one.
REFUSALS, REFUSALS_A_SECOND = 100, 1.0

_TOKEN = re.compile(r"lgi_[\w-]{8,}")
_KEY = "logingestor.recording"
T = TypeVar("T", bound=Sized)


def install(app: Flask) -> None:
    """Write what requests do; to be called when it is known who may ask."""
    recording = app.extensions[_KEY] = Recording(app.extensions["logingestor"], asks=guard_of(app).required)
    app.before_request(recording.before)
    app.after_request(recording.after)


def returned(count: int) -> None:
    """Say how many logs the answer shows."""
    g.returned = g.get("returned", 0) + count


def refreshing() -> None:
    """Mark this answer as a refresh by the page itself: it counts to the entry of the page's load."""
    g.refreshing = True


def counted(chunks: Iterable[T]) -> Iterator[T]:
    """Pass on what a stream will send, and have the number of logs in it written at its end."""
    g.streamed = streamed = {"returned": 0, "whole": False}

    def passing() -> Iterator[T]:
        for chunk in chunks:
            streamed["returned"] += len(chunk)
            yield chunk
        streamed["whole"] = True

    return passing()


class Recording:
    """Writes what the requests of one process do."""

    def __init__(self, parts: Parts, *, asks: bool) -> None:
        """Take the process's parts; without *asks* (an open server, whose readers are unknown) reads are not recorded."""
        self._parts = parts
        self._asks = asks
        self._looks = Looks()
        self._guard = threading.Lock()
        self._left, self._at, self._uncounted = float(REFUSALS), time.monotonic(), 0

    def before(self) -> None:
        """Write that something is about to be changed. Raises Unavailable: then it is not."""
        asked = current_request()
        action = _done_by(asked.endpoint, asked.method in SAFE_METHODS)[1]
        if action is not None:
            self._recorder().append(asked_entry(action, subject=_subject(), outcome="asked", details=_details()))

    def after(self, response: Response) -> Response:
        """Write what was read, what became of a change, and who was refused."""
        asked = current_request()
        reads, changes = _done_by(asked.endpoint, asked.method in SAFE_METHODS)
        refused = self._refused(response)
        if refused is None and changes is None and (reads is None or not self._asks):
            return response
        try:
            if refused is not None:
                self._write_refused(refused)
            elif changes is not None:
                self._write(changes, response, changes=True)
            elif reads is not None and _shows_logs() and g.get("who") is not None:
                self._write_read(reads, response)
        except Unavailable as error:
            log.error("%s %s is not in the audit log: %s", request.method, _route(), error)
            response.headers[UNWRITTEN_HEADER] = "unwritten"
        return response

    def _write_read(self, action: str, response: Response) -> None:
        """Write an entry for a page that was read; a page that refreshes itself gets one at its load, or first refresh, and the next LOOK_SECONDS later."""
        who, asked = g.who, {name: one for name, one in _details().items() if name != "part"}
        look = (who.name, who.by, request.remote_addr, request.endpoint, repr(asked), response.status_code)
        if "refreshing" in g and self._looks.lasts(look):
            return
        self._write(action, response)
        if request.endpoint in REFRESHED:
            self._looks.note(look)

    def _write(self, action: str, response: Response, *, changes: bool = False) -> None:
        details = _details() | {"status": response.status_code}
        if "returned" in g:
            details["returned"] = g.returned
        streamed, status = g.get("streamed"), response.status_code
        outcome: Outcome = "done" if status < 400 else "failed" if status >= 500 else "refused"
        made = asked_entry(action, subject=_subject(), outcome="asked" if streamed else outcome, details=details)
        # Behind the entry that it is about to be changed, before what follows.
        (self._recorder().append if changes else self._recorder().write)(made)
        if streamed:
            response.call_on_close(self._ending(action, _subject(), streamed))

    def _ending(self, action: str, subject: str, streamed: dict[str, Any]) -> Callable[[], None]:
        """Return what writes the end of a stream: how many logs it had come to, whole or broken off."""
        who = asked_entry(action)

        def end() -> None:
            details = dict(streamed)
            try:
                self._recorder().write(
                    entry(action, actor=who.actor, by=who.by, address=who.address, subject=subject, details=details)
                )
            except Unavailable as error:
                log.error("the end of an export is not in the audit log: %s", error)

        return end

    def _refused(self, response: Response) -> str | None:
        """Return what was refused for want of the right credential; None where nothing was."""
        if "wrong_login" in g:
            return "login"
        if response.status_code < 400:
            return None
        if response.status_code == 401 and presented(request) is not None:
            return "credential"
        if response.status_code == 403 and "lacking" in g:
            return "right"
        return None

    def _write_refused(self, what: str) -> None:
        with self._guard:
            now = time.monotonic()
            self._left = min(self._left + (now - self._at) * REFUSALS_A_SECOND, REFUSALS)
            self._at = now
            if self._left < 1:
                self._uncounted += 1
                return
            self._left -= 1
            also, self._uncounted = self._uncounted, 0
        details: dict[str, Any] = {"route": _route()} if what != "login" else {}
        if also:
            details["also"] = also
        subject = g.wrong_login if what == "login" else _subject()
        self._recorder().write(asked_entry(f"{what}.refused", subject=subject, outcome="refused", details=details))

    def _recorder(self) -> Recorder:
        return self._parts.recorder()


@cache
def _done_by(endpoint: str | None, safe: bool) -> tuple[str | None, str | None]:
    """Return what requests to an endpoint read, and what they change, as it is written: `log.search`, `dead.drop`.

    None for what they don't do, or write themselves. *safe* is whether their method changes nothing.
    """
    if endpoint is None or endpoint in UNWRITTEN:
        return None, None
    right = right_of(endpoint)
    reads = READS.get(endpoint) or ("log.read" if right == "reader" and safe else None)
    changes = endpoint not in READS and not safe and right in ("admin", "reader", "unbound")
    return reads, endpoint if changes else None


def _shows_logs() -> bool:
    """Return whether the answer shows logs, as those of all endpoints do but of some, which say so by `returned`."""
    return request.endpoint not in SHOWING or "returned" in g


def _route() -> str:
    """Return the rule of the request's path, without what stands in its places; "" where nothing is there."""
    return str(request.url_rule or "")


def _subject() -> str:
    """Return the subject of a request: the ids in its path, else its route."""
    named = [str(value) for name, value in (request.view_args or {}).items() if name in PARTS]
    return masked(" ".join(named)) if named else _route()


def _details() -> dict[str, Any]:
    """Return the parameters of the request that may be kept, as they were given."""
    found: dict[str, Any] = {name: values if len(values) > 1 else values[0] for name, values in request.args.lists()}
    found |= g.get("given", {})
    if request.method == "POST" and request.mimetype == "application/x-www-form-urlencoded" and "form" in vars(request):
        found |= dict(request.form.items())
    kept: dict[str, Any] = {}
    room, left_out = DETAILS_BYTES, 0
    for name, value in found.items():
        if name not in NAMES or value in ("", None):
            continue
        fitting = _cut(_kept(value), room - len(name) - 4)
        if fitting is None:
            left_out += 1
            continue
        kept[name] = fitting
        room -= len(name) + 4 + _size(fitting)
    return kept | ({"left_out": left_out} if left_out else {})


def _cut(value: Any, room: int) -> Any:
    """Return a value that takes at most *room* bytes, cut if need be; None where that leaves nothing of it."""
    text = str(value)
    while _size(value) > room:
        text = text[: len(text) // 2]
        if not text:
            return None
        value = f"{text}…"
    return value


def _size(value: Any) -> int:
    return len(msgspec.json.encode(value))


def _kept(value: Any) -> Any:
    """Return a value as it is kept: cut, and with nothing in it that opens the server."""
    if isinstance(value, float) or (isinstance(value, int) and value.bit_length() <= 64):
        return value
    return masked(str(value))


def masked(text: str) -> str:
    """Return a text without tokens of ours, and no longer than VALUE_LENGTH."""
    found = _TOKEN.sub("lgi_…", text)
    return found if len(found) <= VALUE_LENGTH else f"{found[:VALUE_LENGTH]}…"
