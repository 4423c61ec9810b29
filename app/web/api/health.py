"""Whether this process answers, and whether what it needs answers."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from typing import TypeVar

import msgspec
from flask import Blueprint, Response

from app.backends import Backends
from app.drain import pause
from app.errors import LogIngestorError, Unavailable
from app.query.sentence import logs
from app.settings.settings import Settings
from app.shown import ShownProblem
from app.times import instant
from app.times.instant import now_ms
from app.web.answers.health import ReadyAnswer, ReadyDisk, ReadyIndex, ReadyPart, ReadyParts, ReadyQueue
from app.web.answers.reply import DoneAnswer, reply
from app.web.current import backends, settings
from app.web.security import caching

bp = Blueprint("health", __name__)
bp.after_request(caching.keep_none)
log = logging.getLogger(__name__)

P = TypeVar("P", bound=ReadyPart)

#: Seconds after which to ask again while something is not ready.
RETRY_SECONDS = 5


@bp.get("/health/live")
def live() -> Response:
    """Answer: that is all there is to say."""
    return reply(DoneAnswer(True))


@bp.get("/health/ready")
def ready() -> Response:
    """Say of each part whether it works; 503 when one does not."""
    parts = ReadyParts(
        _tried(_queue, ReadyQueue(ready=True)),
        _tried(_store, ReadyPart(ready=True)),
        _tried(_index, ReadyIndex(ready=True)),
        _tried(_disk, ReadyDisk(ready=True)),
    )
    looked_at: dict[str, ReadyPart] = msgspec.structs.asdict(parts)
    wrong = {name: str(part.message) for name, part in looked_at.items() if not part.ready}
    message = "; ".join(f"{name}: {message}" for name, message in wrong.items()) or "ready"
    errors = [ShownProblem(field=name, message=message) for name, message in wrong.items()]
    response = reply(ReadyAnswer(not wrong, message, errors, parts), 503 if wrong else 200)
    if wrong:
        response.headers["Retry-After"] = str(RETRY_SECONDS)
    return response


def _tried(look: Callable[[P, Backends, Settings], None], part: P) -> P:
    """Return the part as *look* fills it in; where *look* raises, the part is unready for that reason and keeps the figures filled in before."""
    try:
        look(part, backends(), settings())
    except LogIngestorError as error:
        part.ready, part.message = False, str(error)
    except Exception as error:  # whatever it is, it is the answer
        log.exception("a part can't be asked")
        part.ready, part.message = False, f"{type(error).__name__}: {error}"
    return part


def _queue(part: ReadyQueue, held: Backends, _: Settings) -> None:
    depth = held.queue.depth()
    age = None if depth.oldest is None else max(now_ms() - depth.oldest, 0)
    try:
        since = pause.paused(held.record.notes)
    except Unavailable:  # the record's fault, which is reported as its own
        since = 0
    part.waiting, part.waiting_bytes = depth.logs, depth.bytes
    part.oldest_ms = age if depth.logs else 0
    # Not a fault: logs are accepted, and an operator wants them to wait.
    part.paused = instant.text((since, 0)) if since else None
    if depth.full:
        raise Unavailable(
            f"the queue is full: {logs(depth.logs)} wait{'s' if depth.logs == 1 else ''} in {depth.bytes >> 20:,} MiB"
        )


def _store(_: ReadyPart, held: Backends, __: Settings) -> None:
    held.store.get([bytes(16)])


def _index(part: ReadyIndex, held: Backends, _: Settings) -> None:
    try:
        # While the index is away this is what to watch.
        part.behind = held.store.lacking().logs
    finally:
        held.index.check()


def _disk(part: ReadyDisk, _: Backends, chosen: Settings) -> None:
    free = shutil.disk_usage(chosen.data_dir).free
    part.free_bytes, part.least_bytes = free, chosen.min_free_disk
    if free < chosen.min_free_disk:
        raise Unavailable(f"only {free >> 20:,} MiB are free, less than MIN_FREE_DISK: no log is accepted")
