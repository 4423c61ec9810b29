"""Signs that consoles show in the place of a level."""

from __future__ import annotations

import re
from typing import Any

from app.log.lines import tail, words

#: Signs that consoles show in the place of a level.
_SIGNS = {
    **dict.fromkeys("ℹ•●◐▶☑✔✓★…⬢☐◯○✅", "info"),
    **dict.fromkeys("⚠‼", "warn"),
    **dict.fromkeys("✖✗✘×⨯☒❌⛔🚨💥", "error"),
    **dict.fromkeys("⚙⬤", "debug"),
    "→": "trace",
    **dict.fromkeys("☠", "fatal"),
}
SIGN = re.compile(
    rf"(?:\[(?P<scope>[\w.:-]{{1,60}})\][ ])?(?:›[ ]{{1,2}})?(?:\[[\w.:-]{{1,60}}\][ ])?(?P<sign>[{''.join(_SIGNS)}])\ufe0f?[ ]{{1,4}}(?=\S)"
)
_LABEL = re.compile(r"(?P<label>[a-z]{3,12})(?:[ ]{2,}|[ ](?=\[))")


def signed(text: str, sign: re.Match[str]) -> dict[str, Any]:
    """Read what follows a sign, which may be a level's name in a column."""
    rest = text[sign.end() :]
    label = _LABEL.match(rest)
    # `success` is the one level that consoles show behind a sign and no others write.
    strict = label is None or label["label"] != "success"
    named = words.named(label["label"], strict=strict) if label is not None else None
    level = _SIGNS[sign["sign"]]
    if label is not None and named is not None:
        level, rest = named[0], rest[label.end() :]
    message, values = tail.split(rest)
    log: dict[str, Any] = {"level": level, "message": message, "resourceId": sign["scope"], **tail.ids(values)}
    return {**log, "metadata": values}
