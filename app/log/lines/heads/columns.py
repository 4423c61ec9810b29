"""Columns: the parts of a head between bars, commas or colons, and levels that are known as such by the lines around them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import Any

from app.log.fold import fold
from app.log.lines import tail, words
from app.log.lines.heads.fields import HeadFields
from app.log.lines.heads.names import THREAD, is_no_logger
from app.log.ranks import RANKS
from app.times import stamps
from app.times.written import Assumed

#: The sign between two columns: a bar with blanks or without, any other sign close to both.
_SIGN = re.compile(r"[ ]{0,60}\|[ ]{0,2}|[,;:](?=[^\s,;:])|,[ ](?=[\w.$-]{1,120},[ ])")
#: A name in a column, up to the sign that ends it.
_NAMES = {
    "|": re.compile(r"([\w.$:/#@<>()-]{1,120})[ ]{0,60}\|[ ]{0,2}"),
    ",": re.compile(r"([\w.$:/#@<>()-]{1,120}),"),
    ", ": re.compile(r"([\w.$-]{1,120}),[ ]"),
    ";": re.compile(r"([\w.$:/#@<>()-]{1,120});"),
    ":": re.compile(r"([A-Za-z_][\w.$-]{0,119}):(?=\S)"),
}
#: Most columns between level and text.
_MOST = 3
#: A level in lower case, or its letter, where every line of a source has one in this place.
_LEVEL = re.compile(
    r"(?P<scopes>(?:\[[^\[\]]{1,60}\][ :]{1,2}){0,3})(?:(?P<word>[a-z]{3,9})(?:[ ]{0,8}[:|]|(?=[ ]))|(?P<letter>[TDINWECFV])(?=[ ]))[ ]{1,8}"
)
#: A logger before a text.
#: Names with their values, of which one is the text: `clientid: c1, msg: refused, reason: timeout`.
_KEYED = re.compile(r"(?:[a-z_]{1,40}: [^,]{0,200}, ){0,8}msg: ")
_LOGGER = re.compile(r"([A-Za-z_$][\w.$-]{0,119}): (?=\S)")
#: npmlog's line: its heading, where it has one, level and prefix.
_NPMLOG = re.compile(
    r"(?!(?:npm|gyp|lerna) )(?:(?P<program>[a-z][\w.@/-]{0,60}) )??(?P<level>ERR!|WARN|verb|sill|silly|http|info|notice|timing) (?P<rest>(?:(?P<resource>[\w.@/:-]{1,100}) )?(?P<message>.*))",
    re.DOTALL,
)
_CLOCK = re.compile(r"\d\d:\d\d:\d\d(?:[.,]\d{1,6})? (?=\S)")
_PADDED = re.compile(r"([A-Z]{4,8}) {1,5}(?=\S)")
_LABEL = re.compile(r"([a-z]{3,9}):[ ]")
#: Least lines with a level in the column; and lines with one for each line that may lack it.
_LEAST, _LACKING = 3, 5
#: How many lines must be a time alone.
_BARE = 2


def after_level(line: str, place: int, found: HeadFields) -> int:
    """Take the names in the columns behind a level; return where what follows them begins."""
    sign = _SIGN.match(line, place)
    if sign is None or (sign[0] == ", " and not line[:place].rpartition(" ")[0].endswith(",")):
        return place  # a comma within a text, where none stands between time and level
    name = _NAMES[sign[0] if sign[0] == ", " else sign[0].strip()]
    place = sign.end()
    threads = 0
    for number in range(_MOST):
        column = name.match(line, place)
        if column is None or words.is_level(column[1]):
            break
        thread = THREAD.match(column[1]) is not None
        if number and not thread and not threads and not re.search(r"[.:]|^\d+$", column[1]):
            break
        threads += thread
        found.column(column[1])
        place = column.end()
    return place


def unquoted(text: str) -> str:
    """Return the last column without the quotes around it."""
    return text[1:-1].replace('""', '"') if len(text) > 1 and text[0] == text[-1] == '"' else text


def is_column(logs: Iterable[dict[str, Any]]) -> bool:
    """Return whether the texts of *logs*, which a head was found before, begin with a level nearly all."""
    named_logs = lacking = others = 0
    for log in logs:
        if "timestamp" in log and "status" not in log.get("metadata", {}):
            known = log.get("level") is not None
            named = not known and _named(str(log["message"])) is not None
            others += known
            named_logs += named
            lacking += not known and not named
    return named_logs > 0 and named_logs + others >= _LEAST and lacking * _LACKING <= named_logs


def is_labelled(lines: Iterable[str]) -> bool:
    """Return whether most of *lines* begin with a level in lower case and a colon, as winston's `simple` writes it."""
    words_of = [label[1] for line in lines if (label := _LABEL.match(line)) is not None]
    known = sum(fold(word) in RANKS for word in words_of)
    return known >= _LEAST and known * 2 > len([line for line in lines if line[:1].strip()])


def labelled(line: str, assumed: Assumed) -> dict[str, Any] | None:
    """Return the log in a line that begins with a level of any name and a colon."""
    label = _LABEL.match(line)
    if label is None or fold(label[1]) not in RANKS:
        return None
    _, values = tail.split(line)
    time = tail.time(values, assumed)
    return {"level": label[1], "message": line, "timestamp": time, **tail.ids(values), "metadata": values}


#: A shape of heads: whether levels are in capitals, and which of the fields of a head are there.
Shape = tuple[bool, frozenset[str]]
_HEAD_FIELDS = frozenset(("pid", "program"))


def _shape(log: dict[str, Any]) -> Shape | None:
    """Return the shape of the head of a log; None for one without a time and a level, or of a request."""
    metadata = log.get("metadata", {})
    if "timestamp" not in log or log.get("level") is None or "status" in metadata:
        return None
    return str(log["level"]).isupper(), _HEAD_FIELDS.intersection(metadata)


def named_shapes(logs: Iterable[dict[str, Any]]) -> frozenset[Shape]:
    """Return the shapes of heads of which nearly all logs name a logger, in the head or before a colon behind it."""
    named_logs, alone = Counter[Shape](), Counter[Shape]()
    for log in logs:
        if (shape := _shape(log)) is not None:
            (named_logs if "resourceId" in log or _logger(log) is not None else alone)[shape] += 1
    return frozenset(
        shape for shape, count in named_logs.items() if count >= _LEAST and alone[shape] * _LACKING <= count
    )


def named(log: dict[str, Any], shapes: frozenset[Shape]) -> dict[str, Any]:
    """Return the log with the logger that its text begins with, where its head is of one of the *shapes*."""
    found = _logger(log) if _shape(log) in shapes else None
    return log if found is None else {**log, "resourceId": found[1], "message": log["message"][found.end() :]}


def _logger(log: dict[str, Any]) -> re.Match[str] | None:
    found = _LOGGER.match(log["message"])
    return None if found is None or is_no_logger(found[1]) or _KEYED.match(log["message"]) is not None else found


def is_clocked(lines: Iterable[str]) -> bool:
    """Return whether most of *lines* that are not indented begin with a time of day, as RQ's workers write them."""
    found = [_CLOCK.match(line) is not None for line in lines if line[:1].strip()]
    return sum(found) >= _LEAST and sum(found) * 2 > len(found)


def clocked(line: str, assumed: Assumed) -> dict[str, Any] | None:
    """Return the log in a line that begins with a time of day and has no level."""
    stamp = stamps.at(line, 0, assumed) if _CLOCK.match(line) is not None else None
    return None if stamp is None else {"message": line[stamp.end :].strip(), "timestamp": stamp.value}


def is_bare(lines: Iterable[str], assumed: Assumed) -> bool:
    """Return whether some of *lines* are a time alone, as Oracle's alert log has it above what happened then."""
    return sum(bare(line, assumed) is not None for line in lines) >= _BARE


def bare(line: str, assumed: Assumed) -> dict[str, Any] | None:
    """Return the log that a time alone on its line begins."""
    text = line.strip()
    inner = text[1:-1] if text[:1] == "[" and text[-1:] == "]" else text
    stamp = stamps.at(inner, 0, assumed) if 16 <= len(inner) <= 40 else None
    if stamp is None or stamp.kind != "full" or stamp.end < len(inner) or stamp.value is None:
        return None
    return {"message": "", "timestamp": stamp.value}


def is_npmlog(lines: Iterable[str]) -> bool:
    """Return whether all of *lines* begin as npmlog writes them: a level, ERR! and WARN in capitals and others not, then a prefix."""
    found = [_NPMLOG.match(line) for line in lines if line.strip()]
    levels = {one["level"] for one in found if one is not None}
    sure = levels & {"ERR!", "sill", "verb"} or ("WARN" in levels and len(levels) > 1)
    return len(found) >= _LEAST and None not in found and bool(sure)


def npmlog(line: str) -> dict[str, Any] | None:
    """Return the log in a line of npmlog: its prefix is the resource."""
    found = _NPMLOG.match(line)
    if found is None:
        return None
    level = found["level"].rstrip("!")
    if found["program"] is not None:
        return {"level": level, "message": found["rest"], "resourceId": found["program"]}
    return {"level": level, "message": found["message"], "resourceId": found["resource"]}


def width_of(lines: Iterable[str]) -> int:
    """Return the column at which all texts begin behind a level in capitals that is padded to the longest; 0 where there is none."""
    found = [one for line in lines if (one := _PADDED.match(line)) is not None and words.is_level(one[1])]
    ends = {one.end() for one in found}
    padded = any(one.end() - one.end(1) > 1 for one in found)
    return ends.pop() if padded and len(ends) == 1 and len(found) >= _LEAST else 0


def padded(line: str, width: int) -> str:
    """Return a line whose level fills its column (one blank before *width*) with a second blank, by which padded levels are recognised."""
    full = (
        width > 0
        and line[: width - 1].isalpha()
        and line[width - 1 : width] == " "
        and words.is_level(line[: width - 1])
    )
    return f"{line[:width]} {line[width:]}" if full else line


def _named(text: str) -> re.Match[str] | None:
    found = _LEVEL.match(text)
    return found if found is not None and (found["letter"] or fold(found["word"]) in RANKS) else None
