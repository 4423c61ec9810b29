"""How much a test tries: all where THOROUGH is 1, as in `.ci/run`, ten times that where it is 10, and a part of it without."""

from __future__ import annotations

import os

THOROUGH = int(os.environ.get("THOROUGH") or 0)


def examples(most: int) -> int:
    """Return the number of examples of a property test that tries at most so many: a sixth of them without THOROUGH."""
    return most * THOROUGH or max(most // 6, 1)
