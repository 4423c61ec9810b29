"""Logs of other programs: from any JSON object to a log in our own form, by its dialect, else by names and types.

Nothing is refused: a value that fits nothing stays metadata, and `metadata.unread` says which field lacks it and why.
"""

from __future__ import annotations

from typing import Any

from app.log import clef
from app.log.dialects.dialect import at
from app.log.foreign import fits, layouts, pairs, scales, traces, ways
from app.log.foreign.found import NULLS, OWN, Foreign, Search
from app.log.foreign.layouts import Layout
from app.log.foreign.requested import requested
from app.log.foreign.roles import EXCEPTIONS, FAILED, LAST, STATUSES
from app.times.written import Assumed

#: Name under metadata of what could not be read: the field, and why.
UNREAD = "unread"
#: Stands in `read_as` for a dialect where none fits a log, but some of its members have known names.
BY_NAMES = "names"
#: Names of a message whose value may be anything: it is brought to a text.
_ANY_MESSAGE = frozenset(("message", "msg", "@message", "Message", "Msg", "MESSAGE", "body", "Body"))
#: Names of a message whose parts in braces are named: the log's values of these names stand there.
_TEMPLATES = frozenset(("@mt", "MessageTemplate"))
#: Below this rank a name is that of a level for sure, so that its text counts though it has no severity.
_SURE = 13
_SHORTS = ("resourceId", "commit")
#: Logs of a layout from which a way to read the others is learnt.
_SEARCHED = 8
_TIMED = ("level", "timestamp")
#: Objects that hold what happened: a time within is when the concert is, but beside the log's message.
_HAPPENED = ("event", "payload", "data")
_WITHIN = ("time", "timestamp")
#: Objects that hold a log, or what it is about: a level within is the log's beside its
#: message or time; else a number is that of a player or a tank, and so is any in what happened.
_HOLDERS = (*_HAPPENED, "fields", "header", "info", "meta", "record")


def read(
    value: dict[str, Any],
    assumed: Assumed,
    raw: bytes = b"",
    layout: Layout | None = None,
    later: dict[str, list[Any]] | None = None,
) -> Foreign:
    """Return the log that an object is, read by the dialect of its *layout* if there is one, and by the names that any may use.

    *raw* is what was sent; *later* has the further values of names that stand twice, which stay metadata.
    """
    layout = layout or layouts.of(value, None)
    if layout.dialect is not None and layout.dialect.pairs:
        value = pairs.paired(value, layout.dialect)
        layout = layouts.of(value, layout.dialect)
    search = Search(value, raw, assumed, layout, later or {})
    _message(search)
    _whole(search)
    _level(search)
    _timestamp(search)
    for name in _SHORTS:
        _short(search, name)
    _traces(search)
    found = _found(search)
    if layout.way is None and layout.searched < _SEARCHED:
        layout.searched += 1
        layout.way = ways.learn(search, found)
    return found


def _found(search: Search) -> Foreign:
    """Return the log of an object whose fields are filled."""
    dialect, paths = search.layout.dialect, search.origins
    if dialect is not None:
        read_as = dialect.name
    else:
        if not search.later and _is_ours(search):
            return Foreign(dict(search.value), "", {name: name for name in paths})
        read_as = "" if all(path == (name,) for name, path in paths.items()) else BY_NAMES
    _unfilled(search)
    _finish(search)
    origins = {
        name: path[0] if len(path) == 1 and path[0][-1:] != "." else ".".join(path).rstrip(".")
        for name, path in paths.items()
    }
    sent_time = at(search.value, paths["timestamp"]) if "timestamp" in origins else None
    return Foreign(search.log, read_as, origins, sent_time)


def _message(search: Search) -> None:
    found = search.candidates("message")
    for rank, path, value in found:
        if type(value) is str and (value or rank < 2):
            text = value if path == ("message",) else value.rstrip("\r\n")
            if rank < 0 and path[-1] in _TEMPLATES and "{" in text:
                properties = search.value.get("Properties")
                beside = properties if path == ("MessageTemplate",) and type(properties) is dict else search.value
                search.take("message", clef.message({**beside, "@m": None, "@mt": text}), path, whole=False)
                return
            if (text and path != LAST) or not _failure(search):
                search.take("message", text, path)
            return
    for rank, path, value in found:
        if rank < 0 or path[-1] in _ANY_MESSAGE:
            plain = type(value) is int or type(value) is bool
            # A list of small numbers is text under journald's own name only.
            text = fits.from_bytes(value) if path[-1] == "MESSAGE" else value
            search.take("message", fits.message(text), path, whole=plain)
            if path == ("message",) and rank >= 0:
                search.unread["message"] = "is not a text"
            return
    _failure(search)


def _whole(search: Search) -> None:
    """Take the whole text where the message is only its beginning."""
    dialect = search.layout.dialect
    if dialect is not None and dialect.whole is not None:
        text = fits.whole(search.log.get("message"), search.value.get(dialect.whole))
        if text is not None:
            search.log["message"] = text
            search.used.add(dialect.whole)


def _failure(search: Search) -> bool:
    """Take the text of an exception as the message, if there is one."""
    for path in EXCEPTIONS:
        value = at(search.value, path)
        if type(value) is str and value.strip():
            first = value.strip()
            search.take("message", first.partition("\n")[0] if len(first) > 1_000 else first, path, whole=False)
            return True
    return requested(search)


def _level(search: Search) -> None:
    unranked: tuple[str, tuple[str, ...]] | None = None
    for rank, path, value in search.candidates("level"):
        holder = path[0] if rank >= 0 and len(path) > 1 else ""
        if holder in (_HAPPENED if type(value) is str else _HOLDERS) and not _holds_log(search, holder):
            continue
        name = ".".join(path)
        level = fits.level(value, name, search.layout.dialect)
        if level is None:
            continue
        if not scales.is_ranked(level):
            unranked = unranked or ((level, path) if rank < _SURE and type(value) is str else None)
            continue
        between = fits.between(value, name, search.layout.dialect)
        search.take("level", level, path, whole=type(value) not in (dict, list) and not between)
        if between:
            search.unread["level"] = f"{value} lies between two levels; it counts as the lower"
        return
    if unranked is not None:
        search.take("level", *unranked)
        return
    if search.layout.dialect is not None and search.layout.dialect.default is not None:
        search.log["level"] = search.layout.dialect.default
        return
    if any(search.value.get(name) not in (None, "", False, True, [], {}) for name in FAILED):
        search.log["level"] = "error"
        return
    for status_path in STATUSES:
        status = at(search.value, status_path)
        if type(status) is str and len(status) == 3 and status.isdecimal():
            status = int(status)
        if type(status) is int and 100 <= status < 600:
            search.log["level"] = scales.from_status(status)
            return


def _holds_log(search: Search, holder: str) -> bool:
    """Return whether the message, or the time where the log has no other, lies in the object *holder*."""
    if search.origins.get("message", ())[:1] == (holder,):
        return True
    times = search.candidates("timestamp")
    return bool(times) and len(times[0][1]) > 1 and times[0][1][0] == holder


def _timestamp(search: Search) -> None:
    dialect = search.layout.dialect
    for rank, path, value in search.candidates("timestamp"):
        if rank >= 0 and _is_of_business(search, path):
            continue
        unit = dialect.unit if dialect is not None and rank < 0 else None
        time = fits.timestamp(value, unit, search.assumed, search.raw)
        if time is not None:
            if dialect is not None and rank < 0:
                time = fits.with_fraction(time, search.value, dialect, search.assumed)
            search.take("timestamp", time, path, whole=type(value) is not dict)
            return
    own = search.value.get("timestamp")
    if type(own) in (int, float) and fits.timestamp(own, None, search.assumed, b"", -(10**12)) is not None:
        search.take("timestamp", own, ("timestamp",))


def _is_of_business(search: Search, path: tuple[str, ...]) -> bool:
    """Return whether a time lies within what the log is about, where its message does not."""
    if len(path) < 2 or path[0] not in _HAPPENED or path[-1] not in _WITHIN:
        return False
    return search.origins.get("message", ())[:1] != path[:1]


def _short(search: Search, name: str) -> None:
    for rank, path, value in search.candidates(name):
        text = value if path == (name,) and rank >= 0 and type(value) is str else fits.short(value)
        if type(text) is str and len(text) <= fits.SHORT:
            search.take(name, text, path)
            return


def _traces(search: Search) -> None:
    """Fill trace and span; what was sent stays metadata where it was another text."""
    for name in ("traceId", "spanId"):
        for rank, path, value in search.candidates(name):
            if path == (name,) and rank >= 0 and type(value) is str and search.layout.dialect is None:
                if len(value) <= fits.SHORT:
                    search.take(name, value, path)
                    break
                continue
            decimal = "dd" in path or path[-1].startswith("dd")
            ids = traces.trace(value, decimal=decimal)
            if ids.trace is not None and len(ids.trace) <= fits.SHORT and _is_id(path, value, ids.trace):
                search.take(name, ids.trace, path, whole=ids.trace == value)
                if ids.span is not None:
                    search.log.setdefault("spanId", ids.span)
                break
        if "spanId" in search.log:
            break


def _is_id(path: tuple[str, ...], value: Any, text: str) -> bool:
    """Return whether a text under a name that has other meanings too is an id."""
    if path == ("span", "id"):
        return type(value) is str  # a number there is a field of the user's own, as tracing for Rust writes it
    return path[-1] not in ("trace", "b3") or (len(text) in (16, 32) and not text.strip("0123456789abcdef"))


def _unfilled(search: Search) -> None:
    """Say of each field of our own that it was sent, and why it is not read."""
    for name in OWN & search.value.keys() - search.used:
        value = search.value[name]
        if value is None or name in search.unread:
            continue
        path = search.origins.get(name)
        if path is not None and (path[0] == name or search.layout.dialect is not None):
            continue
        search.unread[name] = fits.reason(name, value)


def _is_ours(search: Search) -> bool:
    """Return whether the object is in our own form with names of its own beside it: those stay metadata."""
    value, origins = search.value, search.origins
    if type(value.get("metadata")) is not dict and type(value.get("resourceId")) is not str:
        return False
    if origins.get("message") != ("message",) or any(name in origins and origins[name] != (name,) for name in _TIMED):
        return False
    return all(name in search.used for name in OWN if value.get(name) is not None)


def _finish(search: Search) -> None:
    """Put everything that fills no field under metadata; a log's own metadata win over its other names."""
    value, log = search.value, search.log
    if log.get("message") is None:
        log["message"] = fits.dumped(value)
    own = value.get("metadata")
    used = search.used
    rest = {
        name: inner for name, inner in value.items() if name not in used and (inner is not None or name not in NULLS)
    }
    if "id" in value:
        log["id"] = value["id"]
        rest.pop("id", None)
    if type(own) is dict:
        del rest["metadata"]
        rest |= own
    elif own is not None:
        search.unread["metadata"] = "is not a JSON object"
    for name, more in search.later.items():
        first = [rest[name]] if name in rest else [log.pop("id")] if name == "id" else []
        kept = [*first, *more]
        rest[name] = kept[0] if len(kept) == 1 else kept
    if search.unread:
        name = UNREAD if UNREAD not in rest else f"{UNREAD} by LogIngestor"
        rest[name] = search.unread
    if rest:
        log["metadata"] = rest
