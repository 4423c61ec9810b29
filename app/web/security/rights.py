"""The right that each route demands, in one table. A route that is missing here is the admin's alone."""

from __future__ import annotations

from functools import cache
from typing import Literal

from app.web.accounts.identity import Identity

#: anyone: no credential. member: any role. either: who sends logs, and who finds them, bound or not. session: who has logged in.
#: writer: who sends logs. reader: who finds logs, bound or not.
#: unbound: a reader who may see every log. admin: the admin alone; who may do everything does all of these.
Right = Literal["anyone", "member", "either", "session", "writer", "reader", "unbound", "admin"]

#: Beginning of the names of endpoints that take logs.
DOOR_PREFIX = "door_"

#: Each endpoint; `door_` stands for every door of a shipper.
RIGHTS: dict[str, Right] = {
    "static": "anyone",
    "health.live": "anyone",
    "health.ready": "anyone",
    "openapi.document": "anyone",
    "openapi.page": "anyone",
    "page_account.ask": "anyone",
    "page_account.enter": "anyone",
    "page_account.leave": "anyone",
    "page_account.take": "anyone",
    "page_account.taken": "anyone",
    "page_oidc.start": "anyone",
    "page_oidc.back": "anyone",
    "page_oidc.leave": "anyone",
    "page_totp.enter": "anyone",
    "page_totp.act": "session",
    "page_passkeys.ask": "anyone",
    "page_passkeys.enter": "anyone",
    "page_passkeys.act": "session",
    "page_account.own": "session",
    "page_account.change": "session",
    # Sending.
    "ingest.ingest": "writer",
    DOOR_PREFIX: "writer",
    "preview.preview": "member",
    # A sender of logs holds a receipt that nobody guesses.
    "ingest.receipt": "either",
    # Finding: what these see is bound in `current.backends`.
    "filters.logs": "reader",
    "filters.histogram": "reader",
    "filters.facets": "reader",
    "filters.fields": "reader",
    "filters.alike": "reader",
    "filters.exported": "reader",
    "filters.one": "reader",
    "filters.context": "reader",
    "filters.trace": "reader",
    "hints.completions": "reader",
    "hints.explained": "reader",
    "hints.figures": "reader",
    "tail.tail": "reader",
    "pages.search": "reader",
    "pages.counts": "reader",
    "pages.values": "reader",
    "pages.meant_window": "reader",
    "pages.log": "reader",
    "pages.compare": "reader",
    "patterns.show": "reader",
    "trace.show": "reader",
    "overview.page": "reader",
    # Readers save own searches; the admins' are everybody's.
    "searches.every": "reader",
    "searches.one": "reader",
    "searches.add": "reader",
    "searches.change": "reader",
    "searches.remove": "reader",
    "page_searches.submit": "reader",
    # Pages and answers about the whole system: counts, names and samples of all logs.
    "metrics.metrics": "unbound",
    "notices.notices": "unbound",
    "add.page": "unbound",
    "sources.every": "unbound",
    "add.tried": "unbound",
    "alerts.every": "unbound",
    "alerts.one": "unbound",
    "alerts.test": "unbound",
    # Administration.
    "page_access.show": "admin",
    "page_access.act": "admin",
    "audit_log.show": "admin",
    "alerts.add": "admin",
    "alerts.change": "admin",
    "alerts.remove": "admin",
    "alerts.silence": "admin",
    "alerts.unsilence": "admin",
    "page_alerts.form": "admin",
    "page_alerts.submit": "admin",
    "page_alerts.act": "admin",
    "add.written": "admin",
    "sources.keep": "admin",
    "sources.remove": "admin",
    "notice_page.test": "admin",
    "rules.every": "admin",
    "rules.preview": "admin",
    "page_rules.tried": "admin",
    "rules.retention_preview": "admin",
    "page_rules.counted": "admin",
    "rules.cost_table": "admin",
    "dead.overview": "admin",
    "dead.letter": "admin",
    "dead.payload": "admin",
    "dead.ask": "admin",
    "dead.drop": "admin",
    "dead.replay": "admin",
    "dead.send": "admin",
}

#: The rights that each role has.
_HELD: dict[str, frozenset[Right]] = {
    "writer": frozenset({"anyone", "member", "either", "writer"}),
    "reader": frozenset({"anyone", "member", "either", "reader", "unbound"}),
    "admin": frozenset({"anyone", "member", "either", "writer", "reader", "unbound", "admin"}),
}
#: Message of the refusal, by the right that is lacking.
_WANTED: dict[Right, str] = {
    "session": "only who has logged in has an account",
    "writer": "a token that sends logs, with the role writer, is needed",
    "reader": "a token or user that finds logs, with the role reader, is needed",
    "unbound": "this can't be bound to a filter: a reader of every log is needed",
    "admin": "the role admin is needed",
}


@cache
def right_of(endpoint: str | None) -> Right:
    """Return what an endpoint wants; one that is named nowhere wants the admin, none at all (404, 405) any member."""
    if endpoint is None:
        return "member"
    return RIGHTS.get(DOOR_PREFIX if endpoint.startswith(DOOR_PREFIX) else endpoint, "admin")


@cache
def asks_record(endpoint: str | None, method: str) -> bool:
    """Return whether a request is for whom the record lets in now, not for whom it let in some seconds ago.

    So it is for what changes something, and for saved searches, which are known by the name of who saved them.
    """
    own = endpoint is not None and endpoint.startswith(("searches.", "page_searches."))
    return own or (right_of(endpoint) in ("admin", "session") and method not in ("GET", "HEAD", "OPTIONS"))


def lacking(who: Identity, endpoint: str | None) -> str | None:
    """Return what *who* lacks for an endpoint, as a sentence; None where nothing is lacking."""
    right = right_of(endpoint)
    if right == "session":
        return None if who.by == "session" else _WANTED[right]
    if right in _HELD[who.role] and not (right == "unbound" and who.limits):
        return None
    return _WANTED[right]
