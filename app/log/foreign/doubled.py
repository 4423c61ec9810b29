"""Names that stand twice in one JSON object: loggers write their own fields first and never look for a second.

A decoder keeps the last of them without a word (RFC 8259, section 4 leaves it open). Here the first is kept, and the later
values are given beside it.
"""

from __future__ import annotations

from typing import Any

from app.json_text import Decoder, NotJSON

#: The signs with which a key ends in JSON that a program wrote.
_KEY_END, _SPACED = b'":', b'" :'


#: Names of a message that stands last, and of the time right before it.
_MESSAGES, _TIMES = frozenset(("msg", "message")), frozenset(("time", "timestamp", "ts", "@timestamp"))


class _Doubled(dict[str, Any]):
    """An object with the first value of each name, and the later ones beside it."""

    later: dict[str, list[Any]]


def decode(raw: bytes, value: Any) -> tuple[Any, dict[str, list[Any]]]:
    """Return the object in *raw*, decoded before as *value*, with the first of each name; and later values by name.

    Within an inner object all values of a name are kept as a list.
    """
    if type(value) is not dict or not may_be(raw, value):
        return value, {}
    try:
        found = _DECODER.read(raw)
    except NotJSON:
        return value, {}
    later = found.later if type(found) is _Doubled else {}
    return {name: _plain(inner) for name, inner in found.items()}, {name: _plain(more) for name, more in later.items()}


def may_be(raw: bytes, value: dict[str, Any]) -> bool:
    """Return whether a name may stand twice in the object in *raw*: it has more quotes and names than *value*, to which it was decoded."""
    if raw.count(b'"') <= 2 * _quoted(value):
        return False
    return raw.count(_KEY_END) + raw.count(_SPACED) > _names(value)  # else it has quotes within a text


def _quoted(value: Any) -> int:
    """Return how many names and texts the objects in *value* have: each stands between two quotes."""
    several = type(value) is dict
    count = len(value) if several else 0
    for inner in value.values() if several else value:
        if type(inner) is str:
            count += 1
        elif type(inner) is dict or type(inner) is list:
            count += _quoted(inner)
    return count


def _names(value: Any) -> int:
    """Return how many names the objects in *value* have."""
    several = type(value) is dict
    count = len(value) if several else 0
    for inner in value.values() if several else value:
        if type(inner) is dict or type(inner) is list:
            count += _names(inner)
    return count


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    doubled = _Doubled()
    doubled.later = {}
    if _ends_with_message(pairs):
        pairs = [pairs[-1], *pairs[:-1]]
    for name, value in pairs:
        if name in doubled:
            doubled.later.setdefault(name, []).append(value)
        else:
            doubled[name] = value
    return doubled


_DECODER = Decoder(pairs=_object)


def _ends_with_message(pairs: list[tuple[str, Any]]) -> bool:
    """Return whether the logger's own message is the last member, behind what its user gave: pino, zerolog, phuslu/log."""
    name, before = pairs[-1][0], pairs[-2][0]
    first, value = pairs[0]
    pino = first == "level" and type(value) is int
    return name in _MESSAGES and (pino or (before in _TIMES and before not in {first, pairs[1][0]}))


def _plain(value: Any) -> Any:
    if type(value) is list:
        return [_plain(inner) for inner in value]
    if type(value) is _Doubled:
        more = {name: [value[name], *later] for name, later in value.later.items()}
        value = {**value, **more}
    return {name: _plain(inner) for name, inner in value.items()} if type(value) is dict else value
