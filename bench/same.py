"""The logs that come of a form's body, as NDJSON in our own form: what a door costs is seen beside the very same logs."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence

from app.backends import connect
from app.settings.settings import Settings
from app.web import create_app
from bench.forms import Form, Log
from tests.prepared import prepare

#: What the server gives to a log by itself.
_GIVEN = ("id", "received")


def as_ndjson(form: Form, logs: Sequence[Log], size: int) -> list[Log]:
    """Return what is kept of the logs where they come in this form, in bodies of *size*, as they can be sent as NDJSON."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings.from_env({"LOGINGESTOR_DATA_DIR": folder, "LOGINGESTOR_MIN_FREE_DISK": "1 MiB"})
        prepare(settings)
        app, backends = create_app(settings), connect(settings)
        try:
            with app.test_client() as client:
                for place in range(0, len(logs), size):
                    body = form.body(logs[place : place + size])
                    answer = client.post(form.path, data=body, content_type=form.kind)
                    if answer.status_code >= 300:
                        raise RuntimeError(f"{form.path} answers {answer.status}: {answer.text[:200]}")
                move = backends.move
                while move is not None and move(len(logs), 0):
                    pass
                kept = [json.loads(line) for line in client.get("/logs/export").data.splitlines()]
        finally:
            app.extensions["logingestor"].close()
            backends.close()
    if len(kept) != len(logs):
        raise RuntimeError(f"{form.path} kept {len(kept)} of {len(logs)} logs")
    # An export begins with the newest.
    return [{name: value for name, value in log.items() if name not in _GIVEN} for log in reversed(kept)]
