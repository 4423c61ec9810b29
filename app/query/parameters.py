"""Parameters of a request, texts of a URL or values of a JSON body alike: read one by one, with every fault in them."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeVar

from app.errors import InvalidInput, InvalidQuery, Problem

_DIGITS = re.compile(r"\d{1,11}", re.ASCII)
_T = TypeVar("_T")


class Parameters:
    """Reads what was given and gathers the problems in it; empty or null is absent."""

    def __init__(self, given: Mapping[str, Any]) -> None:
        self.given = given
        self.problems: list[Problem] = []

    def __contains__(self, name: str) -> bool:
        return self.given.get(name) not in (None, "")

    def get(self, name: str) -> Any:
        """Return the parameter's text; None where it is absent."""
        return self.given[name] if name in self else None

    def refuse(self, message: str, name: str) -> None:
        """Add a problem with a parameter."""
        self.problems.append(Problem(message, name[:100]))

    def only(self, known: Collection[str], what: str = "parameter", also: Collection[str] = ()) -> None:
        """Refuse every name that is no *what*, one of those *known*, nor passed over as *also*."""
        for name in self.given:
            if name not in known and name not in also:
                self.refuse(f"is not a {what}; known are {', '.join(known)}", str(name))

    def read(self, reader: Callable[[], _T], default: _T) -> _T:
        """Return what *reader* returns, or the default where it raises InvalidInput."""
        try:
            return reader()
        except InvalidInput as error:
            self.problems += error.problems
            return default

    def text(self, name: str, default: str) -> str:
        """Return a text."""
        value = self.given[name] if name in self else default
        if isinstance(value, str):
            return value
        self.refuse("must be a text", name)
        return default

    def choice(self, name: str, default: Any, choices: Collection[str], between: str = "") -> Any:
        """Return one of the *choices*. The fault lists them, separated by the word *between* if given."""
        if name not in self or self.given[name] in choices:
            return self.given[name] if name in self else default
        self.refuse(f"must be {between.join(choices)}" if between else f"must be one of {', '.join(choices)}", name)
        return default

    def whole(self, name: str, default: int, low: int, high: int) -> int:
        """Return a whole number from *low* to *high*."""
        if name not in self:
            return default
        value = self.given[name]
        if isinstance(value, str) and _DIGITS.fullmatch(value.strip()):
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            self.refuse(f"must be a whole number from {low} to {high:,}", name)
            return default
        return value

    def check(self) -> None:
        """Raise InvalidQuery with the problems, if there are any."""
        if self.problems:
            raise InvalidQuery(*self.problems)
