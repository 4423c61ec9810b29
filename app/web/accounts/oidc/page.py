"""/login/oidc: a browser leaves for the issuer, comes back with a code, and is logged in."""

from __future__ import annotations

import hmac
import logging
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

from flask import Blueprint, Flask, Response, current_app, g, make_response, redirect, render_template, request

from app.errors import InvalidInput, InvalidSettings, NotFound, Problem, Unavailable
from app.find import hidden
from app.settings.settings import PREFIX, Settings
from app.web.accounts.oidc import flow as flows
from app.web.accounts.oidc import members
from app.web.accounts.oidc.person import LoginRefused, known_error
from app.web.accounts.own_page import own_path
from app.web.current import settings
from app.web.security import access, session

if TYPE_CHECKING:
    from app.web.accounts.oidc.login import Logins

bp = Blueprint("page_oidc", __name__)
bp.after_request(session.forget)
log = logging.getLogger(__name__)

_LOGINS = "logingestor.oidc"


def install(app: Flask, chosen: Settings) -> None:
    """Let people log in by the issuer of the settings, if there is one. Raises InvalidSettings where what it needs is not installed."""
    app.jinja_env.globals["issuer"] = urlsplit(chosen.oidc_issuer).netloc
    if not chosen.oidc_issuer:
        return
    try:
        # Authlib, its cryptography and requests are an extra: who sets no issuer neither installs nor loads them.
        from app.web.accounts.oidc.login import Logins
    except ModuleNotFoundError as error:
        reason = f"{PREFIX}OIDC_ISSUER needs {(error.name or 'Authlib').partition('.')[0]}: pip install --editable '.[oidc]' in the checkout"
        raise InvalidSettings(Problem(reason, f"{PREFIX}OIDC_ISSUER")) from None
    _check_hidden(chosen)
    app.extensions[_LOGINS] = Logins(chosen)


def _check_hidden(chosen: Settings) -> None:
    for one in chosen.oidc_roles:
        try:
            hidden.read(one.hide)
        except InvalidInput as error:
            reason = f"hides a field from the group {one.group!r} that {error.problems[0].message}"
            raise InvalidSettings(Problem(reason, f"{PREFIX}OIDC_ROLES")) from None


@bp.get(flows.PATH)
def start() -> Response:
    """Send the browser to the issuer."""
    logins, way = _logins(), own_path(request.args.get("next", ""))
    try:
        address, flow = logins.begin(_own_address(f"{flows.PATH}/back"), way)
    except Unavailable as error:
        return _away(error, way)
    response = make_response(redirect(address, 302))
    flows.keep(response, settings(), flow)
    return response


@bp.get(f"{flows.PATH}/back")
def back() -> Response:
    """Begin a session for whom the issuer sends back, and go where they wanted to go."""
    logins, begun = _logins(), _begun()
    if begun is None:
        # A page of another site can have this asked for: the issuer is asked nothing, so nothing is counted, and a begun login stays.
        log.warning("a login by OpenID Connect was refused: this browser began no such login")
        return _login(
            "You are not logged in: this browser began no such login, or more than ten minutes ago; try again.", "", 403
        )
    address = request.remote_addr or ""
    wait = logins.tries.wait(address, b"")
    if wait:
        raise access.too_many(wait)
    try:
        key = members.log_in(settings(), logins.finish(begun, _code(logins.issuer.address)), begun.state)
    except LoginRefused as error:
        log.warning("a login by OpenID Connect was refused: %s", error)
        logins.tries.failed(address, b"")
        g.wrong_login = ""
        response = _login(f"You are not logged in: {error}.", begun.way, 403)
    except Unavailable as error:
        response = _away(error, begun.way)
    else:
        session.begin(key)
        response = make_response(redirect(f"{settings().path_prefix}{begun.way or '/'}", 303))
    flows.forget(response, settings())
    return response


@bp.get(f"{flows.PATH}/leave")
def leave() -> Response:
    """Send the browser to where it logs out of the issuer; the session here ends by the button."""
    try:
        address = _logins().leave(_own_address("/login"))
    except Unavailable as error:
        return _away(error, "")
    if address is None:
        return _login("The issuer offers no way to log out of it.", "", 404)
    return make_response(redirect(address, 302))


def _begun() -> flows.BegunLogin | None:
    """Return the login that this browser began, if the answer is for that."""
    flow = flows.kept(settings())
    if flow is None or not hmac.compare_digest(flow.state.encode(), request.args.get("state", "").encode()):
        return None
    return flow


def _code(issuer: str) -> str:
    """Return the code that came back from the issuer. Raises LoginRefused."""
    sent = request.args
    if sent.get("iss", issuer) != issuer:
        # RFC 9207: the answer says whose it is.
        raise LoginRefused("another issuer has answered")
    if "error" in sent:
        raise LoginRefused(f"the issuer does not let you in: {known_error(sent['error'])}")
    if not sent.get("code"):
        raise LoginRefused("the issuer sent no code")
    return sent["code"]


def _logins() -> Logins:
    found = current_app.extensions.get(_LOGINS)
    if found is None or not access.guard_of(current_app).required:
        raise NotFound("nobody logs in by OpenID Connect here")
    return cast("Logins", found)


def _own_address(path: str) -> str:
    """Return an address of this server as its user sees it; the issuer leads to no other than those that it knows."""
    return f"{request.host_url.rstrip('/')}{settings().path_prefix}{path}"


def _away(error: Unavailable, way: str) -> Response:
    log.warning("nobody can log in by OpenID Connect: %s", error)
    response = _login(f"{str(error)[0].upper()}{str(error)[1:]}. Who has a password here can log in with it.", way, 503)
    response.headers["Retry-After"] = str(error.retry_after)
    return response


def _login(fault: str, way: str, status: int) -> Response:
    return make_response(render_template("login.html", next=way, name="", fault=fault), status)
