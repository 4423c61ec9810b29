"""Whether a word behind the time of a line is its level, or a word of the text, by the tokens before it."""

from __future__ import annotations

import re

from app.log.lines import words
from app.log.lines.heads import names

#: The tokens of a host, a program and its process.
_HOST_AND_PROGRAM = 3
#: Most words that may stand before a level.
MOST_WORDS = 1


def is_word(token: re.Match[str], line: str) -> bool:
    """Return whether a token is a mere word, as texts consist of them: no name with signs, no thread, none before a bracket or a colon."""
    name = token["name"]
    return (
        name is not None
        and name.isalpha()
        and token["colon"] is None
        and not line.startswith("[", token.end())
        and not names.is_thread(name)
    )


def _is_program(tokens: list[re.Match[str]]) -> bool:
    """Return whether the last of *tokens* are a program and its process, and the one before them, if any, a name: `web1 proftpd[12]`."""
    *names_of, process = tokens
    glued = (
        process["bracket"] is not None
        and process["bracket"][1:-1].isdecimal()
        and names_of[-1].end() == process.start()
    )
    return glued and all(token["name"] is not None and token["colon"] is None for token in names_of)


def fits(level: words.Level, tokens: list[re.Match[str]], line: str) -> bool:
    """Return whether a level behind *tokens* is one, and no word of the text."""
    if not tokens:
        return True
    if level.style == "letter":
        return False
    if tokens[-1]["colon"] is not None and not line[level.end :].strip():
        return False  # the end of a text: `Finished: FAILURE`
    if len(tokens) > 1 and line[tokens[-1].end() : tokens[-1].end() + 2] == ": " and _is_program(tokens):
        # Behind syslog(3)'s tag few levels are sure: ntpd's CONFIG is the part of it that speaks.
        return len(tokens) <= _HOST_AND_PROGRAM and words.is_usual(level.name)
    loose = sum(
        token["name"] is not None and token["colon"] is None and line[token.end() : token.end() + 1] != "["
        for token in tokens
    )
    if level.style in ("caps", "bracket"):
        return sum(is_word(token, line) for token in tokens) <= MOST_WORDS
    return loose == 0 and line[level.end : level.end + 1] == ":"
