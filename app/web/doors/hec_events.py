"""Events of Splunk's HTTP Event Collector as logs: how they follow one another in a body, and what each field becomes."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import msgspec

from app.errors import InvalidRecord, Problem
from app.files import carried
from app.json_text import FAULTS, LENIENT, NotJSON, decode
from app.log.foreign.many import together
from app.log.limits import REQUEST_LOGS, Sharing, ensure_few, sizes
from app.log.parsed import Refused
from app.log.scalars import deep_json
from app.log.schema import payload_of
from app.times import written
from app.times.written import Assumed
from app.web.doors import hec_usual
from app.web.reading import assumed_of_source

#: HEC's codes by the field at fault; an event that is blank has one more than a missing one.
CODES = {"event": 12, "fields": 15}
BLANK = "is blank"
#: Names that Docker's driver puts around a line (moby: daemon/logger/splunk).
_DOCKER = frozenset(("line", "source", "tag", "attrs"))
#: Times that reading goes on behind what is no JSON.
_RESUMED = 16
# Both patterns pass a run of blanks once, however long, as `*+` never goes back; of several line ends the last counts.
_BETWEEN = re.compile(rb"\}\s*+,?\s*+\{")
_NEXT = re.compile(r"\}\s*+\{|\n[^\S\n]*+\{")
_SPACE = re.compile(r"[\s,]*")
_decode_lines = msgspec.json.Decoder().decode_lines


def read(body: bytes, most: int = REQUEST_LOGS) -> list[Any]:
    """Return the logs of a body of events, a Refused for each that can't be taken.

    Raises InvalidRecord where it holds none, TooLarge for more than *most*.
    """
    assumed, (found, lengths) = assumed_of_source(), _apart(body)
    ensure_few(len(found), most)
    # A value that is refused by itself can't be written as JSON, and its neighbours are looked at with it.
    sized = list(zip(found, sizes(found) if lengths is None else lengths, strict=True))
    return together(
        sized,
        hec_usual.layout_of,
        lambda some: hec_usual.logs(some, assumed),
        lambda one: one[0] if isinstance(one[0], Refused) else log_of(one[0], assumed),
    )


def objects(body: bytes) -> list[Any]:
    """Return the JSON objects that follow one another in the body, decoded, and a Refused for what is none.

    Raises InvalidRecord where there is no object at all.
    """
    return _apart(body)[0]


def _apart(body: bytes) -> tuple[list[Any], list[int] | None]:
    """Return the same, and how many bytes each has as it was sent; None where they must be looked at one by one."""
    if (usual := _in_a_row(body)) is not None:
        return usual
    # As one array, which is decoded at once: where each join made an element, none of them lay within a text.
    whole, joins = _BETWEEN.subn(b"},{", body.strip())
    try:
        found = decode(whole if whole.startswith(b"[") else b"[" + whole + b"]", object)
    except NotJSON:
        found = None
    if isinstance(found, list) and len(found) == joins + 1 and set(map(type, found)) == {dict}:
        # No join lay within a text: each is where one object ends and the next begins.
        return found, list(map(len, whole.split(b"},{"))) if _are_texts_plain(whole) else None
    return _slowly(body.decode("utf-8", "replace").strip()), None


def _in_a_row(body: bytes) -> tuple[list[Any], list[int] | None] | None:
    """Return the same of objects that follow one another with nothing or blanks between them; None of others."""
    parts = body.strip().split(b"}{")
    lines = b"}\n{".join(parts)
    try:
        found = _decode_lines(lines)
    except FAULTS:
        # A text that held a join has a line feed now, which JSON has in none: so each is where one object ends and the next begins.
        return None
    if set(map(type, found)) != {dict}:
        return None
    lengths = list(map(len, parts if len(parts) == len(found) else lines.split(b"}\n{")))
    return found, lengths if len(lengths) == len(found) and _are_texts_plain(body) else None


def _are_texts_plain(body: bytes) -> bool:
    """Return whether no text may hold a NUL or half a character, which stand in JSON as escapes only."""
    # One byte is found sooner than two.
    return b"\\" not in body or b"\\u" not in body


def _slowly(text: str) -> list[Any]:
    text = text.removeprefix("[").removesuffix("]") if text.startswith("[{") else text
    found, place, resumed = list[Any](), 0, 0
    while place < len(text):
        gap = _SPACE.match(text, place)
        place = gap.end() if gap is not None else place
        if place == len(text):
            break
        try:
            value, place = LENIENT.first(text, place)
        except NotJSON as error:
            following = _NEXT.search(text, place + 1) if resumed < _RESUMED else None
            end = len(text) if following is None else following.end() - 1
            problem = Problem(f"is not JSON: {error}")
            found.append(Refused(problem, text[place:end].encode("utf-8", "replace")))
            place, resumed = end, resumed + 1
            continue
        found.append(value)
    if all(isinstance(one, Refused) for one in found):
        raise InvalidRecord(found[0].problem if found else Problem("is not JSON"))
    return found


def log_of(sent: Any, assumed: Assumed) -> dict[str, Any] | Refused:
    """Return the log of an event that is looked at by itself; what HEC itself refuses is refused."""
    problem = _problem(sent)
    if problem is not None:
        return Refused(problem, payload_of(sent))
    event, (metadata, own) = sent["event"], _said(sent)
    time = given = sent.get("time")
    if given is not None and not (type(given) is float and 0 < given < hec_usual.PLAIN_TIME):
        time = moment(given, assumed)
        if time is None:
            metadata["time"] = given
    host = sent.get("host")
    host = host if type(host) is str and 0 < len(host) <= hec_usual.SHORT else None
    if type(event) is dict and "line" in event:
        if event.keys() <= _DOCKER and isinstance(event["line"], str):
            metadata = {**{name: value for name, value in event.items() if name != "line"}, **metadata}
            event = event["line"]
        else:
            event = _line(event)
    if type(event) is dict:
        found = carried.read(event, assumed)
        if own:
            _complete(found, own, metadata)
        return carried.within(found, {"timestamp": time, "resourceId": host, "metadata": metadata})
    text = event if isinstance(event, str) else _text(event)
    return _of_text(
        {"message": text.rstrip("\r\n"), "timestamp": time, "resourceId": host, "metadata": metadata}, own, assumed
    )


def _of_text(log: dict[str, Any], own: dict[str, str], assumed: Assumed) -> dict[str, Any]:
    """Return the log of a text with its *own* fields. A text that alone has a time is read in full: its level is then its own too."""
    found: dict[str, Any] | None = None
    if "level" in own:
        if log["timestamp"] is None:
            found = carried.opened({**log, "metadata": dict(log["metadata"])}, assumed)
        if found is None or found.get("timestamp") is None:
            # Without one the text's form would give it one.
            found = carried.opened({**log, "level": own["level"]}, assumed)
    else:
        found = carried.opened(log, assumed)
    if own:
        _complete(found, own, found["metadata"])
    return found


def _complete(found: dict[str, Any], own: dict[str, str], metadata: Any) -> None:
    """Give a log those of its *own* fields that it has not got from its event; the others stay *metadata*, beneath `fields` where their name is taken."""
    for name, value in own.items():
        inner = found.get(name)
        if inner is None:
            found[name] = value
        elif inner != value and isinstance(metadata, dict) and metadata.setdefault(name, value) != value:
            beneath = metadata.setdefault("fields", {})
            if isinstance(beneath, dict):
                beneath.setdefault(name, value)


def _text(event: Any) -> str:
    try:
        return json.dumps(event)
    except RecursionError:
        return deep_json(event)


def _said(sent: dict[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """Return what an event's envelope says besides time and text: metadata, and values of the log's own fields.

    A member of `fields` whose name is already used in the metadata lies beneath `fields` there.
    """
    metadata: dict[str, Any] = {}
    for name in hec_usual.FROM:
        if (origin := sent.get(name)) is not None:
            metadata[name] = origin
    fields = sent.get("fields") or {}
    if not sent.keys() <= hec_usual.KNOWN:
        fields = {**{name: value for name, value in sent.items() if name not in hec_usual.KNOWN}, **fields}
    own: dict[str, str] = {}
    taken: dict[str, Any] = {}
    for name, value in fields.items():
        role = hec_usual.OWN.get(name)
        if role is not None and role not in own and hec_usual.fits(role, value):
            own[role] = value
        elif name in metadata:
            taken[name] = value
        else:
            metadata[name] = value
    if taken:
        metadata["fields"] = taken
    return metadata, own


def _problem(sent: Any) -> Problem | None:
    if type(sent) is not dict:
        return Problem("is not a JSON object")
    event, fields = sent.get("event"), sent.get("fields")
    if event is None:
        return Problem("is missing", "event")
    if event == "":
        return Problem(BLANK, "event")
    if fields is not None and type(fields) is not dict:
        return Problem("is not a JSON object", "fields")
    return None


def _line(event: dict[str, Any]) -> dict[str, Any]:
    """Return the event with what Docker's driver calls `line` as its message: a text, or an object of its own."""
    line = event["line"]
    if isinstance(line, dict):
        return {**{name: value for name, value in event.items() if name != "line"}, **line}
    if isinstance(line, str) and "message" not in event:
        return {**{name: value for name, value in event.items() if name != "line"}, "message": line}
    return event


def moment(sent: Any, assumed: Assumed) -> Any:
    """Return the time of an event: seconds as a number or as a text, or a text in any form that log files have."""
    if isinstance(sent, str):
        with suppress(ValueError):
            sent = float(sent) if "." in sent else int(sent)
    return written.from_value(sent, assumed)


def lines(body: bytes, about: Mapping[str, str], most: int = REQUEST_LOGS) -> list[Any]:
    """Return the logs of a body of lines; one that begins with a blank goes on with the line before it. Raises TooLarge for more than *most*."""
    assumed = assumed_of_source()
    metadata = {name: about[name] for name in hec_usual.FROM if about.get(name)}
    time, host = moment(about.get("time"), assumed), about.get("host") or None
    text = body.decode("utf-8", "replace").replace("\r\n", "\n")
    known = assumed.first_line is not None
    parts = carried.whole(text.strip("\n").split("\n"), assumed) if known else re.split(r"\n(?=\S)", text.strip("\n"))
    found = [one.rstrip("\n") for one in parts if one.strip()]
    ensure_few(len(found), most)
    Sharing().add(metadata, len(found))
    shared = {"timestamp": time, "resourceId": host if host is not None and len(host) <= hec_usual.SHORT else None}
    return [carried.opened({"message": one, **shared, "metadata": metadata}, assumed) for one in found]
