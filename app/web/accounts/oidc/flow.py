"""The state that a browser keeps between leaving for the issuer and coming back: in a signed cookie of its own, for ten minutes."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass

from flask import Response, request
from itsdangerous import BadData, URLSafeTimedSerializer

from app import secret
from app.settings.settings import Settings

#: Name of the cookie; not that of the session, so that beginning a login does not end a session.
COOKIE = "logingestor_oidc"
#: Path of the pages that read it, and seconds that a login may take.
PATH, LASTS_SECONDS = "/login/oidc", 600


@dataclass(frozen=True, slots=True)
class BegunLogin:
    """One login that was begun."""

    #: Random texts of 256 bits: what comes back with the code (RFC 6749, section 10.12), what the token must hold
    #: (OpenID Connect Core, section 3.1.2.1), and what proves that who fetches the token asked for it (RFC 7636).
    state: str
    nonce: str
    verifier: str
    #: The address that the issuer leads back to.
    redirect_uri: str
    #: Where its user wanted to go: a path of this server, or nothing.
    way: str


def keep(response: Response, settings: Settings, flow: BegunLogin) -> None:
    """Let the browser keep *flow*; one that was begun before is forgotten."""
    response.set_cookie(
        COOKIE,
        _signer(settings).dumps(asdict(flow)),
        max_age=LASTS_SECONDS,
        path=settings.path_prefix + PATH,
        secure=request.is_secure,
        httponly=True,
        # Sent when a page of the issuer leads back, and to nothing else that another site asks for.
        samesite="Lax",
    )


def kept(settings: Settings) -> BegunLogin | None:
    """Return what the browser keeps; None where it keeps nothing, or what is forged or too old."""
    try:
        return BegunLogin(**_signer(settings).loads(request.cookies.get(COOKIE, ""), max_age=LASTS_SECONDS))
    except BadData:
        return None


def forget(response: Response, settings: Settings) -> None:
    """Let the browser keep nothing: each login comes back once."""
    response.delete_cookie(COOKIE, path=settings.path_prefix + PATH, httponly=True, samesite="Lax")


def _signer(settings: Settings) -> URLSafeTimedSerializer:
    """Return what signs the cookie, by a key that is neither that of receipts nor that of sessions."""
    return URLSafeTimedSerializer(hashlib.blake2b(secret.load(settings), person=b"oidc login").digest())
