"""The fields of a head: which of its brackets and words is the logger, the thread, the process, the source."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from app.log.lines import tail, words
from app.log.lines.heads import names

#: Most names in brackets between level and text: logger and thread, or application and thread; a third is of the text.
_INSIDE = 2
#: A logger and the line in its source, in a column of its own: `[deluge.core.daemon            :123 ]`.
_LINED = re.compile(r"(?!(?i:tid|thread|pid|myid)\b)([A-Za-z_][\w.]{1,150})[ ]*:(\d{1,7})[ ]*")
#: A thread whose name has blanks, and the logger behind it that shows it: `[shard 0:main] init - text`.
_THREADED = re.compile(r"\[[\w .:#/-]{3,80}\][ ](?=[\w.$-]{1,200}[ ]-[ ]|(?:[a-z]\w*\.){2,12}[A-Za-z]\w*[ ])")
#: The id of a request, as Rails tags its lines with it.
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
#: A logger with its process and thread: Kea's `[kea-dhcp4.dhcp4/7690.140509101552128]`.
_PROCESS = re.compile(r"(?P<name>[A-Za-z][\w.-]{0,100})/(?P<pid>\d{1,10})\.(?P<thread>\d{4,20})")
#: A thread with a class and the line in its source: ZooKeeper's `[main:QuorumPeerConfig@177]`.
_CLASSED = re.compile(r"(?P<thread>\S{1,200}):(?P<name>[A-Z][\w$]{1,100})@(?P<line>\d{1,7})")
_NUMBERED = re.compile(r"(?:[Tt]hread|[Tt]id|TID)[ :=#]?\d{1,20}")


def _is_path(name: str) -> bool:
    """Return whether a name is one of several parts between slashes, as threads are called: a logger is rather one that is not."""
    return "/" in name


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
        for name in ("file", "program"):
            if found[name] is not None:
                self.metadata[name] = found[name]
        if (word := found["worker"]) is not None:  # in capitals it is hardly a program's name
            self.metadata["context" if word.isupper() and len(word) > 1 else "program"] = word
        if found["pid"] or found["process"]:
            self.metadata["pid"] = found["pid"] or found["process"]
        if found["task"] is not None:
            self.metadata["task"] = found["task"]
        if found["number"] is not None:
            self.metadata["pid" if found["number"].isdecimal() else "thread"] = found["number"]
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
        elif kind == "name" and names.SOURCE.fullmatch(found["name"]) is not None:
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
            return self._inside(value[1:-1], glued=found.string[found.start() - 1 : found.start()] == "]")
        if kind == "paren" and names.SOURCE.fullmatch(value[1:-1]) is not None:
            self.metadata.setdefault("source", value[1:-1])
        elif kind == "paren":
            if names.is_identity(value[1:-1]) or (" " in value and not self.brackets and self.logger is None):
                return False
            self._thread(value[1:-1])
        elif kind in ("process", "number", "erlang"):
            self.metadata.setdefault("pid", value)
        elif kind in ("thread", "worker", "rust"):
            self._thread(value.split(" ThreadId")[0])
        elif kind in ("java", "call", "django"):
            return self._named(kind, value)
        elif kind in ("trace", "hex"):
            self.metadata.setdefault("traceId", value)
        elif kind in ("spans", "span"):
            self.metadata["spans"] = value
            for name, inner in tail.within(value).items():
                self.metadata.setdefault(name, inner)
        else:
            self.metadata.setdefault("source", value)
        return True

    def _inside(self, content: str, *, glued: bool) -> bool:
        """Take a bracket from between level and text, *glued* to another one or not; False where it belongs to the text."""
        if not content:
            return True
        if names.is_identity(content):
            return False
        if names.SOURCE.fullmatch(content) is not None:
            self.metadata.setdefault("source", content)
            return True
        if _NUMBERED.fullmatch(content) is not None:
            self._thread(content)
            return True
        if glued and content.isdecimal() and "pid" not in self.metadata:
            self.metadata["pid"] = content
            return True
        if glued and "thread" not in self.metadata and names.is_thread(content):
            self._thread(content)
            return True
        before = len(self.brackets)
        # Behind the level of `TIME logger LEVEL` a name in brackets is of the text.
        named = any(not names.is_thread(name) for name in self.brackets[: before - self.inside])
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
        elif self.logger is not None or names.EXCEPTION.match(value):
            return False
        else:
            self.logger = value
        return True

    def bracket(self, content: str) -> bool:
        """Take what stands in brackets; False where that is a part of the text."""
        content = self._without_class(content.strip())
        if _ID.fullmatch(content) is not None:
            self.metadata.setdefault("request_id", content)
            return True
        if names.is_name(content):
            self.brackets.append(self._without_process(content))
            return True
        if not content or words.is_level(content):
            return content == ""
        if content.isdecimal():
            self.metadata.setdefault("pid", content)
        elif (traced := names.TRACED.fullmatch(content)) is not None:
            self._traced(traced)
        elif (process := names.PROCESS.fullmatch(content)) is not None:
            self.metadata.setdefault("pid", process[1] or process[2])
        elif names.SOURCE.fullmatch(content) is not None:
            self.metadata.setdefault("source", content)
        elif "=" in content and (values := tail.pairs(content)) is not None:
            for name, value in values.items():
                tail.add(self.metadata, name, value)
        elif (lined := _LINED.fullmatch(content)) is not None:
            self.brackets.append(lined[1])
            self.metadata.setdefault("line", int(lined[2]))
        elif " " not in content:
            other = "," in content or content.startswith("myid:") or names.is_identity(content)
            self._context(content) if other else self._thread(content)
        else:
            return False
        return True

    def _without_class(self, content: str) -> str:
        """Return the thread alone where a class and its line stand behind it."""
        found = _CLASSED.fullmatch(content) if "@" in content else None
        if found is None:
            return content
        self.brackets.append(found["name"])
        self.metadata["line"] = int(found["line"])
        return found["thread"]

    def _without_process(self, name: str) -> str:
        """Return a logger's name without the process and thread behind it."""
        found = _PROCESS.fullmatch(name) if "/" in name else None
        if found is None:
            return name
        self.metadata.setdefault("pid", found["pid"])
        self._thread(found["thread"])
        return found["name"]

    def column(self, content: str) -> None:
        """Take what stands between two bars or commas."""
        placed = names.PLACED.fullmatch(content)
        if placed is not None and names.SOURCE.fullmatch(content) is None:
            content = placed["name"]
            self.metadata.setdefault("line", int(placed["line"] or placed["paren"]))
        self.bracket(content)

    def take_logger(self, found: re.Match[str]) -> None:
        """Take the name before the text for the logger's."""
        if found["module"] is not None:
            self.logger = found["module"]
            self.metadata.update(function=found["function"], line=int(found["line"]))
            return
        self.logger, number = names.placed(found["name"])
        if number is not None:
            self.metadata.setdefault("line", number)
        if found["pid"] is not None:
            self.metadata.setdefault("pid", found["pid"])
        if found["pairs"] is not None:
            self.metadata.update(tail.pairs(found["pairs"]) or {})

    def threaded(self, line: str, found: re.Match[str]) -> bool:
        """Take a bracket with blanks for the thread's name where a logger follows it; False where none does."""
        if found.lastgroup != "bracket" or " " not in found[0] or _THREADED.match(line, found.start()) is None:
            return False
        self._thread(found[0][1:-1])
        return True

    def beside(self, found: re.Match[str], line: str, level: words.Level | None) -> bool:
        """Take a mere word behind the level as context where the logger stands before it: `shop - INFO - GET-12 - text`."""
        if level is None or not line.startswith(" - ", level.end) or found["end"].strip() != "-":
            return False
        if (
            found["name"] is None
            or "." in found["name"]
            or not any(not names.is_thread(name) for name in self.brackets)
        ):
            return False
        self._context(found["name"])
        return True

    def has_logger(self) -> bool:
        """Return whether one of the names in brackets is that of a logger, by its points."""
        return any("." in name or "::" in name for name in self.brackets)

    def resource(self) -> str | None:
        """Return the logger: the name before the text, else the likeliest of those in brackets; keep the others."""
        rest = list(self.brackets)
        logger = self.logger
        if logger is None:
            named = [name for name in rest if not names.is_thread(name)]
            named.sort(key=_is_path)
            logger = next((name for name in named if "." in name or "::" in name), None) or next(iter(named), None)
            if logger is not None:
                rest.remove(logger)
        for name in rest:
            if names.is_thread(name) or (
                self.logger is not None and "thread" not in self.metadata and name is rest[-1]
            ):
                self._thread(name)
            else:
                self._context(name)
        return None if logger is None or len(logger) > names.LONGEST else logger

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
