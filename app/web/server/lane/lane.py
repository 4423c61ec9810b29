"""The lane: single logs as most are sent are taken without Flask, which takes four fifths of what such a request costs.

It reads, takes and answers by the functions of the route's view (app/web/api/ingest.py) and the guard's, and knows only requests
of which nothing can be said but yes. Whatever is unusual is left to Flask, before anything was done for it.
"""

from __future__ import annotations

import re
from functools import lru_cache, partial
from typing import Any, NamedTuple

from flask import Flask, Response

from app.backends import is_one_file
from app.process import Parts
from app.web.accounts.verify import Verified
from app.web.answers.reply import JSON, body_by_name
from app.web.api import ingest
from app.web.api.ingest import From
from app.web.reading import sparse
from app.web.security.access import guard_of, rated
from app.web.security.headers import AS_SENT
from app.web.server.environ import TAKEN, Headers, Scope
from app.web.server.refusals import FlaskAnswer
from app.web.server.waiting import INGEST, QUICK_BYTES

#: Headers that say nothing of what is to be done, whatever their value is. With any other one Flask is asked.
_HARMLESS = frozenset(
    (
        b"accept-encoding", b"accept-language", b"baggage", b"cache-control", b"connection", b"content-length",
        b"pragma", b"priority", b"traceparent", b"tracestate", b"via", b"x-b3-sampled", b"x-b3-spanid", b"x-b3-traceid",
        b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-port", b"x-forwarded-proto", b"x-real-ip", b"x-request-id",
    )
)  # fmt: skip
#: Those that a proxy has made, which may name another client than the connection's.
FORWARDED = frozenset(name for name in _HARMLESS if name.startswith(b"x-forwarded-"))
#: Headers that are looked at; with one of them twice Flask is asked.
_KNOWN = frozenset((b"accept", b"authorization", b"content-type", b"host", b"user-agent"))
#: Values of `Accept` with which every answer is JSON, a refusal too.
_JSON_WANTED = frozenset((b"*/*", b"application/json", b"application/json, */*", b"application/json, text/plain, */*"))
#: A `Host` in which Flask finds nothing odd: a label of a name has 63 characters at most (RFC 1035), and no two dots follow one another.
_HOST = re.compile(rb"(?:[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})*\.?|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")
#: Longest `Host` that is looked at, and so remembered: a name of DNS and a port.
_HOST_LENGTH = 260
_TYPE = (b"content-type", JSON.encode())


class Plain(NamedTuple):
    """A request of the plainest kind: where its logs come from, the token that lets it in, and whether it came over TLS."""

    source: From
    token: Verified | None
    by_tls: bool


class PlainLane:
    """Takes plain requests of an application: `plain` looks at each on the event loop, `take` works in a thread."""

    def __init__(self, app: Flask) -> None:
        self._parts: Parts = app.extensions["logingestor"]
        self._guard = guard_of(app)
        self.paths = {rule.rule for rule in app.url_map.iter_rules(INGEST)}
        #: Whether requests may share a thread while all wait for their commit: the queue is near, and nothing else is asked.
        self.together = is_one_file(self._parts.settings)

    def plain(self, scope: Scope, size: int) -> Plain | None:
        """Return what is to be known of a request with a body of *size* bytes; None where Flask must see it.

        Its sender was let in a moment ago, or nobody is asked who they are.
        """
        if not 0 < size <= QUICK_BYTES or scope["query_string"] or scope["method"] != "POST":
            return None
        if scope["path"].removeprefix(scope.get("root_path", "")) not in self.paths:
            return None
        return self.plain_head(scope["headers"], scope["client"][0], by_tls=scope.get("scheme") == "https")

    def plain_head(
        self, headers: Headers, client: str, *, by_tls: bool, unusual: frozenset[bytes] = frozenset()
    ) -> Plain | None:
        """Return what is to be known of a request with these headers, as `plain`; None also with one of those that are *unusual* here."""
        found: dict[bytes, bytes] = {}
        for name, value in headers:
            if name not in _HARMLESS or name in unusual:
                if name not in _KNOWN or name in found:
                    return None
                found[name] = value
        host = found.get(b"host", b"localhost")
        if found.get(b"accept", b"*/*") not in _JSON_WANTED or len(host) > _HOST_LENGTH or not _is_plain(host):
            return None
        entry = self._guard.at_once(found.get(b"authorization", b"").decode("latin-1"), INGEST)
        if entry is None:
            return None
        kind = found.get(b"content-type")
        agent = found.get(b"user-agent", b"").decode("latin-1")
        source = From(client, agent, None if kind is None else kind.decode("latin-1"), entry[0])
        return Plain(source, entry[1], by_tls)

    def waits_for_nobody(self) -> bool:
        """Return whether `take` would wait for nothing but the disk."""
        is_free = self._parts.backends().is_free
        return is_free is not None and is_free()

    def take(self, plain: Plain, body: bytes) -> FlaskAnswer | dict[str, Any]:
        """Take the logs of a plain request and return the answer; else return what Flask is to be asked with for one.

        Without a name in it, nothing was done.
        """
        parts, source = self._parts, plain.source
        try:
            parsed = ingest.read(parts, sparse(body, parts), source)
            if parsed.refused or not parsed.logs:
                return {}
            if plain.token is not None:
                if not self._guard.holds(plain.token):
                    return {}
                rated(plain.token)
        except Exception:  # the view meets it too, and knows what is kept of it and what is said
            return {}
        try:
            outcome = ingest.take(parts, parsed, source)
        except Exception as error:
            return {TAKEN: partial(failed, error)}
        if outcome.rejected or not outcome.ok:
            return {TAKEN: partial(ingest.answered, outcome, parsed)}
        said = body_by_name(ingest.accepted(outcome, parsed))
        headers = [_TYPE, (b"content-length", b"%d" % len(said)), *AS_SENT[plain.by_tls]]
        return FlaskAnswer(ingest.ACCEPTED, headers, said)


def failed(error: BaseException) -> Response:
    """Raise the error where Flask answers: it is worded there."""
    raise error


@lru_cache(1_000)
def _is_plain(host: bytes) -> bool:
    """Return whether a `Host` is one in which Flask finds nothing odd."""
    return _HOST.fullmatch(host) is not None
