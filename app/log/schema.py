"""From what was sent to its logs: our own form first, else any other program's by its dialect; and why one is refused."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from operator import attrgetter
from typing import Any

import msgspec

from app.errors import Problem
from app.json_text import UNWRITABLE
from app.log import body as bodies
from app.log import own
from app.log.body import Item
from app.log.fold import cleaned
from app.log.foreign import usual
from app.log.foreign.doubled import decode
from app.log.foreign.found import Foreign
from app.log.foreign.ways import Way
from app.log.limits import AT_ONCE, Limits, Sharing, ensure_few, json_lines, surely
from app.log.lines.reader import read_inner
from app.log.own import Ready, copied
from app.log.parsed import UNUSED_SHOWN, Parsed, Refused
from app.log.reading import Line, Reader, batch, unused
from app.log.record import LogRecord
from app.log.scalars import as_bytes
from app.times.written import Assumed

#: The character that begins a colour, as JSON must write it.
_ESCAPE = b"\\u001b"
#: Kinds of values that bring their bytes, or need none.
_MADE = frozenset((Item, Ready))
_json = msgspec.json.Encoder().encode
_log, _size, _raw = attrgetter("log"), attrgetter("size"), attrgetter("raw")


def read(
    body: bytes,
    content_type: str | None,
    limits: Limits,
    now: int,
    *,
    strict: bool = False,
    source: Assumed | None = None,
    line: Line | None = None,
) -> Parsed:
    """Return the logs of a request's body; *now* is the accept time in ms.

    With *strict* only our own form is a log, and everything else is refused; without, every object is one. *source* is
    what is known of the source; *line* reads lines of text that a log wraps. Raises InvalidRecord when the body as a whole can't be read,
    UnsupportedMedia for another type, TooLarge for too many logs.
    """
    if not strict and len(body) <= surely(limits) and bodies.is_object(body, content_type) and not _odd(body, 1):
        # As most requests of one log are; what is more than an object is none that can be decoded.
        logs = bodies.plain_logs([body], limits, now)
        if logs is not None:
            return Parsed(logs, [0], [len(body)])
    lines = [] if strict else bodies.several_lines(body, content_type, limits.logs)
    odd = bool(lines) and _odd(body, len(lines))
    if lines and not odd and (logs := bodies.plain_logs(lines, limits, now)) is not None:
        return Parsed(logs, list(range(len(lines))), list(map(len, lines)))
    items = bodies.line_items(lines) if lines else bodies.items(body, content_type, limits.logs)
    if len(items) == 1 and not strict and (wrapped := batch(items[0].value)) is not None:
        return read_items(wrapped, limits, now, source=source, line=line, several=True)
    some = [items[start : start + AT_ONCE] for start in range(0, len(items), AT_ONCE)]
    odd = odd if lines or strict else _odd(body, len(items))
    return _parse(some, _How(limits, now, None if strict else _reader(now, source, line), odd=odd))


def _odd(body: bytes, logs: int) -> bool:
    """Return whether names may stand twice, of which the decoder keeps the last without a word, or colours: looked for in all logs at once."""
    return body.count(b'"message"') > logs or (b"\\" in body and _ESCAPE in body)


def read_items(
    values: Sequence[Any],
    limits: Limits,
    now: int,
    *,
    strict: bool = False,
    source: Assumed | None = None,
    line: Line | None = None,
    several: bool = False,
) -> Parsed:
    """Return the logs among decoded JSON values: what `read` does for doors that decode by themselves.

    Where a door has the bytes of a value, that is an Item; where it has checked a log, that is Ready. Each value is one log at
    most; with *several* one that wraps some gives them all. Raises TooLarge for too many.
    """
    ensure_few(len(values), limits.logs)
    if set(map(type, values)) == {Ready} and max(sizes := list(map(_size, values))) <= surely(limits):
        return Parsed(list(map(copied, map(_log, values))), list(range(len(values))), sizes)
    reader = None if strict else replace(_reader(now, source, line), several=several)
    return _parse(_items(values), _How(limits, now, reader, texts=True))


def _reader(now: int, source: Assumed | None, line: Line | None) -> Reader:
    at = datetime.fromtimestamp(now / 1000, UTC)
    assumed = Assumed(at) if source is None else replace(source, now=at)
    return Reader(assumed, line or partial(read_inner, assumed=assumed), sharing=Sharing())


def payload_of(value: Any) -> bytes:
    """Return a decoded value as JSON, for a dead letter; as Python writes it where JSON can't hold it."""
    try:
        return _json(value)
    except UNWRITABLE:
        return as_bytes(value)


def _items(values: Sequence[Any]) -> Iterator[Sequence[Item | Ready]]:
    """Yield some of the values after others with their bytes, which are made of many at once: that takes half as long as one by one."""
    for start in range(0, len(values), AT_ONCE):
        some = values[start : start + AT_ONCE]
        kinds = set(map(type, some))
        if kinds <= _MADE:
            yield some
            continue
        lines = json_lines(some) if kinds.isdisjoint(_MADE) else None
        # JSON has no line feed within a value.
        yield list(map(_item, some) if lines is None else map(Item, some, lines.split(b"\n")))


def _item(value: Any) -> Item | Ready:
    return value if isinstance(value, Item | Ready) else _made(value)


def _made(value: Any) -> Item:
    try:
        raw = _json(value)
    except UNWRITABLE:
        return Item(value, as_bytes(value), dirty=True)
    return Item(value, raw, dirty=b"\\u0000" in raw)


@dataclass(slots=True)
class _How:
    """How the values of a request are read."""

    limits: Limits
    now: int
    #: Reads other programs' logs; None where only our own form is a log.
    reader: Reader | None
    #: Whether names may stand twice, or colours stand, in any of the values.
    odd: bool = False
    #: Whether a text is a log.
    texts: bool = False


def _parse(several: Iterable[Sequence[Item | Ready]], how: _How) -> Parsed:
    parsed, start = Parsed(), 0
    for some in several:
        _add(some, start, how, parsed)
        start += len(some)
    return parsed


def _add(some: Sequence[Item | Ready], start: int, how: _How, parsed: Parsed) -> None:
    """Add the logs among values, the first of which stands at the place *start* of its request."""
    limits, now, reader, small = how.limits, how.now, how.reader, surely(how.limits)
    logs, places, sizes = parsed.logs, parsed.places, parsed.sizes
    plainly, read = reader is not None and not how.odd, None
    for place, one in enumerate(some, start):
        # One look at the type, which `isinstance` takes three times as long for: most that comes is our own form.
        if type(one) is not Ready:
            item = one
        elif one.size > small:
            item = _made(one.sent())
        else:
            parsed.add(copied(one.log), place, one.size)
            continue
        if plainly and not item.dirty and type(item.value) is dict:
            found: LogRecord | Problem | None = own.record(item.value, len(item.raw), limits, now, alone=True)
        else:
            found = item.problem or _own(item, limits, now, None if reader is None else how.texts, how.odd)
        if type(found) is LogRecord:
            logs.append(found)
            places.append(place)
            sizes.append(len(item.raw))
        elif isinstance(found, Problem):
            parsed.refused.append(Refused(replace(found, index=place), item.raw))
        elif reader is not None and len(some) < usual.FEW:
            _foreign(item, place, limits, now, reader, parsed)
        elif reader is not None:
            if read is None:
                # Not before one shows that there are other programs' logs.
                left = some[place - start :]
                read = usual.logs(left, reader.assumed, limits, now)
                if _add_alike(left, read, place, parsed):
                    return
            _add_foreign(item, place, how, parsed, read[place - start - len(some)])


def _add_foreign(item: Item, place: int, how: _How, parsed: Parsed, ready: usual.Read) -> None:
    """Add the logs in a value that is not in our own form; *ready* is its log where it was read at once."""
    if ready is None and how.reader is not None:
        _foreign(item, place, how.limits, how.now, how.reader, parsed)
    elif ready is not None:
        _add_read(item, place, *ready, parsed)


def _add_read(item: Item, place: int, log: LogRecord, way: Way, parsed: Parsed) -> None:
    parsed.add(log, place, len(item.raw), way.read_as)
    _note_unused(item.value, way.origins, parsed)


def _add_alike(items: Sequence[Any], read: Sequence[usual.Read], start: int, parsed: Parsed) -> bool:
    """Add the logs of values, where all were read by one way; return whether they were."""
    if read[0] is None or None in read:
        return False
    logs, ways = zip(*read, strict=True)
    if ways.count(ways[0]) < len(ways):
        return False
    parsed.add_all(logs, start, list(map(len, map(_raw, items))), ways[0].read_as)
    _note_unused(items[0].value, ways[0].origins, parsed)
    return True


def _own(item: Item, limits: Limits, now: int, texts: bool | None, odd: bool) -> LogRecord | Problem | None:
    """Return the record of a log in our own form, else why it is none; None for what is to be read as a foreign one.

    Every object may be one, a text where *texts*; nothing where *texts* is None.
    """
    try:
        value = cleaned(item.value) if item.dirty else item.value
    except RecursionError:
        return Problem("is nested too deeply")
    if texts is None:
        return own.record(value, len(item.raw), limits, now) or own.problem(value, limits)
    if type(value) is dict:
        return None if odd and _is_odd(item.raw) else own.record(value, len(item.raw), limits, now, alone=True)
    return None if texts and type(value) is str and value.strip() else own.problem(value, limits)


def _is_odd(raw: bytes) -> bool:
    return raw.count(b'"message"') > 1 or _ESCAPE in raw


def _foreign(item: Item, place: int, limits: Limits, now: int, reader: Reader, parsed: Parsed) -> None:
    """Add the logs in a value that is not in our own form."""
    value, raw = item.value, item.raw
    try:
        way = None if item.dirty or type(value) is not dict else reader.way(value, raw)
        record = None if way is None else way.record(value, raw, reader.assumed, limits, now)
        if way is not None and record is not None:
            _add_read(item, place, record, way, parsed)
            return
        at_once = None if way is None else way.read(value, raw, reader.assumed)
        value, found = _searched(item, reader) if at_once is None else (value, [at_once])
    except RecursionError:
        parsed.refused.append(Refused(Problem("is nested too deeply", index=place), raw))
        return
    for one in found:
        if item.dirty:
            one.log = cleaned(one.log)  # what it wraps as a text was decoded only now
        raw = item.raw if len(found) == 1 else _made(one.log).raw
        size = len(raw)
        record = own.record(one.log, size, limits, now)
        if record is None:
            one.log = own.fitted(one.log)
            record = own.record(one.log, size, limits, now)
        if record is None:
            parsed.refused.append(Refused(replace(own.problem(one.log, limits), index=place), raw))
            continue
        parsed.add(record, place, size, one.read_as)
        if type(value) is str and not one.read_as:
            parsed.last_read = place, "text"
        _note_unused(value, one.origins, parsed)


def _note_unused(value: Any, origins: dict[str, str], parsed: Parsed) -> None:
    if len(parsed.unused) < UNUSED_SHOWN:
        parsed.unused += [name for name in unused(value, origins) if name not in parsed.unused]


def _searched(item: Item, reader: Reader) -> tuple[Any, list[Foreign]]:
    """Return a value with the first of each name, and the logs in it. Raises RecursionError for one that is nested too deeply."""
    value, later = decode(item.raw, item.value)
    if item.dirty:
        value, later = cleaned(value), cleaned(later)
    return value, reader.read(value, item.raw, later=later) if type(value) is dict else [reader.text(value)]
