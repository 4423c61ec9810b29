"""Messages of syslog by RFC 5424, one or many at once, and what both its forms have: facilities, levels, control characters in digits."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import repeat
from operator import itemgetter
from typing import Any, NamedTuple

from app.log.foreign import traces
from app.log.foreign.many import Columns, LayoutParts, objects
from app.log.foreign.roles import WITHIN
from app.log.foreign.scales import SYSLOG
from app.log.lines import tail, words
from app.times import instant, written
from app.times.instant import Instant
from app.times.written import Assumed

#: Names of the facilities 0 to 23 (RFC 5424, section 6.2.1).
FACILITIES = (
    *("kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp", "ntp"),
    *("audit", "alert", "clock", *(f"local{number}" for number in range(8))),
)

#: Without an application syslog-pro for Node writes nothing in its place; pysyslogclient leaves the structured data out.
_FORM = re.compile(
    r"<(\d{1,3})>1 (\S+) (\S{1,255}) (\S{0,128}) (\S{1,128}) (?:(\S{1,128}) "
    r'(-|(?:\[[^ =\]"]{1,64}(?: [^ =\]"]{1,64}="[^"\\\]]*+(?:\\.[^"\\\]]*+)*+")*\])+)(?: (.*))?|(-|[A-Z]{1,8}\d{1,8}) (.*))',
    re.DOTALL,
)
#: The parts of a header before the structured data, and how long those behind the time may be.
_HEADER, _LENGTHS = 6, (range(1, 256), range(129), range(1, 129), range(1, 129))
_MARK = re.compile(r"<(\d{1,3})>1")
#: The parts of structured data that it took: the name of an element, or a parameter.
_PARTS = re.compile(r'\[([^ =\]"]+)| ([^ =\]"]+)="([^"\\\]]*+(?:\\.[^"\\\]]*+)*+)"', re.DOTALL)
_ESCAPED = re.compile(r'\\(["\\\]])')
#: Names in the metadata that no element takes along with others; how a header writes what it has not.
_HEAD = ("app", "pid", "msgid", "facility")
_NOTHING = ("-", "")
#: Priorities from it on mean nothing (section 6.2.1).
_PRIORITIES = 192
#: Cisco's program, which has the severity in it: `%ASA-4-106023`.
_CISCO = re.compile(r"%[A-Z][A-Z0-9_-]{1,60}-([0-7])-[A-Z0-9_]{2,60}")
#: Stands in WITHIN's place for a name that is no id's.
_NO_ID = ("", 0)
#: How rsyslog writes a control character within a line; behind a blank it is a number that somebody wrote.
_CONTROL = re.compile(r"(?<=\S)#(01[1-5]|033)")
_BOM = "\ufeff"


def read(line: str, assumed: Assumed) -> dict[str, Any] | None:
    """Return the log in a message; None for one of another form."""
    found = _FORM.fullmatch(line)
    if found is None or int(found[1]) >= _PRIORITIES:
        return None
    priority, time, host, app, process, kind, structured, message, kind_alone, text_alone = found.groups()
    if structured is None:
        kind, structured, message = kind_alone, "-", text_alone
    timestamp = None if time == "-" else _timestamp(time, assumed)
    if timestamp is None and time != "-":
        return None
    metadata: dict[str, Any] = {"app": app, "pid": process}
    if kind != "-":
        metadata["msgid"] = kind
    ids = {} if structured == "-" else _add_elements(metadata, structured)
    metadata["facility"] = FACILITIES[int(priority) >> 3]
    for name in ("app", "pid"):
        if metadata[name] in _NOTHING:
            del metadata[name]
    text = _text(message or "")
    fields = {"level": level(int(priority), app, text), "message": plain(text)}
    return {**ids, **fields, "resourceId": None if host == "-" else host, "timestamp": timestamp, "metadata": metadata}


def _timestamp(time: str, assumed: Assumed) -> str | int | float | None:
    return time if instant.is_plain(time) else written.from_value(time, assumed)


def _text(message: str) -> str:
    return "" if message == "-" else message.removeprefix(_BOM).removeprefix(" ")


def _add_elements(metadata: dict[str, Any], structured: str) -> dict[str, str]:
    """Add the elements of structured data; return the ids of trace and span among their parameters.

    These have the names that logs give them within any object. Of a parameter that stands in an element twice, as it may,
    all values are kept.
    """
    values: dict[str, Any] = {}
    ids: dict[str, tuple[int, str]] = {}
    for element, name, written_so in _PARTS.findall(structured):
        if element:
            metadata[element] = values = {}
            continue
        value = _ESCAPED.sub(r"\1", written_so) if "\\" in written_so else written_so
        if name in values:
            tail.add(values, name, value)
            continue
        values[name] = value
        field, rank = WITHIN.get(name, _NO_ID)
        if field and (field not in ids or rank < ids[field][0]):
            of = value if traces.is_plain(value) else traces.trace(value).trace
            if of is not None:
                ids[field] = (rank, of)
    return {field: of for field, (_, of) in ids.items()}


def read_alike(texts: Sequence[str], assumed: Assumed) -> LayoutParts | None:
    """Return what `read` returns of each of several messages, all of which name a time and a host.

    None where they are not alike: one of another form, or that has not what the first has, must be read by itself.
    """
    first = _FORM.fullmatch(texts[0])
    heads = [text.split(" ", _HEADER) for text in texts]
    if first is None or first[7] is None or set(map(len, heads)) != {_HEADER + 1}:
        return None
    marks, times, *named, behind = zip(*heads, strict=True)
    given, (hosts, apps, _, _) = set(marks), named
    priorities = {mark: int(found[1]) for mark in given if (found := _MARK.fullmatch(mark)) is not None}
    if len(priorities) < len(given) or max(priorities.values()) >= _PRIORITIES or "-" in hosts or "%" in "".join(apps):
        return None
    instants, rest, data = _instants(times, assumed), _named(named), _elements(first[7], behind)
    if instants is None or rest is None or data is None:
        return None
    facilities = {mark: FACILITIES[number >> 3] for mark, number in priorities.items()}
    levels = {mark: SYSLOG[number & 7] for mark, number in priorities.items()}
    rest |= {**data.held, "facility": list(map(facilities.__getitem__, marks))}
    fields: Columns = {"level": list(map(levels.__getitem__, marks)), "message": _plain_texts(data.texts)}
    return LayoutParts({**fields, "resourceId": hosts, **data.ids}, instants, rest)


def _instants(times: Sequence[str], assumed: Assumed) -> Sequence[Instant] | None:
    usual = instant.all_plain(times)
    if usual is not None:
        return list(zip(usual, repeat(0)))
    given = [_timestamp(time, assumed) for time in times]
    try:
        return [instant.parse(one) for one in given if isinstance(one, str)] if set(map(type, given)) == {str} else None
    except ValueError:
        return None


def _named(parts: Sequence[Sequence[str]]) -> Columns | None:
    """Return the metadata that are in the parts of headers behind the time; None where one has a part that another lacks."""
    for column, lengths in zip(parts, _LENGTHS, strict=True):
        if not set(map(len, column)) <= set(lengths):
            return None
    # A header ends at any blank, not only at those between its parts.
    if len("".join(map("".join, parts)).split()) > 1:
        return None
    found: Columns = {}
    for name, column in zip(("app", "pid", "msgid"), parts[1:], strict=True):
        lacking = sum(map(column.count, _NOTHING))
        if lacking not in (0, len(column)):
            return None
        if not lacking:
            found[name] = column
    return found


class _Data(NamedTuple):
    """Structured data of several messages: ids, objects by element, and the texts behind them."""

    ids: Columns
    held: Columns
    texts: Sequence[str]


def _elements(structured: str, behind: Sequence[str]) -> _Data | None:
    """Return what `_add_elements` finds in several messages, given what is behind their headers, and the structured data of the first.

    None where others have another layout, or a value must be looked at by itself.
    """
    # Without escapes each value lies between two quotation marks, and all else is the layout.
    layout = structured.split('"')
    pieces = [text.split('"', len(layout) - 1) for text in behind]
    if set(map(len, pieces)) != {len(layout)}:
        return None
    *between, last = zip(*pieces, strict=True)
    values, end = between[1::2], len(layout[-1])
    written_so = "".join(map("".join, values))
    if (
        "\\" in written_so
        or "]" in written_so
        or not {text[: end + 1] for text in last} <= {layout[-1], layout[-1] + " "}
    ):
        return None
    if any(column.count(part) < len(column) for column, part in zip(between[::2], layout[:-1:2], strict=True)):
        return None
    found = _by_name(structured, values, len(behind))
    return None if found is None else _Data(*found, [text[end + 1 :] for text in last])


def _by_name(structured: str, values: Sequence[Sequence[str]], count: int) -> tuple[Columns, Columns] | None:
    """Return ids, and the objects of each element, given structured data of the layout of all and the values of its parameters."""
    held, ids, left, within = dict[str, Columns](), dict[str, tuple[int, Sequence[str]]](), iter(values), Columns()
    for element, name, _ in _PARTS.findall(structured):
        if name in within or element in held or element in _HEAD:
            return None
        if element:
            held[element] = within = {}
            continue
        within[name] = column = next(left)
        field, rank = WITHIN.get(name, _NO_ID)
        if field and (field not in ids or rank < ids[field][0]):
            if not traces.are_plain(column):
                return None
            ids[field] = (rank, column)
    made: Columns = {element: objects(one) if one else [{} for _ in range(count)] for element, one in held.items()}
    return {field: column for field, (_, column) in ids.items()}, made


def _plain_texts(messages: Sequence[str]) -> Sequence[str]:
    """Return the texts of messages."""
    signs = set(map(itemgetter(slice(1)), messages))
    texts = messages if signs.isdisjoint(("-", " ", _BOM)) else list(map(_text, messages))
    return texts if not any("#0" in text for text in texts) else list(map(plain, texts))


def plain(message: str) -> str:
    """Return a message with the control characters that rsyslog wrote in digits."""
    return _CONTROL.sub(lambda code: chr(int(code[1], 8)), message) if "#0" in message else message


def level(priority: int | None, app: str, message: str) -> str:
    """Return the level in the program's name, else that of the priority, else that at the beginning of the message."""
    cisco = _CISCO.fullmatch(app) if app.startswith("%") else None
    if cisco is not None:
        return SYSLOG[int(cisco[1])]
    return (words.leading(message) or "info") if priority is None else SYSLOG[priority & 7]
