"""The page of a trace: its spans as lanes over time, and its logs as a list with their distance from the start."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from flask import Blueprint, render_template, request

from app.errors import TimedOut, Unavailable
from app.find.trace import Lane, Trace, TraceEntry, trace
from app.log.record import id_text
from app.query.filter import Equals
from app.query.parameters import Parameters
from app.query.query import Query, encode_cursor
from app.query.request import read_query
from app.query.text import text
from app.times import instant, lengths
from app.web.current import backends, budget, settings
from app.web.logs.lanes import LaneRow, Scale, rows_of
from app.web.partly import partly
from app.web.render import zone
from app.web.render.display import rank
from app.web.search.chart import RANKS
from app.web.search.form import NAMES, SearchForm
from app.web.search.said import pending_of
from app.web.security import caching

bp = Blueprint("trace", __name__)
bp.after_request(caching.ask_again)

#: Logs in the list at once, and lanes.
LISTED, LANES = 100, 60
#: Parameters: those of the search page that mean the same here, those that choose logs, and places.
_SHARED = tuple(name for name in NAMES.values() if name in ("clock", "tz"))
_CHOOSING = ("span", "nospan", "resource", "level")
_PLACES = ("after", "log", "lane")
_LEVELS = tuple(RANKS.values())


@dataclass(frozen=True, slots=True)
class TraceAsked:
    """The trace that the URL asks for, and how it is shown."""

    trace_id: str
    #: Parameters that differ from their defaults.
    given: dict[str, str]
    query: Query

    def link(self, **changes: str | None) -> str:
        """Return the URL of this page with the *changes*; what chooses or moves lets go of places further on."""
        moved = {name: "" for name in ("log", "lane") if not changes.keys() & set(_PLACES)}
        pairs = {name: value for name, value in {**self.given, **moved, **changes}.items() if value}
        return address(self.trace_id, pairs.items())

    def number(self, name: str) -> int:
        """Return a place as a number."""
        return int(self.given.get(name, "0"))

    def chosen(self, entry: TraceEntry) -> bool:
        """Return whether the list shows the log."""
        given = self.given
        return (
            ("span" not in given or entry.span == given["span"])
            and ("nospan" not in given or entry.span is None)
            and ("resource" not in given or entry.resource == given["resource"])
            and ("level" not in given or RANKS[rank(entry.level)] == given["level"])
        )


@dataclass(frozen=True, slots=True)
class TraceLine:
    """One log in the list."""

    id: str
    level: str
    offset: str
    #: Time since the log before it in the list, and whether that is long.
    since: str
    gap: bool
    span: str | None
    span_url: str
    resource: str | None
    message: str


def address(trace_id: str, pairs: Iterable[tuple[str, str]] = ()) -> str:
    """Return the URL of a trace's page: its id as the last part of the path where a path can hold it."""
    plain = trace_id.strip("/.") and trace_id == trace_id.strip("/") and "//" not in trace_id
    path = f"{settings().path_prefix}/trace" + (f"/{quote(trace_id, safe='')}" if plain else "")
    query = urlencode([*pairs] if plain else [("id", trace_id), *pairs])
    return f"{path}?{query}" if query else path


@bp.app_template_filter("trace")
def seen_from(trace_id: str, form: SearchForm) -> str:
    """Return the URL of a trace's page for a page of this state: by its clock and in its zone."""
    return address(trace_id, [(name, value) for name, value in form.state() if name in _SHARED])


@bp.get("/trace")
@bp.get("/trace/<any_text:trace_id>", merge_slashes=False)
@partly
def show(trace_id: str | None = None) -> tuple[str, int]:
    """Show a trace: of a long one the part after the place in the URL."""
    asked = _asked(request.args.get("id", "") if trace_id is None else trace_id)
    held = backends()
    form = SearchForm.read(request.args)
    parts: dict[str, Any] = {"asked": asked, "form": form, "given": asked.given}
    parts["search"] = form.link(q=text(Equals("traceId", asked.trace_id)))
    parts["about"] = f"?{form.about()}" if form.about() else ""
    try:
        parts["pending"] = pending_of(held)
        found = trace(held.store, held.index, asked.trace_id, asked.query, budget())
    except Unavailable as error:
        late = isinstance(error, TimedOut)
        title = "Reading the trace took too long" if late else "The trace can't be read now"
        return render_template("trace.html", failure=title, message=str(error), **parts), 503
    if not found.logs:
        return render_template("trace.html", found=found, **parts), 404
    return render_template("trace.html", found=found, **parts, **_parts(found, asked)), 503 if found.late else 200


def _asked(trace_id: str) -> TraceAsked:
    """Return what the URL asks for; raises InvalidQuery naming what it can't."""
    known = (*_SHARED, *_CHOOSING, *_PLACES, "id")
    asked = Parameters(request.args)
    asked.only(known, "parameter of this page")
    for name in ("log", "lane"):
        asked.whole(name, 0, 0, 999_999)
    asked.choice("level", None, _LEVELS)
    asked.check()
    given = {name: value for name, value in request.args.items() if value and name in known and name != "id"}
    zone.check()
    cursor = {"cursor": given["after"]} if "after" in given else {}
    query = read_query({"clock": given.get("clock", ""), **cursor}, now=instant.now_ms())
    return TraceAsked(
        trace_id, {name: value for name, value in given.items() if (name, value) != ("clock", "event")}, query
    )


def _parts(found: Trace, asked: TraceAsked) -> dict[str, Any]:
    scale = Scale(found.start, found.end)
    chosen = [entry for entry in found.logs if asked.chosen(entry)]
    lanes = [one for one in found.lanes if any(map(asked.chosen, one.logs))] if "level" in asked.given else found.lanes
    first, lane = (max(min(asked.number(name), len(some) - 1), 0) for name, some in (("log", chosen), ("lane", lanes)))
    every = Lane(None, None, list(found.logs), found.start, found.end)
    rows = rows_of(lanes[lane : lane + LANES], scale)
    tally = Counter(RANKS[rank(entry.level)] for entry in found.logs)
    return {
        "scale": scale,
        "whole": rows_of([every], scale)[0],
        "rows": [(row, _row_url(row, asked)) for row in rows],
        "lane_places": _places(lane, LANES, len(lanes)),
        "lanes": len(lanes),
        "lines": _lines(chosen, first, scale, asked),
        "log_places": _places(first, LISTED, len(chosen)),
        "chosen": len(chosen),
        "start": divmod(found.start, 1_000_000),
        "levels": [(one, name, tally[name]) for one, name in RANKS.items() if tally[name]],
        "gaps": [
            (scale.offset(one), lengths.brief(other - one), *scale.extent(one, other)) for one, other in found.gaps()
        ],
        "ahead": [(resource, lengths.brief(ms * lengths.MS)) for resource, ms in found.ahead().items()],
        "early": sum(1 for row in rows if row.early),
        "following": encode_cursor(found.next) if found.next else None,
    }


def _row_url(row: LaneRow, asked: TraceAsked) -> str:
    lane = row.lane
    none: dict[str, str | None] = dict.fromkeys(_CHOOSING[:3])
    if lane.span is not None:
        return asked.link(**{**none, "span": lane.span})
    return asked.link(**{**none, "nospan": "1", "resource": lane.resource})


def _places(first: int, size: int, count: int) -> dict[str, Any]:
    """Return what a list shows of how many, and the places before and after."""
    return {
        "first": first + 1,
        "last": min(first + size, count),
        "before": str(max(first - size, 0)) if first else None,
        "after": str(first + size) if first + size < count else None,
    }


def _lines(chosen: Sequence[TraceEntry], first: int, scale: Scale, asked: TraceAsked) -> list[TraceLine]:
    long, lines = scale.length * 0.1, []
    for place, entry in enumerate(chosen[first : first + LISTED], first):
        since = entry.at - chosen[place - 1].at if place else 0
        lines.append(
            TraceLine(
                id_text(entry.key[2]),
                entry.level,
                scale.offset(entry.at),
                f"+{lengths.brief(since)}" if place else "",
                since >= long > 0,
                entry.span,
                asked.link(span=entry.span, nospan=None, resource=None) if entry.span else "",
                entry.resource,
                entry.message,
            )
        )
    return lines
