"""Reading the body of a request, within the limits that the settings name."""

from __future__ import annotations

from flask import Request, request

from app.errors import Problem, TooLarge
from app.log.limits import ensure_sparse
from app.log.packed import inflate
from app.process import Parts
from app.times.written import Assumed
from app.web.accounts.identity import Identity
from app.web.current import parts
from app.web.security.access import who
from app.web.security.proxied import current_notes, current_request
from app.web.server.environ import BODY


def assumed_of_source() -> Assumed:
    """Return what is assumed of the current request's logs: what an admin said of its source, else nothing."""
    return assumed_of(parts(), request.remote_addr or "", request.headers.get("User-Agent", ""), who())


def assumed_of(held: Parts, sender: str, agent: str, asks: Identity | None) -> Assumed:
    """Return what is assumed of the logs of a source, which is known by its address, its agent and its token."""

    def names() -> tuple[str, ...]:
        return sender, agent, asks.name if asks is not None and asks.by == "token" else ""

    return held.source_forms().assumed(names, Assumed.here)


def raw_body() -> bytes:
    """Return the body as it was sent, read once. Raises TooLarge."""
    notes = current_notes()
    if "body" not in notes:
        limit, asked = parts().settings.body_limit, current_request()
        sent: bytes | None = asked.environ.get(BODY)
        body = _streamed(asked, limit) if sent is None else sent
        _check_size(len(body), limit)
        notes.body = body
    return bytes(notes.body)


def _streamed(asked: Request, limit: int) -> bytes:
    """Return the body as another server than ours hands it over, and no more of it than shows that it is over the limit."""
    _check_size(asked.content_length or 0, limit)
    return asked.stream.read(limit + 1)


def _check_size(size: int, limit: int) -> None:
    if size > limit:
        raise TooLarge(Problem(f"the body has more than {limit:,} bytes"))


def inflated(body: bytes) -> bytes:
    """Return *body* without its Content-Encoding. Raises TooLarge, UnsupportedMedia, and InvalidRecord for broken data."""
    encoding = request.environ.get("HTTP_CONTENT_ENCODING")
    return sparse(inflate(body, encoding, parts().settings.inflated_limit) if encoding else body)


def sparse(body: bytes, held: Parts | None = None) -> bytes:
    """Return a body of text as it is. Raises TooLarge where it holds more values than a request's logs may have."""
    ensure_sparse(body, (held or parts()).settings.request_logs)
    return body
