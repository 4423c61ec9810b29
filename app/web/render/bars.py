"""Small charts and numbers of the overview: drawn with attributes only, since the content policy forbids inline style."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

#: Height of a chart, in its own units; each bar is one wide.
HEIGHT = 40
#: Least height of a bar that is not 0, so that it can be seen.
_LEAST = 1.5


@dataclass(frozen=True, slots=True)
class Spark:
    """A chart of the last minutes as the paths of its bars."""

    size: int
    shape: str
    #: Where nothing is known yet: how many bars from the left.
    unknown: int
    #: What its full height stands for.
    top: float


def spark(bars: Sequence[float | None], top: float | None = None) -> Spark:
    """Return the chart of *bars*, as high as *top* if given, else as the highest of them."""
    known = [bar for bar in bars if bar is not None]
    most = max(known, default=0.0) if top is None else top
    pieces = [
        f"M{place} {HEIGHT}v-{round(max(bar / most * HEIGHT, _LEAST), 1):g}h.85V{HEIGHT}z"
        for place, bar in enumerate(bars)
        if bar and most
    ]
    unknown = next((place for place, bar in enumerate(bars) if bar is not None), len(bars))
    return Spark(len(bars), "".join(pieces), unknown, most)


def per_second(rate: float | None) -> str:
    """Return a rate in few signs."""
    if rate is None:
        return "–"
    if rate >= 9.95:
        return f"{rate:,.0f}"
    return "0" if rate == 0 else f"{rate:.1f}" if rate >= 0.05 else "<0.1"


def size(count: float) -> str:
    """Return bytes in the unit that gives three digits."""
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if count < 1_000:
            return f"{count:,.0f} {unit}" if unit == "bytes" or count >= 99.95 else f"{count:.1f} {unit}"
        count /= 1_024
    return f"{count:,.1f} TiB"
