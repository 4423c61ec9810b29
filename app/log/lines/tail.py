"""The tail of a line, behind its text: pairs such as `path=/var took=1.5s`, or one JSON object."""

from __future__ import annotations

import re
from typing import Any

from app.json_text import STRICT, NotJSON
from app.times import stamps
from app.times.written import Assumed

#: Longest text, most pairs and longest name that are looked at.
_LONGEST, _MOST = 16_384, 64
_PAIR = re.compile(
    r"(?<!\S)([A-Za-z_!@][\w.@/:-]{0,63})=(\"(?:[^\"\\]|\\.)*+\"|'(?:[^'\\]|\\.)*+'|[\w.]*[\[({][^\[\](){}]{0,500}[\])}]|[^\s\"'=][^\s]*+|)(?<![,:;])(?=\s|$)",
    re.ASCII,
)
_PADDING = re.compile(r"(?<=\S)[ ]{2,80}(?=[A-Za-z_][\w.-]{0,63}=)")
_BRACED = re.compile(r"\{([^{}]{0,2000})\}")
#: Log4j's `%X`: what the thread's context map holds, as Java writes a map.
_CONTEXT = re.compile(r"\{([\w.-]{1,64}=[^{}=,\s]{1,200}(?:, [\w.-]{1,64}=[^{}=,\s]{1,200}){0,20})\}$")
#: A hash of Ruby that is flat, and one of its pairs.
_HASHED = re.compile(
    r"(?::?([A-Za-z_]\w{0,63})|\"([^\"\\]{1,64})\")(?: ?=> ?|: )(\"(?:[^\"\\]|\\.)*+\"|[^\s\"{}\[\],]{1,200})"
)
_HASH = re.compile(rf"\{{(?=(?P<pairs>(?:{_HASHED.pattern}(?:, |(?=\}})))*))(?P=pairs)\}}")
#: A dictionary of Python that is flat, at the end: loguru's `{extra}`.
_ITEM = re.compile(r"'([A-Za-z_][\w.-]{0,63})': ('(?:[^'\\]|\\.){0,500}'|[^\s'\"{}\[\](),]{1,100})")
_DICT = re.compile(rf"\{{(?:{_ITEM.pattern}(?:, (?=')|(?=\}}))){{1,40}}\}}$")
_FIELD = re.compile(r"\[(\"(?:[^\"\\]|\\.)*+\"|[^\"\[\]=]+)=(\"(?:[^\"\\]|\\.)*+\"|[^\"\]]*+)\]")
_LABELLED = re.compile(r"\[([A-Za-z_][\w.-]{0,60}):([^\[\]]{0,200})\] ")
#: Names of a time among the pairs behind a text.
_TIMES = ("timestamp", "@timestamp", "time", "ts")
_NAME = re.compile(r"(?<!\S)([A-Za-z_][\w.-]{0,63})=")
#: structlog writes the logger behind the text, before the pairs.
_LOGGER = re.compile(r"[ ]\[([A-Za-z_][\w.]{2,200})\][ ]*$")
_INTEGER = re.compile(r"-?(?:0|[1-9]\d{0,18})")
_FLOAT = re.compile(r"-?(?:0|[1-9]\d{0,14})\.\d{1,15}")
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|.)")
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t"}
#: The names of trace and span in what programs write behind or before a text.
TRACES = ("trace_id", "traceId", "traceID", "trace.id", "dd.trace_id", "otelTraceID")
SPANS = ("span_id", "spanId", "spanID", "span.id", "dd.span_id", "otelSpanID")
_IDS = frozenset((*TRACES, *SPANS))


def split(text: str) -> tuple[str, dict[str, Any]]:
    """Return the text of a line and the pairs behind it.

    The pairs leave the text only where that is certain: behind a tab, two blanks or a text in quotes. Else they
    may be words of the message, and it keeps them.
    """
    if len(text) > _LONGEST:
        return text, {}
    if text.endswith("}"):
        if (found := _object(text)) is not None:
            return found
        if (context := _CONTEXT.search(text)) is not None:
            return text.rstrip(), pairs(context[1]) or {}
        if "{'" in text and (shown := _DICT.search(text)) is not None:
            return text, {name: _typed(name, value) for name, value in _ITEM.findall(shown[0])}
    if "=" not in text:
        return text.rstrip(), {}
    if "  " in text and _PADDING.search(text) is not None:
        return _padded(text)
    start, values = _trailing(text)
    if not values:
        return text.rstrip(), {}
    before = text[:start]
    if "[" in before and (logger := _LOGGER.search(before)) is not None:
        return before[: logger.start()].rstrip(), {"logger": logger[1], **values}
    if len(before) > 1 and before[0] == '"' and before.rstrip().endswith('"'):
        return plain(before.strip()), values
    certain = before.endswith(("  ", "\t")) and before.strip() != ""
    return (before if certain else text).rstrip(), values


def _padded(text: str) -> tuple[str, dict[str, Any]]:
    """Split a text that is padded before its pairs, whose values may hold blanks: `failed     error=no such file`."""
    found = _PADDING.search(text)
    if found is None:
        return text.rstrip(), {}
    rest, values = text[found.end() :], dict[str, Any]()
    names = list(_NAME.finditer(rest))[:_MOST]
    for number, name in enumerate(names):
        end = names[number + 1].start() if number + 1 < len(names) else len(rest)
        add(values, name[1], _typed(name[1], rest[name.end() : end].strip()))
    return text[: found.start()], values


def pairs(text: str) -> dict[str, Any] | None:
    """Return the pairs of *text* where it is nothing but pairs, blanks and commas between them."""
    start, values = _trailing(text.replace(",", " "))
    return values if values and not text[:start].strip() else None


def payload(text: str) -> dict[str, Any] | None:
    """Return what a hash of Ruby holds, as its `inspect` writes one that is flat: `{:order=>"o-17", :amount=>3}`, `{order: "o-17"}`."""
    if not text.startswith("{") or _HASH.fullmatch(text) is None:
        return None
    found: dict[str, Any] = {}
    for name, quoted, value in _HASHED.findall(text):
        add(found, name or quoted, _typed(name or quoted, value.removeprefix(":")))
    return found


def bracketed(text: str) -> dict[str, Any]:
    """Return what stands in brackets of their own behind a text, as TiDB writes it: `[conn=17] [error="refused by bank"]`."""
    found: dict[str, Any] = {}
    for name, value in _FIELD.findall(text):
        add(found, plain(name), _typed(name, value))
    return found


def labelled(text: str) -> dict[str, Any]:
    """Return what stands in brackets of their own before a text, as nested-logrus-formatter writes it: `[component:pay] [pct:95] `."""
    found: dict[str, Any] = {}
    for name, value in _LABELLED.findall(text):
        add(found, name, _typed(name, value))
    return found


def object_of(text: str) -> dict[str, Any] | None:
    """Return the object of JSON that *text* is; None for another text."""
    try:
        value = STRICT.read(text)
    except NotJSON:
        return None
    return value if isinstance(value, dict) else None


def ids(metadata: dict[str, Any]) -> dict[str, str]:
    """Take trace and span out of *metadata*; an id of zeros is none and stays there."""
    found: dict[str, str] = {}
    if _IDS.isdisjoint(metadata):
        return found
    for field, names in (("traceId", TRACES), ("spanId", SPANS)):
        name = next((name for name in names if name in metadata), None)
        if name is not None and isinstance(metadata[name], str | int) and str(metadata[name]).strip("0x"):
            found[field] = str(metadata.pop(name))
    return found


def within(spans: str) -> dict[str, Any]:
    """Return the ids of trace and span among the fields that tracing for Rust writes of its spans: `request{trace_id="0a"}`."""
    found: dict[str, Any] = {}
    for inner in _BRACED.findall(spans):
        found |= {name: value for name, value in (pairs(inner) or {}).items() if name in TRACES or name in SPANS}
    return found


def contexts(text: str) -> tuple[str, dict[str, Any]]:
    """Return a text of Monolog without the context and the extra behind it, and what they hold."""
    values: dict[str, Any] = {}
    for _ in range(2):
        if text.endswith(" []"):
            text = text[:-3]
            continue
        place = text.rfind(' {"')
        try:
            value = STRICT.read(text[place + 1 :]) if place >= 0 and text.endswith("}") else None
        except NotJSON:
            value = None
        if type(value) is not dict:
            break
        values = {**value, **values}
        text = text[:place]
    return text, values


def time(values: dict[str, Any], assumed: Assumed) -> str | int | float | None:
    """Take the time out of the pairs behind a text whose head has none."""
    for name in _TIMES:
        found = stamps.from_value(values[name], assumed) if name in values else None
        if found is not None:
            del values[name]
            return found
    return None


def _trailing(text: str) -> tuple[int, dict[str, Any]]:
    """Return where the unbroken run of pairs begins that ends the text, and the pairs."""
    run: list[re.Match[str]] = []
    first = text.rfind(" ", 0, max(text.find("="), 0)) + 1
    for found in _PAIR.finditer(text, first):
        if run and text[run[-1].end() : found.start()].strip():
            run.clear()
        run.append(found)
    if not run or text[run[-1].end() :].strip() or len(run) > _MOST:
        return len(text), {}
    values: dict[str, Any] = {}
    for found in run:
        add(values, found[1], _typed(found[1], found[2]))
    return run[0].start(), values


def add(values: dict[str, Any], name: str, value: Any) -> None:
    """Put *value* under *name*; a second one of that name makes a list of both."""
    if name not in values:
        values[name] = value
    elif isinstance(values[name], list):
        values[name].append(value)
    else:
        values[name] = [values[name], value]


def _object(text: str) -> tuple[str, dict[str, Any]] | None:
    place = text.find('{"')
    if place < 1 or not text[place - 1].isspace():
        return None
    try:
        value = STRICT.read(text[place:])
    except NotJSON:
        return None
    if not isinstance(value, dict):
        return None
    before = text[:place]
    if before.endswith("\t"):
        return before.rstrip(), value
    return (before[:-3] if before.endswith(" | ") else text).rstrip(), value


def _typed(name: str, value: str) -> Any:
    if name in _IDS:
        return plain(value)
    if value[:1].isdigit() or value[:1] == "-":
        if _INTEGER.fullmatch(value):
            return int(value)
        if _FLOAT.fullmatch(value):
            return float(value)
    return {"true": True, "false": False}.get(value) if value in ("true", "false") else plain(value)


def plain(value: str) -> str:
    """Return the text within quotes, its escapes undone; another one as it is."""
    if len(value) < 2 or value[0] not in "\"'" or value[-1] != value[0]:
        return value
    inner = value[1:-1]
    if "\\" not in inner:
        return inner
    # A character beyond the first plane is two escapes.
    return _ESCAPE.sub(_unescaped, inner).encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _unescaped(found: re.Match[str]) -> str:
    code = found[1]
    if len(code) > 1:
        return chr(int(code[1:], 16))
    return _ESCAPED.get(code, code)
