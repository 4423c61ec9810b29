"""The actions that the lines of `_bulk` ask for, and the items that their documents make."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from json.encoder import encode_basestring_ascii
from operator import attrgetter
from typing import Any

import msgspec

from app.json_text import FAULTS

#: Actions whose next line is a document; `delete` has none.
WITH_DOCUMENT = ("index", "create", "update")
ACTIONS = (*WITH_DOCUMENT, "delete")

_decode = msgspec.json.Decoder().decode
_action = attrgetter("action")


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


def quoted(text: str) -> bytes:
    """Return a text as JSON in ASCII; it may hold lone surrogates."""
    return encode_basestring_ascii(text).encode()


def dumped(value: Any) -> bytes:
    """Return the value as compact JSON; texts may hold lone surrogates."""
    return json.dumps(value, ensure_ascii=True, separators=(",", ":")).encode()
