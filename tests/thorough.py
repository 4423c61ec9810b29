"""How much a test tries: all where THOROUGH is set, as `.ci/run` does, and a part of it elsewhere."""

from __future__ import annotations

import os

THOROUGH = bool(os.environ.get("THOROUGH"))


def examples(most: int) -> int:
    """Return the number of examples of a property test that tries at most so many: a sixth of them elsewhere."""
    return most if THOROUGH else max(most // 6, 1)
