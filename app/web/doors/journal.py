"""The door of systemd-journal-upload: `POST /upload`, a stream of entries in the Journal Export Format.

It posts what it has in one request without a length, saves the last cursor after a 2xx, and posts the entry of that cursor
again at each start (by experiment, release 252). So an entry's id is made from its cursor: what comes again is a duplicate.
An entry that can't be taken is a dead letter and never an error, which would bring the same entry again for ever.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import Response, request

from app.errors import LogIngestorError, Problem, UnsupportedMedia
from app.files.journal import entries as journal
from app.files.journal.entries import Entries
from app.log import numbers
from app.log.own import own_id
from app.log.record import id_text
from app.log.schema import read_items
from app.process import Parts
from app.times.instant import now_ms
from app.web.current import parts, space
from app.web.doors.taking import door
from app.web.reading import raw_body
from app.web.security.errors import refused_by

bp = door("journal")

PATH = "/upload"
#: Entries that are accepted at once, and bytes of them: an entry may be as large as the largest log.
BATCH, BATCH_BYTES = 500, 4 << 20
#: A client that calls itself so hands on all entries of a machine; others send some of them, so that a gap says nothing.
WHOLE = "systemd-journal-upload"
#: Name in the environment that says: only whether the client may upload is asked.
MAY = "logingestor.may"


class Upload:
    """Accepts the entries of one request as they come. Calls may come from different threads, never two at once."""

    def __init__(self, opened: Parts, sender: str, agent: str, space: str) -> None:
        self._parts, self._sender, self._agent, self._space = opened, sender, agent, space
        # A request may hold any number of entries: they are taken while they come.
        self._limits = replace(opened.limits, logs=BATCH)
        self._entries = Entries(self._limits.message + self._limits.metadata)
        self._waiting: list[dict[str, Any]] = []
        #: Bytes that came since the last were accepted.
        self._bytes = 0

    def feed(self, data: bytes) -> None:
        """Take a piece of the body; accept the entries in it once there are enough. Raises Unavailable."""
        for start in range(0, len(data), BATCH_BYTES):
            piece = data[start : start + BATCH_BYTES]
            self._waiting += self._entries.feed(piece)
            self._bytes += len(piece)
            if len(self._waiting) >= BATCH or self._bytes >= BATCH_BYTES:
                self._accept()
                self._bytes = 0

    def end(self, *, whole: bool) -> None:
        """Accept what is left. Raises Unavailable.

        The entry at the end is one only where the body came *whole*: it is sent again under the same id, and half of it would
        then stand in the place of all of it.
        """
        if whole:
            self._waiting += self._entries.flush()
        self._accept()
        if whole and self._entries.stray:
            problem = Problem("is no entry in the Journal Export Format")
            self._parts.accept().bury(self._entries.stray, problem, self._sender, self._agent, self._space)

    def _accept(self) -> None:
        for start in range(0, len(self._waiting), BATCH):
            entries = self._waiting[start : start + BATCH]
            parsed = read_items([self._log(entry) for entry in entries], self._limits, now_ms())
            if self._agent.startswith(WHOLE):
                given = ((place, numbers.of_entry(entry)) for place, entry in enumerate(entries))
                parsed.numbers = {place: number for place, number in given if number is not None}
            parsed.door = "journal"
            outcome = self._parts.accept().take(parsed, sender=self._sender, agent=self._agent, space=self._space)
            # The client begins again behind the last entry of an upload that was answered: what is kept is a duplicate then.
            outcome.ensure_kept()
        self._waiting.clear()

    def _log(self, entry: dict[str, Any]) -> dict[str, Any]:
        log, identity = journal.log_of(entry), journal.id_of(entry, self._space)
        if identity is not None:
            text = id_text(identity)
            # An entry older than what is kept keeps no id of its own: an id holds the time of arrival, and would expire at once.
            if own_id(text, self._limits, now_ms()) is not None:
                log["id"] = text
        return log


@bp.post(PATH)
def upload() -> Response:
    """Accept the entries of a body that came whole; app/web/server/uploading.py takes those that come as a stream."""
    encoding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in ("", "identity"):
        # By its sources systemd 258 compresses where the server offers it, or where it is forced to.
        raise UnsupportedMedia(Problem(f"a journal in {encoding} is not read; send it as it is", "Content-Encoding"))
    if request.environ.get(MAY):
        return Response(status=204)
    taken = Upload(parts(), request.remote_addr or "", request.headers.get("User-Agent", ""), space())
    taken.feed(raw_body())
    taken.end(whole=True)
    return Response("OK.\n", 202, content_type="text/plain")


@bp.errorhandler(LogIngestorError)
def _failed(error: LogIngestorError) -> Response:
    """Answer in words, as to those that come as a stream; the client looks at the status alone."""
    status, text, headers = refused_by(error)
    return Response(f"{text}\n", status, headers, content_type="text/plain; charset=utf-8")
