"""A tree printed as an expression of Lucene's, and what can be said of texts that no expression finds.

Printed for `flags: NONE`, where only the usual signs and `"` mean something. Two of Lucene's own faults are gone
around: a range that starts or ends at an escaped character is misread, and `\\n` is no newline.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from app.query.pattern.codepoints import ANY, SURROGATES, Ranges, gaps, narrowed, widened
from app.query.pattern.required import required
from app.query.pattern.tree import ANYTHING, At, Chars, Either, Node, Repeat, Sequence, Untranslatable, parse
from app.systems.opensearch.anchored import branches, whole


@dataclass(frozen=True, slots=True)
class LucenePattern:
    """The Lucene form of a pattern."""

    #: Fit the whole value: the one of nothing else than is meant, the other of all that is meant; the same where one
    #: expression says just that, None when the pattern can't be translated.
    least: str | None
    most: str | None
    #: Folded texts of which every match holds one; empty when nothing can be said.
    needed: tuple[str, ...]
    #: Most characters that a match takes up, with those beside it that it depends on; None without a limit.
    longest: int | None


#: Fits no value: no text holds NUL.
NEVER = "\0\0"


@lru_cache(maxsize=512)
def of_pattern(pattern: str) -> LucenePattern:
    """Return what the RE2 pattern, found anywhere in a text, is over the whole text."""
    try:
        found = branches(parse(pattern))
    except Untranslatable:
        return LucenePattern(None, None, (), None)
    needed = required(pattern) or ()
    longest = [_length(Sequence(tuple(branch))) for branch in found]
    most = None if None in longest else max(length for length in longest if length is not None)
    try:
        trees = [tree for branch in found if (tree := whole(branch)) is not None]
        return LucenePattern(_all_shown(trees, narrowed), _all_shown(trees, widened), needed, most)
    except Untranslatable:
        return LucenePattern(None, None, needed, most)


def _all_shown(trees: Iterable[Node], kept: Callable[[Ranges], Ranges]) -> str:
    return f"({'|'.join(dict.fromkeys(shown(_with(tree, kept)) for tree in trees)) or NEVER})"


def _with(node: Node, kept: Callable[[Ranges], Ranges]) -> Node:
    """Return the node with other sets of characters."""
    match node:
        case Chars(ranges):
            return Chars(kept(ranges))
        case Sequence(parts):
            return Sequence(tuple(_with(part, kept) for part in parts))
        case Either(parts):
            return Either(tuple(_with(part, kept) for part in parts))
        case Repeat(part, least, most):
            return Repeat(_with(part, kept), least, most)
    return node


def _length(node: Node) -> int | None:
    match node:
        case Chars() | At():
            return 1
        case Sequence(parts) | Either(parts):
            lengths = [_length(part) for part in parts]
            known = [length for length in lengths if length is not None]
            if len(known) < len(lengths):
                return None
            return sum(known) if isinstance(node, Sequence) else max(known, default=0)
        case Repeat(part, _, most):
            length = _length(part)
            if most == 0 or length == 0:
                return 0
            return None if most is None or length is None else most * length
    raise AssertionError(node)


def shown(node: Node) -> str:
    """Return *node*, which holds no assertion, as Lucene takes it. Raises Untranslatable."""
    match node:
        case Chars(ranges):
            return _class(ranges)
        case Sequence(parts):
            return "".join(map(shown, parts)) or "()"
        case Either(parts):
            return f"({'|'.join(map(shown, parts))})"
        case Repeat(part, least, most):
            if node == ANYTHING:
                return ".*"
            times = {(0, None): "*", (1, None): "+", (0, 1): "?"}.get((least, most))
            if times is None:
                times = f"{{{least},{'' if most is None else most}}}"
            inner = shown(part) if isinstance(part, Chars) else f"({shown(part)})"
            return f"({inner}{times})"
    raise AssertionError(node)


def _class(ranges: Ranges) -> str:
    if not ranges:
        return NEVER
    if len(ranges) == 1 and ranges[0][0] == ranges[0][1]:
        return character(chr(ranges[0][0]))
    rest = gaps([*ranges, SURROGATES])
    negative = len(rest) < len(ranges) or ranges == ANY
    members = "".join(
        character(chr(low)) if low == high else f"{character(chr(low))}-{character(chr(high))}"
        for low, high in _plain(rest if negative else ranges)
    )
    return f"[{'^' if negative else ''}{members}]"


def _plain(ranges: Ranges) -> Iterator[tuple[int, int]]:
    """Yield the ranges, but every sign that is escaped by itself."""
    for first, high in ranges:
        low = first
        for code in range(first, min(high, 127) + 1):
            if len(character(chr(code))) > 1:
                if low < code:
                    yield low, code - 1
                yield code, code
                low = code + 1
        if low <= high:
            yield low, high


def character(one: str) -> str:
    """Return a character that stands for itself."""
    return one if one.isalnum() or not "!" <= one <= "~" else f"\\{one}"


def quoted(text: str) -> str:
    """Return an expression for this very text."""
    return "".join(map(character, text))
