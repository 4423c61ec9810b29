"""Alerts of the running program: logs that arrived make one fire, and everybody is told."""

from __future__ import annotations

import os
import signal
import time

import pytest

from app.log.record import IdSource, id_text
from tests.e2e.program import Server, wait_for
from tests.e2e.test_notices import SECONDS, first, follow

pytestmark = pytest.mark.system

MINUTE = 60_000


def shown(server: Server, path: str) -> str:
    """Return a page as a browser gets it."""
    status, body = server.request("GET", path, headers={"Accept": "text/html"})
    assert status == 200
    return str(body.decode())


def test_an_alert_fires(server: Server) -> None:
    """The worker's own schedule evaluates it; the notice is on every page, socket and console, and names its logs."""
    # Ids of their own let the logs have arrived in the minute before: nobody has to wait for its end.
    arrived = time.time_ns() // 1_000_000 // MINUTE * MINUTE - 30_000
    identity = IdSource().take(5, arrived)
    server.ingest(
        [{"id": id_text((identity + n).to_bytes(16, "big")), "level": "error", "message": f"<b>{n}"} for n in range(5)]
    )
    server.drained()
    for path, body in (
        ("/searches", {"name": "errors", "q": "level:error"}),
        ("/alerts", {"name": "many <i>errors", "search": "errors", "kind": "at_least", "threshold": 5, "window": "5m"}),
        ("/alerts", {"name": "more", "search": "errors", "kind": "at_least", "threshold": 6, "window": "5m"}),
    ):
        status, answer = server.request("POST", path, body)
        assert status == 201, answer
    with follow(server) as socket:
        # A worker that begins is sent at once what is due in this minute.
        os.kill(server.workers()[0], signal.SIGTERM)
        notice = first(socket, "alert")
    assert "Alert “many <i>errors” fires: 5 logs in 5 minutes: at least 5." in notice["text"]
    assert server.get(notice["details"]["logs"].replace("/?", "/logs?"))["total"] == 5
    (state, other) = server.get("/alerts")["alerts"]
    assert (state["state"], other["state"]) == ("firing", "ok")
    # The other web process learns of it within a second.
    told = (("/", "Alert “many &lt;i&gt;errors” fires"), ("/metrics", 'logingestor_notices_open{kind="alert"} 1.0'))
    for path, text in told:
        wait_for(lambda path=path, text=text: text in shown(server, path), SECONDS, f"the notice on {path}")  # type: ignore[misc]
    wait_for(lambda: "notice opened (alert, error)" in server.console, 120, "the line on the console")
    with follow(server) as socket:
        assert first(socket, "alert")["id"] == notice["id"]
        assert server.request("POST", f"/alerts/{state['id']}/silence", {"until": "now+1h"})[0] == 200
        assert first(socket, "alert", "closed")["id"] == notice["id"]
