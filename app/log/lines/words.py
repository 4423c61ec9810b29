"""Words that are levels in lines of text: padded, in brackets, cut to three or four letters, lengthened, translated."""

from __future__ import annotations

import re
from functools import lru_cache

import msgspec

from app.log.fold import fold
from app.log.ranks import RANKS

#: The words that count in prose too, where one stands in the place of a level.
_USUAL = frozenset(
    (
        *(
            "trace",
            "verbose",
            "silly",
            "debug",
            "info",
            "information",
            "notice",
            "warn",
            "warning",
            "error",
            "err",
            "severe",
        ),
        *("fatal", "critical", "crit", "alert", "emerg", "emergency", "panic"),
        *(f"debug{number}" for number in range(1, 6)),
    )
)
#: Names that mean a level in the head of a line only: MySQL's, and those that java.util.logging translates.
_HERE = {
    "note": "notice",
    "普通": "debug",
    **dict.fromkeys(("am feinsten", "le plus précis", "très précis", "最も詳細"), "trace"),
}

#: Levels that are words of any text too: bare before another word or a number, with no bracket or bar before, none is one.
_COMMON = frozenset(
    (
        *("all", "any", "assert", "box", "default", "detail", "fault", "http", "log", "mark", "ok", "pass", "passed"),
        *("ready", "slow", "start", "stat", "statement"),
    )
)
#: Those of them that say that something failed: they give a text its level, and stay in it.
_FAILING = frozenset(("fail", "failed", "failure"))
_GOES_ON = re.compile(r"(?<![\])|-] )\b[A-Z]+ [a-z\d]")

#: Those that are no word of a text before a comma either.
_CLEAR = frozenset(("debug", "info", "warn", "warning", "error", "fatal"))

#: Levels in capitals, which before a blank at the beginning of a line are levels without another look (`at`); letters of the longest.
PLAIN = frozenset(name.upper() for name in _USUAL)
LONGEST_PLAIN = max(map(len, PLAIN))

_WORD = r"(?:AM FEINSTEN(?=:)|(?:LE PLUS|TRÈS) PRÉCIS(?=:)|Level \d{1,3}|[Dd]ebug \d{1,2}(?=:)|[^\W\d_]{2,15}\d?(?:[+-]\d{1,2})?!?)"
_AT = re.compile(
    rf"(?P<open>[\[(<])[ ]*(?P<inner>{_WORD})[ ]*[\])>]|\[-{{0,5}}(?P<sole>[TDIWECFV])-{{0,5}}\](?=[ ])|<(?P<angle>[TDIWECFX])>(?=[ \d])|(?P<bang>[TDIWEF])!(?=[ ])|(?P<glued>[DIWE])(?=\[\d)|(?P<bare>{_WORD})(?=[\s:\])>|,;/\[]|\x1b|$)|(?P<letter>[TDINWECF])(?=[ ]\|)|(?P<none>\?\?\?)(?=[ ])"
)
#: A word in lower case before a blank: a level only if it is a usual one.
_PROSE = re.compile(r"[a-z]{2,15}(?= )")
_LETTER = re.compile(r"[TDINWECFV](?=[ :/|])")
#: A second word in capitals before a colon.
_PHRASE = re.compile(r" [A-Z]{3,15}:")
#: The letters of etcd and of loggers that align by them.
LETTERS = {
    "T": "trace",
    "D": "debug",
    "I": "info",
    "N": "notice",
    "W": "warn",
    "C": "critical",
    "E": "error",
    "F": "fatal",
    "V": "trace",
}


class Level(msgspec.Struct, frozen=True, gc=False):
    """A level found in a line: its name, where it ends, and how it is written."""

    name: str
    end: int
    #: `bracket`, `caps`, `title`, `lower` or `letter`.
    style: str
    #: The word as written where it is no name of a severity.
    written: str | None = None


def named(word: str, *, strict: bool = False) -> tuple[str, str | None] | None:
    """Return the level that a word means, and the word itself where it differs from the level's name; None for a word that is no level.

    A level that has a rank stays as written; with *strict* only the words count that are levels in prose too.
    """
    folded = fold(word)
    if strict and folded not in _USUAL:
        return None
    if folded in RANKS:
        return word, None
    if folded in _HERE:
        return _HERE[folded], word
    base = re.split(r"[+! -]", folded, maxsplit=1)[0]
    return (base, word) if base != folded and base in RANKS else None


def at(text: str, place: int, *, loose: bool = False) -> Level | None:
    """Return the level that stands at *place*; a word in prose that only might be one is none.

    *loose* says that all lines around have a level there: its letter and any word that has a rank count.
    """
    if loose and (letter := _LETTER.match(text, place)) is not None:
        return Level(LETTERS[letter[0]], letter.end(), "bracket")
    prose = None if loose else _PROSE.match(text, place)
    if prose is not None and prose[0] not in _USUAL:
        return None
    found = _AT.match(text, place)
    if found is None:
        return None
    kind = found.lastgroup
    if kind in ("sole", "angle", "bang", "glued"):
        return Level(LETTERS.get(found[kind], "fatal"), found.end(), "bracket")
    if kind == "none":  # zerolog and phuslu for a log without a level
        return Level("info", found.end(), "bracket", "???")
    if kind == "letter":
        return Level(LETTERS[found["letter"]], found.end(), "letter")
    word = found["inner" if kind == "inner" else "bare"]
    style = "bracket" if kind == "inner" else _case(word)
    after = text[found.end() : found.end() + 1]
    if after == "," and style == "lower" and word not in _CLEAR and place and not text[:place].rstrip().endswith(","):
        return None  # a word of the text: `panic, error=boom`
    within = loose
    loose = loose or style in ("bracket", "caps") or (after == ":" and not word.isascii()) or " " in word
    loose = loose or (after == "\t" and text[place - 1 : place] == "\t")
    level = _known(word, not loose)
    if level is None:
        return None
    if style == "caps" and not is_usual(word):
        common = not within and _GOES_ON.match(text, place) is not None
        if common and word.lower() in _COMMON:
            return None
        if (common and word.lower() in _FAILING) or _PHRASE.match(text, found.end()) is not None:
            return Level(level[0], place, style, level[1])  # `DEPRECATED OPTION: text` says what is deprecated
    return Level(level[0], found.end(), style, level[1])


def _case(word: str) -> str:
    """Return how a word is written: `caps`, `title` or `lower`."""
    if word.isupper() or " " in word:
        return "caps"
    return "title" if word[0].isupper() else "lower"


@lru_cache(maxsize=4_096)
def _known(word: str, strict: bool) -> tuple[str, str | None] | None:
    return named(word, strict=strict)


@lru_cache(maxsize=4_096)
def is_level(word: str) -> bool:
    """Return whether *word* is a level in any spelling: such a word is no name of a logger or a host."""
    return word.lower() in _USUAL or (word.isupper() and named(word) is not None)


@lru_cache(maxsize=4_096)
def is_usual(word: str) -> bool:
    """Return whether *word* means a level in prose too."""
    return fold(word) in _USUAL


_LEADING = re.compile(
    r"PHP (?P<php>Fatal error|Parse error|Core error|Warning|Notice|Deprecated|Strict Standards):"
    r"|[\[(<](?P<inner>[A-Za-z]{3,11})[\])>]|(?P<bare>[A-Za-z]{3,11})(?::|\s+-|\s*\||(?=\s|$))",
    re.ASCII,
)

#: An exception's class before its text: such a log is an error, whichever program printed it.
_EXCEPTION = re.compile(r"(?:\w{1,60}\.){0,12}[A-Z]\w{0,100}(?:Error|Exception)(?: \[\w{1,60}\])?: ", re.ASCII)


#: The label that a compiler, a command or a library puts before its text, where that is more than the value of a field (`Sync Error: none`): `pay.c:7:3: warning: `, `git: fatal: `, `LibClamAV Error: `, `pay.py:7: UserWarning: `.
_SAID = re.compile(
    r"(?!(?:[Nn]o|[Ll]ast|[Pp]revious|[Ff]irst) )(?:[^\s:\"'{}=\[\]]{1,300}(?::\d{1,7}){0,2}: )?(?:[A-Z]\w{0,40} ){0,2}"
    r"(?:(?P<low>(?<=: )(?:debug\d?|verbose|trace|info|notice))|(?P<warn>(?i:warning)|[A-Z]\w{0,40}Warning)|(?P<fatal>[Ff]atal|FATAL)|(?:[Ff]atal )?(?:[Ee]rror|ERROR)): (?!-?\d|(?i:none|null|nil|n/a|no|false|unknown|low|ok|true|on|off)\W{0,3}$)",
    re.ASCII,
)

#: A verb behind what an English text speaks of: `Error reading is fun`.
_SPOKEN = r"\w+ (?:is|are|was|were|be|can|could|will|would|should|may|might|must|has|have|had|and|or)\b"
#: How a text says that something failed, without a colon behind its first word: `Error in rule a:`, `Exception ignored in: <…>`.
#: `Errors: 0`, `Error rate` and `Error handling is on` say nothing of the kind.
_FAILED = re.compile(
    r"(?:Unhandled|Uncaught) (?:[Ee]rror|[Ee]xception)\b"
    r"|(?:Error|ERROR|Exception) (?:ignored|occurred|caught|in|while|when|during|on|at|init|startup|shutdown)\b"
    r"|(?:Error|ERROR|Exception) (?:from (?:line \d|[\w .-]{0,80}(?:[/\\`'\"<({\[]|:(?:[\s\d]|$)|\w\.\w|\w_\w|[a-z][A-Z]))"
    rf"|(?!{_SPOKEN})(?!handling|logging|reporting|tracking|testing|checking)[a-z]{{2,12}}ing (?:to |from |the |a )?\S)"
)


def leading(text: str) -> str | None:
    """Return the level that a text starts with, as written (`[error]`, `Warning:`, `ERROR` in capitals) or as what it starts with says."""
    found = _LEADING.match(text)
    if found is not None:
        if found["php"]:
            return {"Notice": "notice", "Warning": "warn", "Deprecated": "warn"}.get(found["php"], "error")
        word = found["inner"] or found["bare"]
        if word.lower() in _USUAL and (found["inner"] or found.end() > found.end("bare") or word.isupper()):
            return str(word)
    if text[:1] in ("E", "U") and _FAILED.match(text) is not None:
        return "error"
    if ": " not in text:
        return None
    if _EXCEPTION.match(text) is not None:
        return "error"
    said = _SAID.match(text)
    if said is None:
        return None
    return said["low"] or ("warn" if said["warn"] else "fatal" if said["fatal"] else "error")
