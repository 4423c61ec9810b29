"""A device that keeps one passkey, in software: what it answers is what the tests make it answer."""

from __future__ import annotations

import html
import json
import re
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from fido2.cose import ES256
from fido2.utils import websafe_decode, websafe_encode
from fido2.webauthn import AttestationObject, AttestedCredentialData, AuthenticatorData, CollectedClientData
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

FLAG = AuthenticatorData.FLAG
ORIGIN = "http://localhost"


class Device:
    """A passkey and its count of uses."""

    def __init__(self, host: str = "localhost") -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.identity = b"id of a passkey"
        self.host = host
        self.origin = ORIGIN
        self.uses = 0
        self.flags = FLAG.UP | FLAG.UV

    def made(self, options: dict[str, Any]) -> str:
        """Answer a server that wants a passkey."""
        data = AttestedCredentialData.create(
            bytes(16), self.identity, ES256.from_cryptography_key(self._key.public_key())
        )
        seen = AuthenticatorData.create(self._hashed(), self.flags | FLAG.AT, self.uses, data)
        shown = {
            "clientDataJSON": websafe_encode(self._client("webauthn.create", options)),
            "attestationObject": websafe_encode(AttestationObject.create("none", seen, {})),
        }
        return self._answer(shown)

    def used(self, options: dict[str, Any]) -> str:
        """Answer a server that wants to know whose browser it is."""
        self.uses += 1
        seen = AuthenticatorData.create(self._hashed(), self.flags, self.uses)
        client = self._client("webauthn.get", options)
        signed = self._key.sign(seen + client.hash, ec.ECDSA(SHA256()))
        shown = {
            "clientDataJSON": websafe_encode(client),
            "authenticatorData": websafe_encode(seen),
            "signature": websafe_encode(signed),
        }
        return self._answer(shown)

    def _hashed(self) -> bytes:
        return sha256(self.host.encode()).digest()

    def _client(self, kind: str, options: dict[str, Any]) -> CollectedClientData:
        return CollectedClientData.create(kind, websafe_decode(options["challenge"]), self.origin)

    def _answer(self, shown: dict[str, str]) -> str:
        name = websafe_encode(self.identity)
        return json.dumps(
            {"id": name, "rawId": name, "type": "public-key", "response": shown, "clientExtensionResults": {}}
        )


def asked(page: TestResponse) -> tuple[dict[str, Any], str]:
    """Return what a page asks a device, and the state that goes back with its answer."""
    options = re.search(r'data-options="([^"]*)"', page.text)
    state = re.search(r'name="state" value="([^"]*)"', page.text)
    assert options is not None, page.text
    assert state is not None
    return json.loads(html.unescape(options[1])), html.unescape(state[1])


def enter(client: FlaskClient, device: Device, **changed: str) -> TestResponse:
    """Log in by the device."""
    options, state = asked(client.get("/login/passkey?next=/searches"))
    return client.post("/login/passkey", data={"state": state, "answer": device.used(options), **changed})
