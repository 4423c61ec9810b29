"""More logs than a server can take: some are refused and told when to come again, the others are kept, and pages are answered meanwhile."""

from __future__ import annotations

import http.client
import json
import threading
from collections import Counter
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest

from app.backends import connect
from app.maintain import spaces
from app.settings.settings import Settings
from app.web.accounts import tables, tokens
from tests.e2e.program import Server, wait_for

pytestmark = pytest.mark.system

#: Clients that send without pause, and logs of a request.
SENDERS, LOGS = 100, 400
PASSWORD = "the admin's password"


def authorized(token: str) -> dict[str, str]:
    """Return the header that brings a token; none without one."""
    return {"Authorization": f"Bearer {token}"} if token else {}


class Flood:
    """Clients each of which sends its next request when the one before is answered."""

    def __init__(self, url: str, token: str = "") -> None:
        self._address = urlsplit(url)
        self._headers = {"Content-Type": "application/x-ndjson"} | authorized(token)
        self._over = threading.Event()
        #: How many requests were accepted, and refused; refusals that don't say when to come again, and that end the connection.
        self.accepted = self.refused = self.silent = self.closed = 0
        self.other = Counter[str]()
        self._threads = [threading.Thread(target=self._send, args=(number,)) for number in range(SENDERS)]
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        """Wait for the last answers."""
        self._over.set()
        for thread in self._threads:
            thread.join(60)
            assert not thread.is_alive(), "a sender hangs"

    def _send(self, first: int) -> None:
        connection, number = self._connection(), first
        while not self._over.is_set():
            lines = (f'{{"message":"flood n{number}x{at}","level":"info","resourceId":"r"}}' for at in range(LOGS))
            body = "\n".join(lines).encode()
            connection.request("POST", "/logs/ingest/", body, self._headers)
            answer = connection.getresponse()
            said = answer.read()
            if answer.status == 202:
                self.accepted += 1
            elif answer.status == 503 and json.loads(said)["status"] is False:
                self.refused += 1
                self.silent += not 0 < int(answer.headers.get("Retry-After", 0)) <= 5
                self.closed += answer.headers.get("Connection") is not None
                self._over.wait(0.05)
            else:
                self.other[f"{answer.status} {said[:100]!r}"] += 1
            number += SENDERS
        connection.close()

    def _connection(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(self._address.hostname or "", self._address.port, timeout=60)


@pytest.mark.timeout(180)
def test_a_server_that_gets_too_much_says_so(make_server: Callable[..., Server]) -> None:
    """Refused logs aren't kept, accepted ones once each; afterwards everything is taken again."""
    server = make_server(WEB_WORKERS="1")
    server.start()
    flood = Flood(server.url)
    try:
        wait_for(lambda: flood.refused >= SENDERS or flood.other, 120, "refusals")
        # A page is not behind the logs.
        assert server.request("GET", "/health/live")[0] == 200
    finally:
        flood.end()
    assert (flood.silent, flood.closed, flood.other) == (0, 0, Counter())
    assert flood.accepted
    assert server.request("POST", "/logs/ingest/", {"message": "after", "resourceId": "r"})[0] == 202
    assert "requests were refused with 503" in server.console
    server.drained()
    found = server.get("/logs?q=flood&limit=1&count=exact")["total"]
    assert found == flood.accepted * LOGS


@pytest.mark.timeout(180)
def test_who_sends_too_much_is_refused_alone(make_server: Callable[..., Server]) -> None:
    """Beside a space that floods, with as many tokens as it likes, another's logs are all taken."""
    server = make_server(WEB_WORKERS="1", AUTH="required", ADMIN_PASSWORD=PASSWORD)
    server.start()
    opened = connect(settings := Settings.from_env(server.environment))
    for space in ("flood", "quiet"):
        spaces.add(opened.record.spaces, space)
    opened.close()
    with tables.opened(settings):
        flooding, quiet = (tokens.create(space, "writer", "tests", space=space)[0] for space in ("flood", "quiet"))
    # Each process knows a token when it has let it in once.
    ask = lambda: server.request("POST", "/logs/ingest/", {"message": "quiet"}, headers=authorized(quiet))[0]  # noqa: E731
    assert ask() == 202
    flood = Flood(server.url, flooding)
    try:
        wait_for(lambda: flood.refused >= SENDERS or flood.other, 120, "refusals")
        before = flood.refused
        assert [ask() for _ in range(30)] == [202] * 30
        wait_for(lambda: flood.refused > before, 120, "that the flood was still refused")
    finally:
        flood.end()
    assert flood.other == Counter()
