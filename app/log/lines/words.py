"""Words that are levels in lines of text: padded, in brackets, cut to three or four letters, lengthened, translated."""

from __future__ import annotations

import re
from dataclasses import dataclass

from app.log.record import SEVERITY

#: The words that count in prose too, where one stands in the place of a level.
_USUAL = frozenset(
    [
        "trace",
        "verbose",
        "debug",
        "info",
        "information",
        "notice",
        "warn",
        "warning",
        "error",
        "err",
        "severe",
        "fatal",
        "critical",
        "crit",
        "alert",
        "emerg",
        "emergency",
        "panic",
    ]
)
#: Words beyond those, by the level that they mean. In a line they count
#: only in capitals or brackets, or translated before a colon: in lower case they are words like others.
_MORE = {
    "trace": "trc trac tra finest finer silly all vrb verb",
    "debug": "dbg debg dbug debu deb fine config detail debug1 debug2 debug3 debug4 debug5",
    "info": "inf log mark success any http statement ok",
    "notice": "note ntc noti",
    "warn": "wrn warni deprecated deprecation",
    "error": "eror erro er fail failure",
    "fatal": "ftl fata crt dpanic dpani panc pani pnc emer emrg alrt",
}
#: java.util.logging's names in other languages, and what translated programs write.
_TRANSLATED = {
    "trace": "feinsten feinster feinst 詳細 最も詳細",
    "debug": "konfiguration fein précis 普通 configuration configuración configurazione 構成 配置 التكوين",
    "info": "information infos informação información informazioni 情報 信息 معلومات",
    "warn": "warnung avertissement advertencia advertência avvertenza avviso waarschuwing 警告 تحذير",
    "error": "schwerwiegend grave fehler erreur 重大 严重 嚴重 خطير خطأ",
}
_KNOWN = {word: level for level, words in _MORE.items() for word in words.split()}
_FOREIGN = {word: level for level, words in _TRANSLATED.items() for word in words.split()}
_PHRASES = {"am feinsten": "trace", "le plus précis": "trace", "très précis": "trace"}
#: The ranks of Python's numbers: `Level 25` lies between info and warning.
_NUMBERS = ((50, "fatal"), (40, "error"), (30, "warn"), (25, "notice"), (20, "info"), (10, "debug"))
#: What PostgreSQL writes in the place of a level before lines that go on with the log before.
CONTINUING = frozenset(("DETAIL", "HINT", "CONTEXT", "STATEMENT", "QUERY", "LOCATION"))

_WORD = r"(?:AM FEINSTEN(?=:)|(?:LE PLUS|TRÈS) PRÉCIS(?=:)|Level \d{1,3}|[Dd]ebug \d{1,2}(?=:)|[^\W\d_]{2,15}\d?(?:[+-]\d{1,2})?!?)"
_AT = re.compile(
    rf"(?P<open>[\[(<])[ ]*(?P<inner>{_WORD})[ ]*[\])>]|(?P<bare>{_WORD})(?=[\s:\])>|,/\[]|\x1b|$)|(?P<letter>[TDINWECF])(?=[ ]\|)|(?P<none>\?\?\?)(?=[ ])"
)
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


@dataclass(frozen=True, slots=True)
class Level:
    """A level in a line: its name, where it ends, and how it stands there."""

    name: str
    end: int
    #: `bracket`, `caps`, `title`, `lower` or `letter`.
    style: str
    #: The word as written where it is no name of a severity.
    written: str | None = None


def named(word: str, *, strict: bool = False) -> tuple[str, str | None] | None:
    """Return the level that a word means, and the word where that is another; None when it is none.

    A name of a severity stays as written; with *strict* no other word counts.
    """
    folded = word.lower()
    if strict and folded not in _USUAL:
        return None
    if folded in SEVERITY:
        return word, None
    if folded in _PHRASES:
        return _PHRASES[folded], word
    base = re.split(r"[+! -]", folded, maxsplit=1)[0]
    if folded.startswith("level "):
        number = int(folded[6:])
        return next((name for low, name in _NUMBERS if number >= low), "trace"), word
    if base in SEVERITY:
        return base, word
    level = _KNOWN.get(base) or _FOREIGN.get(base)
    return None if level is None else (level, word)


def at(text: str, place: int) -> Level | None:
    """Return the level that stands at *place*; a word in prose that only might be one is none."""
    found = _AT.match(text, place)
    if found is None:
        return None
    if found["none"]:  # zerolog and phuslu for a log without a level
        return Level("info", found.end(), "bracket", "???")
    if found["letter"]:
        return Level(LETTERS[found["letter"]], found.end(), "letter")
    word = found["inner"] or found["bare"]
    style = (
        "bracket"
        if found["open"]
        else "caps"
        if word.isupper() or " " in word
        else "title"
        if word[0].isupper()
        else "lower"
    )
    after = text[found.end() : found.end() + 1]
    loose = style in ("bracket", "caps") or (after == ":" and word.lower() in _FOREIGN) or " " in word
    loose = loose or (after == "\t" and text[place - 1 : place] == "\t")
    level = named(word, strict=not loose)
    return None if level is None else Level(level[0], found.end(), style, level[1])


def is_level(word: str) -> bool:
    """Return whether *word* is a level in any spelling: such a word is no name of a logger or a host."""
    return word.lower() in _USUAL or (word.isupper() and named(word) is not None)


_LEADING = re.compile(
    r"PHP (?P<php>Fatal error|Parse error|Core error|Warning|Notice|Deprecated|Strict Standards):"
    r"|[\[(<](?P<inner>[A-Za-z]{3,11})[\])>]|(?P<bare>[A-Za-z]{3,11})(?::|\s+-|\s*\||(?=\s|$))",
    re.ASCII,
)

#: An exception's class before its text: what it tells is an error, whoever printed it.
_EXCEPTION = re.compile(r"(?:\w{1,60}\.){0,12}[A-Z]\w{0,100}(?:Error|Exception)(?: \[\w{1,60}\])?: ", re.ASCII)


def leading(text: str) -> str | None:
    """Return the level that a text starts with, as written: `[error]`, `Warning:`, `ERROR` in capitals."""
    found = _LEADING.match(text)
    if found is None:
        return "error" if _EXCEPTION.match(text) else None
    if found["php"]:
        return {"Notice": "notice", "Warning": "warn", "Deprecated": "warn"}.get(found["php"], "error")
    word = found["inner"] or found["bare"]
    if word.lower() not in _USUAL or (found["bare"] and found.end() == found.end("bare") and not word.isupper()):
        return "error" if _EXCEPTION.match(text) else None
    return str(word)
