"""Rules of what goes on: by language the lines that begin an exception, and those that belong to what came before."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from app.files.split import db2diag
from app.log.lines import words


@dataclass(frozen=True, slots=True)
class TraceForm:
    """How one language prints an exception: its first line, and the lines behind that begin in column 0."""

    language: str
    begins: re.Pattern[str]
    goes: re.Pattern[str] | None = None
    #: Whether it always stands alone: a crash, which no logger printed.
    alone: bool = False
    #: How many lines of any form follow the first: the text of an error, the source around it.
    free: int = 0


def _trace(language: str, begins: str, goes: str | None = None, *, alone: bool = False, free: int = 0) -> TraceForm:
    return TraceForm(language, re.compile(begins), None if goes is None else re.compile(goes), alone, free)


_PYTHON = (
    r"Call stack:$|Message: |Arguments: |Traceback \(most recent|During handling of the above|The above exception was the direct|> File \"|KeyboardInterrupt$"
    r"|(?:[A-Za-z_]\w*\.)*[A-Za-z_]\w*(?:Error|Exception|Warning|Interrupt|Exit|Timeout|Group)(?::|$)"
)
_GO = (
    r"goroutine \d+ (?:gp=\S+ m=\S+ (?:mp=\S+ )?)?\[|created by |panic\(|exit status \d|\[signal |\[recovered|(?:runtime|main|testing|internal)[./]|"
    r"(?:[\w.~-]+/)*[\w~-]+\.[\w.()*\[\]{}·]+(?:\(.*\))?$|\t|panic: "
)
_RUST = r"note: |stack backtrace:|Stack backtrace:|Caused by:|Location:|Backtrace|\s*\d+: |Some details are omitted"
_JAVA_CLASS = r"(?:[a-z_]\w{0,99}\.){1,20}[A-Z][\w$]{0,199}"

#: The line that begins each exception of Python's, however far it is indented by who logs it.
TRACEBACK = "Traceback (most recent call last)"
#: Exceptions by language. The first that fits counts.
TRACES: tuple[TraceForm, ...] = (
    _trace(
        "python", r"Traceback \(most recent call last\)|Stack \(most recent call last\)|  [+|] Exception Group", _PYTHON
    ),
    _trace("python", r"╭─+ Traceback \(most recent", rf"[╭│╰]|{_PYTHON}"),
    _trace("java", r"Exception in thread \"[^\"]{0,200}\" ", r"\t?at |Caused by: |\.\.\. \d+ ", alone=True),
    _trace("dotnet", r"Unhandled [Ee]xception[.:] ", r"--- End of|--->", alone=True),
    _trace(
        "java",
        rf"{_JAVA_CLASS}(?:Exception|Error|Throwable|Failure|Fault)[\w$]{{0,99}}(?::|$)",
        r"\t?at |Caused by: |\.\.\. \d+ ",
    ),
    _trace("dotnet", r"(?:[A-Z]\w{0,99}\.){1,12}\w{0,99}(?:Exception|Error)(?::|$)", r"--- End of|--->|   at "),
    _trace(
        "javascript",
        r"(?:Uncaught |Unhandled )?(?:[A-Z]\w{0,60})?(?:Error|Exception)(?: \[\w{1,60}\])?(?::|$)",
        r"Node\.js v\d|[}\])]|Require stack:|- (?:/|[A-Z]:\\)",
    ),
    _trace(
        "node",
        r"(?:/|file://|node:|[A-Z]:\\)\S{0,300}(?<!\.go):\d+$",
        r"Node\.js v\d|[}\])]|Require stack:|- (?:/|[A-Z]:\\)",
        alone=True,
        free=4,
    ),
    _trace("go", r"panic: |fatal error: ", _GO, alone=True),
    _trace("go", r"goroutine \d+ \[", _GO),
    # Gin's: the request, the error and its stack, up to the next line of its log.
    _trace("go", r"\[Recovery\] .{0,60}panic recovered:", r""),
    _trace("rust", r"thread '[^']{0,200}' (?:\(\d+\) )?(?:panicked at|has overflowed)", _RUST, alone=True, free=1),
    _trace("ruby", r"\S{1,300}\.rb:\d+:in ['`].{0,200}': ", r"\S{1,300}\.rb:\d+:in ['`]|\tfrom "),
    _trace(
        "php",
        r"PHP (?:Fatal|Parse) error: |(?:PHP )?Fatal error: ",
        r"Stack trace:|#\d+ |Next |  thrown in|PHP Stack|PHP +\d+\. ",
    ),
    _trace("erlang", r"\*\* \(\w[\w.]{0,99}\) ", r"\*\* |    \(|Function: |Last message|State: "),
    _trace("lua", r"lua(?:jit)?[\d.]{0,4}: \S{1,300}:\d+: ", r"stack traceback:|\t", alone=True),
    _trace("r", r"Error in .{1,200} : ", r"In addition: |In .{1,200} :|\d+: In |Calls: |Execution halted"),
    _trace("cpp", r"terminate called (?:after throwing|without an active)", r"Aborted|  what\(\)", alone=True),
)
#: Beginnings of lines that go on with the log before, in a text of any kind.
GOES_ON = re.compile(
    r"\(Use `node --trace-|\*\*\* Check failure stack trace: \*\*\*|Caused by:|Suppressed: |Wrapped by: |\.\.\. \d+ (?:more|common|frames)|During handling of the above|The above exception was|"
    r"Stack trace:|#\d+ (?:/|\S+\(|\{main\})|Next \w[\w\\]{0,99}: |\[stacktrace\]|\[previous exception\]|"
    r"Stack backtrace:|stack backtrace:|note: run with `|Location:$|--- End of (?:inner|stack)|---> |"
    r"Stack Trace:$|- /\S{1,300}:\d+$|Request URL: |Referer URL: |Client IP: |! (?:at |Causing: |\.\.\. |(?:[\w$]{1,99}\.){1,20}[\w$]{1,199}(?::|$))|"
    r"\S{1,300}\.rb:\d+:in ['`]|\*\* (?:\(\w|[{\[<\"']|(?:Last (?:message|event)|When |Reason |State|Client |Queued |Postponed )\b)|>  ?File \"|[╭│╰]|\tat |-{1,3} \*{2,7} -{3}|stack traceback:$"
)
#: Text that services of VMware write before each line that goes on with a log, and what each of these logs has in its head. Others
#: write such an arrow before what they send: OkHttp, a dialogue with a mail server.
_ARROW, _ORIGINATOR = "--> ", "[Originator@6876 "
#: A frame of a stack, wherever it begins.
FRAME = re.compile(
    r"\s*(?:at \S|File \"|\d+: \S+::|from \S+:\d+|\.\.\. \d+ |Caused by:|\S+\.go:\d+|-> {1,4}(?=\S{0,300}\.)\S{1,300}$)"
)
#: A function of Go on a line of its own, in a stack: `main.main`, `net/http.(*conn).serve(0xc0)`.
FUNCTION = re.compile(r"(?:[\w.~@-]{1,100}/){0,20}[\w~@-]{1,100}\.[\w.()*\[\]·]{1,200}(?:\([^()]{0,300}\))?$")
_MONTH = re.compile(r"[A-Z][a-z]{2} [ \d]\d \d\d:")
#: Most blanks before a level that is aligned to the right.
_ALIGNED = 3
#: Characters that close a bracket which a line before opened.
CLOSES = re.compile(r"[}\])]")
OPENS = ("{", "[", "(")
#: Lines that go on with a log of PostgreSQL: its own head, without a level, then what they are.
PART = re.compile(
    r"(?P<head>(?:(?!\b(?:DEBUG\d?|LOG|INFO|NOTICE|WARNING|ERROR|FATAL|PANIC):  ).){10,400}?[\s\]:])(?P<part>(?:DETAIL|HINT|CONTEXT|STATEMENT|QUERY|LOCATION):  .*)",
    re.DOTALL,
)
#: Its levels of logs that such lines follow.
PARTED = ("ERROR", "FATAL", "PANIC")
#: A text that each such line has.
PART_SIGN = ":  "
#: The process in the head of a line, which begins with a time, a bracket or a priority.
HEADED_PROCESS = re.compile(
    r"(?=[\d\[<(]|[A-Z][a-z]{2} [ \d]\d )[^\[#]{0,150}(?:\[[^\]\d][^\]\[#]{0,60}\][^\[#]{0,20})?[\[#](\d{1,10})(?:-\d{1,6})?\]"
)
PROCESS = re.compile(r"\[(\d{1,10})\]")
#: Blocks whose lines have a head each: what of a message begins one, and what ends it.
BLOCKS = ((re.compile(r"-+\[ cut here \]-+"), re.compile(r"---\[ end trace")),)
#: A text that each message has which begins one.
BLOCK_SIGN = "[ cut here ]"
#: By the beginning of its first line: forms whose lines beneath belong to it until another of them, or a time, begins.
STANZAS: tuple[tuple[re.Pattern[str], re.Pattern[str]], ...] = (
    (re.compile(r"# (?:Time|User@Host): "), re.compile(r"# Time: |# User@Host: ")),
    (re.compile(r"=[A-Z]+ REPORT==== "), re.compile(r"=[A-Z]+ REPORT==== ")),
    (re.compile(r"<\?xml |<record>"), re.compile(r"<record>|<\?xml ")),
    (re.compile(r"<log4j:event "), re.compile(r"<log4j:event ")),
    # Varnish: what one request came to; apt: what one call of it did.
    (re.compile(r"[*-]{1,9} +<< \w{3,9} +>> \d+"), re.compile(r"[*-]{1,9} +<< \w{3,9} +>> \d+|[^*-]")),
    (db2diag.FIRST, db2diag.FIRST),
    (re.compile(r"Start-Date: \d{4}-"), re.compile(r"(?!End-Date: |[A-Z][A-Za-z-]{2,20}: )")),
)
#: Characters of which one begins each.
STANZA_SIGNS = ("#", "=", "<", "*", "-", "S")

#: An exception of JavaScript behind a text, on the line before its frames.
INLINE = re.compile(r"\b[A-Z]?\w*(?:Error|Exception)(?: \[\w+\])?(?::|$)")
JAVASCRIPT = next(trace for trace in TRACES if trace.language == "javascript")
_ERROR = re.compile(
    r"(?:Caused by: |Exception in thread \"[^\"]{0,200}\" |Uncaught |Unhandled [Ee]xception[.:] |\*\* \(|PHP Fatal error:  Uncaught )?"
    r"(?P<type>(?:[A-Za-z_][\w$]{0,99}[.:\\]{1,2}){0,20}[A-Za-z_]?[\w$]{0,99}(?:Error|Exception|Throwable|Exit|Interrupt|Warning)[\w$]{0,60})"
    r"(?:\) (?P<text>.*)|(?: \[\w{1,60}\])?(?:: ?(?P<message>.*)|$))"
)
#: An exception of JavaScript or .NET behind a text: `payment failed Error: refused`.
_BEHIND = re.compile(
    r"(?<![\w.])(?P<type>(?:[A-Za-z_]\w{0,60}\.){0,12}(?:[A-Z]\w{0,60})?(?:Error|Exception))(?: \[\w{1,60}\])?: (?P<message>.*)"
)
#: Characters of a text in which it is looked for.
_LOOKED = 4_000
_RUBY = re.compile(r"\S{1,300}\.rb:\d+:in ['`].{0,200}': (?P<message>.*) \((?P<type>[A-Z][\w:]{0,200})\)")
_PANIC = re.compile(r"panic: (?P<message>.*?)(?: \[recovered(?:, repanicked)?\])?$")


_ANY = re.compile("|".join(f"(?:{trace.begins.pattern})" for trace in TRACES))


def begun(text: str) -> TraceForm | None:
    """Return how the exception is printed whose first line *text* is; None when it is none."""
    if _ANY.match(text) is None:
        return None
    return next((trace for trace in TRACES if trace.begins.match(text) is not None), None)


def exception(lines: list[str], language: str) -> dict[str, str] | None:
    """Return type and message of the exception that the lines print: Python's comes last, the others' first."""
    ordered = reversed(lines) if language == "python" else lines
    for line in ordered:
        found = _ERROR.match(line.lstrip() if language == "python" else line) or _RUBY.match(line)
        if found is not None:
            parts = found.groupdict()
            message = parts.get("message") or parts.get("text")
            return {"type": parts["type"], **({"message": message} if message else {})}
        if language == "javascript" and (found := _BEHIND.search(line[:_LOOKED])) is not None:
            return {"type": found["type"], "message": found["message"]}
        if language == "go" and (found := _PANIC.match(line)) is not None:
            return {"type": "panic", "message": found["message"]}
        if language == "rust" and "panicked at" in line:
            place = lines.index(line) + 1
            return {"type": "panic", **({"message": lines[place]} if place < len(lines) else {})}
    return None


def goes_on(first: str, text: str) -> bool:
    """Return whether a line without a head goes on with the log whose first line is *first*."""
    return GOES_ON.match(text) is not None or (text.startswith(_ARROW) and _ORIGINATOR in first)


def is_repeated(rest: str, *, traced: bool) -> bool:
    """Return whether what stands behind a head that is repeated goes on with the log before, whose trace was begun or not."""
    if GOES_ON.match(rest) is not None or CLOSES.match(rest) is not None or rest.startswith(TRACEBACK):
        return True
    return traced and begun(rest) is not None


def repeated(first: str, text: str, column: int) -> int:
    """Return how much of its head *first*, whose message begins at *column*, has in common with a line in which a traceback begins behind it; *column* where that is no whole head.

    oslo.log leaves the context of a request out of the lines of a stack.
    """
    place = text.find(TRACEBACK)
    return place if 8 < place < column and first[:place] == text[:place] else column


def same_process(first: str, text: str) -> bool:
    """Return whether two lines are of one day and, where both name a process, of one process."""
    one, other = PROCESS.search(first), PROCESS.search(text)
    return first[:10] == text[:10] and (one is None or other is None or one[1] == other[1])


def in_stanza(first: str, more: list[str], until: re.Pattern[str], text: str, found: dict[str, Any] | None) -> bool:
    """Return whether a line belongs to the stanza that began with *first* and went on with *more*."""
    if first.startswith("Start-Date: ") and more and more[-1].startswith("End-Date: "):
        return False
    if until.match(text) is not None:
        # The user stands beneath the time, where there is one.
        users = ("# User", "<record>")
        return text.startswith(users) and not any(line.startswith(users) for line in (first, *more))
    if first.startswith("<"):
        last = more[-1] if more else first
        return text.startswith("</") or not last.rstrip().endswith(("</record>", "</log4j:event>", "</log>"))
    return found is None or "timestamp" not in found


def of_block(first: dict[str, Any] | None, found: dict[str, Any]) -> str | None:
    """Return what a line adds to a block of fatal lines that began with an empty one, as Rails writes an exception, or to a job that failed; None for another."""
    if first is not None and str(first["message"]).startswith('{"context":"') and first.get("level") == "WARN":
        return _of_job(first, found)
    if first is None or first.get("message") != "" or first.get("level") != "FATAL" or found.get("level") != "FATAL":
        return None
    one, other = first.get("metadata") or {}, found.get("metadata") or {}
    same = all(one.get(name) == other.get(name) for name in ("pid", "request_id"))
    return str(found["message"]) if same else None


def _of_job(first: dict[str, Any], found: dict[str, Any]) -> str | None:
    """Return what a line of the same thread adds to the job that failed, whose error and backtrace Sidekiq writes behind it."""
    one, other = first.get("metadata") or {}, found.get("metadata") or {}
    same = found.get("level") == "WARN" and all(one.get(name) == other.get(name) for name in ("pid", "tid", "context"))
    # All of it is written at once; what the thread warns of later is another log.
    same = same and str(first.get("timestamp"))[:19] == str(found.get("timestamp"))[:19]
    return str(found["message"]) if same and not str(found["message"]).startswith("{") else None


def may_begin(text: str) -> bool:
    """Return whether an indented line may be a log: it begins with a time, a sign, or a level close to the edge."""
    inner = text.lstrip()
    first = inner[:1]
    if first.isalpha() and first.isascii():
        indent = len(text) - len(inner)
        return indent == 1 or _MONTH.match(inner) is not None or (indent <= _ALIGNED and is_column(inner))
    return not first.isascii() or first.isdigit() or first in "[<" or text[0] == "\t"


def is_column(text: str) -> bool:
    """Return whether a text begins with a level in capitals."""
    word = re.split(r"[^A-Za-z]", text[:12], maxsplit=1)[0]
    return word.isupper() and words.is_level(word)
