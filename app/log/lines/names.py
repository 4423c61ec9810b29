"""Names in the head of a line: which of its brackets and words is the logger, the thread, the process, the source."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from app.log.lines import tail, words

#: Most names in brackets between level and text: logger and thread, or application and thread; a third is of the text.
_INSIDE = 2
#: Longest name of a logger: the longest resourceId.
_LONGEST = 255
#: `name: text`, `name - text`, `name   : text`; a bracket that was opened before the time may end it, or a tab.
LOGGER = re.compile(
    r"(?:(?P<module>[\w.]{1,200}):(?P<function>[\w<>.]{1,100}):(?P<line>\d{1,7})(?=[ ]-[ ])"
    r"|(?:in[ ])?(?P<name>[A-Za-z_@](?:[\w.$/@·-]|#(?=[a-z<])|::?(?=\w)){0,254}+)(?:\[(?P<pid>\d{1,10})\])?)"
    r"(?P<end>(?:[ ]{0,80}:(?=[ ])|[ ]-(?P<pairs>(?:[\w.-]{1,60}=\"[^\"]{0,200}\"[ ]?){1,20})-(?=[ ])|(?:[ ]{1,60}\[[^\[\]]{0,60}\]|(?=[ ]\([\w.-]{1,150}\.[A-Za-z]{1,5}:[\w<>$]{1,100}\(\d{1,7}\)\)[ ]))?[ ]{1,3}(?:--?-?(?=[ ]\S)|(?=\([\w.-]{1,150}:[\w<>$]{1,100}\(\d))|[ ]{1,60}>(?=[ ]\S)|\t|(?=\]))|(?=[ ]\S{1,100}\.[a-z]{1,4}:\d{1,7}[ \]]))[ ]{0,2}"
)
_SOURCE = re.compile(r"[\w./@\\-]{1,150}\.[A-Za-z]{1,4}:\d{1,7}")
#: A logger or a function with the line in its source.
_PLACED = re.compile(
    r"(?=[^(:]{0,200}[A-Z._])(?P<name>[A-Za-z_][\w.$<>-]{0,200}?)(?::(?P<line>\d{1,7})|\((?P<paren>\d{1,7})\))"
)
#: Spring's `[application,trace,span]`, and a trace alone.
_TRACED = re.compile(
    r"(?:(?P<app>(?![0-9a-f]{32},)[\w.-]{0,100}),)?(?P<trace>[0-9a-f]{32}|[0-9a-f]{16})(?:[,-](?P<span>[0-9a-f]{16}))?(?:,(?:true|false))?"
)
#: The id of a request, as Rails tags its lines with it.
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
_PROCESS = re.compile(r"(?:PID|pid)[ :=]?(\d{1,10})|(\d{1,10})-\d{1,10}")
_NUMBERED = re.compile(r"(?:[Tt]hread|[Tt]id|TID)[ :=#]?\d{1,20}")
_BRACKETED = re.compile(r"[A-Za-z_@][\w.$-]{0,99}(?:(?:::|[./])[\w.$-]{1,99}){0,10}(?:\(\d{1,10}\))?")
#: A name that is a thread's rather than a logger's.
THREAD = re.compile(
    r"main$|[^.]*[Tt]hread|[^.]*(?:exec|pool|worker|MainProcess|nio|ForkJoin).*\d+$|MainProcess$|Thread-\d+$"
)
_EXCEPTION = re.compile(r"(?:\w+\.)*\w*(?:Error|Exception|Warning|Throwable)$")
#: A class's name of several words: `SparkContext`.
_HUMPS = re.compile(r"(?:[A-Z][a-z0-9]+){2,}[A-Z]?$")
#: Words that begin a text before a colon and name no logger.
PROSE = frozenset(
    (
        *("failed", "failure", "error", "errors", "warning", "exception", "panic", "caused", "cause"),
        *("cannot", "could", "can", "unable", "missing", "unknown", "invalid", "note", "usage", "hint"),
        *("result", "reason", "message", "status", "request", "response", "query", "the", "this"),
        *("found", "closed", "started", "stopped", "starting", "stopping", "retrying", "connecting"),
        *("connected", "received", "sent", "loading", "loaded", "done", "finished", "completed"),
        *("skipping", "unexpected", "denied", "expected", "rejected", "aborted", "timeout", "refused"),
    )
)


@dataclass(slots=True)
class HeadFields:
    """The names and numbers in a head."""

    logger: str | None = None
    #: The letter before the time, which may stand for the level.
    letter: str | None = None
    brackets: list[str] = field(default_factory=list)
    metadata: dict[str, Any] = field(default_factory=dict)
    #: How many brackets with names stood between level and text.
    inside: int = 0

    def prefix(self, found: re.Match[str]) -> None:
        """Take what stood before the time."""
        self.letter = found["letter"] or self.letter
        for name in ("file", "program", "worker"):
            if found[name] is not None:
                self.metadata["program" if name == "worker" else name] = found[name]
        if found["pid"] or found["process"]:
            self.metadata["pid"] = found["pid"] or found["process"]
        if found["name"] is not None:
            self.metadata["program"] = found["name"]

    def token(self, found: re.Match[str]) -> None:
        """Take a token from between time and level."""
        kind = found.lastgroup if found.lastgroup != "colon" else "name"
        if kind == "bracket":
            self.bracket(found["bracket"][1:-1])
        elif kind == "state":  # PostgreSQL's SQLSTATE
            self.metadata["sqlstate"] = found[0]
        elif kind in ("number", "hash"):
            self.metadata.setdefault("pid", found[0].lstrip("#"))
        elif kind == "brace":
            self.bracket(found["brace"].strip("{}"))
        elif kind == "pairs":
            for name, value in (tail.pairs(found[0]) or {}).items():
                tail.add(self.metadata, name, value)
        elif kind == "name" and _SOURCE.fullmatch(found["name"]) is not None:
            self.metadata.setdefault("source", found["name"])
        elif kind == "name" and "@" not in found["name"] and not words.is_level(found["name"]):
            self.brackets.append(found["name"])
        else:
            self._context(found[0].strip("()<>"))

    def inner(self, found: re.Match[str]) -> bool:
        """Take a token from between level and text; False where it belongs to the text."""
        kind = str(found.lastgroup)
        value = found[kind]
        if kind == "bracket":
            return self._inside(value[1:-1])
        if kind == "paren":
            if " " in value and not self.brackets and self.logger is None:
                return False
            self._thread(value[1:-1])
        elif kind in ("process", "number", "erlang"):
            self.metadata.setdefault("pid", value)
        elif kind in ("thread", "worker", "rust"):
            self._thread(value.split(" ThreadId")[0])
        elif kind in ("java", "call", "django"):
            return self._named(kind, value)
        elif kind in ("spans", "span"):
            self.metadata["spans"] = value
            for name, inner in tail.within(value).items():
                self.metadata.setdefault(name, inner)
        else:
            self.metadata.setdefault("source", value)
        return True

    def _inside(self, content: str) -> bool:
        """Take a bracket from between level and text; False where it belongs to the text."""
        if not content:
            return True
        if _SOURCE.fullmatch(content) is not None:
            self.metadata.setdefault("source", content)
            return True
        if _NUMBERED.fullmatch(content) is not None:
            self._thread(content)
            return True
        before = len(self.brackets)
        # Behind the level of `TIME logger LEVEL` a name in brackets is of the text.
        named = any(not is_thread(name) for name in self.brackets[: before - self.inside])
        taken = self.inside < _INSIDE and not named and self.bracket(content)
        self.inside += len(self.brackets) > before
        return taken

    def _named(self, kind: str, value: str) -> bool:
        """Take a logger that is known by its shape: a Java class, one with function and line, one with process and thread."""
        if kind == "call":
            self.logger, function, number = value.rsplit(":", 2)
            self.metadata.update(function=function, line=int(number))
        elif kind == "django":
            self.logger, process, thread = value.split(" ")
            self.metadata.setdefault("pid", process)
            self._thread(thread)
        elif self.logger is not None or _EXCEPTION.match(value):
            return False
        else:
            self.logger = value
        return True

    def bracket(self, content: str) -> bool:
        """Take what stands in brackets; False where that is a part of the text."""
        content = content.strip()
        if _ID.fullmatch(content) is not None:
            self.metadata.setdefault("request_id", content)
            return True
        if _is_name(content):
            self.brackets.append(content)
            return True
        if not content or words.is_level(content):
            return content == ""
        if content.isdecimal():
            self.metadata.setdefault("pid", content)
        elif (traced := _TRACED.fullmatch(content)) is not None:
            self._traced(traced)
        elif (process := _PROCESS.fullmatch(content)) is not None:
            self.metadata.setdefault("pid", process[1] or process[2])
        elif _SOURCE.fullmatch(content) is not None:
            self.metadata.setdefault("source", content)
        elif "=" in content and (values := tail.pairs(content)) is not None:
            for name, value in values.items():
                tail.add(self.metadata, name, value)
        elif " " not in content:
            self._context(content) if "," in content else self._thread(content)
        else:
            return False
        return True

    def column(self, content: str) -> None:
        """Take what stands between two bars or commas."""
        placed = _PLACED.fullmatch(content)
        if placed is not None and _SOURCE.fullmatch(content) is None:
            content = placed["name"]
            self.metadata.setdefault("line", int(placed["line"] or placed["paren"]))
        self.bracket(content)

    def take_logger(self, found: re.Match[str]) -> None:
        """Take the name before the text for the logger's."""
        if found["module"] is not None:
            self.logger = found["module"]
            self.metadata.update(function=found["function"], line=int(found["line"]))
            return
        self.logger, number = _placed(found["name"])
        if number is not None:
            self.metadata.setdefault("line", number)
        if found["pid"] is not None:
            self.metadata.setdefault("pid", found["pid"])
        if found["pairs"] is not None:
            self.metadata.update(tail.pairs(found["pairs"]) or {})

    def has_logger(self) -> bool:
        """Return whether one of the names in brackets is that of a logger, by its points."""
        return any("." in name or "::" in name for name in self.brackets)

    def resource(self) -> str | None:
        """Return the logger: the name before the text, else the likeliest of those in brackets; keep the others."""
        rest = list(self.brackets)
        logger = self.logger
        if logger is None:
            named = [name for name in rest if not is_thread(name)]
            logger = next((name for name in named if "." in name or "::" in name), None) or next(iter(named), None)
            if logger is not None:
                rest.remove(logger)
        for name in rest:
            if is_thread(name) or (self.logger is not None and "thread" not in self.metadata and name is rest[-1]):
                self._thread(name)
            else:
                self._context(name)
        return None if logger is None or len(logger) > _LONGEST else logger

    def _traced(self, found: re.Match[str]) -> None:
        for name, value in (("traceId", found["trace"]), ("spanId", found["span"]), ("context", found["app"])):
            if value:
                self.metadata.setdefault(name, value)

    def _thread(self, name: str) -> None:
        if "thread" in self.metadata:
            self._context(name)
        else:
            self.metadata["thread"] = name

    def _context(self, text: str) -> None:
        if text:
            before = self.metadata.get("context")
            self.metadata["context"] = text if before is None else f"{before} {text}"


# Few names stand before many texts, so the verdict on each is remembered.


@lru_cache(maxsize=4_096)
def is_thread(name: str) -> bool:
    """Return whether a name is a thread's rather than a logger's."""
    return THREAD.match(name) is not None


@lru_cache(maxsize=4_096)
def _is_name(content: str) -> bool:
    """Return whether what stands in brackets is a mere name: no trace id, no process and no place in the source."""
    others = (_TRACED, _PROCESS, _SOURCE)
    return (
        _BRACKETED.fullmatch(content) is not None
        and not any(other.fullmatch(content) for other in others)
        and not words.is_level(content)
    )


@lru_cache(maxsize=4_096)
def _placed(name: str) -> tuple[str, int | None]:
    """Return a logger's name without the line in its source, and that line."""
    placed = _PLACED.fullmatch(name)
    return (name, None) if placed is None else (placed["name"], int(placed["line"] or placed["paren"]))


@lru_cache(maxsize=4_096)
def is_no_logger(name: str) -> bool:
    """Return whether a word before a colon is a level, an exception or the first word of a text."""
    return words.is_level(name) or _EXCEPTION.match(name) is not None or name.lower() in PROSE


def is_logger(found: re.Match[str], line: str, level: words.Level | None, *, sourced: bool = False) -> bool:
    """Return whether what LOGGER found is a logger's name and not the beginning of the text."""
    if found["module"] is not None:
        return True
    name = found["name"]
    if len(name) > _LONGEST or is_no_logger(name):
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
        return ((sourced or column) and after not in ("{", "")) or _SOURCE.match(line, found.end()) is not None
    if shaped or end != ":":
        return shaped or not name.isupper()
    return (name[0].islower() or _HUMPS.match(name) is not None) and line[level.end : level.end + 1] != ":"
