"""/login, /logout and /account: a session begins, ends, and its user looks after password and sessions."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from flask import Blueprint, Response, current_app, make_response, redirect, render_template, request

from app.errors import Forbidden, InvalidInput, NotFound, Problem, TooMany
from app.web.accounts import links, sessions, users
from app.web.accounts.identity import Identity
from app.web.accounts.passkeys import kept as passkeys
from app.web.accounts.totp import factor, pending
from app.web.current import settings
from app.web.security import access, session

bp = Blueprint("page_account", __name__)
bp.after_request(session.forget)


@bp.get("/login")
def ask() -> Response:
    """Ask for name and password; a server that asks nobody leads to its page."""
    if not access.guard_of(current_app).required:
        return _home()
    return _login(next=own_path(request.args.get("next", "")))


@bp.post("/login")
def enter() -> Response:
    """Begin a session, and go where its user wanted to go."""
    name, password = request.form.get("name", "").strip(), request.form.get("password", "")
    way = own_path(request.form.get("next", ""))
    if not access.guard_of(current_app).required:
        return _home()
    if not name or not password:
        return _login(way, name, "A name and a password are needed.", 400)
    return enter_with(name, password, way)


def enter_with(name: str, password: str, way: str) -> Response:
    """Begin a session for a name and its password, or ask for the code first."""
    key = access.guard_of(current_app).log_in(name, password)
    if key is None:
        return _login(way, name, "This name and this password don't belong together.", 400)
    if name != users.ADMIN_NAME and users.needs_code(name):
        return pending.ask(key, way)
    session.begin(key)
    return _home(way)


@bp.get(links.PATH)
def take() -> Response:
    """Ask for a password of one's own, by a link that an admin handed out."""
    return _take(request.args.get("link", ""))


@bp.post(links.PATH)
def taken() -> Response:
    """Take the password, and begin a session as after each login with it."""
    form, link = request.form, request.form.get("link", "")
    user = links.read(link)
    if user is None:
        return _take(link)
    try:
        if form.get("password", "") != form.get("again", ""):
            raise InvalidInput(Problem("differs from the one above", "again"))
        users.set_password(user.name, form.get("password", ""), actor=user.name, stamp=user.stamp)
    except InvalidInput as error:
        return _take(link, problems=labelled(error.problems), status=400)
    except NotFound:  # another has used it since it was read
        return _take(link)
    return enter_with(user.name, form.get("password", ""), "")


@bp.post("/logout")
def leave() -> Response:
    """End the session of this browser; the form then says how to log out of the issuer too, if there is one."""
    session.end()
    response = make_response(
        redirect(f"{settings().path_prefix}/login{'?out=1' if settings().oidc_issuer else ''}", 303)
    )
    # The browser forgets pages and the queries that were typed (https://www.w3.org/TR/clear-site-data/); over TLS only.
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


@bp.get("/account")
def own() -> Response:
    """Show who is logged in, and where else they are."""
    return page(own_account())


@bp.post("/account")
def change() -> Response:
    """Take another password, or end sessions of who is logged in: one, all others, or all."""
    account, form = own_account(), request.form
    match form.get("do"):
        case "end":
            sessions.end_all(account.name)
            return leave()
        case "end others":
            sessions.end_all(account.name, but=account.key)
            return page(account, done="All other sessions of yours end within 5 seconds.")
        case "end one":
            return _end_one(account, form.get("session", ""))
    if account.name == users.ADMIN_NAME:
        raise Forbidden("the password of admin is a setting: docs/operations.md says how it is changed")
    try:
        if form.get("password", "") != form.get("again", ""):
            raise InvalidInput(Problem("differs from the one above", "again"))
        key = access.guard_of(current_app).log_in(account.name, form.get("current", ""))
        if key is None:
            raise InvalidInput(Problem("is not your password", "current"))
        users.set_password(account.name, form.get("password", ""))
    except InvalidInput as error:
        return page(account, 400, problems=labelled(error.problems))
    with suppress(TooMany):  # who else guesses from there has no say in whether it was changed
        if (fresh := access.guard_of(current_app).log_in(account.name, form.get("password", ""))) is not None:
            account = replace(account, key=session.begin(fresh))
    return page(account, done="Your password is changed. All other sessions of yours end within 5 seconds.")


def _end_one(account: Identity, name: str) -> Response:
    try:
        sessions.end(account.name, name)
    except NotFound as error:
        return page(account, 404, problems=labelled((Problem(str(error)),)))
    return page(account, done="The session ends within 5 seconds.")


def page(account: Identity, status: int = 200, **more: object) -> Response:
    """Show the account of who is logged in, with what came of a button."""
    there = sessions.listed(access.guard_of(current_app).admin_stamp, account.name)
    own = [{**sessions.to_dict(one), "this": one.digest == account.key} for one in there]
    kept = None if account.name == users.ADMIN_NAME else users.one(account.name)
    shown = {
        "problems": (),
        "done": "",
        "codes": (),
        "kept": kept,
        "least": users.PASSWORD_LEAST,
        "left": factor.codes_left(account.name),
        "own_passkeys": passkeys.listed(account.name),
        **more,
    }
    return make_response(render_template("account.html", account=account, sessions=own, **shown), status)


def labelled(problems: Sequence[Problem]) -> list[dict[str, str]]:
    """Return problems as the page shows them, each with the name of its field."""
    return [{"label": (one.field or "").capitalize(), "message": one.message} for one in problems]


def own_account() -> Identity:
    """Return who has logged in: others don't come here, but on a server that asks nobody."""
    found = access.who()
    if found is None or found.by != "session":
        raise NotFound("this server asks nobody who they are")
    return found


def _home(way: str = "") -> Response:
    return make_response(redirect(f"{settings().path_prefix}{way or '/'}", 303))


def _take(link: str, problems: Sequence[object] = (), status: int = 200) -> Response:
    user = links.read(link)
    if user is None:
        return _login(
            "", "", "This link was used, is older than a day, or is none of this server: ask an admin for another.", 400
        )
    shown = {"link": link, "name": user.name, "problems": problems, "least": users.PASSWORD_LEAST}
    return make_response(render_template("password.html", **shown), status)


def _login(next: str, name: str = "", fault: str | None = None, status: int = 200) -> Response:
    return make_response(render_template("login.html", next=next, name=name, fault=fault), status)


def own_path(given: str) -> str:
    """Return a path of this server, empty for anything else: a link to the form must not lead elsewhere."""
    fine = given.startswith("/") and not given.startswith(("//", "/\\")) and given.isprintable() and "\\" not in given
    return given if fine else ""
