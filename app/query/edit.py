"""A filter taken apart and changed: its clauses, and another name or value in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from app.query.filter import And, Equals, Filter, In, Leaf, Not, Or, Phrase, Words


def clauses(tree: Filter) -> list[Filter]:
    """Return the conditions of a filter in normal form that must all hold: each word is one."""
    found: list[Filter] = []
    for part in tree.parts if isinstance(tree, And) else (tree,):
        found += [Words(word) for word in part.text.split()] if isinstance(part, Words) else [part]
    return found


def wanted(tree: Filter) -> list[tuple[str, str]]:
    """Return field and value of the leaves that ask for a whole value, unless negated."""
    match tree:
        case And(parts) | Or(parts):
            return [pair for part in parts for pair in wanted(part)]
        case Equals(name, text):
            return [(name, text)]
        case In(name, options):
            return [(name, text) for text in options]
    return []


def renamed(tree: Filter, old: str, new: str) -> Filter:
    """Return the filter with field *new* in place of *old*."""

    def corrected(leaf: Leaf) -> Filter:
        return leaf if isinstance(leaf, Words | Phrase) or leaf.field != old else replace(leaf, field=new)

    return _replaced(tree, corrected)


def revalued(tree: Filter, name: str, old: str, new: str) -> Filter:
    """Return the filter with the value *new* of a field in place of *old*."""

    def corrected(leaf: Leaf) -> Filter:
        if leaf == Equals(name, old):
            return Equals(name, new)
        if isinstance(leaf, In) and leaf.field == name:
            return In(name, tuple(new if text == old else text for text in leaf.texts))
        return leaf

    return _replaced(tree, corrected)


def _replaced(tree: Filter, change: Callable[[Leaf], Filter]) -> Filter:
    match tree:
        case And(parts):
            return And(tuple(_replaced(part, change) for part in parts))
        case Or(parts):
            return Or(tuple(_replaced(part, change) for part in parts))
        case Not(part):
            return Not(_replaced(part, change))
    return change(tree)
