"""Registering a passkey, and logging in by one (Web Authentication, level 2, sections 7.1 and 7.2), with fido2.

The device shows who its user is (a finger, a face, a PIN), so a passkey is two factors in one and no code is asked for besides.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from fido2.cose import UnsupportedKey
from fido2.server import Fido2Server
from fido2.webauthn import (
    AttestationConveyancePreference,
    AttestedCredentialData,
    AuthenticationResponse,
    PublicKeyCredentialRpEntity,
    PublicKeyCredentialUserEntity,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from app.errors import InvalidInput, Problem
from app.json_text import FAULTS, LENIENT
from app.times.instant import now_ms
from app.web.accounts.noting import note
from app.web.accounts.passkeys import kept
from app.web.accounts.passkeys.kept import MOST
from app.web.accounts.tables import Passkey, UserAccount, transaction
from app.web.accounts.users import session_key

#: Longest answer of a browser, and name of a passkey, in characters.
ANSWER_LIMIT, LABEL_LIMIT = 20_000, 60
#: Errors that a damaged or forged answer makes fido2 raise.
_UNREADABLE = (*FAULTS, TypeError, KeyError, AttributeError, IndexError, AssertionError)


class Ceremony:
    """Both ways, for the browsers that know this server as *origin* (`https://logs.example.org`)."""

    def __init__(self, origin: str, host: str) -> None:
        self._host = host
        rp = PublicKeyCredentialRpEntity(name="LogIngestor", id=host)
        self._server = Fido2Server(rp, AttestationConveyancePreference.NONE, lambda given: given == origin)

    def begin(self, name: str) -> tuple[str, dict[str, Any]]:
        """Return what a browser makes a passkey of a user with, as JSON, and what its answer must fit. Raises InvalidInput and Unavailable."""
        with transaction() as session:
            held = session.scalars(select(Passkey).where(Passkey.name == name)).all()
        if len(held) >= MOST:
            raise _too_many()
        # The handle is no secret; a device knows by it which of its passkeys another one of the same user replaces.
        handle = hashlib.sha256(name.encode()).digest()
        options, state = self._server.register_begin(
            PublicKeyCredentialUserEntity(name=name, id=handle, display_name=name),
            [AttestedCredentialData(one.public) for one in held if one.host == self._host],
            ResidentKeyRequirement.REQUIRED,
            UserVerificationRequirement.REQUIRED,
        )
        return json.dumps(dict(options)["publicKey"]), dict(state)

    def register(self, name: str, label: str, state: dict[str, Any], answer: str) -> None:
        """Keep the passkey that a browser has made for a user. Raises InvalidInput and Unavailable."""
        try:
            made = self._server.register_complete(state, _read(answer))
            public = made.credential_data
            if public is None or isinstance(public.public_key, UnsupportedKey):
                raise ValueError("the key can't be used")
        except _UNREADABLE as error:
            raise InvalidInput(Problem(f"can't be used: {_said(error)}", "passkey")) from None
        one = Passkey(
            digest=_digest(public.credential_id),
            name=name,
            label=label.strip()[:LABEL_LIMIT],
            host=self._host,
            public=bytes(public),
            uses=made.counter,
            made=now_ms(),
        )
        try:
            with transaction() as session:
                kept.use(session, state["challenge"])
                if (session.scalar(select(func.count()).where(Passkey.name == name)) or 0) >= MOST:
                    raise _too_many()
                session.add(one)
                note(session, "user.passkey", name, host=self._host)
        except IntegrityError:
            raise InvalidInput(Problem("is there already", "passkey")) from None

    def ask(self) -> tuple[str, dict[str, Any]]:
        """Return what a browser finds a passkey for this server with, as JSON, and what its answer must fit."""
        options, state = self._server.authenticate_begin(None, UserVerificationRequirement.REQUIRED)
        return json.dumps(dict(options)["publicKey"]), dict(state)

    def log_in(self, state: dict[str, Any], answer: str) -> str | None:
        """Return the key of a session for the user whose passkey answered; None for one that opens nothing. Raises Unavailable."""
        try:
            given = _read(answer)
            read = AuthenticationResponse.from_dict(given)
            with transaction() as session:
                kept.use(session, state["challenge"])
                one = session.get(Passkey, _digest(read.raw_id), with_for_update=True)
                user = None if one is None else session.get(UserAccount, one.name)
                if one is None or user is None or user.disabled is not None or one.host != self._host:
                    return None
                self._server.authenticate_complete(state, [AttestedCredentialData(one.public)], given)
                uses = read.response.authenticator_data.counter
                if (uses or one.uses) and uses <= one.uses:
                    # Two devices with one key (section 6.1.1): nobody knows which is the right one.
                    return None
                one.uses, one.used, user.used = uses, now_ms(), now_ms()
                return session_key(user.name, user.stamp)
        except (*_UNREADABLE, IntegrityError):
            return None


def _too_many() -> InvalidInput:
    return InvalidInput(Problem(f"would be one more than the {MOST} that a user has", "passkey"))


def _read(answer: str) -> dict[str, Any]:
    """Return a browser's answer. Raises ValueError."""
    if len(answer) > ANSWER_LIMIT:
        raise ValueError("the answer is too long")
    found = LENIENT.read(answer)
    if not isinstance(found, dict):
        raise TypeError("the answer is no object")
    return found


def _digest(identity: bytes) -> bytes:
    return hashlib.sha256(identity).digest()


def _said(error: Exception) -> str:
    """Return why a passkey is not taken, as fido2 says it, and nothing that the browser sent."""
    known = type(error) is ValueError and len(error.args) == 1 and isinstance(error.args[0], str)
    return str(error).rstrip(".")[:200] if known else "the browser's answer can't be read"
