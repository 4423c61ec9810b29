"""Types of the rows in app/web/openapi/routes.py: a route's description, and that of its parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app.shown import Shown
from app.web.answers.reply import ErrorAnswer

TEXT: dict[str, Any] = {"type": "string"}
TIME: dict[str, Any] = {"type": ["string", "number"], "examples": ["2023-09-15T08:00:00Z", "now-15m", 1694764800]}


def choice(*values: str, default: str | None = None) -> dict[str, Any]:
    """Return the schema of a text that is one of *values*."""
    chosen: dict[str, Any] = {"type": "string", "enum": list(values)}
    return chosen if default is None else {**chosen, "default": default}


def whole(low: int, high: int, default: int) -> dict[str, Any]:
    """Return the schema of a whole number."""
    return {"type": "integer", "minimum": low, "maximum": high, "default": default}


@dataclass(frozen=True, slots=True)
class Parameter:
    """A name that requests may hold: its schema and what it means."""

    schema: dict[str, Any]
    help: str
    place: str = "query"


@dataclass(frozen=True, slots=True)
class Route:
    """One path: what it is for, what it takes and what it answers."""

    path: str
    methods: tuple[str, ...]
    summary: str
    #: The struct that it answers; None where the answer is no JSON.
    answer: type[Shown] | None
    #: Arguments of curl for a request; HOST stands for the server's address.
    example: str
    #: Names that the URL may hold, and the body of a POST to a route that finds.
    names: tuple[str, ...] = ()
    #: Names in the path and in the headers.
    others: tuple[str, ...] = ()
    about: str = ""
    status: int = 200
    #: Whether the body holds logs rather than the parameters.
    takes_logs: bool = False
    #: Media types of the answer.
    types: tuple[str, ...] = ("application/json",)
    #: Names that mean something else here than on other routes.
    own: tuple[tuple[str, Parameter], ...] = ()
    #: A body that is answered well, where one is wanted; and names that can't be left out of it.
    sample: tuple[tuple[str, Any], ...] = ()
    required: tuple[str, ...] = ()
    #: Statuses of answers that say what is wrong, and what they are.
    errors: tuple[int, ...] = field(default=(400, 503))
    refusal: type[Shown] = ErrorAnswer
    #: Whether the password is needed where AUTH is required.
    closed: bool = True
    #: Where the default of a parameter differs from that of the other routes.
    defaults: tuple[tuple[str, Any], ...] = ()

    def schema(self, name: str, parameter: Parameter) -> dict[str, Any]:
        """Return the schema of a parameter, with the route's own default."""
        given = dict(self.defaults)
        return {**parameter.schema, "default": given[name]} if name in given else parameter.schema

    def parameter(self, name: str, known: Mapping[str, Parameter]) -> Parameter:
        """Return what a name means here: as the route says itself, or as all do."""
        return dict(self.own).get(name) or known[name]

    @property
    def operation(self) -> str:
        """A name for the route that no other has with one of its methods."""
        words = "".join(character if character.isalnum() else " " for character in self.path).split()
        return "_".join(words)

    @property
    def anchor(self) -> str:
        """A name for the route that no other has."""
        return f"{self.methods[0].lower()}_{self.operation}"
