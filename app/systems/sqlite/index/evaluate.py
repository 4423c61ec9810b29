"""Filters that look inside messages, block by block: substrings from the block's text, the rest from terms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from app.query.filter import And, Contains, Filter, Matches, Not, Or, Wildcard, leaves
from app.query.pattern.required import required
from app.systems.sqlite.file import Connection
from app.systems.sqlite.index import plan
from app.systems.sqlite.index.blocks import intervals
from app.systems.sqlite.index.grams import Mask, Needle
from app.systems.sqlite.index.texts import BlockText
from app.systems.sqlite.segments.places import BLOCK
from app.systems.sqlite.segments.window import Block


def looks_inside(tree: Filter) -> bool:
    """Return whether a leaf of *tree* asks for a part of the message that block texts can find."""
    return any(needles(leaf) is not None for leaf in leaves(tree))


def needles(leaf: Filter) -> tuple[str, ...] | None:
    """Return texts of which a record must hold one to satisfy *leaf*; None when block texts can't decide."""
    match leaf:
        case Contains("message", text) if text:
            return (text,)
        case Matches("message", pattern):
            return required(pattern)
        case Wildcard("message", pattern) if "\\" not in pattern:
            longest = max(pattern.replace("?", "*").split("*"), key=len)
            return (longest,) if longest else None
    return None


Places = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Found:
    """Which places of a block satisfy a filter; if not exact, a superset (or subset) that needs verifying."""

    mask: Mask
    exact: bool


class Evaluator:
    """Evaluates one filter on blocks."""

    def __init__(self, tree: Filter, connection: Connection, dictionary: plan.Dictionary) -> None:
        self._tree = tree
        self._connection = connection
        self._dictionary = dictionary
        self._texts = BlockText(connection)
        self._needles: dict[Filter, tuple[Needle, ...]] = {}
        self._expressions: dict[tuple[Filter, bool], plan.FtsExpression] = {}
        self._possible = self._texts.every()
        #: Loaded blocks that the runs leave, and the places in them by expression.
        self._loaded: list[Block] = []
        self._places: dict[str, Places] = {}

    def load(self, blocks: Sequence[Block]) -> None:
        """Prepare for evaluating these blocks."""
        self._texts.load([block.number for block in blocks])
        self._possible = self._may_satisfy(self._tree)
        self._loaded = [block for block in blocks if not self._is_out(block)]
        self._places.clear()

    def sealed(self, block: Block) -> bool:
        """Return whether a loaded block has a text, and hence a record at each of its places."""
        return self._texts.row(block.number) is not None

    def block(self, block: Block) -> Found:
        """Return which places of *block* satisfy the filter, as a superset when not exact."""
        if self._is_out(block):
            return Found(np.zeros(BLOCK, dtype=np.bool_), exact=True)
        return self._evaluate(self._tree, block, positive=True)

    def messages(self, block: Block, places: Sequence[int]) -> list[bytes] | None:
        """Return the messages (UTF-8) at these places of a sealed block, counted from its first; None without them."""
        return self._texts.messages(block.number, places)

    def holding(self, leaf: Contains, block: Block) -> int:
        """Return how many messages of a sealed block hold the leaf's text."""
        if self._is_out(block):
            return 0
        (needle,) = self._needles_of(leaf)
        return needle.count(self._texts.text(block.number))

    def _is_out(self, block: Block) -> bool:
        """Return whether the runs alone say that nothing in *block* satisfies the filter."""
        row = self._texts.row(block.number)
        return row is not None and not self._possible[row]

    def _may_satisfy(self, tree: Filter) -> Mask:
        """Return in which loaded blocks with a text *tree* may be satisfied, by their runs."""
        possible = self._texts.every()
        match tree:
            case And(parts):
                for part in parts:
                    possible &= self._may_satisfy(part)
            case Or(parts):
                possible[:] = False
                for part in parts:
                    possible |= self._may_satisfy(part)
            case Not():
                pass
            case _:
                needles = self._needles_of(tree)
                possible[:] = not needles
                for needle in needles:
                    possible |= self._texts.may_hold(needle)
        return possible

    def _evaluate(self, tree: Filter, block: Block, positive: bool) -> Found:
        if not looks_inside(tree):
            return self._by_terms(tree, block, positive)
        match tree:
            case And(parts):
                return self._all(parts, block, positive)
            case Or(parts):
                found = [self._evaluate(part, block, positive) for part in parts]
                return Found(np.logical_or.reduce([part.mask for part in found]), all(part.exact for part in found))
            case Not(part):
                inner = self._evaluate(part, block, not positive)
                return Found(~inner.mask, inner.exact)
            case _:
                return self._by_text(tree, block, positive)

    def _all(self, parts: Sequence[Filter], block: Block, positive: bool) -> Found:
        inside = [part for part in parts if looks_inside(part)]
        outside = tuple(part for part in parts if not looks_inside(part))
        mask, exact = np.ones(BLOCK, dtype=np.bool_), True
        # Terms first: where they leave nothing, no text need be read.
        for part in ([And(outside)] if outside else []) + inside:
            found = self._evaluate(part, block, positive)
            mask, exact = mask & found.mask, exact and found.exact
            if not mask.any():
                return Found(mask, exact or positive)
        return Found(mask, exact)

    def _by_terms(self, tree: Filter, block: Block, positive: bool) -> Found:
        expression = self._expressions.get((tree, positive))
        if expression is None:
            expression = plan.expression(tree, self._dictionary, positive)
            self._expressions[tree, positive] = expression
        mask = np.zeros(BLOCK, dtype=np.bool_)
        if expression.everything:
            mask[:] = True
        elif expression.text is not None:
            places = self._places_of(expression.text)
            low, high = np.searchsorted(places, (block.first, block.last + 1))
            mask[places[low:high] - block.first] = True
        return Found(mask, expression.exact)

    def _places_of(self, expression: str) -> Places:
        """Return the places in the loaded blocks that satisfy an expression over terms, ascending."""
        found = self._places.get(expression)
        if found is None:
            # One statement for neighbouring blocks: to begin one costs more than to read a block's places.
            statement = "SELECT rowid FROM terms WHERE terms MATCH ? AND rowid BETWEEN ? AND ? ORDER BY rowid"
            some: list[int] = []
            for first, last in intervals(self._loaded):
                rows = self._connection.execute(statement, (expression, first, last))
                some += [row[0] for row in rows]
            found = self._places[expression] = np.array(some, dtype=np.int64)
        return found

    def _by_text(self, leaf: Filter, block: Block, positive: bool) -> Found:
        if not self.sealed(block):
            return Found(np.full(BLOCK, positive), exact=False)
        mask = np.zeros(BLOCK, dtype=np.bool_)
        for needle in self._needles_of(leaf):
            mask |= self._texts.find(block.number, needle)
        if isinstance(leaf, Contains):
            return Found(mask, exact=True)
        return Found(mask if positive else np.zeros(BLOCK, dtype=np.bool_), exact=not mask.any())

    def _needles_of(self, leaf: Filter) -> tuple[Needle, ...]:
        found = self._needles.get(leaf)
        if found is None:
            found = self._needles[leaf] = tuple(Needle(text) for text in needles(leaf) or ())
        return found
