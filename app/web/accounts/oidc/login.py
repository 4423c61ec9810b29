"""A login at the issuer: the address that a browser is sent to, and the person of whom a valid token comes back.

Authorization code with PKCE (RFC 6749, section 4.1; RFC 7636). What a token must hold is said in OpenID Connect Core 1.0, section 3.1.3.7.
"""

from __future__ import annotations

import secrets
from typing import Any
from urllib.parse import quote_plus

from authlib.common.urls import add_params_to_uri
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from joserfc import jws, jwt
from joserfc.errors import JoseError

from app.errors import Unavailable
from app.settings.settings import Settings
from app.web.accounts.oidc.flow import BegunLogin
from app.web.accounts.oidc.issuer import TIMEOUT, Issuer
from app.web.accounts.oidc.person import LoginRefused, Person, known_error
from app.web.security.tries import Tries

#: Signature algorithms accepted: not `none`, and not HS256, whose secret would be the issuer's public key, which anybody knows.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519")
#: Seconds that the clocks of issuer and server may differ by.
LEEWAY_SECONDS = 60
#: Longest name of a person at the issuer, in characters (OpenID Connect Core, section 2: at most 255 ASCII).
SUBJECT_LIMIT = 255


class Logins:
    """Logins by the issuer of the settings. Each method may be called by several threads."""

    def __init__(self, settings: Settings) -> None:
        self._id, self._secret = settings.oidc_client_id, settings.oidc_client_secret
        self._groups = settings.oidc_groups
        self.issuer = Issuer(settings.oidc_issuer)
        #: Logins that failed, by address: each may have asked the issuer for something.
        self.tries = Tries()

    def begin(self, redirect_uri: str, way: str) -> tuple[str, BegunLogin]:
        """Return where to send a browser, and what it must bring back. Raises Unavailable."""
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        flow = BegunLogin(state, nonce, verifier, redirect_uri, way)
        with self.issuer.turn():
            metadata = self.issuer.metadata()
        session = self._session(flow, metadata)
        address, _ = session.create_authorization_url(
            metadata["authorization_endpoint"], state=flow.state, code_verifier=flow.verifier, nonce=flow.nonce
        )
        return address, flow

    def finish(self, flow: BegunLogin, code: str) -> Person:
        """Return who has logged in, by the code that the browser brought back. Raises LoginRefused and Unavailable."""
        with self.issuer.turn():
            metadata = self.issuer.metadata()
            session = self._session(flow, metadata)
            token = self._token(session, metadata, flow, code)
            try:
                claims = self._claims(token, flow.nonce)
                if self._listed(claims) is None and metadata.get("userinfo_endpoint"):
                    claims = {**self._userinfo(session, metadata["userinfo_endpoint"], claims["sub"]), **claims}
            except JoseError as error:
                raise LoginRefused(f"what the issuer sent is not to be believed: {_named(error)}") from None
        return Person(claims["sub"], tuple(_names(claims)), frozenset(self._listed(claims) or ()))

    def leave(self, back: str) -> str | None:
        """Return where a browser logs out of the issuer (RP-Initiated Logout 1.0); None where it offers none. Raises Unavailable."""
        with self.issuer.turn():
            address = self.issuer.metadata().get("end_session_endpoint")
        if not isinstance(address, str):
            return None
        return str(add_params_to_uri(address, [("client_id", self._id), ("post_logout_redirect_uri", back)]))

    def _session(self, flow: BegunLogin, metadata: dict[str, Any]) -> OAuth2Session:
        # Some issuers name groups only where that scope is asked for, others refuse scopes that they don't know.
        scopes = metadata.get("scopes_supported")
        groups = " groups" if isinstance(scopes, list) and "groups" in scopes else ""
        return OAuth2Session(
            self._id,
            self._secret,
            scope=f"openid profile email{groups}",
            redirect_uri=flow.redirect_uri,
            code_challenge_method="S256",
            default_timeout=TIMEOUT,
        )

    def _token(self, session: OAuth2Session, metadata: dict[str, Any], flow: BegunLogin, code: str) -> dict[str, Any]:
        """Return what the issuer gives for a code."""
        ways = metadata.get("token_endpoint_auth_methods_supported")
        # With Basic both are written as in a form (RFC 6749, section 2.3.1), which Authlib leaves out.
        basic = not isinstance(ways, list) or "client_secret_basic" in ways
        try:
            return dict(
                session.fetch_token(
                    metadata["token_endpoint"],
                    grant_type="authorization_code",
                    code=code,
                    code_verifier=flow.verifier,
                    redirect_uri=flow.redirect_uri,
                    auth=(quote_plus(self._id), quote_plus(self._secret))
                    if basic
                    else session.client_auth("client_secret_post"),
                    allow_redirects=False,
                )
            )
        except OAuthError as error:
            # Without the issuer's own words: they may repeat a secret that was sent.
            raise LoginRefused(f"the issuer does not take the login: {known_error(error.error)}") from None
        except ValueError:
            raise Unavailable(f"the issuer {self.issuer.address} answers with something that is no token") from None

    def _claims(self, token: dict[str, Any], nonce: str) -> dict[str, Any]:
        """Return what the token says, once all that must be right is. Raises JoseError, LoginRefused and Unavailable."""
        sent = token.get("id_token")
        if not isinstance(sent, str):
            raise LoginRefused("the issuer sent no ID token: does it speak OpenID Connect?")
        found = self._verified(sent)
        claims = CodeIDToken(
            found.claims,
            found.header,
            {
                "iss": {"essential": True, "value": self.issuer.address},
                "aud": {"essential": True, "value": self._id},
                "sub": {"essential": True},
            },
            {"nonce": nonce, "client_id": self._id, "access_token": token.get("access_token")},
        )
        claims.validate(leeway=LEEWAY_SECONDS)
        if len(claims["sub"]) > SUBJECT_LIMIT:
            raise LoginRefused(f"the issuer names people by more than {SUBJECT_LIMIT} characters")
        return dict(claims)

    def _verified(self, sent: str) -> jwt.Token:
        """Return the token with one of the issuer's signatures. Raises JoseError and Unavailable."""
        try:
            name = jws.extract_compact(sent.encode()).headers().get("kid")
        except (ValueError, UnicodeError):
            raise LoginRefused("what the issuer sent is no token") from None
        failure: JoseError | ValueError | None = None
        for key in self.issuer.keys(name if isinstance(name, str) else None):
            if name is None or key.kid == name:
                try:
                    return jwt.decode(sent, key, algorithms=ALGORITHMS)
                except (JoseError, ValueError) as error:
                    failure = error
        if isinstance(failure, JoseError):
            raise failure
        raise LoginRefused("what the issuer sent is not to be believed: none of its keys has signed it")

    def _userinfo(self, session: OAuth2Session, address: str, subject: str) -> dict[str, Any]:
        """Return what the issuer says of the person besides: groups, where the token has none (OpenID Connect Core, section 5.3)."""
        with session.get(address, allow_redirects=False) as answer:
            answer.raise_for_status()
            found = answer.json()
        if not isinstance(found, dict) or found.get("sub") != subject:
            raise LoginRefused("what the issuer sent is not to be believed: it speaks of somebody else")
        return found

    def _listed(self, claims: dict[str, Any]) -> list[str] | None:
        """Return the groups that are named where the setting says; None where nothing is."""
        found: Any = claims.get(self._groups)
        if found is None:
            found = claims
            for part in self._groups.split("."):
                found = found.get(part) if isinstance(found, dict) else None
        if isinstance(found, str):
            return [found]
        return [one for one in found if isinstance(one, str)] if isinstance(found, list) else None


def _names(claims: dict[str, Any]) -> list[str]:
    """Return what somebody may be called, best first. An address that the issuer says is unproven could be anybody's."""
    mail = None if claims.get("email_verified") is False else claims.get("email")
    return [one for one in (claims.get("preferred_username"), mail, claims["sub"]) if isinstance(one, str) and one]


def _named(error: JoseError) -> str:
    """Return what is wrong with a token, in words."""
    claim = getattr(error, "claim", None)
    return f"{error.error} ({claim})" if claim else str(error.error)
