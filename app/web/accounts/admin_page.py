"""/access: tokens, users and sessions, for admins."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, Response, current_app, make_response, render_template, request

from app.errors import InvalidInput, LogIngestorError, NotFound, Problem
from app.maintain import spaces
from app.ports.costs import Space
from app.settings.values import written_bytes
from app.times.instant import now_ms
from app.web.accounts import links, sessions, tokens, users
from app.web.accounts.identity import ROLES
from app.web.accounts.noting import asked_entry
from app.web.accounts.own_page import labelled
from app.web.accounts.passkeys import kept as passkeys
from app.web.accounts.totp import factor
from app.web.current import backends, parts, settings
from app.web.security import access, session

bp = Blueprint("page_access", __name__)
bp.after_request(session.forget)


@bp.get("/access")
def show() -> Response:
    """Show tokens and users."""
    return _page()


@bp.post("/access")
def act() -> Response:
    """Do what a button says; a token or a password that was made is shown in this answer and never again."""
    try:
        done, made = _ACTS.get(request.form.get("do", ""), _unknown)()
    except InvalidInput as error:
        return _page(400, problems=labelled(error.problems))
    except NotFound as error:
        return _page(404, problems=labelled((Problem(str(error)),)))
    return _page(done=done, secret=made)


def _create() -> tuple[str, str]:
    who = access.who()
    token, made = tokens.create(
        _sent("name"),
        _sent("role"),
        "" if who is None else who.name,
        filter=_sent("filter") or None,
        hide=_sent("hide") or None,
        space=_sent("space") or None,
        expires=_sent("expires") or None,
        rate=_sent("rate") or None,
    )
    return f"The token {made.name}", token


def _revoke() -> tuple[str, str]:
    tokens.revoke(_sent("name"))
    return f"The token {_sent('name')} opens nothing any more.", ""


def _add() -> tuple[str, str]:
    limits = {name: _sent(name) or None for name in ("filter", "hide", "space")}
    return f"The password of {_sent('name')}", users.add(_sent("name"), _sent("role"), **limits)


def _role() -> tuple[str, str]:
    users.set_role(_sent("name"), _sent("role"))
    return f"{_sent('name')} is {_sent('role')} now, and has to log in again.", ""


def _reset() -> tuple[str, str]:
    return f"The new password of {_sent('name')}", users.set_password(_sent("name"))


def _link() -> tuple[str, str]:
    address = f"{request.host_url.rstrip('/')}{links.make(settings(), _sent('name'))}"
    return f"With this link, within a day, {_sent('name')} takes a password of their own", address


def _remove() -> tuple[str, str]:
    users.remove(_sent("name"))
    return f"{_sent('name')} is removed.", ""


def _end() -> tuple[str, str]:
    sessions.end(_sent("name"), _sent("session"))
    return f"The session of {_sent('name')} ends within 5 seconds.", ""


def _end_all() -> tuple[str, str]:
    sessions.end_all(_sent("name"))
    return f"All sessions of {_sent('name')} end within 5 seconds.", ""


def _disable() -> tuple[str, str]:
    users.set_disabled(_sent("name"), True)
    return f"{_sent('name')} can't log in any more.", ""


def _enable() -> tuple[str, str]:
    users.set_disabled(_sent("name"), False)
    return f"{_sent('name')} may log in again.", ""


def _remove_totp() -> tuple[str, str]:
    factor.remove(_sent("name"))
    return f"{_sent('name')} is asked for no codes any more.", ""


def _remove_passkeys() -> tuple[str, str]:
    passkeys.remove_all(_sent("name"))
    return f"{_sent('name')} has no passkeys any more.", ""


def _add_space() -> tuple[str, str]:
    _about_to("space.add")
    spaces.add(backends().record.spaces, _sent("name"), _sent("quota") or None)
    return f"The space {_sent('name')} is added: tokens and users can have it.", ""


def _quota() -> tuple[str, str]:
    _about_to("space.quota")
    spaces.set_quota(backends().record.spaces, _sent("name"), _sent("quota") or spaces.NO_QUOTA)
    return f"The space {_sent('name')} has another quota.", ""


def _about_to(action: str) -> None:
    """Write into the audit log what is done next: spaces lie elsewhere than users and tokens. Raises Unavailable."""
    details = {"quota": _sent("quota")}
    parts().recorder().append(asked_entry(action, subject=_sent("name"), outcome="asked", details=details))


def _unknown() -> tuple[str, str]:
    raise InvalidInput(Problem("is none of this page's buttons", "do"))


#: Each button's function returns a sentence, and a secret that is shown once.
_ACTS: dict[str, Callable[[], tuple[str, str]]] = {
    "create": _create,
    "revoke": _revoke,
    "add": _add,
    "role": _role,
    "reset": _reset,
    "link": _link,
    "remove": _remove,
    "end": _end,
    "end all": _end_all,
    "disable": _disable,
    "enable": _enable,
    "remove-totp": _remove_totp,
    "remove-passkeys": _remove_passkeys,
    "add space": _add_space,
    "quota": _quota,
}


def _sent(name: str) -> str:
    return request.form.get(name, "").strip()


def _page(status: int = 200, **more: object) -> Response:
    now = now_ms()
    try:
        listed = [tokens.to_dict(one, now) for one in tokens.every()]
        people = users.listed()
        held = [_shown(one) for one in backends().record.spaces.spaces()]
        inside = [sessions.to_dict(one) for one in sessions.listed(access.guard_of(current_app).admin_stamp)]
    except LogIngestorError:
        if more.get("secret"):
            # The token is made: a failure to list the others must not keep it from being shown.
            listed, people, inside, held = [], [], [], []
        else:
            raise
    shown = {"problems": (), "done": "", "secret": "", "filled": request.form if status == 400 else {}, **more}
    page = render_template(
        "access.html",
        tokens=listed,
        users=people,
        sessions=inside,
        spaces=held,
        roles=ROLES,
        user_roles=users.USER_ROLES,
        **shown,
    )
    return make_response(page, status)


def _shown(space: Space) -> dict[str, str | None]:
    """Return a space in words."""
    found = spaces.to_dict(space)
    quota = "any number" if space.quota is None else written_bytes(space.quota)
    return {"name": space.name, "quota": quota, "used": written_bytes(found["used_today"]), "refused": found["refused"]}
