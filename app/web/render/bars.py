"""Bars of all charts as outlines of SVG, and the overview's charts and numbers; attributes only, as the content policy forbids inline style."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

#: Height of a chart of the overview, in its own units; a bar's room is one wide, WIDTH of which it fills.
HEIGHT, WIDTH = 40, 0.85
#: Least height of a bar above 0, so that it can be seen.
_LEAST = 1.5

#: Attributes that the bars of one colour have in common.
Kind = TypeVar("Kind", bound=str)


def outline(x: float, bottom: float, width: float, height: float) -> str:
    """Return the path of one bar, whose left side is at *x* and whose foot is *bottom* below the chart's top."""
    return f"M{short(x)} {short(bottom - height)}h{short(width)}v{short(height)}h-{short(width)}z"


def by_kind(bars: Iterable[tuple[Kind, str]], order: Iterable[Kind]) -> list[tuple[Kind, str]]:
    """Return one path for all bars of a kind, in this order: it takes half the bytes of a path for each."""
    found: dict[Kind, list[str]] = {}
    for kind, path in bars:
        found.setdefault(kind, []).append(path)
    return [(kind, "".join(found[kind])) for kind in order if kind in found]


def short(number: float) -> str:
    """Return a coordinate with at most two decimals, in few signs: 0.5 as `.5`."""
    return f"{number:.2f}".rstrip("0").rstrip(".").removeprefix("0") or "0"


@dataclass(frozen=True, slots=True)
class Spark:
    """A chart of the last minutes as the paths of its bars."""

    size: int
    shape: str
    #: Where nothing is known yet: how many bars from the left.
    unknown: int
    #: The number that its full height stands for.
    top: float


def spark(bars: Sequence[float | None], top: float | None = None) -> Spark:
    """Return the chart of *bars*, as high as *top* if given, else as the highest of them."""
    known = [bar for bar in bars if bar is not None]
    most = max(known, default=0.0) if top is None else top
    pieces = [
        outline(place, HEIGHT, WIDTH, round(max(bar / most * HEIGHT, _LEAST), 1))
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
