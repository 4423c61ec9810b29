"""How many examples a property test tries: all where THOROUGH is set, as `.ci/run` does, and a quarter of them elsewhere."""

from __future__ import annotations

import os


def examples(most: int) -> int:
    """Return the number of examples of a test that tries at most so many."""
    return most if os.environ.get("THOROUGH") else most // 4
