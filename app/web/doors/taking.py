"""The path that all doors share: the body, one way to have its logs accepted, and a request recognized when it comes again.

A door decodes its protocol into values as they would be sent to `/logs/ingest/`, hands them to `take`, and words the
outcome as its clients expect. What it refuses by itself it hands over as a `Refused` in its place.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from flask import Blueprint, Response, after_this_request, g, request

from app.accept.accept import Outcome
from app.errors import InvalidRecord, LogIngestorError, OverQuota, Problem, Unavailable
from app.files import carried
from app.log import schema
from app.log.limits import ensure_few
from app.log.numbers import Number
from app.log.parsed import Parsed, Refused
from app.log.record import LogRecord
from app.times.instant import now_ms
from app.web.current import parts, space
from app.web.reading import assumed_of_source, inflated, raw_body
from app.web.security.errors import RETRY_AFTER_SHIPPERS
from app.web.security.rights import DOOR_PREFIX
from app.web.server.environ import GONE, SENT

#: The header that brings the receipt, whatever the protocol answers.
RECEIPT = "X-LogIngestor-Receipt"
#: The header that says how many logs each rule left out: `noise=3, tenth=5`.
DROPPED = "X-LogIngestor-Dropped"
#: Seconds for which a door may let a request wait for room where its clients lose what is refused: shorter than the
#: patience of each (winston-loki and logback-gelf have five seconds), longer than most stops of what is behind us.
PATIENCE = 3.0
#: Seconds between two tries to keep what can't be kept now.
PAUSE = 0.25
#: The numbers where senders number nothing.
NONE: Mapping[int, Number] = MappingProxyType({})
#: Requests that may wait at once: each holds a thread, and the others must still be answered. Those with more patience lose whatever is refused.
_WAITING, _WAITING_LONGER = threading.BoundedSemaphore(6), threading.BoundedSemaphore(4)


def door(name: str) -> Blueprint:
    """Return the blueprint of the door *name*; its answers bring the receipt of what they accepted."""
    made = Blueprint(DOOR_PREFIX + name, __name__)
    made.after_request(_completed)
    return made


def read_body(*, also: Sequence[str] = ()) -> bytes:
    """Return the request's body without its Content-Encoding, which may also be one of *also* (left as it is).

    Raises TooLarge, UnsupportedMedia, and InvalidRecord for what can't be inflated: its beginning is then a dead letter.
    """
    raw = raw_body()
    if request.headers.get("Content-Encoding", "").strip().lower() in also:
        return raw
    try:
        return inflated(raw)
    except InvalidRecord as error:
        bury(raw, error.problems[0])
        raise


def bury(body: bytes, problem: Problem) -> None:
    """Keep the beginning of a body that can't be read as a dead letter, with the reason. Raises Unavailable."""
    agent = request.headers.get("User-Agent", "")
    parts().accept().bury(body, problem, request.remote_addr or "", agent, space())


def take(
    values: Sequence[Any],
    body: bytes,
    *,
    key: str | None = None,
    keys: Sequence[bytes] = (),
    patience: float = 0.0,
    each: bool = False,
    numbers: Mapping[int, Number] = NONE,
) -> Outcome:
    """Have the logs of a request accepted, durably, and return what became of each.

    *values* are in their sent order: decoded logs, or a Refused where the door itself refuses one. *body* is what was
    sent. It is taken once, and answered from the first when it comes again:

    - within a day, where the client brought a *key* for this request;
    - within a day, where the times of its logs distinguish it from all other bodies;
    - else only while the first is in work, or when its answer was not delivered.

    *keys* are those of the single logs, of 16 bytes or empty: a log whose key came within a day is a duplicate. *numbers* are
    those that the sender gave to values, by place.
    While they can't be kept it is tried again for *patience* seconds, which a client that keeps a batch would wait anyhow.
    Raises Unavailable and QueueFull, with nothing kept unless `kept_unknown` says so; where a queue kept a part of the logs
    too, unless the door answers its client for *each* log: the outcome then says which to send again.
    """
    if not values:
        return Outcome()
    outcome = _taken(_Request(values, now_ms(), body, patience, keys, each, numbers), key)
    g.receipt, g.dropped = outcome.receipt, outcome.dropped
    return outcome


def _taken(made: _Request, key: str | None) -> Outcome:
    """Accept the logs under the name by which their request is known when it comes again."""
    if key is not None:
        return made.take(f"{request.blueprint}:{key}")
    if _is_unlike_others(made.parsed.logs, made.now):
        return made.take(f"body:{_request_digest(made.digest, request.remote_addr or '').hex()}")
    with _Series() as name:
        outcome = made.take(f"repeat:{name.hex()}")
    if outcome.lacking:
        # Clients that get an answer for each log may send all of them again; the series then shows which were kept.
        g.series.doubt()
    return outcome


def _is_unlike_others(logs: Sequence[LogRecord], now: int) -> bool:
    """Return whether the times in the logs make this body unique, so that the same body again can only be a repeat.

    A time finer than milliseconds does, or three of milliseconds; a log that brought none has the time *now*.
    """
    signs = 0
    for log in logs:
        if (log.t, log.ns) != (now, 0):
            signs += 3 if log.ns else 1 if log.t % 1000 else 0
            if signs >= 3:
                return True
    return False


def places_of(patience: float) -> threading.BoundedSemaphore:
    """Return the places of requests that may wait for so many seconds."""
    return _WAITING_LONGER if patience > PATIENCE else _WAITING


class _Request:
    """The logs of the current request, to be accepted under one name."""

    def __init__(
        self,
        values: Sequence[Any],
        now: int,
        body: bytes,
        patience: float,
        keys: Sequence[bytes],
        each: bool,
        numbers: Mapping[int, Number],
    ) -> None:
        self._values, self.now, self._patience, self._keys, self._each = values, now, patience, keys, each
        self.digest = hashlib.blake2b(body, digest_size=16).digest()
        self._numbers = numbers
        self.parsed = _parsed(values, now, keys)

    def take(self, key: str) -> Outcome:
        """Accept them; try again while there is no room, as long as patience lasts."""
        until = time.monotonic() + self._patience
        places, waits = places_of(self._patience), False
        try:
            while True:
                try:
                    return self._take(key)
                except OverQuota:
                    # No patience helps, and the threads that may wait are for those whom it does.
                    raise
                except Unavailable:
                    waits = waits or (self._patience > 0 and places.acquire(blocking=False))
                    if not waits or time.monotonic() + PAUSE > until:
                        raise
                time.sleep(PAUSE)
                # Anew: accepting gave the logs their ids.
                self.parsed = _parsed(self._values, self.now, self._keys)
        finally:
            if waits:
                places.release()

    def _take(self, key: str) -> Outcome:
        agent = request.headers.get("User-Agent", "")
        sender = request.remote_addr or ""
        self.parsed.numbers = self._numbers
        self.parsed.door = (request.blueprint or "").removeprefix(DOOR_PREFIX)
        outcome = (
            parts().accept().take(self.parsed, sender=sender, key=key, digest=self.digest, agent=agent, space=space())
        )
        if not self._each:
            outcome.ensure_kept()
        return outcome


def _request_digest(body: bytes, *more: str) -> bytes:
    """Return the digest of a request: path, password, body or its digest, and what else distinguishes it from others."""
    asked = hashlib.blake2b(digest_size=16)
    for part in (
        request.full_path.encode(),
        request.headers.get("Authorization", "").encode(),
        body,
        *map(str.encode, more),
    ):
        asked.update(len(part).to_bytes(8, "big"))
        asked.update(part)
    return asked.digest()


def _parsed(values: Sequence[Any], now: int, keys: Sequence[bytes]) -> Parsed:
    """Return the logs among the values with their keys, those that the door refused in their places among the others."""
    parsed = _placed(values, now)
    if any(keys):
        parsed.keys = [keys[place] for place in parsed.places]
    return parsed


def _placed(values: Sequence[Any], now: int) -> Parsed:
    source, limits = assumed_of_source(), parts().limits
    # The values that the door refused become a dead letter each.
    ensure_few(len(values), limits.logs)
    line = carried.line_reader(source)
    if Refused not in map(type, values):
        return schema.read_items(values, limits, now, source=source, line=line)
    places = [place for place, value in enumerate(values) if not isinstance(value, Refused)]
    parsed = schema.read_items([values[place] for place in places], limits, now, source=source, line=line)
    parsed.places = [places[place] for place in parsed.places]
    refused = [_at(one, places[one.problem.index or 0]) for one in parsed.refused]
    refused += [_at(value, place) for place, value in enumerate(values) if isinstance(value, Refused)]
    parsed.refused = sorted(refused, key=lambda one: one.problem.index or 0)
    return parsed


def _at(refused: Refused, place: int) -> Refused:
    return replace(refused, problem=replace(refused.problem, index=place))


class _Series:
    """The series of equal requests that the current one belongs to, until its answer is delivered or lost."""

    def __init__(self) -> None:
        self._digest = _request_digest(raw_body(), request.remote_addr or "")
        self._repeats = parts().repeats()
        self._name = b""
        self._unknown = False

    def __enter__(self) -> bytes:
        self._name = self._repeats.begin(self._digest)
        g.series = self
        sent = request.environ.get(SENT)
        if sent is not None:
            sent.append(self._end)
        else:
            # Another server runs the application, and can't say whether the answer was delivered.
            after_this_request(self._answered)
        if request.environ.get(GONE, bool)():
            # Its client may have sent it again meanwhile, to another process, and have been answered there.
            raise Unavailable("the client left before its logs were taken")
        return self._name

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        # The logs may be kept although the answer says 503, so a repeat counts as the same request.
        ours = isinstance(error, LogIngestorError)
        self._unknown = error is not None and not (ours and not (isinstance(error, Unavailable) and error.kept_unknown))

    def _end(self, delivered: bool) -> None:
        self._repeats.end(self._digest, self._name, delivered=delivered and not self._unknown)

    def doubt(self) -> None:
        """Have what comes again be the same request: the answer sends the client away with what may be kept."""
        self._unknown = True

    def _answered(self, response: Response) -> Response:
        self._end(response.status_code < 500)
        return response


def _completed(response: Response) -> Response:
    """Add the receipt, and keep the wait that is asked for within what every shipper bears."""
    receipt = g.get("receipt")
    if receipt:
        response.headers[RECEIPT] = receipt
    if dropped := g.get("dropped"):
        response.headers[DROPPED] = ", ".join(f"{name}={count}" for name, count in dropped.items())
    if response.status_code >= 500 and "series" in g:
        # Something failed behind what was accepted, such as a number for its receipt.
        g.series.doubt()
    if response.status_code == 413:
        # Kept nowhere: the page of sources is the one place that shows it.
        too_large = Refused(Problem("the request was too large: answered 413"), b"")
        parts().visits().saw(request.remote_addr or "", request.headers.get("User-Agent", ""), 0, [too_large])
    if response.status_code in (429, 503):
        # A door without an answer of its own for a refusal gives the common one, whose pause is too long for shippers.
        asked = response.headers.get("Retry-After", "")
        response.headers["Retry-After"] = str(min(int(asked), RETRY_AFTER_SHIPPERS) if asked.isdecimal() else 2)
    return response
