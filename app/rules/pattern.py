"""Own patterns of rules: expressions in RE2's syntax, which no text can make slow."""

from __future__ import annotations

from collections.abc import Iterator

from app.query.meaning import regex
from app.rules.spans import Finder, Span


def finder(pattern: str) -> Finder:
    """Return a finder of the spans of the pattern's groups, or of the whole match where it has no groups.

    Raises ValueError for a pattern that RE2 refuses, and for one that matches the empty text, since it would match everywhere.
    """
    compiled = regex(pattern)
    if compiled.search("") is not None:
        raise ValueError("finds the empty text, which is everywhere")
    groups = range(1, compiled.groups + 1) if compiled.groups else (0,)

    def find(text: str) -> Iterator[Span]:
        for found in compiled.finditer(text):
            for group in groups:
                start, end = found.span(group)
                if 0 <= start < end:
                    yield start, end

    return find
