"""The issuer's documents: its addresses and its keys, fetched when they are needed and kept for an hour."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import requests
from authlib.oidc.discovery import get_well_known_url
from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry, Key

from app.errors import Unavailable
from app.json_text import LENIENT, NotJSON
from app.settings.values import is_loopback

#: Seconds to connect, and between two bytes, that the issuer is waited for.
TIMEOUT = (3.05, 5.0)
#: Seconds for which a document is taken as still so, and after which one that could not be fetched is asked for again.
FRESH_SECONDS, AGAIN_SECONDS = 3_600.0, 5.0
#: Seconds after which the keys may be fetched anew for a token whose key is unknown.
KEYS_SECONDS = 10.0
#: Largest document, in bytes.
DOCUMENT_LIMIT = 1 << 20
#: Logins that may speak with the issuer at once: one that hangs keeps no more threads than these from others.
AT_ONCE = 4
#: Kinds of keys that sign so that who can check a signature can't make one (RFC 7518, section 6.1; RFC 8037).
ASYMMETRIC = frozenset({"RSA", "EC", "OKP"})
#: Addresses without which nobody can log in (OpenID Connect Discovery, section 3).
_NEEDED = ("authorization_endpoint", "token_endpoint", "jwks_uri")
#: Addresses that an issuer may leave out, and that get a token or a browser too.
_OPTIONAL = ("userinfo_endpoint", "end_session_endpoint")


class Issuer:
    """The issuer by what it says of itself. Each method may be called by several threads."""

    def __init__(self, address: str, clock: Callable[[], float] = time.monotonic) -> None:
        self.address = address
        self._clock = clock
        self._lock = threading.Lock()
        self._turns = threading.BoundedSemaphore(AT_ONCE)
        self._metadata: dict[str, Any] = {}
        self._keys: list[Key] = []
        #: When each was fetched, by the monotonic clock.
        self._metadata_at = self._keys_at = float("-inf")
        self._failed_at, self._failure = float("-inf"), ""

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Speak with the issuer, as few threads do at once. Raises Unavailable, also for what the network says."""
        if not self._turns.acquire(blocking=False):
            raise Unavailable(f"too many people log in by {self.address} at once; try again", retry_after=2)
        try:
            with self._reached():
                yield
        finally:
            self._turns.release()

    @contextmanager
    def _reached(self) -> Iterator[None]:
        try:
            yield
        except requests.RequestException as error:
            # Not the error's text, which holds the address with all that was sent in it.
            raise Unavailable(f"the issuer {self.address} can't be reached: {_named(error)}") from None

    def metadata(self) -> dict[str, Any]:
        """Return what the issuer says of itself; to be called in a turn. Raises Unavailable, also for what can't be believed."""
        with self._lock:
            now = self._clock()
            if now - self._metadata_at < FRESH_SECONDS:
                return self._metadata
            if now - self._failed_at < AGAIN_SECONDS:
                raise Unavailable(self._failure)
            try:
                with self._reached():
                    self._metadata = self._checked(self._fetch(get_well_known_url(self.address, external=True)))
            except Unavailable as error:
                self._failed_at, self._failure = self._clock(), str(error)
                raise
            self._metadata_at = now
            return self._metadata

    def keys(self, wanted: str | None) -> list[Key]:
        """Return the keys that sign tokens; fetched anew where *wanted*, the name of one, is not among
        them. To be called in a turn. Raises Unavailable."""
        address = self.metadata()["jwks_uri"]
        with self._lock:
            now = self._clock()
            unknown = wanted is not None and all(key.kid != wanted for key in self._keys)
            if now - self._keys_at >= (KEYS_SECONDS if unknown else FRESH_SECONDS):
                self._keys, self._keys_at = [*map_keys(self._fetch(address))], now
            return self._keys

    def _checked(self, found: dict[str, Any]) -> dict[str, Any]:
        named = found.get("issuer")
        if named != self.address:
            raise Unavailable(f"the issuer {self.address} calls itself {named!r:.200}: OIDC_ISSUER must be just that")
        for name in (*_NEEDED, *(name for name in _OPTIONAL if name in found)):
            if not _is_safe(found.get(name)):
                raise Unavailable(f"the issuer {self.address} has no {name} that begins with https://")
        return found

    def _fetch(self, address: str) -> dict[str, Any]:
        """Return a JSON object. Raises requests.RequestException, and Unavailable for anything else."""
        with requests.get(address, timeout=TIMEOUT, allow_redirects=False, stream=True) as answer:
            body = bytearray()
            for part in answer.iter_content(1 << 16):
                body += part
                if len(body) > DOCUMENT_LIMIT:
                    raise Unavailable(f"the issuer {self.address} has a document of more than {DOCUMENT_LIMIT:,} bytes")
        if answer.status_code != 200:
            raise Unavailable(f"the issuer {self.address} answers {answer.status_code} where its documents lie")
        try:
            found = LENIENT.read(body)
        except NotJSON:
            raise Unavailable(f"the issuer {self.address} has a document that is no JSON") from None
        if not isinstance(found, dict):
            raise Unavailable(f"the issuer {self.address} has a document that is no JSON object")
        return found


def map_keys(document: dict[str, Any]) -> Iterator[Key]:
    """Yield the keys of a JWK Set (RFC 7517) by which signatures may be checked; those that can't be read are left out."""
    listed = document.get("keys")
    for one in listed if isinstance(listed, list) else ():
        if isinstance(one, dict) and one.get("kty") in ASYMMETRIC and one.get("use", "sig") == "sig":
            try:
                yield JWKRegistry.import_key(one)
            except (JoseError, ValueError):
                continue


def _is_safe(address: object) -> bool:
    if not isinstance(address, str):
        return False
    parts = urlsplit(address)
    return bool(parts.hostname) and (
        parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or ""))
    )


def _named(error: requests.RequestException) -> str:
    """Return what went wrong, in words that hold nothing that was sent."""
    kinds: tuple[tuple[type[Exception], str], ...] = (
        (requests.Timeout, "it does not answer in time"),
        (requests.exceptions.SSLError, "its certificate is not trusted"),
        (requests.HTTPError, "it answers with an error"),
        (requests.exceptions.InvalidJSONError, "it answers with something that is no JSON"),
    )
    return next((words for kind, words in kinds if isinstance(error, kind)), "the connection fails")
