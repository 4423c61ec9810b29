"""Whether this process answers, and whether what it needs answers."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response

from app.backends import Backends
from app.core import instant
from app.core.errors import LogIngestorError, Unavailable
from app.core.instant import now_ms
from app.core.settings import Settings
from app.pipeline import pause
from app.pipeline.export import json_bytes
from app.web import backends, settings

bp = Blueprint("health", __name__)
log = logging.getLogger(__name__)

#: Seconds after which to ask again while something is not ready.
RETRY_SECONDS = 5


@bp.after_request
def never_kept(response: Response) -> Response:
    """Let no cache answer for this process."""
    response.headers["Cache-Control"] = "no-store"
    return response


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


def _tried(look: Callable[[Backends, Settings], dict[str, Any]]) -> dict[str, Any]:
    try:
        return {"ready": True, **look(backends(), settings())}
    except LogIngestorError as error:
        return {"ready": False, "message": str(error)}
    except Exception as error:  # whatever it is, it is the answer
        log.exception("a part can't be asked")
        return {"ready": False, "message": f"{type(error).__name__}: {error}"}


def _queue(held: Backends, _: Settings) -> dict[str, Any]:
    depth = held.queue.depth()
    if depth.full:
        raise Unavailable(f"the queue is full: {depth.logs:,} logs wait in {depth.bytes >> 20:,} MiB")
    age = None if depth.oldest is None else max(now_ms() - depth.oldest, 0)
    try:
        since = pause.paused(held.store)
    except Unavailable:  # the record's fault, which is told where it belongs
        since = 0
    return {
        "waiting": depth.logs,
        "waiting_bytes": depth.bytes,
        "oldest_ms": age if depth.logs else 0,
        # Not a fault: logs are accepted, and an operator wants them to wait.
        "paused": instant.text((since, 0)) if since else None,
    }


def _store(held: Backends, _: Settings) -> dict[str, Any]:
    held.store.get([bytes(16)])
    return {}


def _index(held: Backends, _: Settings) -> dict[str, Any]:
    held.index.check()
    return {"behind": held.store.lacking().logs}


def _disk(_: Backends, chosen: Settings) -> dict[str, Any]:
    free = shutil.disk_usage(chosen.data_dir).free
    if free < chosen.min_free_disk:
        raise Unavailable(f"only {free >> 20:,} MiB are free, less than MIN_FREE_DISK: no log is accepted")
    return {"free_bytes": free, "least_bytes": chosen.min_free_disk}


LOOKS = {"queue": _queue, "store": _store, "index": _index, "disk": _disk}
