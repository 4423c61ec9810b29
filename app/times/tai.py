"""Times of TAI64N labels, as multilog and tai64n write them before each line (https://cr.yp.to/libtai/tai64.html)."""

from __future__ import annotations

import re

#: Seconds above 2^62, then nanoseconds.
_LABEL = re.compile(r"@4([0-9a-f]{15})([0-3][0-9a-f]{7})(?=\s|$)")
#: Seconds that a label counts more than there are since 1970: its writers know of no leap seconds.
_AHEAD = 10


def read(text: str, place: int) -> tuple[int, int] | None:
    """Return the nanoseconds since 1970 of the label at *place* of *text*, and where it ends; None where none stands there."""
    found = _LABEL.match(text, place)
    if found is None:
        return None
    value = (int(found[1], 16) - _AHEAD) * 10**9 + int(found[2], 16)
    return (value, found.end()) if 10**17 <= value < 10**20 else None
