"""A form of lines: a row of the table in app/log/lines/forms.py."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

# The beginning of a line is given by its first character, but for these, of which every letter is `a` and every digit `0`:
# a line with a bracket has its first two; one with a date such as 2023-09-15 and a time of day `0-` and the three characters behind
# time and zone, so that `2023-09-15 08:00:00 [main] text` is `0- [a`; one with such a date in a bracket `[0-` and three; one with a
# date such as 2023/09/15 `0/` and three; one with a time of day alone `0:`; one with a level in capitals, a blank and a letter `A a`,
# for so many begin, with text of any kind behind, and nearly all forms that begin with capitals go on otherwise.


@dataclass(frozen=True, slots=True)
class Form:
    """One layout: its pattern for a whole line, what its signs mean as levels, the metadata that are numbers."""

    name: str
    #: Matches the first character of each line that the pattern may match, or what stands for its beginning (above).
    begins: re.Pattern[str]
    pattern: re.Pattern[str]
    levels: Mapping[str, str] = field(default_factory=dict)
    level: str | None = None
    #: A program's text that holds pairs of its own: they are metadata.
    pairs: bool = False


def form(name: str, begins: str, pattern: str, levels: Mapping[str, str] | None = None, **more: Any) -> Form:
    """Return the form of a pattern for a whole line that *begins* so; *levels* is what its signs mean, *more* the rest of it."""
    return Form(name, re.compile(begins, re.DOTALL), re.compile(pattern, re.DOTALL), levels or {}, **more)
