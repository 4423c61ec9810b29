"""The zone of a request: the one whose clock a page reads and shows times by.

It stands in the URL as `tz`. Where it doesn't, that of the last page with one holds, which is in a cookie: so pages
without a `tz` follow, and those without JavaScript. The API takes no zone from a cookie.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, tzinfo
from urllib.parse import urlencode

from flask import Response, current_app, g, has_request_context, request
from flask.sansio.app import App

from app.errors import InvalidQuery
from app.times import instant
from app.times.instant import Instant
from app.times.typed import named
from app.times.zone import DEFAULT, SAFE, is_twofold, name_of, offset_at, offset_text, read_zone, text, to_local
from app.web.current import settings

#: Cookies: the zone of the last page with the last one but UTC and the browser's, and the browser's own.
COOKIE, BROWSER = "zone", "browser_zone"
#: The word for the browser's own zone until its name is known.
LOCAL = "local"
_YEAR = 365 * 86_400

_set: ContextVar[tzinfo | None] = ContextVar("zone", default=None)


@dataclass(frozen=True, slots=True)
class ZoneAsked:
    """The zones that a request names; the empty text where it names none."""

    zone: tzinfo
    #: Name of the zone, and of the last one that was neither UTC nor the browser's.
    name: str = ""
    named: str = ""
    #: The browser's own.
    browser: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """A zone that may be switched to by a link."""

    name: str
    label: str
    url: str
    current: bool


def asked() -> ZoneAsked:
    """Return what the current request says of zones."""
    if "zone" not in g:
        last, _, other = request.cookies.get(COOKIE, "").partition("|")
        browser = _known(request.cookies.get(BROWSER, ""))
        given = request.args.get("tz", "").strip()
        name = browser or "UTC" if given == LOCAL else _known(given) or _known(last)
        named_ = name if name not in ("", "UTC", browser) else _known(other)
        g.zone = ZoneAsked(read_zone(name) if name else DEFAULT, name, named_, browser)
    found: ZoneAsked = g.zone
    return found


def _known(text_: str) -> str:
    """Return the name of the zone that the text names, else the empty text."""
    try:
        return name_of(read_zone(text_)) if text_ else ""
    except InvalidQuery:
        return ""


def current() -> tzinfo:
    """Return the zone in which times are read and shown now."""
    zone = _set.get()
    if zone is not None:
        return zone
    return asked().zone if has_request_context() else DEFAULT


@contextmanager
def using(zone: tzinfo) -> Iterator[None]:
    """Show times in *zone* meanwhile, as for a row that no request renders."""
    token = _set.set(zone)
    try:
        yield
    finally:
        _set.reset(token)


def state() -> str:
    """Return the zone as the state of a page has it: the empty text where none was ever chosen."""
    return asked().name if has_request_context() else ""


def is_unknown() -> bool:
    """Return whether the URL asks for the browser's own zone before a script has set its name: times are in UTC then."""
    return request.args.get("tz", "").strip() == LOCAL and not asked().browser


def check() -> None:
    """Raise InvalidQuery where the URL names no zone, for pages that read no query."""
    given = request.args.get("tz", "").strip()
    if given not in ("", LOCAL):
        read_zone(given)


def name() -> str:
    """Return the name of the zone."""
    return name_of(current())


def choices() -> list[Choice]:
    """Return the zones to switch between: UTC, the browser's, the last other one."""
    zones = asked()
    here = name_of(zones.zone)
    offered = {"UTC": "UTC", zones.browser or LOCAL: f"Local ({zones.browser})" if zones.browser else "Local"}
    offered |= {other: other for other in (zones.named, here) if other and other not in offered}
    return [Choice(one, label, url(one), one == here) for one, label in offered.items()]


def following() -> Choice:
    """Return the zone that one key or click switches to."""
    offered = choices()
    at = next((number for number, choice in enumerate(offered) if choice.current), 0)
    return offered[(at + 1) % len(offered)]


def url(zone: str) -> str:
    """Return the URL of the current page in another zone: its times stay the same instants."""
    here, kept = current(), [(name, value) for name, value in request.args.items(multi=True) if name != "tz"]
    pairs = [(name, pinned(value, here, end=name == "to") if name in ("from", "to") else value) for name, value in kept]
    return f"{settings().path_prefix}{request.path}?{urlencode([*pairs, ('tz', zone)])}"


def pinned(value: str, zone: tzinfo, *, end: bool) -> str:
    """Return a time that is of the *zone*, at the *end* of a range or not, as one that names its offset; others, and days, as they are."""
    try:
        found = named(value, instant.now_ms(), zone)
    except ValueError:
        return value
    return text(found.last if end else found.first, zone, brief=True) if found.kind == "local" else value


def link_text(moment: Instant) -> str:
    """Return the instant as links have it: short, and naming its offset."""
    return text(moment, current(), brief=True)


def when(moment: Instant) -> str:
    """Return the instant as `2023-09-15 08:00:00.000`, with nanoseconds where there are any.

    Where the zone's clock shows this twice, or its calendar can't show it, the offset follows.
    """
    shown, offset, needed = _parts(moment)
    return shown + offset if needed else shown


def exactly(moment: Instant) -> str:
    """Return the instant with its offset, for where no zone is named beside it."""
    shown, offset, _ = _parts(moment)
    return f"{shown} {offset}"


def to_second(ms: int) -> str:
    """Return a time in ms since 1970 as `when` does, without what is below a second."""
    return when((ms // 1000 * 1000, 0)).replace(".000", "", 1)


def rezoned(rfc3339: str) -> str:
    """Return a time in the form of RFC 3339 as `exactly` does."""
    return exactly(instant.parse(rfc3339))


def _parts(moment: Instant) -> tuple[str, str, bool]:
    """Return what the zone's clock shows, its offset, and whether the clock alone is ambiguous: when it is set back it shows an hour twice."""
    zone = current()
    if zone is UTC:
        return _spaced(moment), "UTC", False
    if not SAFE[0] <= moment[0] <= SAFE[1]:
        return _spaced(moment), "Z", True
    local = to_local(moment[0], zone)
    return _spaced((local, moment[1])), offset_text(offset_at(moment[0], zone)), is_twofold(local, zone)


def _spaced(local: Instant) -> str:
    shown = instant.text(local)
    return f"{shown[:10]} {shown[11:-1]}" if len(shown) > 20 else f"{shown[:10]} {shown[11:19]}.000"


def install(app: App) -> None:
    """Give the templates these functions; remember the zone of a page that names one."""
    app.jinja_env.filters.update(when=when, exactly=exactly, to_second=to_second, rezoned=rezoned)
    words = {"zone_name": name, "zones": choices, "next_zone": following, "zone_unknown": is_unknown}
    app.jinja_env.globals |= words
    app.after_request_funcs.setdefault(None, []).append(_remember)


def _remember(response: Response) -> Response:
    # Asked in this order since most requests name nothing in their address, and most answers are no pages.
    if (
        request.query_string
        and response.mimetype == "text/html"
        and request.args.get("tz")
        and not request.path.startswith("/page/")
    ):
        zones = asked()
        value = f"{zones.name}|{zones.named}"
        if _known(request.args["tz"].strip()) and request.cookies.get(COOKIE) != value:
            path = current_app.config["APPLICATION_ROOT"]
            response.set_cookie(COOKIE, value, max_age=_YEAR, path=path, samesite="Lax", secure=request.is_secure)
    return response
