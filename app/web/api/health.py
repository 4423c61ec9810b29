"""Whether this process answers, and whether what it needs answers."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response

from app.backends import Backends
from app.drain import pause
from app.errors import LogIngestorError, Unavailable
from app.find.export import json_bytes
from app.settings.settings import Settings
from app.times import instant
from app.times.instant import now_ms
from app.web.current import backends, settings
from app.web.security import caching

bp = Blueprint("health", __name__)
bp.after_request(caching.keep_none)
log = logging.getLogger(__name__)

#: Fills in the figures of a part, those it knows also where it then raises what is wrong.
Look = Callable[[dict[str, Any], Backends, Settings], None]

#: Seconds after which to ask again while something is not ready.
RETRY_SECONDS = 5


@bp.get("/health/live")
def live() -> Response:
    """Answer: that is all there is to say."""
    return Response(json_bytes({"status": True}), content_type="application/json")


@bp.get("/health/ready")
def ready() -> Response:
    """Say of each part whether it works; 503 when one does not."""
    parts = {name: _tried(look) for name, look in LOOKS.items()}
    wrong = {name: part["message"] for name, part in parts.items() if not part["ready"]}
    found = {
        "status": not wrong,
        "message": "; ".join(f"{name}: {message}" for name, message in wrong.items()) or "ready",
        "errors": [{"field": name, "message": message} for name, message in wrong.items()],
        "parts": parts,
    }
    response = Response(json_bytes(found), 503 if wrong else 200, content_type="application/json")
    if wrong:
        response.headers["Retry-After"] = str(RETRY_SECONDS)
    return response


def _tried(look: Look) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    try:
        look(figures, backends(), settings())
    except LogIngestorError as error:
        return {"ready": False, "message": str(error), **figures}
    except Exception as error:  # whatever it is, it is the answer
        log.exception("a part can't be asked")
        return {"ready": False, "message": f"{type(error).__name__}: {error}", **figures}
    return {"ready": True, **figures}


def _queue(figures: dict[str, Any], held: Backends, _: Settings) -> None:
    depth = held.queue.depth()
    age = None if depth.oldest is None else max(now_ms() - depth.oldest, 0)
    try:
        since = pause.paused(held.record.notes)
    except Unavailable:  # the record's fault, which is reported as its own
        since = 0
    figures |= {
        "waiting": depth.logs,
        "waiting_bytes": depth.bytes,
        "oldest_ms": age if depth.logs else 0,
        # Not a fault: logs are accepted, and an operator wants them to wait.
        "paused": instant.text((since, 0)) if since else None,
    }
    if depth.full:
        raise Unavailable(f"the queue is full: {depth.logs:,} logs wait in {depth.bytes >> 20:,} MiB")


def _store(_: dict[str, Any], held: Backends, __: Settings) -> None:
    held.store.get([bytes(16)])


def _index(figures: dict[str, Any], held: Backends, _: Settings) -> None:
    try:
        # While the index is away this is what to watch.
        figures["behind"] = held.store.lacking().logs
    finally:
        held.index.check()


def _disk(figures: dict[str, Any], _: Backends, chosen: Settings) -> None:
    free = shutil.disk_usage(chosen.data_dir).free
    figures |= {"free_bytes": free, "least_bytes": chosen.min_free_disk}
    if free < chosen.min_free_disk:
        raise Unavailable(f"only {free >> 20:,} MiB are free, less than MIN_FREE_DISK: no log is accepted")


LOOKS: dict[str, Look] = {"queue": _queue, "store": _store, "index": _index, "disk": _disk}
