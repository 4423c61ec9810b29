"""The line of each request: by what its client does when it is refused (by experiment, docs/shippers.md)."""

from __future__ import annotations

from flask import Flask
from werkzeug.exceptions import HTTPException

from app.web.security.rights import DOOR_PREFIX
from app.web.server.admission import WaitingLine
from app.web.server.environ import Scope

#: Endpoints whose clients send again what is refused, when they are asked to.
RESENDING = ("ingest.ingest", f"{DOOR_PREFIX}otlp.", f"{DOOR_PREFIX}hec.")
#: Endpoints whose clients lose or double what is refused, whatever the answer, and wait for as long as it takes.
WAITING = f"{DOOR_PREFIX}elastic."
#: Seconds that a request of the former may wait for a thread: in a burst, and where some always wait. And of all but the latter:
#: the most hasty of these clients wait five seconds for an answer.
RESENDING_SECONDS, LOSING_SECONDS = (2.0, 0.1), (3.0, 1.0)
#: Paths whose line is remembered, and the most characters of such a path: anybody may ask for any.
REMEMBERED, REMEMBERED_LENGTH = 1_000, 256


class WaitingLines:
    """The lines of a process."""

    def __init__(self, app: Flask) -> None:
        self._routes = app.url_map.bind("")
        #: Pages, searches, and all else that sends no logs.
        self.others = WaitingLine(sends=False)
        self._resending = WaitingLine(True, *RESENDING_SECONDS)
        self._losing = WaitingLine(True, *LOSING_SECONDS)
        self._waiting = WaitingLine(sends=True)
        self.all = (self.others, self._resending, self._losing, self._waiting)
        self._known: dict[tuple[str, str], WaitingLine] = {}

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
        return line

    def _by_route(self, method: str, path: str) -> WaitingLine:
        try:
            endpoint = str(self._routes.match(path, method)[0])
        except HTTPException:
            return self.others
        if endpoint.startswith(RESENDING):
            return self._resending
        if endpoint.startswith(WAITING):
            return self._waiting
        return self._losing if endpoint.startswith(DOOR_PREFIX) else self.others
