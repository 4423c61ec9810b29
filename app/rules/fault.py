"""Faults in the text of rules, with their place; reading of the filters in rules."""

from __future__ import annotations

from app.errors import InvalidQuery
from app.query.filter import TIME_FIELDS, Filter, leaves
from app.query.language.parse import parse as parse_filter

#: Fields that a rule's filter can't ask for: a log has no id and no time of arrival before it is queued, and a fixed time grows old.
_UNKNOWN = ("id", *TIME_FIELDS)


class RuleFault(ValueError):
    """A fault in the text of a rule, and at which of its characters, from 0."""

    def __init__(self, message: str, position: int) -> None:
        super().__init__(message)
        self.position = position


def filter_of(text: str, at: int = 0) -> Filter:
    """Return the filter of a rule; raises a ValueError whose place counts from *at*."""
    try:
        tree = parse_filter(text)
    except InvalidQuery as error:
        problem = error.problems[0]
        raise RuleFault(f"the filter {problem.message}", at + (problem.position or 0)) from None
    for leaf in leaves(tree):
        field = getattr(leaf, "field", None)
        if field in _UNKNOWN:
            raise RuleFault(f"the filter asks for {field}, which is not of what a log says", at)
    return tree
