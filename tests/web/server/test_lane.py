"""The lane: what is taken in front of Flask is answered and kept as Flask would have it, to the byte but for ids."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import settings as trials

from app.accept.report import CountReporter
from app.errors import QueueFull, Unavailable
from app.web.accounts import tokens, verify
from app.web.api import ingest
from app.web.security import access
from app.web.server.admission import Admission
from tests.thorough import examples
from tests.web.requested import SERIES, compare
from tests.web.sides import JSON, KINDS, Side

pytestmark = pytest.mark.long

Pair = Callable[[str], tuple[Side, Side]]


@pytest.fixture
def pair(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pair]:
    """Make two servers of a kind, one with the lane; for both no time passes."""
    made: list[Side] = []
    now = int(time.time() * 1000)
    monkeypatch.setattr(ingest, "now_ms", lambda: now)
    monkeypatch.setattr(verify, "FRESH_SECONDS", 3_600.0)
    # Counts are reported when they are compared, by no thread meanwhile: what one has in its hands is nowhere to be seen.
    monkeypatch.setattr(CountReporter, "due", lambda _: None)

    def make(kind: str) -> tuple[Side, Side]:
        folder = tmp_path / str(len(made))
        sides = Side(folder / "with", lane=True, **KINDS[kind]), Side(folder / "without", lane=False, **KINDS[kind])
        made.extend(sides)
        at = time.monotonic()
        monkeypatch.setattr(access, "time", SimpleNamespace(monotonic=lambda: at))
        return sides

    yield make
    for side in made:
        side.close()


@pytest.mark.parametrize("kind", KINDS)
@given(series=SERIES)
@trials(max_examples=examples(60), deadline=None)
def test_any_requests_are_answered_and_kept_as_by_flask(pair: Pair, kind: str, series: Any) -> None:
    """Status, headers and body of each, whatever it is and what is sent beside it; and all that is kept of them."""
    compare(*pair(kind), kind, series)


def test_plain_logs_never_meet_flask(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of an open server, and with a token of a closed one."""
    for kind in ("open", "closed"):
        lane, _ = pair(kind)
        monkeypatch.setattr(lane.app, "wsgi_app", None)
        headers = [
            JSON,
            (b"host", b"localhost"),
            (b"user-agent", b"curl/8"),
            (b"accept", b"*/*"),
            (b"content-length", b"13"),
        ]
        sent = [{"body": b'{"message":"m"}', "headers": headers, "token": 0} for _ in range(4)]
        answers = lane.send(*sent)
        assert ([status for status, *_ in answers], lane.went) == ([202] * 4, ["answered"] * 4)


@pytest.mark.parametrize(
    "error", [QueueFull("full", retry_after=7), Unavailable("away", kept_unknown=True), OSError("odd")]
)
def test_what_the_queue_raises_is_worded_once(pair: Pair, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    """By Flask, which takes nothing a second time: the first try may have been kept."""
    lane, flask = pair("closed")
    asked = []

    def failing(*_: Any, **__: Any) -> Any:
        asked.append(1)
        raise error

    for side in (lane, flask):
        monkeypatch.setattr(side.parts.accept()._queue, "put", failing)
    request = {"body": b'{"message":"m"}', "token": 2}
    assert lane.send(request) == flask.send(request)
    assert (len(asked), lane.went) == (2, ["worded"])
    assert lane.kept()[4] == flask.kept()[4]


@pytest.mark.parametrize(
    "host", [b"a..b", b".a", b".", b"a" * 64, b"a." + b"b" * 64 + b":80", b"a.b.", b"[::1]:80", b"a" * 63 + b":99999"]
)
@pytest.mark.parametrize("kind", ["open", "closed"])
def test_a_host_is_odd_to_the_lane_where_it_is_to_flask(pair: Pair, kind: str, host: bytes) -> None:
    """A name that can be none of DNS is refused."""
    lane, flask = pair(kind)
    request = {"body": b'{"message":"m"}', "token": 0, "headers": (JSON, (b"host", host))}
    assert lane.send(request) == flask.send(request)


def test_a_token_revoked_while_its_request_waits_lets_nothing_in(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """A request may wait for its thread for longer than a token is taken as still good."""
    lane, flask = pair("closed")
    for side in (lane, flask):
        enter = Admission.enter

        async def revoked_meanwhile(*given: Any, side: Side = side, enter: Any = enter) -> float:
            with side.app.app_context():
                tokens.revoke("plain")
            return cast(float, await enter(*given))

        monkeypatch.setattr(Admission, "enter", revoked_meanwhile)
        request = {"body": b'{"message":"m"}', "token": 0}
        answers = side.send(request)
        assert answers[0][0] == 401
        monkeypatch.setattr(Admission, "enter", enter)
    assert lane.went == ["left"]


def test_other_queues_take_by_the_lane_too(tmp_path: Path) -> None:
    """Where queue and record lie apart each request has a thread of its own, and waits for nobody else's."""
    apart = {"queue_url": f"sqlite:///{tmp_path}/queue.db"}
    side = Side(tmp_path / "data", lane=True, **apart)
    try:
        assert side.lane is not None and not side.lane.together
        answers = side.send(*[{"body": b'{"message":"m"}'}] * 3)
        assert ([status for status, *_ in answers], side.went) == ([202] * 3, ["answered"] * 3)
        assert side.parts.backends().queue.depth().logs == 3
    finally:
        side.parts.close()
