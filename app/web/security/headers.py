"""Headers of every answer that keep a browser from running, framing or guessing at what a log holds."""

from __future__ import annotations

from flask import Flask, Response, request

HEADERS = {
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'; object-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
#: Over TLS only (RFC 6797, section 7.2): for a year the browser asks this host by no other way, whatever a link says.
#: Subdomains are left out (no includeSubDomains): they may be somebody else's.
BY_TLS = {**HEADERS, "Strict-Transport-Security": "max-age=31536000"}

#: The same with each name in lower case.
_PLAINLY, _BY_TLS = ([(one[0].lower(), one) for one in given.items()] for given in (HEADERS, BY_TLS))
#: The same as ASGI takes them, by whether the request came over TLS.
AS_SENT = {
    by_tls: [(name.encode(), one[1].encode("latin-1")) for name, one in given]
    for by_tls, given in ((False, _PLAINLY), (True, _BY_TLS))
}


def install(app: Flask) -> None:
    """Set the headers on every answer, of refused requests and unknown paths too."""
    app.after_request(_secure)


def _secure(response: Response) -> Response:
    # Asked one by one, each that is missing costs werkzeug an exception.
    present = {name.lower() for name, _ in response.headers}
    given = _BY_TLS if request.is_secure else _PLAINLY
    response.headers.extend([one for name, one in given if name not in present])
    return response
