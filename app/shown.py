"""Parts of answers: the base of their structs, and the types of fields that many of them have.

An answer is defined once, as a msgspec Struct: the encoder writes it, the OpenAPI document describes it, and the tests of the
documents read it. What commands and notifiers show as well is defined beside what it shows, in the room of that; all else in
app/web/answers.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from app.errors import Problem

Count = Annotated[int, Meta(ge=0)]
#: RFC 3339, as text.
Moment = Annotated[str, Meta(extra_json_schema={"format": "date-time"})]
Uuid = Annotated[str, Meta(extra_json_schema={"format": "uuid"})]
#: For a field that is true whenever it is there.
Yes = Annotated[bool, Meta(extra_json_schema={"const": True})]
TotalIs = Literal["exact", "at least"]


class Shown(Struct, forbid_unknown_fields=True):
    """A part of an answer. A field that is UNSET is left out; fields are written in the order of their definition."""


class ShownProblem(Shown, kw_only=True):
    """`position` counts characters from 0, `index` logs of the request from 0."""

    index: Count | UnsetType = UNSET
    field: str | UnsetType = UNSET
    message: str
    position: Count | UnsetType = UNSET
    retry: (
        Annotated[Yes, Meta(description="There when the log was not kept for now: it is to be sent again.")] | UnsetType
    ) = UNSET

    @classmethod
    def of(cls, problem: Problem) -> ShownProblem:
        """Return a problem as answers show it."""
        return cls(**problem.to_dict())


def total_is(exact: bool) -> TotalIs:
    """Return what a total is."""
    return "exact" if exact else "at least"
