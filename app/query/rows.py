"""A filter as rows of key, operation and value, for forms: the way back from `app.query.operations`."""

from __future__ import annotations

from typing import Any

from app.log.record import SEVERITY_NAMES
from app.query.filter import (
    TIME_FIELDS,
    And,
    Contains,
    Equals,
    Exists,
    Filter,
    In,
    Matches,
    Not,
    Or,
    Prefix,
    Range,
    Words,
)
from app.query.normal import NOTHING, normal
from app.times import instant


def rows(tree: Filter) -> dict[str, Any] | None:
    """Return *tree* as `{filters, match}` whose filters are single ones, None when it can't be said so."""
    tree = normal(tree)
    parts = tree.parts if isinstance(tree, And | Or) else (tree,)
    found = [_row(part) for part in parts]
    if tree == NOTHING or None in found:
        return None
    return {"filters": found, "match": "any" if isinstance(tree, Or) else "all"}


def _row(tree: Filter) -> dict[str, Any] | None:
    negated = isinstance(tree, Not)
    row = _positive(tree.part if isinstance(tree, Not) else tree)
    if row is None or (negated and row["operation"] == "range"):
        return None
    return {**row, "operation": f"not_{row['operation']}"} if negated else row


def _positive(leaf: Filter) -> dict[str, Any] | None:
    match leaf:
        case Words(text):
            return {"key": "message", "operation": "equals", "value": text}
        case Equals(field, text) if field == "message" or field in TIME_FIELDS:
            return None if field in TIME_FIELDS else {"key": field, "operation": "in", "value": [text]}
        case Equals(field, text):
            return {"key": field, "operation": "equals", "value": text}
        case In(field, texts):
            return None if field in TIME_FIELDS else {"key": field, "operation": "in", "value": list(texts)}
        case Prefix(field, text):
            return {"key": field, "operation": "prefix", "value": text}
        case Contains(field, text):
            return {"key": field, "operation": "contains", "value": text}
        case Matches(field, pattern):
            return {"key": field, "operation": "regex", "value": pattern}
        case Exists(field):
            return {"key": field, "operation": "exists"}
        case Range():
            return _range_row(leaf)
    return None


def _range_row(leaf: Range) -> dict[str, Any] | None:
    bounds = {"lower_range": leaf.lower, "upper_range": leaf.upper}
    given = {name: _shown(leaf.field, bound) for name, bound in bounds.items() if bound is not None}
    if not given or not (leaf.includes_lower and leaf.includes_upper):
        return None
    return {"key": leaf.field, "operation": "range", "value": given}


def _shown(field: str, bound: Any) -> Any:
    if isinstance(bound, tuple):
        return instant.text(bound)
    if field == "level":
        return SEVERITY_NAMES[bound]
    return int(bound) if float(bound).is_integer() and abs(bound) < 1e16 else bound
