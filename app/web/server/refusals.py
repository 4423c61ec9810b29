"""Refusals of an overloaded server, which are made once and sent often; and the form of every answer of Flask on its way to the client (`FlaskAnswer`)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, cast

from app.errors import LogIngestorError
from app.web.server.environ import Headers, Scope

#: Request headers that decide the format of a refusal: a page, JSON or protobuf.
WORDED_BY = frozenset((b"accept", b"content-type"))
#: A request header that must be repeated in the answer (Firehose), with the time: such a refusal can't be reused.
NAMED = b"x-amz-firehose-request-id"
#: Refusals remembered, and the most bytes of path and headers of one: clients choose these, so they are bounded.
REMEMBERED, REMEMBERED_LENGTH = 1_000, 1_000


@dataclass(slots=True)
class FlaskAnswer:
    """Status and headers with which Flask began to answer."""

    status: int = 500
    headers: Headers = field(default_factory=list)
    #: The whole body; None when the answer is long and comes from `pieces`.
    body: bytes | None = None
    pieces: Iterator[bytes] | None = None
    close: Callable[[], None] = lambda: None


def closing(answer: FlaskAnswer) -> FlaskAnswer:
    """Return the answer as the last one of its connection."""
    return replace(answer, headers=[*answer.headers, (b"connection", b"close")])


class Refusals:
    """Refusals for one reason, in the words of each door: Flask is asked for them once, since it takes longer than to accept a log."""

    def __init__(self, ask: Callable[[Scope, LogIngestorError], Awaitable[FlaskAnswer]]) -> None:
        self._ask = ask
        self._known: dict[tuple[Any, ...], FlaskAnswer] = {}

    async def to(self, scope: Scope, error: LogIngestorError) -> FlaskAnswer:
        """Return the refusal of a request."""
        headers = cast(Headers, scope["headers"])
        if any(name == NAMED for name, _ in headers):
            return await self._ask(scope, error)
        worded = [one for one in headers if one[0] in WORDED_BY]
        if len(scope["path"]) + sum(len(value) for _, value in worded) > REMEMBERED_LENGTH:
            return await self._ask(scope, error)
        key = (scope["method"], scope.get("scheme"), scope["path"], *worded)
        known = self._known.get(key)
        if known is None:
            known = await self._ask(scope, error)
            if known.body is not None and all(name != b"set-cookie" for name, _ in known.headers):
                if len(self._known) >= REMEMBERED:
                    self._known.clear()
                self._known[key] = known
        return known
