"""The answers to `_bulk`, whose bytes are what shippers look for literally: compact, with `took`, `errors` and `items` in this order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from app.accept.accept import Outcome
from app.web.doors.elastic.actions import Action, BulkEntry, dumped, quoted

#: Names of Elasticsearch's errors.
BAD_DOCUMENT, REJECTED = "document_parsing_exception", "es_rejected_execution_exception"
#: The rest of what is answered for a document that is kept.
_KEPT = (
    b'"_version":1,"result":"created","_shards":{"total":1,"successful":1,"failed":0},'
    b'"_seq_no":0,"_primary_term":1,"status":201}'
)


def answer(entries: Sequence[BulkEntry], actions: Sequence[Action], outcome: Outcome, took: int) -> bytes:
    """Return the answer, given the `kinds` of the entries: an item for each in its order, 201 where the log is kept now or was before."""
    bad = {problem["index"]: problem for problem in outcome.rejected}
    # By experiment winston-elasticsearch sends all of a batch again, 400 times, when one of its items is refused.
    shown = {} if any(action.counted for action in actions) else bad
    begun = quoted(f"{outcome.receipt}.")[:-1]
    if not shown and len(actions) == 1 and actions[0].id is None:
        # Joined, which takes a tenth of the time: only their places differ.
        before, after = actions[0].answered + begun, b'",%b}' % _KEPT
        joined = (after + b"," + before).join(map(b"%d".__mod__, range(len(entries))))
        return _whole(took, False, [before + joined + after])
    items = [
        _refused(entry.action, shown[place])
        if place in shown
        else b'%b%b%d",%b}' % (entry.action.answered, begun, place, _KEPT)
        if entry.action.id is None
        else b"%b%b,%b}" % (entry.action.answered, quoted(entry.action.id), _KEPT)
        for place, entry in enumerate(entries)
    ]
    return _whole(took, bool(shown), items)


def overloaded(entries: Sequence[BulkEntry], reason: str, took: int) -> bytes:
    """Return the answer in which each item is to be sent again."""
    items = [_item(entry.action, 429, REJECTED, reason) for entry in entries]
    return _whole(took, True, items)


def _whole(took: int, errors: bool, items: list[bytes]) -> bytes:
    return b'{"took":%d,"errors":%s,"items":[%s]}' % (took, b"true" if errors else b"false", b",".join(items))


def created(action: Action, receipt: str | None, place: int) -> bytes:
    """Return what is answered for one document that is kept; without an `_id` of the client's its place in the receipt is its id."""
    identity = action.id if action.id is not None else f"{receipt}.{place}"
    return b'{%b,"_id":%b,%b' % (action.said, quoted(identity), _KEPT)


def _refused(action: Action, problem: dict[str, Any]) -> bytes:
    field = f"{problem['field']}: " if "field" in problem else ""
    if problem.get("retry"):
        return _item(action, 429, REJECTED, problem["message"])
    kind = "illegal_argument_exception" if action.name not in ("index", "create") else BAD_DOCUMENT
    return _item(action, 400, kind, field + problem["message"])


def _item(action: Action, status: int, kind: str, reason: str) -> bytes:
    said: dict[str, Any] = {"_index": action.index, "_id": action.id, "status": status}
    said["error"] = {"type": kind, "reason": reason}
    return dumped({action.name: said})
