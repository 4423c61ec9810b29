"""The page of notices: what is wrong, what was, who was notified of it, and which notifiers work."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from flask import Blueprint, current_app, redirect, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from app import backends as backends_module
from app.errors import InvalidQuery, Problem, Unavailable
from app.notify.trial import send_test
from app.ports.notices import KINDS, SEVERITIES, Notice
from app.ports.outbox import Delivery, Notifier, Standing
from app.times import instant, lengths
from app.times.instant import now_ms
from app.web.current import backends, parts, settings

bp = Blueprint("notice_page", __name__)

STATES = ("open", "closed")
#: Notices on one page of the history; and open ones, all on the first.
SHOWN, OPEN_SHOWN = 50, 100
#: Notices that are read at most: all that the record keeps.
LIMIT = 2_000


@dataclass(frozen=True, slots=True)
class NoticeRow:
    """A notice as the page shows it."""

    notice: Notice
    #: For how long it was, or is, open.
    lasted: str
    deliveries: tuple[Delivery, ...] = ()

    @property
    def details(self) -> Iterator[tuple[str, str]]:
        """Names and values beside the traceback."""
        for name, value in self.notice.details.items():
            if name != "traceback":
                yield name, f"{value:,}" if isinstance(value, int) else str(value)


@dataclass(frozen=True, slots=True)
class NotifierRow:
    """A notifier as the page shows it; `standing` is None while nothing is known."""

    notifier: Notifier
    standing: Standing | None
    waiting: int


def page(chosen: dict[str, str], older: str) -> str:
    """Return the page of the notices that were *chosen*, of the history those before the one called *older*."""
    found, whole = _notices()
    fits = [one for one in found if _fits(one, chosen)]
    opened = [one for one in fits if one.until is None]
    closed = [one for one in fits if one.until is not None]
    after = next((number for number, one in enumerate(closed, 1) if one.id == older), 0)
    history, more = closed[after : after + SHOWN], len(closed) > after + SHOWN
    shown = opened[:OPEN_SHOWN]
    deliveries, notifiers = _notified([*shown, *history])
    return render_template(
        "notices.html",
        opened=[_entry(one, deliveries) for one in shown],
        open_count=len(opened),
        history=[_entry(one, deliveries) for one in history],
        older=_link({**chosen, "older": history[-1].id}) if more else None,
        newest=_link(chosen) if after else None,
        chosen=chosen,
        choices=(("state", "State", STATES), ("severity", "Severity", SEVERITIES), ("kind", "Kind", KINDS)),
        whole=whole,
        notifiers=notifiers,
    )


def _notices() -> tuple[list[Notice], bool]:
    """Return all notices, newest first, and whether the record was asked; what this process knows is newer."""
    known, whole = {one.id: one for one in parts().board.known()}, True
    try:
        record = {one.id: one for one in backends().record.notices.notices(LIMIT)}
    except Unavailable:
        record, whole = {}, False
    for identity, one in known.items():
        was = record.get(identity)
        if was is None or (was.until is None and one.until is not None):
            record[identity] = one
    return sorted(record.values(), key=lambda one: (one.since, one.id), reverse=True), whole


def _fits(one: Notice, chosen: dict[str, str]) -> bool:
    state = "open" if one.until is None else "closed"
    values = {"state": state, "kind": one.kind, "severity": one.severity}
    return all(values[name] == value for name, value in chosen.items() if value)


def _notified(shown: Sequence[Notice]) -> tuple[list[Delivery], list[NotifierRow] | None]:
    """Return the deliveries of what is shown, and the notifiers; None where the record does not answer."""
    try:
        outbox = backends().record.outbox
        standings, counts = {one.notifier: one for one in outbox.standings()}, outbox.waiting_counts()
        deliveries = outbox.deliveries([one.id for one in shown])
    except Unavailable:
        return [], None
    rows = [NotifierRow(one, standings.get(one.name), counts.get(one.name, 0)) for one in settings().notify]
    return deliveries, rows


def _entry(notice: Notice, deliveries: Sequence[Delivery]) -> NoticeRow:
    lasted = ((notice.until or now_ms()) - notice.since) // 1000 * lengths.SECOND
    its_own = sorted((one for one in deliveries if one.notice.id == notice.id), key=lambda one: one.notifier)
    return NoticeRow(notice, lengths.brief(lasted), tuple(its_own))


@bp.app_template_filter("rfc3339")
def rfc3339(ms: int) -> str:
    """Return a time for programs."""
    return instant.text((ms, 0))


def _link(changes: dict[str, str]) -> str:
    query = urlencode({name: value for name, value in changes.items() if value})
    return f"{current_app.jinja_env.globals['root']}/notices{'?' if query else ''}{query}"


@bp.post("/notices/test")
def test() -> BaseResponse:
    """Send the notifier `name` a test; the page that follows says what came of it."""
    name = request.form.get("name", "")
    channel = next((one for one in backends_module.channels(settings()) if one.notifier.name == name), None)
    if channel is None:
        raise InvalidQuery(Problem(f"there is no notifier {name[:100]!r}", "name"))
    send_test(channel, backends().record.outbox)
    return redirect(f"{_link({})}#notifiers", 303)
