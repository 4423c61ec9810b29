"""/login/passkey and /account/passkey: somebody logs in by a passkey, makes one, or does without."""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Callable
from typing import TYPE_CHECKING

from flask import Blueprint, Flask, Response, current_app, g, make_response, redirect, render_template, request

from app.errors import Forbidden, InvalidInput, NotFound, Problem
from app.web.accounts import own_page, sessions, signed, users
from app.web.accounts.identity import Identity
from app.web.accounts.passkeys import kept
from app.web.accounts.totp import factor
from app.web.accounts.totp import page as totp
from app.web.current import settings
from app.web.security import access, hosts, session

if TYPE_CHECKING:
    from app.web.accounts.passkeys.ceremony import Ceremony

bp = Blueprint("page_passkeys", __name__)
bp.after_request(session.forget)

_FAULT = "This passkey opens nothing here."


def install(app: Flask) -> None:
    """Let pages know whether there are passkeys."""
    app.extensions["logingestor.passkeys"] = importlib.util.find_spec("fido2") is not None
    app.jinja_env.globals["passkeys"] = usable


def usable() -> bool:
    """Return whether browsers have passkeys for the name by which they ask: over TLS, or `localhost`; never for an address."""
    name = _host()
    local = name == "localhost" or name.endswith(".localhost")
    safe = local or (request.is_secure and "." in name and not hosts.is_address(name))
    return safe and bool(current_app.extensions["logingestor.passkeys"]) and access.guard_of(current_app).required


@bp.get("/login/passkey")
def ask() -> Response:
    """Have the browser look for a passkey."""
    return _ask(own_page.own_path(request.args.get("next", "")))


@bp.post("/login/passkey")
def enter() -> Response:
    """Begin the session of whose passkey answered. Wrong ones are counted as wrong passwords of the address are."""
    known = signed.read(request.form.get("state", ""), "passkey login", kept.LASTS_SECONDS)
    if known is None:
        return _ask("", "That took too long: try again.", 400)
    state, way = known
    tries, address = access.guard_of(current_app).passkeys, request.remote_addr or ""
    digest = hashlib.sha256(request.form.get("answer", "").encode(errors="surrogatepass")).digest()
    wait = tries.wait(address, digest)
    if wait:
        raise access.too_many(wait, "passkeys")
    key = _ceremony().log_in(state, request.form.get("answer", ""))
    if key is None:
        tries.failed(address, digest)
        g.wrong_login = ""
        return _ask(way, _FAULT, 403)
    session.begin(key)
    return make_response(redirect(f"{settings().path_prefix}{way or '/'}", 303))


@bp.post("/account/passkey")
def act() -> Response:
    """Do what a button of the account's page says of passkeys."""
    account = own_page.own_account()
    if account.name == users.ADMIN_NAME or users.one(account.name)["issuer"] is not None:
        raise Forbidden("passkeys are for users whose password is kept here")
    do = _ACTS.get(request.form.get("do", ""))
    try:
        if do is None:
            raise InvalidInput(Problem("is none of this page's buttons", "do"))
        return do(account)
    except (InvalidInput, NotFound) as error:
        problems = error.problems if isinstance(error, InvalidInput) else (Problem(str(error)),)
        return own_page.page(account, 400, problems=own_page.labelled(problems))


def _begin(account: Identity) -> Response:
    """Have the browser make a passkey, for who knows the password, and has the code: an open browser is not enough."""
    _ensure_known(account)
    options, state = _ceremony().begin(account.name)
    label = request.form.get("label", "").strip() or sessions.browser_name(request.user_agent.string)
    known = signed.signer(settings(), "passkey").dumps([account.name, label, state])
    return _page("New passkey", options, known, "/account/passkey", make=True)


def _confirm(account: Identity) -> Response:
    known = signed.read(request.form.get("state", ""), "passkey", kept.LASTS_SECONDS)
    if known is None or known[0] != account.name:
        raise InvalidInput(Problem("took too long: begin again", "passkey"))
    _ceremony().register(account.name, known[1], known[2], request.form.get("answer", ""))
    return own_page.page(account, done="The passkey opens your account from now on, without password and code.")


def _remove(account: Identity) -> Response:
    kept.remove(account.name, request.form.get("passkey", ""))
    return own_page.page(account, done="The passkey opens nothing any more.")


#: The function behind each button.
_ACTS: dict[str, Callable[[Identity], Response]] = {"begin": _begin, "confirm": _confirm, "remove": _remove}


def _ensure_known(account: Identity) -> None:
    if access.guard_of(current_app).log_in(account.name, request.form.get("current", "")) is None:
        raise InvalidInput(Problem("is not your password", "password"))
    if factor.codes_left(account.name) is not None:
        totp.ensure_shown(account)


def _ask(way: str, fault: str | None = None, status: int = 200) -> Response:
    options, state = _ceremony().ask()
    known = signed.signer(settings(), "passkey login").dumps([state, way])
    return _page("Log in with a passkey", options, known, "/login/passkey", fault=fault, status=status)


def _page(
    title: str,
    options: str,
    known: str,
    action: str,
    *,
    make: bool = False,
    fault: str | None = None,
    status: int = 200,
) -> Response:
    shown = {"title": title, "options": options, "state": known, "action": action, "make": make, "fault": fault}
    return make_response(render_template("passkey.html", **shown), status)


def _ceremony() -> Ceremony:
    """Return what makes and checks passkeys for the name by which the browser asks. Raises NotFound where there are none."""
    if not usable():
        raise NotFound(
            "there are no passkeys here: they need a name over TLS, or localhost, and pip install --editable '.[passkeys]'"
        )
    # Its cryptography is an extra: who has no passkeys neither installs nor loads it.
    from app.web.accounts.passkeys.ceremony import Ceremony

    return Ceremony(request.host_url.rstrip("/"), _host())


def _host() -> str:
    return request.host.partition(":")[0].lower()
