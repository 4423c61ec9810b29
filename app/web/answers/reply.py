"""The base of all answers, the ones that every room gives, and their way onto the wire."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec
from flask import Response
from msgspec import UNSET, Meta, UnsetType

from app.errors import Problem
from app.shown import Shown, ShownProblem, Yes

if TYPE_CHECKING:
    from werkzeug.datastructures import Headers

JSON = "application/json"
_by_name = msgspec.json.Encoder(order="sorted").encode


class Answer(Shown):
    """The base of answers to requests that succeeded."""

    status: Yes


class DoneAnswer(Answer):
    """The answer to a request that changed something and leaves nothing to say."""


class ErrorAnswer(Shown):
    """The answer to a request that failed, with each fault."""

    status: Annotated[bool, Meta(extra_json_schema={"const": False})]
    message: str
    errors: list[ShownProblem]
    kept: (
        Annotated[Literal["unknown"], Meta(description="There when the logs may be kept, or may not.")] | UnsetType
    ) = UNSET

    @classmethod
    def of(cls, message: str, problems: Sequence[Problem] = (), *, kept_unknown: bool = False) -> ErrorAnswer:
        """Return the answer that says what is wrong."""
        found = cls(False, message, [ShownProblem.of(problem) for problem in problems])
        if kept_unknown:
            found.kept = "unknown"
        return found


class _WholeResponse(Response):
    """A response whose headers are right as they are: it names its length, is no redirect, and has a status with a body."""

    def get_wsgi_headers(self, environ: dict[str, Any]) -> Headers:
        """See werkzeug, which copies each header and looks for those that it mends: 5 µs for each answer."""
        return self.headers


def error_text(message: str, problems: Sequence[Problem] = ()) -> str:
    """Return the error as readers of the live tail get it, who are answered without Flask."""
    return json.dumps(msgspec.to_builtins(ErrorAnswer.of(message, problems)))


def reply(found: Shown, status: int = 200) -> Response:
    """Return an answer as JSON, its fields as they are defined."""
    return _WholeResponse(msgspec.json.encode(found), status, content_type=JSON)


def reply_by_name(found: Shown, status: int = 200) -> Response:
    """Return an answer as JSON on a line, all names in alphabetical order: as Flask writes it, and errors and ingest answered first."""
    return _WholeResponse(body_by_name(found), status, content_type=JSON)


def body_by_name(found: Shown) -> bytes:
    """Return the body of `reply_by_name`."""
    return _by_name(found) + b"\n"
