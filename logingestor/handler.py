"""A handler for Python's logging that sends logs to LogIngestor, and neither blocks nor breaks the application.

    from logingestor.handler import LogIngestorHandler

    logging.getLogger().addHandler(LogIngestorHandler("http://127.0.0.1:3000"))

A thread sends batches, each under an Idempotency-Key, so that one whose answer was lost is taken once. While the server is
away logs wait in memory, up to a bound, and beyond that in files where `spill` names a folder. Logs that have to be
dropped are counted, and a log says how many when the server is back.
"""

from __future__ import annotations

import itertools
import logging
import os
import random
import socket
import sys
import threading
import weakref
from collections import deque
from pathlib import Path

from logingestor.records import begin, line_of, log_of
from logingestor.sending import Sender, Sent
from logingestor.spill import Spill, new_key

#: Most logs, and bytes of them, in one request.
BATCH_LOGS, BATCH_BYTES = 500, 1 << 20
#: Shortest and longest pause, in seconds, before a batch is sent again; each is cut by chance to between half and whole.
PAUSES = 0.5, 30.0

_handlers: weakref.WeakSet[LogIngestorHandler] = weakref.WeakSet()


class LogIngestorHandler(logging.Handler):
    """Sends records to `POST /logs/ingest/` of the server at *url*, with *token* where it asks for one.

    *resource_id* says what sends (this host's name if left out); *memory* and *disk* are bounds in bytes of what waits;
    *interval* is the longest wait, in seconds, for a batch to fill; *timeout* is for one request. Raises ValueError for a
    URL that is none; after that nothing is raised any more.
    """

    def __init__(
        self,
        url: str,
        token: str | None = None,
        *,
        resource_id: str | None = None,
        spill: str | Path | None = None,
        memory: int = 16 << 20,
        disk: int = 1 << 30,
        interval: float = 0.5,
        timeout: float = 10.0,
        level: int = logging.NOTSET,
    ) -> None:
        super().__init__(level)
        self._sender = Sender(url, token, timeout)
        self._resource_id = resource_id or socket.gethostname()
        self._spill_folder, self._disk = None if spill is None else Path(spill), disk
        self._memory, self._interval = memory, interval
        self._begin()
        _handlers.add(self)

    def _begin(self) -> None:
        """Begin with nothing: in a new process, or in one that was forked, whose parent sends what had waited."""
        self._began, self._numbers = begin(), itertools.count(1)
        self._lines: deque[bytes] = deque()
        self._bytes = 0
        self._dropped = 0
        #: Why the last try failed; empty after one that did not.
        self._fault = ""
        self._changed = threading.Condition()
        self._in_work: list[bytes] = []
        self._key = ""
        self._flushing = self._closing = False
        #: Whether the last `flush` gave up: `close` does not wait again.
        self._gave_up = False
        #: Counts calls of `flush`: each ends a pause.
        self._nudges = 0
        self._spill = None if self._spill_folder is None else Spill(self._spill_folder, self._disk)
        self._thread: threading.Thread | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Put the record behind those that wait; drop it, counted, where there is no room."""
        if threading.current_thread() is self._thread:
            return  # what sending logs would be sent for ever
        try:
            number = next(self._numbers)
            log = log_of(record, number, self.format_message(record), self._resource_id, self._began)
            line = line_of(log)
        except Exception:
            self.handleError(record)
            return
        with self._changed:
            self._add(line)

    def format_message(self, record: logging.LogRecord) -> str:
        """Return the message: what a formatter that was set makes of it, without the traceback, which has its own place."""
        if self.formatter is None:
            return record.getMessage()
        held = record.exc_info, record.exc_text, record.stack_info
        record.exc_info, record.exc_text, record.stack_info = None, None, None
        try:
            return self.formatter.format(record)
        finally:
            record.exc_info, record.exc_text, record.stack_info = held

    def _add(self, line: bytes) -> None:
        if self._bytes + len(line) > self._memory and not self._make_room():
            self._dropped += 1
            return
        self._lines.append(line)
        self._bytes += len(line)
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="logingestor", daemon=True)
            self._thread.start()
        if len(self._lines) == 1 or self._is_full():
            self._changed.notify_all()

    def _make_room(self) -> bool:
        """Move the oldest lines to a file; False where none may be, or can be."""
        lines = self._first()
        if self._spill is None or not lines or not self._spill.write(lines, new_key()):
            return False
        self._forget(lines)
        return True

    def _first(self) -> list[bytes]:
        size = 0
        found: list[bytes] = []
        for line in itertools.islice(self._lines, BATCH_LOGS):
            size += len(line)
            if found and size > BATCH_BYTES:
                break
            found.append(line)
        return found

    def _forget(self, lines: list[bytes]) -> None:
        for line in lines:
            self._lines.popleft()
            self._bytes -= len(line)

    def _run(self) -> None:
        """Send what waits, oldest first, until the handler is closed and nothing is left or time is up."""
        try:
            self._send_all()
        finally:
            self._sender.close()

    def _send_all(self) -> None:
        pause, failed = PAUSES[0], 0
        while True:
            lines, key = self._next()
            if not lines:
                return
            sent = self._sender.send(lines, key)
            while sent.halve:
                sent = self._halves(lines, key)
            if sent.over:
                self._over(key, lines, sent)
                self._fault, pause, failed = "", PAUSES[0], 0
                continue
            self._fault, failed = sent.fault, failed + 1
            # A server that is started again is not worth a line, and one that stays away no second.
            if failed == 2:
                print(f"logingestor: logs wait, for they can't be sent: {sent.fault}", file=sys.stderr)
            self._rest(max(sent.wait or 0.0, pause * random.uniform(0.5, 1.0)))  # noqa: S311 - spreads load
            pause = min(pause * 2, PAUSES[1])
            if self._closing:
                return

    def _next(self) -> tuple[list[bytes], str]:
        """Wait for a batch, from a file or from memory; return its lines and its key, no lines when the handler is closed."""
        with self._changed:
            while True:
                if self._spill is not None and self._spill.keys:
                    key = self._spill.keys[0]
                    lines = self._spill.read(key)
                    if lines:
                        return lines, key
                    self._spill.done(key, 0)
                    continue
                if self._in_work:
                    return self._in_work, self._key
                if self._closing or self._is_full() or (self._lines and self._flushing):
                    break
                if self._lines:
                    self._changed.wait_for(lambda: self._is_full() or self._flushing or self._closing, self._interval)
                    break
                self._changed.wait()
            self._in_work, self._key = self._first(), new_key()
            self._forget(self._in_work)
            return self._in_work, self._key

    def _is_full(self) -> bool:
        return len(self._lines) >= BATCH_LOGS or self._bytes >= BATCH_BYTES

    def _halves(self, lines: list[bytes], key: str) -> Sent:
        """Send a batch that is too large in two parts, each under a key of its own."""
        half, lost, fault = len(lines) // 2, 0, ""
        for part, name in ((lines[:half], f"{key}-1"), (lines[half:], f"{key}-2")):
            sent = self._sender.send(part, name)
            if sent.halve:
                sent = self._halves(part, name)
            if not sent.over:
                return sent
            lost, fault = lost + sent.lost, fault or sent.fault
        return Sent(over=True, lost=lost, fault=fault)

    def _over(self, key: str, lines: list[bytes], sent: Sent) -> None:
        with self._changed:
            if lines is self._in_work:
                self._in_work = []
            elif self._spill is not None:
                self._spill.done(key, sum(map(len, lines)))
            if sent.lost:
                self._dropped += sent.lost
            dropped, self._dropped = self._dropped, 0
            if dropped:
                self._report(dropped, sent.fault)
            self._changed.notify_all()

    def _report(self, dropped: int, fault: str) -> None:
        why = f": {fault}" if fault else ": there was no room for more"
        record = logging.LogRecord(
            __name__,
            logging.WARNING,
            __file__,
            0,
            "%d %s dropped%s",
            (dropped, "log was" if dropped == 1 else "logs were", why),
            None,
        )
        record.dropped = dropped
        log = log_of(record, next(self._numbers), record.getMessage(), self._resource_id, self._began)
        line = line_of(log)
        self._lines.append(line)
        self._bytes += len(line)

    def _rest(self, seconds: float) -> None:
        with self._changed:
            nudges = self._nudges
            self._changed.wait_for(lambda: self._closing or self._nudges != nudges, seconds)

    def flush(self, timeout: float = 5.0) -> None:
        """Wait until all that was logged so far is sent, but not longer than *timeout* seconds."""
        if threading.current_thread() is self._thread:
            return
        with self._changed:
            self._flushing = True
            self._nudges += 1
            self._changed.notify_all()
            self._gave_up = not self._changed.wait_for(lambda: not self._waits(), timeout)
            self._flushing = False

    def _waits(self) -> bool:
        return bool(self._lines or self._in_work or (self._spill and self._spill.keys))

    def close(self) -> None:
        """Send what waits, for a few seconds; then put it into files, or say on the console how much is lost."""
        if not self._gave_up:
            self.flush()
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        thread = self._thread
        if thread is not None:
            thread.join(timeout=1.0)
        with self._changed:
            lost = self._dropped
            # The batch in work may have been taken: it keeps its key.
            for lines, key in ((self._in_work, self._key), ([*self._lines], new_key())):
                if lines and (self._spill is None or not self._spill.write(lines, key)):
                    lost += len(lines)
            self._in_work, self._lines, self._bytes, self._dropped = [], deque(), 0, 0
        if lost:
            what = "1 log could not be sent and is lost" if lost == 1 else f"{lost} logs could not be sent and are lost"
            print(f"logingestor: {what}{f': {self._fault}' if self._fault else ''}", file=sys.stderr)
        super().close()


def _forked() -> None:
    for handler in _handlers:
        handler._sender.close()
        handler._begin()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)


__all__ = ("LogIngestorHandler",)
