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
    """A parameter of requests: its schema and its meaning."""

    schema: dict[str, Any]
    help: str
    place: str = "query"


@dataclass(frozen=True, slots=True)
class Route:
    """One path of the API: its purpose, its parameters and its answers."""

    path: str
    methods: tuple[str, ...]
    summary: str
    #: The struct of its answer; None where the answer is not JSON.
    answer: type[Shown] | None
    #: Arguments of curl for a request; HOST stands for the server's address.
    example: str
    #: Parameters in the URL; also in the body of a POST to a search route.
    names: tuple[str, ...] = ()
    #: Parameters in the path and in the headers.
    others: tuple[str, ...] = ()
    about: str = ""
    status: int = 200
    #: Whether the body holds logs rather than the parameters.
    takes_logs: bool = False
    #: Media types of the answer.
    types: tuple[str, ...] = ("application/json",)
    #: Parameters that mean something else here than on other routes.
    own: tuple[tuple[str, Parameter], ...] = ()
    #: A valid body, where the route wants one; and the names that are required in it.
    sample: tuple[tuple[str, Any], ...] = ()
    required: tuple[str, ...] = ()
    #: Statuses of error answers, and the struct of their bodies.
    errors: tuple[int, ...] = field(default=(400, 503))
    refusal: type[Shown] = ErrorAnswer
    #: Whether a login or token is needed where AUTH is `required`.
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
        """A name made of the path; with a method before it (`anchor`) it is unique."""
        words = "".join(character if character.isalnum() else " " for character in self.path).split()
        return "_".join(words)

    @property
    def anchor(self) -> str:
        """A name for the route that no other has."""
        return f"{self.methods[0].lower()}_{self.operation}"
