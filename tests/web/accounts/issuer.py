"""An issuer of OpenID Connect for tests: a real HTTP server with keys of its own, which does as it is told, right or wrong."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Callable
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, quote, unquote_plus, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey, Key, RSAKey

#: What this server shows the issuer; a form changes such characters, and a URL too.
CLIENT_ID, CLIENT_SECRET = "log server", "s3cret+with/strange:chars%"


@cache
def _key() -> Key:
    """Return the key of every issuer: to make one takes longer than most tests."""
    return RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})


class StubIssuer:
    """Knows one person, whom it lets in without asking; each part of what it says can be changed by a test."""

    def __init__(self, host: str = "127.0.0.1") -> None:
        self.person: dict[str, Any] = {"sub": "4711", "preferred_username": "zoe", "groups": ["dev"]}
        #: What its user info says besides.
        self.userinfo: dict[str, Any] = {}
        #: Changes its description of itself, and the answer of its token endpoint.
        self.describe: Callable[[dict[str, Any]], object] = lambda _: None
        self.answer: Callable[[dict[str, Any]], object] = lambda _: None
        #: Changes claims before they are signed, and signs them.
        self.claim: Callable[[dict[str, Any]], object] = lambda _: None
        self.sign: Callable[[dict[str, Any]], str] = self.signed
        #: Whether a code is good for one token only.
        self.once = True
        self.rsa = _key()
        self.keys: list[dict[str, Any]] = [self.rsa.as_dict(private=False)]
        #: Each request: path, and the parameters of its query or form.
        self.asked: list[tuple[str, dict[str, str]]] = []
        self._codes: dict[str, dict[str, str]] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("_Told", (_Handler,), {"issuer": self}))
        self._server.daemon_threads = True
        self.url = f"http://{host}:{self._server.server_port}/realm"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def close(self) -> None:
        """Stop to answer: connections are refused from now on."""
        self._server.shutdown()
        self._server.server_close()

    def signed(self, claims: dict[str, Any]) -> str:
        """Return the token as it should be."""
        return jwt.encode({"alg": "RS256", "kid": "one"}, claims, self.rsa)

    def take_ec_key(self) -> None:
        """Sign by an elliptic curve from now on, with a key of another name; the key before is gone."""
        key = ECKey.generate_key("P-256", {"kid": "two", "use": "sig"})
        self.keys = [key.as_dict(private=False)]
        self.sign = lambda claims: jwt.encode({"alg": "ES256", "kid": "two"}, claims, key)

    def description(self) -> dict[str, Any]:
        """Return what it says of itself."""
        found: dict[str, Any] = {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize?tenant=1",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
            "userinfo_endpoint": f"{self.url}/userinfo",
            "end_session_endpoint": f"{self.url}/leave",
            "scopes_supported": ["openid", "groups"],
            "id_token_signing_alg_values_supported": ["RS256", "HS256", "none"],
        }
        self.describe(found)
        return found

    def authorized(self, sent: dict[str, str]) -> str:
        """Return where a browser that asks to log in is led: back, with a code."""
        assert sent["client_id"] == CLIENT_ID
        assert sent["response_type"] == "code"
        assert sent["code_challenge_method"] == "S256"
        assert "openid" in sent["scope"].split()
        code = secrets.token_urlsafe(8)
        self._codes[code] = sent
        return f"{sent['redirect_uri']}?{urlencode({'code': code, 'state': sent['state']})}"

    def token(self, sent: dict[str, str], authorization: str) -> dict[str, Any] | None:
        """Return tokens for a code, None where anything that came with it is wrong."""
        shown = base64.b64decode(authorization.removeprefix("Basic ")).decode()
        if tuple(unquote_plus(part) for part in shown.split(":", 1)) != (CLIENT_ID, CLIENT_SECRET):
            return None
        begun = self._codes.get(sent["code"]) if not self.once else self._codes.pop(sent["code"], None)
        challenge = (
            base64.urlsafe_b64encode(hashlib.sha256(sent["code_verifier"].encode()).digest()).decode().rstrip("=")
        )
        if begun is None or challenge != begun["code_challenge"] or sent["redirect_uri"] != begun["redirect_uri"]:
            return None
        now = int(time.time())
        claims = {
            "iss": self.url,
            "aud": CLIENT_ID,
            "nonce": begun["nonce"],
            "iat": now,
            "exp": now + 300,
            **self.person,
        }
        self.claim(claims)
        found = {"access_token": "opaque", "token_type": "Bearer", "id_token": self.sign(claims)}
        self.answer(found)
        return found


class _Handler(BaseHTTPRequestHandler):
    issuer: StubIssuer

    def do_GET(self) -> None:
        path, sent = self._read(urlsplit(self.path).query)
        match path:
            case "/.well-known/openid-configuration":
                self._say(self.issuer.description())
            case "/keys":
                self._say({"keys": self.issuer.keys})
            case "/authorize":
                self._lead(self.issuer.authorized(sent))
            case "/userinfo" if self.headers["Authorization"] == "Bearer opaque":
                self._say({"sub": self.issuer.person["sub"], **self.issuer.userinfo})
            case "/leave":
                self._lead(sent["post_logout_redirect_uri"])
            case _:
                self.send_error(404)

    def do_POST(self) -> None:
        _, sent = self._read(self.rfile.read(int(self.headers["Content-Length"])).decode())
        found = self.issuer.token(sent, self.headers["Authorization"])
        self._say(
            found or {"error": "invalid_grant", "error_description": f"not {CLIENT_SECRET}"}, 200 if found else 400
        )

    def _read(self, text: str) -> tuple[str, dict[str, str]]:
        path = urlsplit(self.path).path.removeprefix("/realm")
        self.issuer.asked.append((path, {name: values[0] for name, values in parse_qs(text).items()}))
        return self.issuer.asked[-1]

    def _say(self, found: dict[str, Any], status: int = 200) -> None:
        body = json.dumps(found).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _lead(self, address: str) -> None:
        self.send_response(302)
        self.send_header("Location", quote(address, safe=":/?&=%+#"))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass
