"""The line of each request, by what its client does when it is refused (by experiment, docs/shippers.md), and whose it is in there."""

from __future__ import annotations

import base64
import binascii

from flask import Flask
from werkzeug.exceptions import HTTPException

from app import backends
from app.settings.clients import one_client
from app.web.accounts.tokens import PREFIX
from app.web.security.access import guard_of
from app.web.security.credentials import KEY_HEADERS
from app.web.security.rights import DOOR_PREFIX
from app.web.server.admission import WaitingLine
from app.web.server.environ import Headers, Scope

#: The endpoint whose view waits for nothing but the queue.
INGEST = "ingest.ingest"
#: Bytes of a body that is read so quickly that other requests may wait for it meanwhile.
QUICK_BYTES = 4 << 10
#: Endpoints whose clients send again what is refused, when they are asked to.
RESENDING = (INGEST, f"{DOOR_PREFIX}otlp.", f"{DOOR_PREFIX}hec.")
#: Endpoints whose clients lose or double what is refused, whatever the answer, and wait for as long as it takes.
WAITING = f"{DOOR_PREFIX}elastic."
#: Seconds that a request of the former may wait for a thread: in a burst, and where some always wait. And of all but the latter:
#: the most hasty of these clients wait five seconds for an answer. What a flood's first half second brings is soon less than a hundredth of
#: what is taken; two seconds of it were not (tests/web/server/test_flood.py).
RESENDING_SECONDS, LOSING_SECONDS = (0.5, 0.1), (3.0, 1.0)
#: Paths whose line is remembered, and the most characters of such a path: anybody may ask for any.
REMEMBERED, REMEMBERED_LENGTH = 1_000, 256
#: Headers that bring tokens, as ASGI names them.
_BRINGING = frozenset({b"authorization", *(name.lower().encode() for name in KEY_HEADERS)})


class WaitingLines:
    """The lines of a process."""

    def __init__(self, app: Flask) -> None:
        self._routes = app.url_map.bind("")
        self._guard = guard_of(app)
        #: Pages, searches, and all else that sends no logs.
        self.others = WaitingLine(sends=False, sender_of=self.sender)
        # Where queue or record are elsewhere, asking them takes the time of the network: more threads take more,
        # and each request waits for its own.
        is_near = backends.is_one_file(app.extensions["logingestor"].settings)
        self.resending = WaitingLine(True, *RESENDING_SECONDS, brisk=is_near, sender_of=self.sender)
        # Requests that wait for their logs to be stored, up to ten seconds, work at nothing: among the former they would pass for requests that
        # are worked at for so long, and take the places of those few that are at work under a flood.
        self._staying = WaitingLine(True, *RESENDING_SECONDS, sender_of=self.sender)
        self._losing = WaitingLine(True, *LOSING_SECONDS, sender_of=self.sender)
        self._waiting = WaitingLine(sends=True, sender_of=self.sender)
        self.all = (self.others, self.resending, self._staying, self._losing, self._waiting)
        self._known: dict[tuple[str, str], WaitingLine] = {}
        self._shared = {rule.rule for rule in app.url_map.iter_rules(INGEST)} if is_near else set[str]()

    def __call__(self, scope: Scope) -> WaitingLine:
        """Return the line of a request."""
        method = scope["method"]
        if method in ("GET", "HEAD"):
            return self.others
        asked = method, scope["path"].removeprefix(scope.get("root_path", ""))
        line = self._known.get(asked)
        if line is None:
            line = self._by_route(*asked)
            if len(asked[1]) <= REMEMBERED_LENGTH:
                if len(self._known) >= REMEMBERED:
                    self._known.clear()
                self._known[asked] = line
        return self._staying if line is self.resending and b"wait=" in scope["query_string"] else line

    def shares(self, scope: Scope, size: int) -> bool:
        """Return whether a request with a body of *size* bytes may share a thread with others while all wait for their commit.

        Its logs are few: it neither asks to be answered later, nor has more in its body than it seems. And it is known whose it is:
        a password that may be wrong takes a tenth of a second to check.
        """
        if size > QUICK_BYTES or scope["query_string"]:
            return False
        if scope["path"].removeprefix(scope.get("root_path", "")) not in self._shared:
            return False
        headers: Headers = scope["headers"]
        if any(name == b"content-encoding" for name, _ in headers):
            return False
        return not self._guard.required or self._guard.remembered(_token(headers)) is not None

    def sender(self, scope: Scope) -> str:
        """Return whose a request is: the space or the name of a token that was let in of late; else its address, whatever it brings."""
        token = _token(scope["headers"])
        known = self._guard.remembered(token) if token else None
        if known is not None:
            return f"space {known.space}" if known.space else f"token {known.name}"
        return one_client(scope["client"][0]) if scope.get("client") else ""

    def _by_route(self, method: str, path: str) -> WaitingLine:
        try:
            endpoint = str(self._routes.match(path, method)[0])
        except HTTPException:
            return self.others
        if endpoint.startswith(RESENDING):
            return self.resending
        if endpoint.startswith(WAITING):
            return self._waiting
        return self._losing if endpoint.startswith(DOOR_PREFIX) else self.others


def _token(headers: Headers) -> str:
    """Return the token that a request brings in a header; empty where there is none."""
    for name, value in headers:
        if name in _BRINGING:
            sent = value.decode("latin-1").rpartition(" ")[2]
            if not sent.startswith(PREFIX):
                try:
                    sent = base64.b64decode(sent, validate=True).decode("latin-1").rpartition(":")[2]
                except (binascii.Error, ValueError):
                    continue
            if sent.startswith(PREFIX):
                return sent
    return ""
