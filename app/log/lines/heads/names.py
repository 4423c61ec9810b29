"""Names in the head of a line: which words are a logger's, a thread's, or the beginning of a text."""

from __future__ import annotations

import re
from functools import lru_cache

from app.log.lines import words

#: Longest name of a logger: the longest resourceId.
LONGEST = 255
#: `name: text`, `name - text`, `name   : text`, `name.of.it | text`; a bracket that was opened before the time may end it, or a tab.
LOGGER = re.compile(
    r"(?:(?P<module>[\w.]{1,200}):(?P<function>[\w<>.]{1,100}):(?P<line>\d{1,7})(?=[ ]-[ ])"
    r"|(?:in[ ])?(?=(?P<name>[A-Za-z_@](?:[\w.$/@·-]|#(?=[a-z<\d])|::?(?=\w)){0,254}))(?P=name)(?:\[(?P<pid>\d{1,10})\])?)"
    r"(?P<end>(?:[ ]{0,80}:(?=[ ])|[ ]-(?P<pairs>(?:[\w.-]{1,60}=\"[^\"]{0,200}\"[ ]?){1,20})-(?=[ ])|(?:[ ]{1,60}\[[^\[\]]{0,60}\]|(?=[ ]\([\w.-]{1,150}\.[A-Za-z]{1,5}:[\w<>$]{1,100}\(\d{1,7}\)\)[ ]))?[ ]{1,3}(?:--?-?(?=[ ]\S)|(?=\([\w.-]{1,150}:[\w<>$]{1,100}\(\d))|[ ]{1,60}[>|](?=[ ]\S)|\t|(?=\]))|(?=[ ]\S{1,100}\.[a-z]{1,4}:\d{1,7}[ \]]))[ ]{0,2}"
)
SOURCE = re.compile(
    r"(?:\.{3})?[\w./@\\-]{1,150}\.[A-Za-z]{1,4}(?::\d{1,7}(?:[:,][\w.<>$*]{1,100})?|->[\w:~<>]{1,100}:\d{1,7})"
)
#: A bracket that holds no place in the source.
BRACKET = re.compile(rf"\[(?!{SOURCE.pattern}\])")
#: A logger or a function with the line in its source.
PLACED = re.compile(
    r"(?=[^(:]{0,200}[A-Z._])(?P<name>[A-Za-z_][\w.$<>-]{0,200}?)(?:[:#](?P<line>\d{1,7})|\((?P<paren>\d{1,7})\))"
)
#: Spring's `[application,trace,span]`, and a trace alone.
TRACED = re.compile(
    r"(?:(?P<app>(?![0-9a-f]{32},)[\w.-]{0,100}),)?(?P<trace>[0-9a-f]{32}|[0-9a-f]{16})(?:[,-](?P<span>[0-9a-f]{16}))?(?:,(?:true|false))?"
)
#: The address of a thread, which glibc gives at a multiple of 64: eight digits, or those of 64 bits.
ADDRESS = r"(?:[0-9a-f]{6}|[0-9a-f]{10,14})[048c]0"
#: A number in hexadecimal that is no thread's: a commit, the beginning of another id.
_IDENTITY = re.compile(rf"(?!\d+$)(?!{ADDRESS}$)[0-9a-f]{{7,40}}")
PROCESS = re.compile(r"(?:PID|pid)[ :=]?(\d{1,10})|(\d{1,10})-\d{1,10}")
_BRACKETED = re.compile(r"[A-Za-z_@][\w.$-]{0,99}(?:(?:::|[./])[\w.$-]{1,99}){0,10}(?:\(\d{1,10}\))?")
#: A name that is a thread's rather than a logger's.
THREAD = re.compile(
    r"main$|[^.]*[Tt]hread|[^.]*(?:exec|pool|worker|MainProcess|nio|ForkJoin).*\d+$|MainProcess$|Thread-\d+$"
)
EXCEPTION = re.compile(r"(?:\w+\.)*\w*(?:Error|Exception|Warning|Throwable)$")
#: A class's name of several words: `SparkContext`.
_HUMPS = re.compile(r"(?:[A-Z][a-z0-9]+){2,}[A-Z]?$")
#: Words that begin a text before a colon and name no logger.
PROSE = frozenset(
    (
        *("failed", "failure", "error", "errors", "warning", "exception", "panic", "caused", "cause", "bug"),
        *("cannot", "could", "can", "unable", "missing", "unknown", "invalid", "note", "usage", "hint"),
        *("result", "reason", "message", "status", "request", "response", "query", "the", "this"),
        *("found", "closed", "started", "stopped", "starting", "stopping", "retrying", "connecting"),
        *("connected", "received", "sent", "loading", "loaded", "done", "finished", "completed"),
        *("skipping", "unexpected", "denied", "expected", "rejected", "aborted", "timeout", "refused"),
    )
)


# Few names stand before many texts, so the verdict on each is remembered.


@lru_cache(maxsize=4_096)
def is_thread(name: str) -> bool:
    """Return whether a name is a thread's rather than a logger's."""
    return THREAD.match(name) is not None


@lru_cache(maxsize=4_096)
def is_name(content: str) -> bool:
    """Return whether what stands in brackets is a mere name: no id, no process and no place in the source."""
    others = (TRACED, PROCESS, SOURCE)
    return (
        _BRACKETED.fullmatch(content) is not None
        and not any(other.fullmatch(content) for other in others)
        and not words.is_level(content)
        and not is_identity(content)
    )


@lru_cache(maxsize=4_096)
def is_identity(content: str) -> bool:
    """Return whether a text in brackets is the id of something, such as a commit, and names neither a thread nor a logger."""
    return _IDENTITY.fullmatch(content) is not None and TRACED.fullmatch(content) is None


@lru_cache(maxsize=4_096)
def placed(name: str) -> tuple[str, int | None]:
    """Return a logger's name without the line in its source, and that line."""
    placed = PLACED.fullmatch(name)
    return (name, None) if placed is None else (placed["name"], int(placed["line"] or placed["paren"]))


@lru_cache(maxsize=4_096)
def is_no_logger(name: str) -> bool:
    """Return whether a word before a colon is a level, an exception or the first word of a text."""
    return words.is_level(name) or EXCEPTION.match(name) is not None or name.lower() in PROSE


def is_logger(found: re.Match[str], line: str, level: words.Level | None, *, sourced: bool = False) -> bool:
    """Return whether what LOGGER found is a logger's name and not the beginning of the text."""
    if found["module"] is not None:
        return True
    name = found["name"]
    if len(name) > LONGEST or is_no_logger(name):
        return False
    shaped = "." in name or "::" in name or "/" in name or "·" in name or found["pid"] is not None
    if sourced and found["end"].strip() == ":":
        return True
    if level is None:
        return shaped and found["end"].strip() != "" and "/" not in name
    end = found["end"].strip(" ")
    if end == "\t":
        after = line[found.end() : found.end() + 1]
        behind = line.find("\t", found.end())
        tabbed = line[level.end : level.end + 1] == "\t"
        column = level.style != "bracket" and (
            (shaped and (behind > 0 or tabbed)) or (tabbed and line.find("\t") < level.end)
        )
        return ((sourced or column) and after not in ("{", "")) or SOURCE.match(line, found.end()) is not None
    if shaped or end != ":":
        return shaped or (end != "|" and not name.isupper())
    return (name[0].islower() or _HUMPS.match(name) is not None) and line[level.end : level.end + 1] != ":"
