"""The page of patterns: what a search found, put together by what messages have in common."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from flask import Blueprint, render_template, request

from app.errors import TimedOut, Unavailable
from app.find.patterns import patterns
from app.find.patterns.patterns import Pattern, Patterns
from app.find.patterns.template import TemplatePart
from app.ports.deadline import Budget
from app.query.filter import And, Filter, Not
from app.query.parameters import Parameters
from app.query.query import Query
from app.query.request import read_query
from app.query.sentence import logs
from app.query.text import text
from app.times import instant
from app.times.instant import Instant
from app.web.current import backends, budget, settings
from app.web.partly import partly
from app.web.render.bars import outline
from app.web.render.display import rank
from app.web.search.chart import RANKS
from app.web.search.form import NAMES, SearchForm
from app.web.search.said import pending_of, sentence_of
from app.web.security import caching

bp = Blueprint("patterns", __name__)
bp.after_request(caching.ask_again)

#: Seconds in which the page is made, and where the reader asks to look longer.
SECONDS, LONGER_SECONDS = 0.5, 5.0
#: Pieces of time in the small charts, the share of its room that one fills, their height, and the least height of one that has logs.
PIECES, FILLED, HEIGHT, LEAST = 32, 0.8, 18, 2
#: Patterns shown when all are asked for.
MOST = "1000"
#: Parameters that this page passes on from the search; its other parameters are its own.
_ASKED = ("q", "from", "to", "tz", "clock", "limit")
#: Orders by name: their label, and what a pattern's place is.
ORDERS: dict[str, tuple[str, Callable[[Pattern], Any]]] = {
    "most": ("Most frequent", lambda pattern: -pattern.logs.count),
    "fewest": ("Rarest", lambda pattern: pattern.logs.count),
    "new": ("Newest", lambda pattern: (-pattern.logs.first[0], -pattern.logs.first[1])),
}


@dataclass(frozen=True, slots=True)
class PatternRow:
    """One pattern as the page shows it."""

    parts: Sequence[TemplatePart]
    plain: str
    count: int
    #: Share of the logs looked at, in percent: in words, and as the width of its bar.
    share: str
    width: str
    #: Class, name and number of each severity, gravest first.
    levels: Sequence[tuple[str, str, int]]
    first: Instant
    last: Instant
    shape: str
    sample: bytes
    message: str
    #: How many other patterns the search finds logs of.
    shared: int | None
    logs: str
    without: str


@bp.get("/patterns")
@partly
def show() -> tuple[str, int]:
    """Show the patterns of the state in the URL."""
    form, order, now = SearchForm.read(request.args), request.args.get("order") or "most", instant.now_ms()
    query = _query(form, order, now)
    held = backends()
    parts: dict[str, Any] = {
        "form": form,
        "order": order,
        "sentence": sentence_of(query.filter, form, now),
    }
    if not request.args.get("longer"):
        parts["longer"] = _link(form, order=order, longer="1")
    parts |= {"orders": [(name, label) for name, (label, _) in ORDERS.items()], "link": _link}
    try:
        pending = pending_of(held)
        found = patterns.patterns(held.store, held.index, query, _budget())
    except Unavailable as error:
        late = isinstance(error, TimedOut)
        title = "There was no time to look at any log" if late else "Patterns are not available now"
        return render_template("patterns.html", failure=title, message=str(error), **parts), 503
    shown = _shown(found, query, form, order)
    parts |= {
        "found": found,
        "patterns": shown,
        "pending": pending,
        "looked": _looked(found),
        "most_logs": patterns.LOGS,
    }
    return render_template("patterns.html", every=_link(replace(form, limit=MOST), order=order), **parts), 200


def _budget() -> Budget:
    return replace(budget(), seconds=LONGER_SECONDS if request.args.get("longer") else SECONDS)


def _query(form: SearchForm, order: str, now: int) -> Query:
    """Return what is asked; raises InvalidQuery for what this page does not take."""
    given = Parameters(request.args)
    given.only((*NAMES.values(), "order", "longer"), "parameter of this page")
    given.choice("order", order, ORDERS)
    given.check()
    return read_query({name: value for name, value in form.state() if name in _ASKED}, now=now)


def _link(form: SearchForm, **more: str) -> str:
    """Return the URL of this page for the state *form*."""
    state = replace(form, cursor="", back="", open="", sort="desc").query("values", "counts")
    pairs = "&".join(f"{name}={value}" for name, value in more.items())
    query = "&".join(filter(None, (state, pairs)))
    return f"{settings().path_prefix}/patterns" + (f"?{query}" if query else "")


def _looked(found: Patterns) -> str:
    """Return in words which logs were looked at."""
    if found.whole:
        return logs(found.logs)
    if found.total is None:
        return f"the newest {logs(found.logs)} only"
    return f"the newest {found.logs:,} of {'' if found.total_exact else 'at least '}{logs(found.total)}"


def _shown(found: Patterns, query: Query, form: SearchForm, order: str) -> list[PatternRow]:
    chosen = sorted(found.patterns, key=ORDERS[order][1])[: query.limit]
    times = [at for pattern in found.patterns for at in (pattern.logs.first[0], pattern.logs.last[0])]
    ends = (min(times), max(times)) if times else (0, 0)
    return [_one(pattern, found.logs, ends, query.filter, form) for pattern in chosen]


def _one(pattern: Pattern, of: int, ends: tuple[int, int], meant: Filter, form: SearchForm) -> PatternRow:
    logs, parts, leaf = pattern.logs, pattern.template.parts(), pattern.filter
    tally: Counter[str] = Counter()
    for level, count in logs.levels.items():
        tally[rank(level)] += count
    return PatternRow(
        parts=parts,
        plain=pattern.template.text(),
        count=logs.count,
        share=_percent(logs.count, of),
        width=f"{100 * logs.count / of:.1f}",
        levels=[(name, word, tally[name]) for name, word in RANKS.items() if tally[name]],
        first=logs.first,
        last=logs.last,
        shape=_shape(logs.times, *ends),
        sample=logs.sample[0],
        message=logs.sample[1] if any(part.kind for part in parts) or pattern.template.ending else "",
        shared=pattern.shared,
        logs=form.start_over(text(And((meant, leaf)))).link(),
        without=_link(form.start_over(text(And((meant, Not(leaf)))))),
    )


def _percent(count: int, of: int) -> str:
    share = 100 * count / of
    if share < 0.1:
        return "< 0.1 %"
    return f"{share:.1f} %" if share < 10 and share != round(share) else f"{share:.0f} %"


def _shape(times: Sequence[int], first: int, last: int) -> str:
    """Return the outline of the logs over time, each piece as high as its share of the fullest."""
    span = last - first + 1
    tally = Counter((at - first) * PIECES // span for at in times)
    top = max(tally.values(), default=1)
    return "".join(
        outline(place, HEIGHT, FILLED, max(round(count / top * HEIGHT), LEAST))
        for place, count in sorted(tally.items())
    )
