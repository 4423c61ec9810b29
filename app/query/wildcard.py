"""Wildcards: in the pattern of a whole value, and in a word of a message.

In a message a pattern means a word, or a piece of it: `fail*` finds words that begin so. The filter
tree has no leaf for that, so it becomes a RE2 pattern; `of_regex` gives the wildcard back for display.
Of a field it stays a `Wildcard`, which each index translates: systems/sqlite/index/plan.py, systems/opensearch/leaves.py.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from app.query.filter import EVERYTHING, Contains, Filter, Matches

_PIECE = re.compile(r"\\(.)|(.)", re.DOTALL)
#: Where a word begins and ends: next to it is no letter or digit.
_BEGIN = r"(?:^|[^\pL\pN])"
_END = r"(?:$|[^\pL\pN])"
_STAR, _ANY = r"\S*", r"\S"
_BODY = re.compile(r"\\S\*|\\S|\\[^a-zA-Z0-9]|[^\\]", re.DOTALL)


def pieces(pattern: str) -> list[tuple[str, bool]]:
    """Return the characters of a wildcard pattern, each with whether it is a wildcard.

    A run of stars is one; a backslash makes the next character ordinary, at the end it is itself.
    """
    found: list[tuple[str, bool]] = []
    for match in _PIECE.finditer(pattern):
        escaped, plain = match.groups()
        piece = (escaped, False) if escaped is not None else (plain, plain in "*?")
        if piece != ("*", True) or found[-1:] != [piece]:
            found.append(piece)
    return found


def canonical(found: Sequence[tuple[str, bool]]) -> str:
    """Return the pattern of *found* with no more backslashes than it needs."""
    return "".join(f"\\{text}" if not wild and text in "*?\\" else text for text, wild in found)


def literal(found: Sequence[tuple[str, bool]]) -> str | None:
    """Return the text between two stars, when that is all the pattern says."""
    star = ("*", True)
    if not found or found[0] != star or found[-1] != star or any(wild for _, wild in found[1:-1]):
        return None
    return "".join(text for text, _ in found[1:-1])


def in_message(pattern: str) -> Filter:
    """Return the filter for messages with a word that fits *pattern*; `*` and `?` stand for no blanks."""
    found = pieces(pattern)
    if all(piece == ("*", True) for piece in found):
        return EVERYTHING
    opens, closes = found[0] == ("*", True), found[-1] == ("*", True)
    body = found[1 if opens else 0 : len(found) - 1 if closes else None]
    begin = "" if opens or not _bounds(body[0]) else _BEGIN
    end = "" if closes or not _bounds(body[-1]) else _END
    if not begin and not end and not any(wild for _, wild in body):
        return Contains("message", "".join(text for text, _ in body))
    return Matches("message", f"(?i){begin}{''.join(map(_printed, body))}{end}")


def _bounds(piece: tuple[str, bool]) -> bool:
    return piece[1] or piece[0].isalnum()


def _printed(piece: tuple[str, bool]) -> str:
    text, wild = piece
    if wild:
        return _STAR if text == "*" else _ANY
    return f"\\{text}" if text.isascii() and not text.isalnum() and text.isprintable() and text not in " _" else text


def of_regex(pattern: str) -> str | None:
    """Return the wildcard pattern that `wildcard_regex` made this RE2 pattern of; None for any other pattern."""
    if not pattern.startswith("(?i)"):
        return None
    body = pattern.removeprefix("(?i)").removeprefix(_BEGIN).removesuffix(_END)
    found = [_read(match[0]) for match in _BODY.finditer(body)]
    inner = canonical(found)
    for candidate in (inner, f"{inner}*", f"*{inner}"):
        wild = any(wild for _, wild in pieces(candidate))
        if wild and in_message(candidate) == Matches("message", pattern):
            return candidate
    return None


def word_regex(pattern: str) -> str | None:
    """Return the RE2 pattern whose first group is the word that *pattern*, a wildcard's, finds without its neighbours.

    None for a pattern that is no wildcard's.
    """
    if of_regex(pattern) is None:
        return None
    body = pattern.removeprefix("(?i)")
    begin, end = (_BEGIN if body.startswith(_BEGIN) else ""), (_END if body.endswith(_END) else "")
    return f"(?i){begin}({body[len(begin) : len(body) - len(end)]}){end}"


def _read(printed: str) -> tuple[str, bool]:
    if printed in (_STAR, _ANY):
        return ("*" if printed == _STAR else "?"), True
    return printed.removeprefix("\\") if len(printed) > 1 else printed, False
