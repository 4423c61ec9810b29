"""From a record of Python's logging to a log, as `POST /logs/ingest/` takes it."""

from __future__ import annotations

import itertools
import json
import logging
import os
import time
import traceback
from datetime import UTC, datetime
from typing import Any

#: Attributes that every record has; all others are the application's own (`extra=`, loguru's and structlog's context).
_STANDARD = frozenset(vars(logging.LogRecord("", 0, "", 0, "", (), None))) | {"message", "asctime", "taskName"}
#: When this process began to log, in ms since 1970.
STARTED = int(time.time() * 1000)
_handlers = itertools.count()


def begin() -> int:
    """Return what names, with the process's id, the numbers of one handler: STARTED, one more for each further handler.

    Each numbers its own logs, so that a number which the server never gets was lost on the way to it.
    """
    return STARTED + next(_handlers)


def log_of(record: logging.LogRecord, number: int, message: str, resource_id: str, began: int) -> dict[str, Any]:
    """Return the log; *number* is its place, from 1, among the logs of the handler that *began* then."""
    when = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="microseconds")
    metadata: dict[str, Any] = {
        "logger": record.name,
        "source": {"file": record.pathname, "line": record.lineno, "function": record.funcName},
        "thread": record.threadName,
        "process": {"pid": os.getpid(), "started": began, "number": number},
        **{name: value for name, value in vars(record).items() if name not in _STANDARD and not name.startswith("_")},
    }
    if record.exc_info and record.exc_info[0] is not None:
        kind, error, trace = record.exc_info
        metadata["exception"] = {
            "type": f"{kind.__module__}.{kind.__qualname__}".removeprefix("builtins."),
            "message": str(error),
            "stacktrace": "".join(traceback.format_exception(kind, error, trace)),
        }
    elif record.exc_text:
        metadata["exception"] = {"stacktrace": record.exc_text}
    if record.stack_info:
        metadata["stack"] = record.stack_info
    log: dict[str, Any] = {"level": record.levelname.lower(), "message": message, "timestamp": when}
    for name in ("traceId", "spanId", "resourceId", "commit"):
        if isinstance(metadata.get(name), str):
            log[name] = metadata.pop(name)
    return {"resourceId": resource_id, **log, "metadata": metadata}


def line_of(log: dict[str, Any]) -> bytes:
    """Return the log as a line of JSON; what JSON does not know is written as its text."""
    try:
        text = json.dumps(log, default=str, ensure_ascii=False, allow_nan=False)
    except (ValueError, TypeError, RecursionError):
        metadata = {name: _plain(value) for name, value in log["metadata"].items()}
        text = json.dumps({**log, "metadata": metadata}, ensure_ascii=False)
    return text.encode("utf-8", "backslashreplace") + b"\n"


def _plain(value: Any) -> Any:
    """Return a value that JSON can hold: the text of anything else (NaN, keys that are no texts, circles)."""
    try:
        json.dumps(value, allow_nan=False)
    except (ValueError, TypeError, RecursionError):
        return repr(value)
    return value
