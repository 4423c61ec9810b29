"""The overview: what flows through the system, what waits, and who sends; complete without JavaScript, kept current with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from flask import Blueprint, Response, make_response, render_template, request

from app import figures
from app.backends import Backends
from app.errors import LogIngestorError
from app.figures import SystemFigures
from app.monitor import flow as pipeline
from app.monitor.flow import Flow
from app.monitor.lost import Lost, lost
from app.ports.deadline import Budget
from app.ports.figures import Source, Sources
from app.ports.notices import Notice
from app.query.filter import Equals
from app.query.query import Query
from app.query.sentence import logs
from app.query.text import text
from app.settings.values import written_bytes
from app.times import lengths
from app.web.current import backends, parts, settings
from app.web.operate import bound_overview
from app.web.partly import partly
from app.web.render import zone
from app.web.render.bars import Spark, per_second, spark
from app.web.render.display import shorten
from app.web.search.form import SearchForm
from app.web.security import caching
from app.web.security.access import sees_all
from app.web.security.recording import refreshing

bp = Blueprint("overview", __name__)
bp.after_request(caching.keep_none)

#: Sources, and resources, on the page; the newest logs in which those are counted, whatever the rate.
SOURCES_SHOWN, RESOURCES, NEWEST = 50, 20, 1_000
#: Senders on the page of which logs never arrived.
LOST_SHOWN = 50
#: Seconds that reading them may take.
PATIENCE = 1.0
#: Seconds that logs may wait, to be stored or found, without being worth a word.
FINE_SECONDS = 5.0
#: Seconds without a log after which a source is shown below those at work.
SILENT_SECONDS = 60
TILES = (
    ("accepted", "Accepted", "Logs taken and durable, answered 202"),
    ("stored", "Stored", "Logs carried from the queue into the record"),
    ("indexed", "Findable", "Stored logs that searches find"),
    ("refused", "Refused", "Kept as dead letters"),
)
_AWAY = {
    "record": "The record does not answer",
    "queue": "The queue does not answer: no log is accepted now",
    "disk": "The data folder can't be used",
}


@bp.app_template_filter("span")
def span(seconds: float) -> str:
    """Return a length of time in few signs."""
    return lengths.brief(round(seconds * lengths.SECOND))


bp.add_app_template_filter(written_bytes, "size")
bp.add_app_template_filter(per_second, "per_second")


@dataclass(frozen=True, slots=True)
class SystemState:
    """How the system is, in words; `kind` is fine, warning or error."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Tile:
    """One figure with its last minutes."""

    name: str
    title: str
    help: str
    now: str
    unit: str
    chart: Spark
    #: The rate that the chart's full height stands for.
    top: str


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource that logged lately."""

    name: str
    logs: int
    #: When its last log arrived, in ms since 1970.
    last: int
    url: str


@dataclass(frozen=True, slots=True)
class OverviewNow:
    """All that the page shows and keeps current."""

    state: SystemState
    figures: SystemFigures
    tiles: Sequence[Tile]
    sources: Sources | None
    shown: Sequence[Source]
    #: Logs that never arrived; None where the record does not answer.
    lost: Sequence[Lost] | None


@bp.get("/overview")
@partly
def page() -> Response:
    """Show the page; `part=now` gives only what is kept current. A bound reader's is of the logs that it may see."""
    zone.check()
    if not sees_all():
        return _bound_page()
    found = now(backends())
    status = 503 if found.figures.parts["record"] is not None else 200
    if request.args.get("part") == "now":
        refreshing()
        return make_response(render_template("_overview.html", now=found), status)
    resources, newest, missing = _resources(backends())
    return make_response(
        render_template(
            "overview.html",
            now=found,
            resources=resources,
            missing=missing,
            retention=settings().retention,
            newest=newest,
        ),
        status,
    )


def _bound_page() -> Response:
    held = backends()
    counts, unknown = bound_overview.counts(held.index)
    resources, newest, missing = _resources(held)
    return make_response(
        render_template(
            "overview_bound.html",
            counts=counts,
            unknown=unknown,
            resources=resources,
            missing=missing,
            retention=settings().retention,
            newest=newest,
        )
    )


def now(held: Backends) -> OverviewNow:
    """Return how the system is."""
    found = figures.read(held, settings(), parts().board, parts().recent)
    sources, flow, gone = None, None, None
    # A failure here leaves its place empty: the part that is away is named already. A record that is away is asked nothing more.
    if found.parts["record"] is None:
        with suppress(LogIngestorError):
            sources = held.record.figures.sources(SOURCES_SHOWN)
        with suppress(LogIngestorError):
            gone = lost(held.record.gaps, held.queue.depth(), LOST_SHOWN)
        with suppress(LogIngestorError):
            sample = pipeline.sample(held.queue, held.record.figures, int(found.values.get("queue_logs", 0)))
            flow = pipeline.flow(held.record.figures.samples(sample.at - pipeline.BARS * pipeline.BAR_MS), sample)
    shown = [] if sources is None else sorted(sources.sources, key=lambda one: _order(one, sources.at))
    return OverviewNow(state(found), found, _tiles(flow, found), sources, shown, gone)


def _order(source: Source, at: int) -> tuple[int, str, str]:
    """Return the sort key of a source: sources at work come first, by name, so that rows do not change places each second."""
    silent = (at - source.last) // (SILENT_SECONDS * 1000)
    return silent, source.sender, source.agent


def state(found: SystemFigures) -> SystemState:
    """Return how the system is: what is wrong first, then what waits and that nothing is lost."""
    away = [f"{_AWAY[part]}: {wrong.rstrip('.')}." for part, wrong in found.parts.items() if wrong is not None]
    if away:
        return SystemState("error", " ".join([*away, "What was accepted is kept."]))
    values = found.values
    waits = f"{logs(values['queue_logs'])} wait{'s' if values['queue_logs'] == 1 else ''}"
    if values["queue_paused"]:
        return SystemState(
            "warning", f"Paused by an operator: {waits if values['queue_logs'] else 'nothing waits'}; nothing is lost."
        )
    if not values["workers_alive"]:
        return SystemState(
            "error", f"No worker is at work: {waits if values['queue_logs'] else 'nothing waits yet'}; nothing is lost."
        )
    errors = [notice for notice in found.notices if notice.severity == "error"]
    if errors:
        return SystemState("error", f"{_first(errors)} What was accepted is kept.")
    if values["queue_logs"] and values.get("queue_oldest_seconds", 0) >= FINE_SECONDS:
        return SystemState(
            "warning", f"{waits}, the oldest for {span(values['queue_oldest_seconds'])}; nothing is lost."
        )
    if values["index_lacking"] and values["index_lag_seconds"] >= FINE_SECONDS:
        lacking = logs(values["index_lacking"])
        return SystemState("warning", f"{lacking} can't be found yet; nothing is lost, all are stored.")
    if found.notices:
        return SystemState("warning", f"{_first(found.notices)} Nothing that was accepted is lost.")
    if pending := values["queue_logs"] + values["index_lacking"]:
        return SystemState("fine", f"All is well: {logs(pending)} {'is' if pending == 1 else 'are'} on the way.")
    return SystemState("fine", "All is well: nothing waits.")


def _first(notices: Sequence[Notice]) -> str:
    """Return the first sentence of the first notice, and how many more there are; the notices themselves stand on each page."""
    more = f" And {len(notices) - 1} more notice{'' if len(notices) == 2 else 's'}." if len(notices) > 1 else ""
    return shorten(notices[0].text.partition(". ")[0].rstrip("."), 200) + f".{more}"


def _tiles(flow: Flow | None, found: SystemFigures) -> list[Tile]:
    # Accepted, stored and indexed are the same logs at three places, so their bars share one scale.
    same = [
        bar
        for name in ("accepted", "stored", "indexed")
        for bar in (flow.bars[name] if flow else ())
        if bar is not None
    ]
    tiles = []
    for name, title, help_ in TILES:
        bars = flow.bars[name] if flow else [None] * pipeline.BARS
        chart = spark(bars, None if name == "refused" else max(same, default=0.0))
        tiles.append(
            Tile(name, title, help_, per_second(flow.now[name] if flow else None), "/s", chart, per_second(chart.top))
        )
    chart = spark(flow.waiting if flow else [None] * pipeline.BARS)
    waiting = found.values.get("queue_logs")
    tiles.append(
        Tile(
            "waiting",
            "Waiting",
            "Accepted logs in the queue",
            "–" if waiting is None else f"{waiting:,.0f}",
            "",
            chart,
            f"{chart.top:,.0f}",
        )
    )
    return tiles


def _resources(held: Backends) -> tuple[list[Resource], int, str | None]:
    """Return the resources of the newest logs, how many logs those are, and why that isn't known."""
    query = Query(clock="received", limit=NEWEST, count="none")
    try:
        records = held.index.find(query, Budget(PATIENCE)).records
    except LogIngestorError as error:
        return [], 0, str(error)
    logs, last = Counter[str](), dict[str, int]()
    for record in records:
        if record.resource_id is not None:
            logs[record.resource_id] += 1
            last.setdefault(record.resource_id, record.received)
    return (
        [Resource(name, count, last[name], _search(name)) for name, count in logs.most_common(RESOURCES)],
        len(records),
        None,
    )


def _search(resource: str) -> str:
    return SearchForm(q=text(Equals("resourceId", resource)), clock="received").link()
