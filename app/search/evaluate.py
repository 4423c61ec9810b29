"""Filters that look inside messages, block by block: substrings from the block's text, the rest from terms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from app.core.filter import And, Contains, Filter, Matches, Not, Or, Wildcard, leaves
from app.drivers.sqlite import Connection
from app.search import grams, plan
from app.search.blocks import Block
from app.search.grams import BLOCK, Mask, Needle

#: Texts of blocks fetched in one statement.
_AT_ONCE = 32


def looks_inside(tree: Filter) -> bool:
    """Return whether a leaf of *tree* asks for a part of the message that block texts can find."""
    return any(needles(leaf) is not None for leaf in leaves(tree))


def needles(leaf: Filter) -> tuple[str, ...] | None:
    """Return texts of which a record must hold one to satisfy *leaf*; None when block texts can't tell."""
    match leaf:
        case Contains("message", text) if text:
            return (text,)
        case Matches("message", pattern):
            return grams.required(pattern)
        case Wildcard("message", pattern) if "\\" not in pattern:
            longest = max(pattern.replace("?", "*").split("*"), key=len)
            return (longest,) if longest else None
    return None


@dataclass(frozen=True, slots=True)
class Found:
    """Which places of a block satisfy a filter; if not exact, a superset (or subset) that needs verifying."""

    mask: Mask
    exact: bool


class BlockText:
    """The texts of some blocks within one read transaction, fetched when first needed."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._bits: dict[int, grams.Bits | None] = {}
        self._text: tuple[int, bytes, Any] | None = None

    def load(self, numbers: Sequence[int]) -> None:
        """Fetch the sets of runs of these blocks; a block that is not full yet has none."""
        self._bits = dict.fromkeys(numbers)
        for start in range(0, len(numbers), 500):
            some = numbers[start : start + 500]
            marks = ",".join("?" * len(some))
            for number, bits in self._connection.execute(
                f"SELECT block, bits FROM grams WHERE block IN ({marks})", list(some)
            ):
                self._bits[number] = np.frombuffer(bits, dtype=np.uint8)

    def sealed(self, number: int) -> bool:
        """Return whether the block has a text."""
        return self._bits.get(number) is not None

    def find(self, number: int, needle: Needle) -> Mask:
        """Return which places of a sealed block hold the needle."""
        bits = self._bits[number]
        assert bits is not None
        if not needle.may_be_in(bits[None, :])[0]:
            return np.zeros(BLOCK, dtype=np.bool_)
        if self._text is None or self._text[0] != number:
            (kept,) = self._connection.execute("SELECT messages FROM texts WHERE block = ?", (number,)).fetchone()
            text = grams.decompress(kept)
            self._text = (number, text, grams.ends(text))
        return needle.find(self._text[1], self._text[2])


class Evaluator:
    """Evaluates one filter on blocks."""

    def __init__(self, tree: Filter, connection: Connection, dictionary: plan.Dictionary) -> None:
        self._tree = tree
        self._connection = connection
        self._dictionary = dictionary
        self._texts = BlockText(connection)
        self._needles: dict[Filter, tuple[Needle, ...]] = {}
        self._expressions: dict[tuple[Filter, bool], plan.Expression] = {}

    def load(self, blocks: Sequence[Block]) -> None:
        """Prepare for evaluating these blocks."""
        self._texts.load([block.number for block in blocks])

    def block(self, block: Block) -> Found:
        """Return which places of *block* satisfy the filter, as a superset when not exact."""
        return self._evaluate(self._tree, block, positive=True)

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
            rows = self._connection.execute(
                "SELECT rowid FROM terms WHERE terms MATCH ? AND rowid BETWEEN ? AND ?",
                (expression.text, block.first, block.last),
            ).fetchall()
            mask[[row[0] - block.first for row in rows]] = True
        return Found(mask, expression.exact)

    def _by_text(self, leaf: Filter, block: Block, positive: bool) -> Found:
        if not self._texts.sealed(block.number):
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
