"""A form of lines: a row of the table in app/log/lines/forms.py."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Form:
    """One layout: its pattern for a whole line, what its signs mean as levels, the metadata that are numbers."""

    name: str
    pattern: re.Pattern[str]
    levels: Mapping[str, str] = field(default_factory=dict)
    level: str | None = None
    #: A program's text that holds pairs of its own: they are metadata.
    pairs: bool = False


def form(name: str, pattern: str, levels: Mapping[str, str] | None = None, **more: Any) -> Form:
    """Return the form of a pattern for a whole line; *levels* is what its signs mean, *more* the rest of it."""
    return Form(name, re.compile(pattern, re.DOTALL), levels or {}, **more)
