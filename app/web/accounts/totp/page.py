"""/login/code and /account/totp: a code is asked for after the password, and users set their app up, or do without."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import replace

import pyotp
import segno
from flask import Blueprint, Response, current_app, g, make_response, redirect, render_template, request
from markupsafe import Markup

from app.errors import Forbidden, InvalidInput, Problem
from app.settings.clients import one_client
from app.web.accounts import own_page, signed, users
from app.web.accounts.identity import Identity
from app.web.accounts.totp import factor, pending
from app.web.current import settings
from app.web.security import access, session

bp = Blueprint("page_totp", __name__)
bp.after_request(session.forget)

#: Sentences about a code that does not count.
_FAULTS: dict[factor.Outcome, str] = {
    "wrong": "This code is wrong, too old, or was used already.",
    "spent": "Too many wrong codes were tried with your password: only a recovery code counts now. "
    "Then take another password, since somebody knows it.",
}


@bp.post("/login/code")
def enter() -> Response:
    """Begin the session of whom the password was right for, if the code is right too."""
    known = signed.read(request.form.get("pending", ""), "login", pending.LOGIN_SECONDS)
    name = None if known is None else users.of_key(known[0])
    if known is None or name is None:
        fault = "That took too long: log in again."
        return make_response(render_template("login.html", next="", name="", fault=fault), 400)
    key, way = known
    outcome = _taken(name)
    if outcome != "right":
        return pending.ask(key, way, _FAULTS[outcome], 400)
    users.note_login(name)
    session.begin(key)
    return make_response(redirect(f"{settings().path_prefix}{way or '/'}", 303))


@bp.post("/account/totp")
def act() -> Response:
    """Do what a button of the account's page says of the second factor."""
    account = own_page.own_account()
    if account.name == users.ADMIN_NAME or users.one(account.name)["issuer"] is not None:
        raise Forbidden("codes are for users whose password is kept here")
    do = _ACTS.get(request.form.get("do", ""))
    if do is None:
        raise InvalidInput(Problem("is none of this page's buttons", "do"))
    try:
        return do(account)
    except InvalidInput as error:
        return own_page.page(account, 400, problems=own_page.labelled(error.problems))


def _begin(account: Identity) -> Response:
    """Show a new secret, to who knows the password: an open browser is not enough."""
    key = access.guard_of(current_app).log_in(account.name, request.form.get("current", ""))
    if key is None:
        raise InvalidInput(Problem("is not your password", "password"))
    if factor.codes_left(account.name) is not None:
        raise InvalidInput(Problem("are asked for already: remove the app first", "codes"))
    return _setup(account.name, secrets.token_bytes(factor.SALT_BYTES))


def _confirm(account: Identity) -> Response:
    """Ask for codes from now on, once the app has shown one; all other sessions end."""
    kept = signed.read(request.form.get("setup", ""), "setup", pending.SETUP_SECONDS)
    if kept is None or kept[0] != account.name:
        raise InvalidInput(Problem("took too long: begin again", "setup"))
    salt = bytes.fromhex(kept[1])
    step = factor.step_of(factor.secret_of(settings(), account.name, salt), request.form.get("code", ""))
    if step is None:
        return _setup(account.name, salt, "This code is wrong: is the clock of the telephone right?", 400)
    codes = factor.turn_on(account.name, salt, step)
    account = replace(account, key=session.begin(users.renew(account.name)))
    done = "A code of your app is asked for from now on. All other sessions of yours end within 5 seconds."
    return own_page.page(account, done=done, codes=codes)


def _renew(account: Identity) -> Response:
    ensure_shown(account)
    done = "The recovery codes before count no more."
    return own_page.page(account, done=done, codes=factor.renew_codes(account.name))


def _remove(account: Identity) -> Response:
    ensure_shown(account)
    factor.remove(account.name)
    return own_page.page(account, done="Your password alone opens your account again.")


#: The function behind each button.
_ACTS: dict[str, Callable[[Identity], Response]] = {
    "begin": _begin,
    "confirm": _confirm,
    "renew": _renew,
    "remove": _remove,
}


def ensure_shown(account: Identity) -> None:
    """Raise InvalidInput where no right code is shown, and TooMany: an open browser is not enough."""
    outcome = _taken(account.name)
    if outcome != "right":
        raise InvalidInput(Problem(_FAULTS[outcome]))


def _taken(name: str) -> factor.Outcome:
    """Return what came of the code that was sent. Raises TooMany after too many of them.

    Tries are counted by client and user together: only who has the password of a user uses up theirs.
    """
    code, tries = request.form.get("code", ""), access.guard_of(current_app).codes
    client = f"{one_client(request.remote_addr or '')} {name}"
    digest = hashlib.sha256(factor.plain(code).encode()).digest()
    wait = tries.wait(client, digest)
    if wait:
        raise access.too_many(wait, "codes")
    outcome = factor.take(settings(), name, code)
    if outcome != "right":
        tries.failed(client, digest)
        g.wrong_login = name
    return outcome


def _setup(name: str, salt: bytes, fault: str | None = None, status: int = 200) -> Response:
    """Show the secret as text, as a link for this device's app, and as a picture for a telephone's."""
    secret = factor.secret_of(settings(), name, salt)
    host = request.host.rpartition(":")[0] or request.host
    uri = pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=f"LogIngestor {host}")
    picture = segno.make(uri, error="m").svg_inline(border=4, light="#fff", dark="#000", omitsize=True, svgclass="qr")
    shown = {
        "secret": " ".join(secret[at : at + 4] for at in range(0, len(secret), 4)),
        "uri": uri,
        # Made of numbers and of nothing that anybody typed: the link is inside as squares.
        "picture": Markup(picture),  # noqa: S704
        "setup": signed.signer(settings(), "setup").dumps([name, salt.hex()]),
        "fault": fault,
    }
    return make_response(render_template("totp.html", **shown), status)
