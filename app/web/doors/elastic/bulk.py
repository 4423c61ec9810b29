"""`_bulk`: from its lines to documents, each with what is to be done with it, and from their outcome to its answer.

The answer's bytes are what shippers look for literally: compact, with `took`, `errors` and `items` in this order.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from json.encoder import encode_basestring_ascii
from operator import attrgetter
from typing import Any

import msgspec

from app.accept.accept import Outcome
from app.errors import Problem
from app.json_text import FAULTS
from app.log import own
from app.log.body import Item, has_nul, plain_logs, read_item
from app.log.limits import AT_ONCE, REQUEST_LOGS, UNLIMITED, Sharing, ensure_few
from app.log.own import Ready
from app.log.parsed import Refused

#: Index of a document that names none.
INDEX = "logs"
#: Actions whose next line is a document; `delete` has none.
_WITH_DOCUMENT = ("index", "create", "update")
ACTIONS = (*_WITH_DOCUMENT, "delete")
#: Names of Elasticsearch's errors.
BAD_DOCUMENT, REJECTED = "document_parsing_exception", "es_rejected_execution_exception"

#: Most actions of a request whose documents are read many at once.
_ALIKE = 16

_decode = msgspec.json.Decoder().decode
_action = attrgetter("action")
#: The rest of what is answered for a document that is kept.
_KEPT = (
    b'"_version":1,"result":"created","_shards":{"total":1,"successful":1,"failed":0},'
    b'"_seq_no":0,"_primary_term":1,"status":201}'
)


@dataclass(slots=True)
class Action:
    """The action that a line asks for: its name, index, and the client's `_id`."""

    name: str
    index: str
    id: str | None = None
    #: The line has a key beside the action, as winston-elasticsearch writes it.
    counted: bool = False
    #: False for what stands in for a line that is no action.
    read: bool = True
    #: Its index as JSON with its name, which documents and answers have; and how what is answered for it begins.
    said: bytes = field(init=False)
    answered: bytes = field(init=False)

    def __post_init__(self) -> None:
        self.said = b'"_index":%b' % quoted(self.index)
        self.answered = b'{"%b":{%b,"_id":' % (self.name.encode(), self.said)


class BulkEntry(msgspec.Struct, gc=False):
    """One item of a request: its action, and the document or why it is refused; its bytes as they were sent."""

    action: Action
    #: An Item, a Ready, or a Refused.
    value: Any
    raw: bytes

    def key(self, name: str) -> bytes:
        """Return the key that this document has whenever it is sent again: a digest of its index, *name* and bytes.

        Other bytes under the same name, which Elasticsearch would put in the place of the first, are another log.
        """
        made = hashlib.blake2b(digest_size=16)
        for part in (self.action.index.encode("utf-8", "replace"), name.encode("utf-8", "replace"), self.raw):
            made.update(len(part).to_bytes(8, "big") + part)
        return made.digest()


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
        logs = _at_once(some, asked)
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
    document = next(lines, None) if action.name in _WITH_DOCUMENT else None
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


def kinds(entries: Sequence[BulkEntry]) -> list[Action]:
    """Return the actions of the items; those that were read once stand there once."""
    actions = list(map(_action, entries))
    return list(dict(zip(map(id, actions), actions, strict=True)).values())


def read_action(line: bytes, index: str) -> Action | None:
    """Return the action of a line; None when it is none. Keys that are not known are passed over, `null` is absent."""
    try:
        value = _decode(line)
    except FAULTS:
        return None
    name = next((name for name in ACTIONS if name in value), None) if isinstance(value, dict) else None
    if name is None:
        return None
    said = value[name] or {}
    if not isinstance(said, dict):
        return None
    own = said.get("_index")
    identity = said.get("_id")
    if isinstance(identity, int) and not isinstance(identity, bool):
        identity = str(identity)
    return Action(
        name,
        own if isinstance(own, str) and own else index,
        identity if isinstance(identity, str) and identity else None,
        counted="attempts" in value,
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


def quoted(text: str) -> bytes:
    """Return a text as JSON in ASCII; it may hold lone surrogates."""
    return encode_basestring_ascii(text).encode()


def dumped(value: Any) -> bytes:
    """Return the value as compact JSON; texts may hold lone surrogates."""
    return json.dumps(value, ensure_ascii=True, separators=(",", ":")).encode()
