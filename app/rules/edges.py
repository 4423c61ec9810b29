"""Where a word begins though a letter or digit stands before it: behind a colour of a terminal, and behind what writes a character as an escape.

Colours are `ESC [ 31 m` (ECMA-48, section 8.3.117), as they are or as a JSON text writes them; escapes are those of JSON and C (`\\n`, `\\t`,
`\\u001b`, `\\x1b`), of which a text within a text keeps the backslash, and those of URLs (`%0A`).
"""

from __future__ import annotations

#: These edges for RE2, which has no look-behind: what stands before the word is part of the match.
TAKEN = r"\\[nrtfbv]|\\u[0-9A-Fa-f]{4}|\\x[0-9A-Fa-f]{2}|%[0-9A-Fa-f]{2}|\[(?:[0-9]{1,3};?){0,8}m"
#: These edges as look-behinds for Python's `re`, each of a fixed length.
BEHIND = "|".join(
    f"(?<={one})"
    for one in (
        r"\\[nrtfbv]",
        r"\\u[0-9A-Fa-f]{4}",
        r"\\x[0-9A-Fa-f]{2}",
        r"%[0-9A-Fa-f]{2}",
        r"\[m",
        r"[\[;]\dm",
        r"[\[;]\d\dm",
        r"[\[;]\d\d\dm",
    )
)
