"""Spans of a text that are to be taken out: found by detectors, merged where they overlap."""

from __future__ import annotations

from collections.abc import Callable, Iterable

#: First and last character, the last excluded.
Span = tuple[int, int]
#: Finds the spans in a text.
Finder = Callable[[str], Iterable[Span]]


def merged(found: Iterable[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    """Return spans with the number of their rule, ascending, those that overlap as one of the rule that comes first.

    Where the finds of two rules overlap the whole of both goes: a rest that neither rule finds alone could still hold part of a secret.
    """
    together: list[tuple[int, int, int]] = []
    for start, end, rule in sorted(found):
        if together and start < together[-1][1]:
            first, last, other = together[-1]
            together[-1] = first, max(last, end), min(other, rule)
        else:
            together.append((start, end, rule))
    return together
