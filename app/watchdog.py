"""A part that hangs while it stops ends all the same: `serve`, which would kill it, may itself be gone."""

from __future__ import annotations

import faulthandler
import os
import sys

#: Seconds after which a part that stops is ended by force: more than any stop takes, and more than `serve` waits for it.
STOP_SECONDS = 60.0


def end_in_time() -> None:
    """Have this process end with code 1 if it still runs after STOP_SECONDS, and say on the console where each thread hung.

    By a thread of faulthandler's, which no lock of Python's holds up. To be called once, also by a signal's handler.
    """
    # A process without a console may have the number of another file in its place.
    console = os.open(os.devnull, os.O_WRONLY) if sys.__stderr__ is None else sys.__stderr__.fileno()
    faulthandler.dump_traceback_later(STOP_SECONDS, exit=True, file=console)
