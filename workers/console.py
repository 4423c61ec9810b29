"""What the processes of this package have in common: lines on the console, and exit codes."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable

from app.core.errors import InvalidInput, LogIngestorError
from app.core.settings import Settings


def run(part: str, work: Callable[[Settings], None]) -> int:
    """Run a part by the settings of the environment; return the exit code."""
    logging.basicConfig(level=logging.INFO, format=f"%(asctime)s {part} %(levelname)s %(message)s", stream=sys.stderr)
    for name in ("dramatiq", "periodiq"):
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("pika").setLevel(logging.CRITICAL)  # what goes wrong there is said by who uses it
    try:
        work(Settings.from_env(os.environ))
    except InvalidInput as error:
        print(error, file=sys.stderr)
        return 2
    except LogIngestorError as error:
        print(error, file=sys.stderr)
        return 1
    return 0
