"""The meaning of one term of a query text: its leaf of the filter tree."""

from __future__ import annotations

from app.query.bounds import Span, between, span
from app.query.filter import (
    EVERYTHING,
    TEXT_LIMIT,
    TIME_FIELDS,
    Contains,
    Equals,
    Exists,
    Filter,
    Matches,
    Phrase,
    Prefix,
    Wildcard,
    Words,
)
from app.query.language.terms import Operand, TextPart, refuse
from app.query.meaning import regex, wildcard_regex
from app.query.names import meant_name
from app.query.wildcard import in_message, pieces
from app.times.typed import RequestTime

_EXISTS = "_exists_"


def leaf(operand: Operand, outer: TextPart | None, now: RequestTime) -> Filter:
    """Return the leaf of *operand*, where *outer* is the field before its bracket; raises InvalidQuery."""
    field = operand.field or outer
    value = operand.value
    if len(value.plain) > TEXT_LIMIT:
        refuse(f"a text of more than {TEXT_LIMIT:,} characters", value.at)
    if field is None:
        return _leaf(operand, "message", False, now)
    if field.text == _EXISTS:
        if operand.form not in ("term", "quoted"):
            refuse("expected a field's name after _exists_:", value.at)
        return Exists(_name(value))
    if field.text == "*" and operand.form == "term" and value.text == "*":
        return EVERYTHING
    return _leaf(operand, _name(field), True, now)


def _name(part: TextPart) -> str:
    name = part.plain
    if not part.quoted and any(wild for _, wild in pieces(part.text)):
        refuse("wildcards in a field's name are not supported", part.at)
    if len(name) > TEXT_LIMIT:
        refuse(f"a field's name of more than {TEXT_LIMIT:,} characters", part.at)
    try:
        return meant_name(name)
    except ValueError as error:
        hint = "" if part.quoted or "metadata" in name else "; put text with a colon in quotation marks"
        refuse(f"{error}{hint}", part.at)


def _leaf(operand: Operand, field: str, named: bool, now: RequestTime) -> Filter:
    value = operand.value
    if field == "metadata":
        star = operand.form == "term" and set(value.text) == {"*"}
        return Exists(field) if star else refuse("metadata needs a path: metadata.name", value.at)
    match operand.form:
        case "term":
            return _term(value, field, named, now)
        case "quoted":
            return Phrase(value.text) if field == "message" else _whole(value, field, now)
        case "regex":
            return _matches(value, field)
        case "call":
            return _call(operand.operator, value, field)
        case "comparison":
            bound = _span(value, field, now)
            above, below = operand.operator == ">", operand.operator == "<"
            if operand.operator[0] == ">":
                return between(field, bound, None, above=above)
            return between(field, None, bound, below=below)
        case "range":
            assert operand.upper is not None
            lower, upper = _bound(value, field, now), _bound(operand.upper, field, now)
            return between(field, lower, upper, above=operand.operator[0] == "{", below=operand.operator[1] == "}")


def _term(value: TextPart, field: str, named: bool, now: RequestTime) -> Filter:
    found = pieces(value.text)
    if not any(wild for _, wild in found):
        return Words(value.plain) if field == "message" else _whole(value, field, now)
    if found == [("*", True)]:
        return Exists(field) if named else EVERYTHING
    if field == "message":
        return in_message(value.text)
    return _wildcard(value, field)


def _whole(value: TextPart, field: str, now: RequestTime) -> Filter:
    if field not in TIME_FIELDS:
        return Equals(field, value.plain)
    bound = _span(value, field, now)
    return between(field, bound, bound)


def _wildcard(value: TextPart, field: str) -> Filter:
    try:
        regex(wildcard_regex(value.text))
    except ValueError:
        refuse("the pattern is too large", value.at)
    return Wildcard(field, value.text)


def _matches(value: TextPart, field: str) -> Filter:
    try:
        regex(value.text)
    except ValueError as error:
        refuse(f"not a regular expression that RE2 takes: {error}", value.at)
    return Matches(field, value.text)


def _call(name: str, value: TextPart, field: str) -> Filter:
    match name:
        case "equals":
            return Equals(field, value.text)
        case "contains":
            return Contains(field, value.text)
        case "prefix":
            return Prefix(field, value.text)
        case "wildcard":
            return _wildcard(value, field)
    return _matches(value, field)


def _bound(value: TextPart, field: str, now: RequestTime) -> Span | None:
    return None if value.text == "*" and not value.quoted else _span(value, field, now)


def _span(value: TextPart, field: str, now: RequestTime) -> Span:
    try:
        return span(field, value.plain, now)
    except ValueError as error:
        refuse(f"“{value.plain[:100]}” {error}", value.at)
