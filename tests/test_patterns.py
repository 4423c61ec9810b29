"""Regular expressions of the program match alike in every Python 3.11.

Before 3.11.5 a possessive group whose body may go back within itself matches wrongly (github.com/python/cpython/issues/106052),
and Debian 12 has 3.11.2. A body of alternatives of fixed length is right there; where it must be more, `(?=(...))\\1` is the same.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterable, Iterator
from re import _constants, _parser  # type: ignore[attr-defined]
from typing import Any

import pytest

import app


def patterns(value: Any, depth: int = 4) -> Iterator[re.Pattern[Any]]:
    """Yield the patterns that a name of a module stands for, or that lie within what it stands for."""
    if isinstance(value, re.Pattern):
        yield value
    elif depth and isinstance(value, dict):
        yield from (one for held in value.values() for one in patterns(held, depth - 1))
    elif depth and isinstance(value, list | tuple | set | frozenset):
        yield from (one for held in value for one in patterns(held, depth - 1))
    elif depth and not isinstance(value, type) and type(value).__module__.startswith("app."):
        names = {*getattr(value, "__dict__", ()), *getattr(type(value), "__slots__", ())}
        yield from (one for name in names for one in patterns(getattr(value, name, None), depth - 1))


def of_program() -> dict[str, re.Pattern[Any]]:
    """Return all patterns that the program makes when it is imported."""
    names = [found.name for found in pkgutil.walk_packages(app.__path__, "app.") if not found.name.endswith("__main__")]
    modules = [importlib.import_module(name) for name in names]
    values = [value for module in modules for value in list(vars(module).values())]
    return {str(one.pattern): one for value in values for one in patterns(value)}


def wrong(items: Iterable[Any], within: bool = False) -> bool:
    """Return whether a possessive group may go back, *within* one or not."""
    for kind, value in items:
        parts, inner = list[Any](), within
        if kind is _constants.POSSESSIVE_REPEAT:
            parts, inner = [value[2]], True
        elif kind is _constants.ATOMIC_GROUP:
            parts, inner = [value], False
        elif kind in (_constants.MAX_REPEAT, _constants.MIN_REPEAT):
            if within and value[0] != value[1]:
                return True
            parts = [value[2]]
        elif kind in (_constants.ASSERT, _constants.ASSERT_NOT):
            if within:
                return True
            parts, inner = [value[1]], False
        elif kind is _constants.SUBPATTERN:
            parts = [value[3]]
        elif kind is _constants.BRANCH:
            parts = value[1]
        if any(wrong(part, inner) for part in parts):
            return True
    return False


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        (r"(?:a|bc)*+d", False),
        (r"(?:ab?)*+d", True),
        (r"(?:a(?=b)|b)*+d", True),
        (r"x((?:(?:a|b+))++)", True),
        (r"(?=((?:ab?)*))\1d", False),
        (r"[a-z]++d(?:ab?)*", False),
    ],
)
def test_what_is_wrong(pattern: str, expected: bool) -> None:
    """As the table of the fault has it."""
    assert wrong(_parser.parse(pattern)) is expected


def test_patterns_match_alike_in_every_python() -> None:
    """None of them has a possessive group that may go back."""
    found = of_program()
    assert len(found) > 300
    assert [text for text, one in found.items() if wrong(_parser.parse(one.pattern, one.flags & ~re.DEBUG))] == []
