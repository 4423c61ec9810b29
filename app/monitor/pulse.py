"""Pulse: a worker shows that it lives, says what made it stumble, and says goodbye."""

from __future__ import annotations

import logging
import os
import socket
import threading
import traceback
import uuid
from collections.abc import Sequence
from contextlib import suppress

import msgspec

from app.errors import LogIngestorError, Unavailable
from app.log.fold import clean
from app.ports.notices import BEAT_SECONDS, Beat, BeatPlace, Crash
from app.times.instant import now_ms

log = logging.getLogger(__name__)

#: Characters kept of a traceback, from its end, and of what it says in a line.
TRACEBACK_LENGTH, LINE_LENGTH = 16_000, 500
#: Seconds given to a beat under way when the process stops.
STOP_SECONDS = 3.0


class Pulse:
    """Beats in every place, on a thread for each: one that can't be reached must not keep the others waiting."""

    def __init__(self, places: Sequence[BeatPlace]) -> None:
        self._places = places
        self._beat = Beat(uuid.uuid4().hex, socket.gethostname(), os.getpid(), now_ms())
        self._guard = threading.Lock()
        self._stopping = False
        self._due = [threading.Event() for _ in places]
        self._threads = [
            threading.Thread(target=self._run, args=(place, due), name="pulse", daemon=True)
            for place, due in zip(places, self._due, strict=True)
        ]

    def start(self) -> None:
        """Begin to beat."""
        for thread in self._threads:
            thread.start()

    def crashed(self, error: BaseException) -> None:
        """Say with the next beat, which comes at once, that work ended by *error*; not what systems that are down raise."""
        if isinstance(error, LogIngestorError):
            return
        text = "".join(traceback.format_exception(error))
        line = " ".join(f"{type(error).__name__}: {error}".split())
        with self._guard:
            count = 1 if self._beat.crash is None else self._beat.crash.count + 1
            crash = Crash(count, clean(line)[:LINE_LENGTH], clean(text)[-TRACEBACK_LENGTH:])
            self._beat = msgspec.structs.replace(self._beat, crash=crash)
        for due in self._due:
            due.set()

    def stop(self, error: BaseException | None = None) -> None:
        """Say goodbye: nobody misses this process then. With an *error* it is what ended it."""
        self._stopping = True
        if error is not None:
            self.crashed(error)
        for due in self._due:
            due.set()
        for thread in self._threads:
            thread.join(STOP_SECONDS)
        crashed = error is not None and not isinstance(error, LogIngestorError)
        if crashed or not self._forgotten():
            self._beat = msgspec.structs.replace(self._beat, ended=True)
            for place in self._places:
                with suppress(Unavailable):
                    place.beat(self._beat)

    def _forgotten(self) -> bool:
        """Leave no trace; return whether that could be done in all places."""
        done = True
        for place, thread in zip(self._places, self._threads, strict=True):
            try:
                if thread.is_alive():
                    raise Unavailable("the last beat is still under way")
                place.forget_beats([self._beat.id])
            except Unavailable as error:
                log.warning("goodbye can't be said everywhere: %s", error)
                done = False
        return done

    def _run(self, place: BeatPlace, due: threading.Event) -> None:
        fine = True
        while not self._stopping:
            due.clear()
            with self._guard:
                beat = self._beat
            try:
                place.beat(beat)
                fine = True
            except Exception as error:
                # Once: beside it all else says so too. Of whatever kind: without a pulse this process would count as gone.
                if fine:
                    log.warning("a beat can't be left: %s", error, exc_info=not isinstance(error, Unavailable))
                fine = False
            due.wait(BEAT_SECONDS)
