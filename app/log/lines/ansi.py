"""Escape codes of terminals, which programs write into files too, and how they are taken off."""

from __future__ import annotations

import re

#: ECMA-48: control sequences (colours, movements), operating system commands (titles, links), short escapes.
_CODES = re.compile(r"\x1b(?:\[[0-?]*+[ -/]*+[@-~]|\][^\x07\x1b]*+(?:\x07|\x1b\\)|[ -/]*+[0-Z\\^-~])")


def stripped(text: str) -> str:
    """Return *text* without escape codes; what only looks like one stays."""
    return _CODES.sub("", text) if "\x1b" in text else text
