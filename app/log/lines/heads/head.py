"""The head of a line: a time, a level, thread, logger and place in the source, in whatever order, then the text.

No program's layout is known here: a head is a run of tokens of known kinds. A token that might as well be
the first word of the text is left to the text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from app.log.lines import tail, words
from app.log.lines.heads import columns, fields, levels, names, signs
from app.times import stamps
from app.times.stamps import Stamp
from app.times.written import Assumed

#: Signs and words that may stand before the time.
_PREFIX = re.compile(
    r"(?P<letter>[A-Z]),?[ ](?=\[)|\[(?P<task>\d{1,3}-\d{1,3})\][ ](?=\d{4}-)|(?P<number>\d{1,10}|[A-Z][A-Za-z]{2,40} #\d{1,10})[ ](?=\d\d:\d\d:\d\d )"
    r"|\[(?P<pid>\d{1,10})\][ ]|\[(?P<name>[A-Za-z][\w.-]{0,63})\][ ](?:(?P<process>\d{1,10})[ ]+-[ ])?"
    r"|(?P<file>\S{1,200}\.log\S{0,50})[ ]|(?P<program>[A-Za-z][\w.-]{0,63}):[ ]"
    r"|(?P<word>[A-Z]{3,10})[ ]{2,10}(?=(?:\d{4}-\d\d-\d\d[ T]|[A-Z][a-z]{2} [ \d]\d )\d\d:\d\d:\d\d(?:\.\d{1,6})? \[\d{1,10}\]: )"
    r"|(?P<worker>[A-Za-z][\w.-]{0,63})[ ]{1,10}(?=(?:\d{4}-\d\d-\d\d[ T]|[A-Z][a-z]{2} [ \d]\d )\d\d:\d\d:\d\d)"
)
#: The address of a thread behind the time, before a word with its colon: Privoxy's.
_ADDRESS = re.compile(rf"[ ](?P<thread>(?=\d*[a-f]){names.ADDRESS}|0x[0-9a-f]{{1,16}})[ ](?=[A-Z][A-Za-z]{{2,20}}: )")
#: The signs between a level and the time behind it.
_BETWEEN = re.compile(r"(?:[:|,]|\s|-(?=\s))+")
_BRACKET = re.compile(r"\[([^\[\]]{0,120})\][ ]{1,2}(?=\S)")
#: A level beside a logger or a thread in one bracket: Twisted's `[pay#error]`, multiprocessing's, Minecraft's `[main/INFO]`.
SHARED = re.compile(
    r"\[(?:(?P<name>[\w.$-]{1,100})#(?P<hash>[a-z]{3,9})|(?P<thread>[^\[\]/]{1,80})/(?P<last>[A-Z]{3,9})|(?P<first>[A-Z]{3,9}|Level \d{1,2})/(?P<process>[\w -]{1,60}))\]:?"
)
_SEPARATOR = re.compile(
    r"(?:\s|\|-(?=[A-Z])|[|›»▶\]]|:(?=[A-Z]{4,8}[ :])|[\u2600-\u27bf\ufe0f\U0001f300-\U0001faff]++(?=[ ])|[:,](?=[\s\[]|$)|,(?=[A-Z]{4,8},)|;(?=[A-Z]{4,8};)|(?<=[A-Z]);|-{1,3}(?=\s|$)|>{1,2}(?=\s))*"
)
#: Tokens that may stand between time and level.
_TOKEN = re.compile(
    r"(?P<bracket>\[[^\[\]]{0,120}(?:\[[^\[\]]{0,60}\][^\[\]]{0,60}){0,3}\])|(?P<percent>\d{1,3}\.\d\d%)(?=[ ])|(?P<brace>\{{1,2}[\w./:@-]{0,120}\}{1,2})|(?P<paren>\([\w.:/-]{1,60}\))"
    r"|(?P<angle><[\w.:/-]{1,80}>)|(?P<hash>#\d{1,10})|(?P<pairs>[a-z]\w{0,30}=\S{0,200})"
    r"|(?P<hex>(?=[a-f]{0,15}\d)(?=\d{0,15}[a-f])[0-9a-f]{6,16})(?=\s)|(?P<state>[0-9A-Z]{5})(?=\s+[A-Z]+:[ ]{2})|(?P<number>\d{1,10})(?=[\s:\]])|(?P<delay>\d{1,10}ms)(?=\s)|(?P<name>(?:\.{3})?[A-Za-z_@][\w.$/@-]{0,99}(?:::?[\w.$/@-]{1,99}){0,8})(?:\(\))?(?P<colon>:(?=\s))?"
)
#: Parts that may stand between level and text, each only where it can't be the first word of the text.
_INNER = re.compile(
    r"(?P<bracket>\[[^\[\]]{0,200}(?:\[[^\[\]]{0,60}\][^\[\]]{0,60}){0,3}\])(?=[\s:\[(]|$)|\((?P<process>\d{1,10})\)(?=[\s:])"
    r"|(?P<paren>\([\w.-][\w .:-]{0,59}\))(?=[\s:])|\((?P<placed>[\w./-]{1,150}\.[A-Za-z]{1,5}:(?:\d{1,7}|[\w<>$]{1,100}\(\d{1,7}\)))\)(?=\s)|(?P<rust>(?:[\w-]{1,60}[ ])?ThreadId\(\d{1,9}\))(?=[ ])"
    r"|(?P<call>[A-Za-z_][\w.]{0,200}:[\w<>.]{1,100}:\d{1,7})(?=[ ])"
    r"|(?P<django>[\w.]{1,80}[ ]\d{1,10}[ ]\d{6,20})(?=[ ])|<(?P<angle>[\w./-]{1,100}:\d{1,7})>(?=\s)|\{(?P<trace>[0-9a-f]{32})\}(?=[ ])|(?P<hex>(?=[0-9a-f]{0,31}[a-f])[0-9a-f]{32})(?=[ ])|<(?P<erlang>\d{1,9}\.\d{1,9}\.\d{1,9})>(?=\s|$)"
    r"|(?P<swift>[A-Za-z_][\w.]{0,200}\([\w:]{0,100}\):\d{1,7})(?=[ ]-[ ])"
    r"|(?P<number>\d{1,10})(?=[ ]---[ ]|[ ]\[|[ ](?:MainThread|Thread-\d+)[ ])|(?P<thread>MainThread|Thread-\d+)(?=[ ])"
    r"|(?P<source>(?:[A-Za-z]:)?[\w./@\\-]{1,150}\.[A-Za-z]{1,4}:\d{1,7}(?::\d{1,7})?):?(?=[\s\]])"
    r"|(?P<java>(?:[a-z_]\w{0,60}\.){1,12}[A-Z][\w$]{0,100}(?:\.[\w$<>]{1,100})?)(?=[ ][^:\s=-])"
    r"|(?P<span>[a-z][\w-]{0,60}(?::[a-z][\w-]{0,60}){0,8}):(?=[ ][a-z]\w*::[\w:]{1,200}:[ ])|/(?P<worker>[\w-]{1,60})(?=[\]:])"
    r"|(?P<spans>[\w-]{1,60}\{[^{}\n]{0,300}\}(?::[\w-]{1,60}\{[^{}\n]{0,300}\}){0,8}):(?=\s)"
)
#: Monolog's and Laravel's `channel.LEVEL:`.
#: Three letters in the place of a level, which zerolog cuts from whatever a field of that name holds.
_SHORT = re.compile(r" (?:[A-Z]{3}|\?{3}) ")
_CHANNEL = re.compile(r"([\w-][\w.-]{0,100})\.([A-Z]{2,10}):")
_TOKENS = 8


@dataclass(slots=True)
class Head:
    """The fields that the tokens of a head gave so far."""

    stamp: Stamp | None = None
    level: words.Level | None = None
    found: fields.HeadFields = field(default_factory=fields.HeadFields)
    #: Whether the time stands alone in its brackets, or without.
    closed: bool = True
    #: Whether any word that has a rank is a level in a level's place.
    loose: bool = False


def read(line: str, assumed: Assumed, *, loose: bool = False) -> dict[str, Any] | None:
    """Return the log in a line that has a time before its text; None for any other line.

    *loose* says that all lines of the source have a level in its place (words.at).
    """
    head = Head(loose=loose)
    place = _time(line, head, assumed)
    if place is None:
        return None
    place, certain = _level(line, place, head)
    if head.level is None and (sign := signs.SIGN.match(line, place + line[place : place + 1].isspace())) is not None:
        return {**signs.signed(line, sign), "timestamp": head.stamp and head.stamp.value}
    if head.level is None and not certain and head.stamp is not None and head.stamp.kind != "full":
        return None
    return log_of(head, inner(line, place, head), assumed)


def _time(line: str, head: Head, assumed: Assumed) -> int | None:
    """Find the time, over what may stand before it; return the place behind it."""
    place = len(line) - len(line.lstrip()) if line[:1].isspace() else 0
    for _ in range(6):
        first = line[place : place + 1]
        opened, worded = first in ("[", "("), first.isalpha()
        level = words.at(line, place) if worded and head.level is None else None
        head.stamp = stamps.at(line, place + opened, assumed) if level is None else None
        if head.stamp is not None:
            end = head.stamp.end
            head.closed = not opened or line[end : end + 1] in ("]", ")")
            return end + (opened and head.closed) if end < len(line) else None
        if level is None and head.level is None and not worded:
            level = words.at(line, place)
        if level is not None:
            head.level, place = level, level.end
            between = _BETWEEN.match(line, place)
            place = place if between is None else between.end()
            continue
        found = _PREFIX.match(line, place)
        if found is not None:
            place = found.end()
            if found["word"] is not None:  # a level of the program's own, in the column of the others
                head.level = words.Level("info", place, "caps", found["word"])
                continue
            head.found.prefix(found)
            continue
        bracket = _BRACKET.match(line, place) if head.level is not None else None
        if bracket is None or not head.found.bracket(bracket[1]):
            return None
        place = bracket.end()
    return None


def _level(line: str, place: int, head: Head) -> tuple[int, bool]:
    """Find the level behind the time; return the place behind it, and whether the time is one for certain."""
    if head.level is not None:
        # A console's label before the time, the logger's level behind it: `Trace: 2026-11-30T08:00:00Z TRACE shop: text`.
        again = words.at(line, place + 1) if head.level.style == "title" and line[place : place + 1] == " " else None
        if again is not None and again.style == "caps":
            head.level, place = again, again.end
        return place, True
    certain = (
        line[place - 1] in "])" or line[place : place + 2] in (": ", "  ") or _SHORT.match(line, place) is not None
    )
    start, words_before = place, 0
    tokens: list[re.Match[str]] = []
    if (address := _ADDRESS.match(line, place)) is not None:
        head.found.metadata["thread"] = address["thread"]
        start = place = address.end() - 1
    opened = len(line) - len(line[place:].lstrip())
    shared = SHARED.match(line, opened) if line[opened : opened + 1] == "[" else None
    if shared is not None and share(shared, head):
        return shared.end(), True
    for _ in range(_TOKENS):
        skipped = _SEPARATOR.match(line, place)
        place = place if skipped is None else skipped.end()
        if not tokens and (end := _channel(line, place, head)) is not None:
            return end, certain
        level = words.at(line, place, loose=head.loose)
        if level is not None and (levels.fits(level, tokens, line) or (head.loose and _brackets(tokens))):
            head.level = level
            for token in tokens:
                head.found.token(token)
            return level.end, certain
        ahead = _TOKEN.match(line, place)
        if ahead is None:
            break
        tokens.append(ahead)
        place = ahead.end()
        words_before += levels.is_word(ahead, line)
        if words_before > levels.MOST_WORDS:
            break  # a level behind so many words is a word of the text itself
    return start, certain


def _channel(line: str, place: int, head: Head) -> int | None:
    """Take a level that follows a channel or logger; return the place behind the level, None without a level."""
    channel = _CHANNEL.match(line, place)
    if channel is None or not words.is_level(channel[2]):
        return None
    head.level = words.Level(channel[2], channel.end(), "caps")
    if "." in channel[1]:
        head.found.logger = channel[1]
    else:
        head.found.metadata["channel"] = channel[1]
    return channel.end()


def _brackets(tokens: list[re.Match[str]]) -> bool:
    return all(token["bracket"] is not None for token in tokens)


def share(found: re.Match[str], head: Head) -> bool:
    """Take level and name out of one bracket; False where the word is no level."""
    word = found["hash"] or found["last"] or found["first"]
    named = words.named(word)
    if named is None:
        return False
    head.level = words.Level(named[0], found.end(), "bracket", named[1])
    if found["name"] is not None:
        head.found.logger = found["name"]
    elif found["thread"] or found["process"]:
        head.found.metadata["thread"] = found["thread"] or found["process"]
    return True


def inner(line: str, place: int, head: Head) -> str:
    """Read what stands between level and text; return the text."""
    found = head.found
    columns_end = columns.after_level(line, place, found) if head.level is not None else place
    quoted, place = columns_end > place and line[columns_end - 1] == ",", columns_end
    for number in range(_TOKENS):
        skipped = _SEPARATOR.match(line, place) if number == 0 or not head.closed else _space(line, place)
        if skipped is not None:
            place = skipped.end()
            if number and "- " in skipped[0] and "--" not in skipped[0]:
                break
        token = _INNER.match(line, place)
        if head.level is None and token is not None and not _without_level(line, place, token):
            token = None
        if token is not None and (found.inner(token) or found.threaded(line, token)):
            place = token.end()
            continue
        named = names.LOGGER.match(line, place)
        if (
            named is not None
            and found.logger is None
            and names.is_logger(named, line, head.level, sourced="source" in found.metadata)
            and not (
                head.level is not None
                and found.has_logger()
                and named["end"].strip() == ":"
                and named["name"].isalpha()
            )
        ):
            if not found.beside(named, line, head.level):
                found.take_logger(named)
            place = named.end()
            if named["end"].strip() in (":", "|") and names.BRACKET.match(line, place) is not None:
                break  # a bracket behind a name and its sign is of the text
            continue
        break
    rest = columns.unquoted(line[place:]) if quoted else line[place:]
    return rest.strip(" \t") if head.level is not None else rest.rstrip()


def _without_level(line: str, place: int, token: re.Match[str]) -> bool:
    """Return whether a token is no part of the text of a line that names no level: a name in brackets behind a time in brackets, a place."""
    if token.lastgroup in ("angle", "source"):
        return True
    return line[:place].rstrip()[-1:] == "]" and token.lastgroup == "bracket" and names.is_name(token[0][1:-1])


#: The place in the source at the right edge, as rich writes it.
_PLACED = re.compile(r"(?<=\S)[ ]{2,200}([\w.-]{1,60}\.[a-z]{1,3}:\d{1,7})[ ]{0,200}$")
#: A logger behind the text, as Kafka writes it.
_BEHIND = re.compile(r"[ ]\(((?:[a-z_]\w{0,60}\.){1,12}[A-Za-z_][\w$]{0,100})(?::\d{1,7})?\)$")
_SPACE = re.compile(r"(?:\s|[|:](?=\s|$)|-{1,3}(?=\s)|>{1,2}(?=\s))*")


def _space(line: str, place: int) -> re.Match[str] | None:
    return _SPACE.match(line, place)


def log_of(head: Head, text: str, assumed: Assumed) -> dict[str, Any]:
    metadata = head.found.metadata
    if "  " in text and (placed := _PLACED.search(text)) is not None:
        metadata.setdefault("source", placed[1])
        text = text[: placed.start()]
    message, values = tail.contexts(text) if "channel" in metadata else tail.split(text)
    resource = values.pop("logger", None) if isinstance(values.get("logger"), str) else None
    resource = head.found.resource() or resource
    may = resource is None and head.level is not None and message.endswith(")")
    behind = _BEHIND.search(message) if may else None
    if behind is not None and not behind[1].endswith(("Exception", "Error")):
        resource, message = behind[1], message[: behind.start()]
    if not message and not values and head.level is not None and head.level.style == "lower":
        message = head.level.name
    for name, value in values.items():
        tail.add(metadata, name, value)
    log: dict[str, Any] = {"message": message, "resourceId": resource, **tail.ids(metadata)}
    if head.level is not None:
        log["level"] = head.level.name
        if head.level.written is not None:
            metadata.setdefault("level", head.level.written)
    else:
        log["level"] = words.leading(message) or words.LETTERS.get(head.found.letter or "")
    if head.stamp is not None:
        log["timestamp"] = head.stamp.value
        if head.stamp.said is not None:
            metadata.setdefault("zone" if head.stamp.value is not None else "time", head.stamp.said)
    elif (time := tail.time(metadata, assumed)) is not None:
        log["timestamp"] = time
    return {**log, "metadata": metadata}
