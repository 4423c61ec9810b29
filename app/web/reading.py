"""Reading the body of a request, within the limits that the settings name."""

from __future__ import annotations

from flask import g, request

from app.errors import Problem, TooLarge
from app.log.body import inflate
from app.log.limits import ensure_sparse
from app.times.written import Assumed
from app.web.current import parts
from app.web.security.access import who


def assumed_of_source() -> Assumed:
    """Return what is assumed of the current request's logs: what an admin said of its source, else nothing."""
    return parts().source_forms().assumed(_names, Assumed.here)


def _names() -> tuple[str, ...]:
    """Return the names by which the current request's source is known: its address, its agent, its token."""
    asks = who()
    token = asks.name if asks is not None and asks.by == "token" else ""
    return request.remote_addr or "", request.headers.get("User-Agent", ""), token


def raw_body() -> bytes:
    """Return the body as it was sent, read once. Raises TooLarge."""
    if "body" not in g:
        limit = parts().settings.body_limit
        announced = request.content_length
        body = b"" if announced is not None and announced > limit else request.stream.read(limit + 1)
        if len(body) > limit or (announced or 0) > limit:
            raise TooLarge(Problem(f"the body has more than {limit:,} bytes"))
        g.body = body
    return bytes(g.body)


def inflated(body: bytes) -> bytes:
    """Return *body* without its Content-Encoding. Raises TooLarge, UnsupportedMedia, and InvalidRecord for broken data."""
    return sparse(inflate(body, request.environ.get("HTTP_CONTENT_ENCODING"), parts().settings.inflated_limit))


def sparse(body: bytes) -> bytes:
    """Return a body of text as it is. Raises TooLarge where it holds more values than a request's logs may have."""
    ensure_sparse(body, parts().settings.request_logs)
    return body
