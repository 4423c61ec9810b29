"""A tree that is found anywhere in a text, as trees over the whole text, without assertions.

Lucene's expressions know no assertion and always fit the whole value. So the tree is multiplied out into
branches until each assertion stands between known neighbours; there it holds, fails, or becomes a neighbour itself.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence as Listed

from app.query.pattern.codepoints import NEWLINE, NO_WORD, WORD, Ranges, meet, union
from app.query.pattern.tree import ANYTHING, At, Chars, Either, Node, Repeat, Sequence, Untranslatable

#: Most branches of one pattern.
BRANCH_LIMIT = 64

Branch = list[Node]


def branches(node: Node) -> list[Branch]:
    """Return *node* as alternatives whose assertions stand at the top; without any there is one."""
    if not _asserts(node):
        return [list(_flat(node))]
    match node:
        case Either(parts):
            found = [branch for part in parts for branch in branches(part)]
        case Sequence(parts):
            found = [[]]
            for part in parts:
                found = [[*before, *after] for before, after in itertools.product(found, branches(part))]
                _limit(found)
        case Repeat(part, 1, 1):
            found = branches(part)
        case Repeat(part, 0, 1):
            found = [*branches(part), []]
        case Repeat():
            raise Untranslatable("a repeated assertion")
        case _:
            found = [[node]]
    return _limit(found)


def _limit(found: list[Branch]) -> list[Branch]:
    if len(found) > BRANCH_LIMIT:
        raise Untranslatable("too many alternatives")
    return found


def _asserts(node: Node) -> bool:
    match node:
        case At():
            return True
        case Repeat(part):
            return _asserts(part)
        case Sequence(parts) | Either(parts):
            return any(map(_asserts, parts))
    return False


def _flat(node: Node) -> Listed[Node]:
    return [inner for part in node.parts for inner in _flat(part)] if isinstance(node, Sequence) else [node]


def may_be_empty(node: Node) -> bool:
    """Return whether *node*, which holds no assertion, matches the empty text."""
    match node:
        case Sequence(parts):
            return all(map(may_be_empty, parts))
        case Either(parts):
            return any(map(may_be_empty, parts))
        case Repeat(part, least):
            return least == 0 or may_be_empty(part)
    return False


def _only_empty(node: Node) -> bool:
    match node:
        case Repeat(part, _, most):
            return most == 0 or _only_empty(part)
        case Sequence(parts) | Either(parts):
            return all(map(_only_empty, parts))
    return False


def _edge(nodes: Listed[Node], *, last: bool) -> tuple[list[tuple[int, int]], bool]:
    """Return what a match of the nodes may begin (or end) with, and whether it may be empty."""
    found: list[tuple[int, int]] = []
    for node in reversed(nodes) if last else nodes:
        match node:
            case Chars(ranges):
                found += ranges
            case Sequence(parts):
                found += _edge(parts, last=last)[0]
            case Either(parts):
                for part in parts:
                    found += _edge([part], last=last)[0]
            case Repeat(part):
                found += _edge([part], last=last)[0]
        if not may_be_empty(node):
            return found, False
    return found, True


def _sure_edge(nodes: Listed[Node], *, last: bool) -> Ranges | None:
    """Return the characters that a match begins (or ends) with; None if it may be empty."""
    found, empty = _edge([node for node in nodes if not isinstance(node, At)], last=last)
    return None if empty else union(found)


def _wordlike(ranges: Ranges) -> bool:
    words, others = meet(ranges, WORD), meet(ranges, NO_WORD)
    if words and others:
        raise Untranslatable("\\b beside a class of both kinds")
    return words


def whole(branch: Branch) -> Sequence | None:
    """Return the branch over the whole text; None when it can't match. Raises Untranslatable."""
    nodes = [node for node in branch if isinstance(node, At) or not _only_empty(node)]
    solid = [place for place, node in enumerate(nodes) if not isinstance(node, At)]
    if not solid:
        return _assertions_only({node.kind for node in nodes if isinstance(node, At)})
    body = [nodes[place] for place in solid]
    before, inside, after = set[str](), list[int](), set[str]()
    for place, node in enumerate(nodes):
        if isinstance(node, At):
            if place < solid[0]:
                before.add(node.kind)
            elif place > solid[-1]:
                after.add(node.kind)
            else:
                inside.append(place)
    if not all(_holds_inside(nodes, place) for place in inside):
        return None
    left, right = _context(before, body, first=True), _context(after, body, first=False)
    return None if left is None or right is None else Sequence((*left, *body, *right))


def _assertions_only(kinds: set[str]) -> Sequence:
    if not kinds or any(kinds <= {kind} for kind in ("start", "end", "line-start", "line-end")):
        return Sequence((ANYTHING,))
    if kinds == {"start", "end"}:
        return Sequence(())
    raise Untranslatable("assertions only")


def _holds_inside(nodes: Listed[Node], place: int) -> bool:
    """Return whether the assertion between two parts holds always, or never."""
    node = nodes[place]
    assert isinstance(node, At)
    before, after = _sure_edge(nodes[:place], last=True), _sure_edge(nodes[place:], last=False)
    match node.kind:
        case "start" if before is not None:
            return False
        case "end" if after is not None:
            return False
        case "line-start" if before is not None and (before == NEWLINE or not meet(before, NEWLINE)):
            return before == NEWLINE
        case "line-end" if after is not None and (after == NEWLINE or not meet(after, NEWLINE)):
            return after == NEWLINE
        case "b" | "B" if before is not None and after is not None:
            # The very neighbours must be there: behind an optional one another may come to stand beside the boundary.
            left = next(other for other in reversed(nodes[:place]) if not isinstance(other, At))
            right = next(other for other in nodes[place:] if not isinstance(other, At))
            if not may_be_empty(left) and not may_be_empty(right):
                return (_wordlike(before) != _wordlike(after)) == (node.kind == "b")
    raise Untranslatable(f"{node.kind} beside an unknown part")


def _context(kinds: set[str], body: Listed[Node], *, first: bool) -> Listed[Node] | None:
    """Return what may stand before (or after) the body under these assertions; None for nothing at all."""
    own, line = ("start", "line-start") if first else ("end", "line-end")
    if kinds - {own, line, "b", "B"}:
        raise Untranslatable("an anchor on the wrong side")
    lines = _optional(ANYTHING, Chars(NEWLINE), first=first)
    boundary = kinds & {"b", "B"}
    if not boundary:
        return [] if own in kinds else [lines] if line in kinds else [ANYTHING]
    if len(boundary) == 2:
        return None
    edge = _sure_edge(body, last=not first)
    if edge is None:
        raise Untranslatable("\\b beside an optional part")
    wants_word = _wordlike(edge) != (boundary == {"b"})
    if own in kinds or line in kinds:
        # Neither the text's end nor a newline is a word character.
        return None if wants_word else [] if own in kinds else [lines]
    if wants_word:
        return [ANYTHING, Chars(WORD)] if first else [Chars(WORD), ANYTHING]
    return [_optional(ANYTHING, Chars(NO_WORD), first=first)]


def _optional(anything: Node, character: Node, *, first: bool) -> Node:
    return Repeat(Sequence((anything, character) if first else (character, anything)), 0, 1)
