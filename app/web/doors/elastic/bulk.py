"""`_bulk`: from its lines to documents, each with what is to be done with it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from app.errors import Problem
from app.json_text import FAULTS
from app.log import own
from app.log.body import Item, has_nul, plain_logs, read_item
from app.log.limits import AT_ONCE, REQUEST_LOGS, UNLIMITED, Sharing, ensure_few
from app.log.own import Ready
from app.log.parsed import Refused
from app.web.doors.elastic.actions import ACTIONS, WITH_DOCUMENT, Action, BulkEntry, quoted, read_action

#: Index of a document that names none.
INDEX = "logs"
#: Most actions of a request whose documents are read many at once.
_ALIKE = 16

_decode = msgspec.json.Decoder().decode


def read(body: bytes, index: str | None, most: int = REQUEST_LOGS) -> list[BulkEntry]:
    """Return the items of a body in their order; *index* is that of the path. What can't be read is a Refused in its place.

    Raises TooLarge for more lines than *most* items have.
    """
    lines = [line for line in body.split(b"\n") if line and not line.isspace()]
    ensure_few(-(-len(lines) // 2), most)
    Sharing().add(index, len(lines) // 2)
    found = None if has_nul(body) else _alike(lines, index or INDEX)
    return list(_entries(iter(lines), index or INDEX)) if found is None else found


def _alike(lines: Sequence[bytes], index: str) -> list[BulkEntry] | None:
    """Return the items of lines that are an action and its document in turn, as most shippers write them; None for others.

    No document has an `_id`, and there are only a few actions.
    """
    actions, documents = lines[::2], lines[1::2]
    kinds = set(actions)
    if len(actions) != len(documents) or len(kinds) > _ALIKE:
        return None
    known = dict[bytes, Action]()
    for line in kinds:
        action = read_action(line, index)
        if action is None or action.name not in ("index", "create") or action.id is not None or b"\\u" in action.said:
            return None
        known[line] = action
    found, wanted = list[BulkEntry](), list(map(known.__getitem__, actions))
    for start in range(0, len(documents), AT_ONCE):
        some, asked = documents[start : start + AT_ONCE], wanted[start : start + AT_ONCE]
        logs = _at_once(some, asked) or _foreign_at_once(some, asked)
        found += map(document_of, asked, some) if logs is None else map(BulkEntry, asked, logs, some)
    return found


def _at_once(documents: Sequence[bytes], actions: Sequence[Action]) -> list[Ready] | None:
    """Return the logs of documents that are plainly in our own form and have a time; None where one of them must be looked at by itself."""
    logs = plain_logs(documents, UNLIMITED, None)
    if logs is None:
        return None
    found = list[Ready]()
    for log, document, action in zip(logs, documents, actions, strict=True):
        metadata = log.metadata
        if metadata is not None:
            log.metadata = {"_index": action.index, **metadata}
        elif log.resource_id is not None:
            log.metadata = {"_index": action.index}
        else:
            return None
        found.append(Ready(log, len(document.rstrip()) + len(action.said) + 1))
    return found


def _foreign_at_once(documents: Sequence[bytes], actions: Sequence[Action]) -> list[Item] | None:
    """Return the values of documents in other programs' forms, with their index; None where one of them must be looked at by itself."""
    try:
        values = list(map(_decode, documents))
    except FAULTS:
        return None
    found = list[Item]()
    for value, document, action in zip(values, documents, actions, strict=True):
        if type(value) is not dict or "_index" in value or value.keys() <= own.NAMES:
            return None
        value["_index"] = action.index
        found.append(Item(value, b"%b,%b}" % (document.rstrip()[:-1], action.said)))
    return found


def _entries(lines: Iterator[bytes], index: str) -> Iterator[BulkEntry]:
    # Shippers write the same line before each document.
    known: dict[bytes, Action | None] = {}

    def action_of(line: bytes) -> Action | None:
        if line not in known:
            if len(known) > 1_000:
                known.clear()
            known[line] = read_action(line, index)
        return known[line]

    line = next(lines, None)
    while line is not None:
        action = action_of(line)
        if action is None:
            following = next(lines, None)
            # The document of a line that can't be read belongs to it, unless it is an action itself.
            lost = following is not None and action_of(following) is None
            raw = line + b"\n" + following if lost and following is not None else line
            problem = Problem(f"is no action of _bulk: {', '.join(ACTIONS)}")
            yield BulkEntry(Action("index", index, read=False), Refused(problem, raw), raw)
            line = next(lines, None) if lost else following
            continue
        yield _entry(action, line, lines)
        line = next(lines, None)


def _entry(action: Action, line: bytes, lines: Iterator[bytes]) -> BulkEntry:
    document = next(lines, None) if action.name in WITH_DOCUMENT else None
    raw = line if document is None else document
    if action.name not in ("index", "create"):
        problem = Problem(f"{action.name} is not done here: a log is never changed; index and create add one")
        return BulkEntry(action, Refused(problem, raw), raw)
    if document is None:
        return BulkEntry(action, Refused(Problem("the document is missing: the body ends with an action"), raw), raw)
    return document_of(action, document)


def document_of(action: Action, document: bytes) -> BulkEntry:
    """Return the item of one document: its value with index and `_id` beside it, or why it can't be read."""
    dirty = has_nul(document)
    try:
        value = _decode(document)
    except FAULTS:
        item = read_item(document, dirty)
        if item.problem is not None:
            return BulkEntry(action, Refused(item.problem, document), document)
        value, dirty = item.value, item.dirty
    if not isinstance(value, dict):
        return BulkEntry(action, Refused(Problem("the document is not a JSON object"), document), document)
    beside, said = ({}, b"") if "_index" in value else ({"_index": action.index}, action.said)
    if action.id is not None and "_id" not in value:
        beside["_id"] = action.id
        said = b'%b%b"_id":%b' % (said, b"," if said else b"", quoted(action.id))
    raw = document
    if beside:
        raw = b"%b%b%b}" % (document.rstrip()[:-1], b"," if value else b"", said)
        value, dirty = _with(value, beside), dirty or b"\\u" in said
    return BulkEntry(action, Item(value, raw, dirty=dirty), document)


def _with(value: dict[str, Any], beside: dict[str, str]) -> dict[str, Any]:
    """Return a document with what its action says; where it is plainly in our own form, among its metadata at once."""
    metadata = value.get("metadata")
    plainly = isinstance(metadata, dict) or (metadata is None and isinstance(value.get("resourceId"), str))
    if plainly and value.keys() <= own.NAMES:
        return {**value, "metadata": {**beside, **(metadata or {})}}
    return {**value, **beside}
