"""Spaces, added and given a quota, for command and page."""

from __future__ import annotations

import re
from typing import Any

from app.errors import InvalidInput, NotFound, Problem
from app.ports.costs import DAY_MS, Space, SpaceKeeper
from app.settings.values import parse_bytes
from app.times import instant
from app.times.instant import now_ms

#: Names of spaces: they stand in queries and rules without quotation marks.
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
#: The name that the record of who did what goes by.
RESERVED = ("audit",)
#: Word for no quota.
NO_QUOTA = "none"


def add(keeper: SpaceKeeper, name: str, quota: str | None = None) -> None:
    """Add a space; *quota* is a size such as `10GiB`, a day. Raises InvalidInput and Unavailable."""
    if _NAME.fullmatch(name) is None or name in RESERVED:
        taken = f", and none of {', '.join(RESERVED)}"
        raise InvalidInput(Problem(f"is no name: up to 40 letters a to z, digits and hyphens{taken}", "name"))
    if not keeper.add_space(name, _quota(quota or NO_QUOTA), now_ms()):
        raise InvalidInput(Problem("is taken by another space", "name"))


def set_quota(keeper: SpaceKeeper, name: str, quota: str) -> None:
    """Give a space another quota, or `none`. Raises InvalidInput, NotFound and Unavailable."""
    if not keeper.set_quota(name, _quota(quota)):
        raise NotFound("there is no space of this name")


def to_dict(space: Space) -> dict[str, Any]:
    """Return a space as commands and pages show it: bytes, and times in RFC 3339; None where there is none."""
    return {
        "name": space.name,
        "quota": space.quota,
        "used_today": space.used_on(now_ms() // DAY_MS),
        "made": instant.text((space.made, 0)),
        "refused": instant.text((space.refused, 0)) if space.refused else None,
    }


def _quota(text: str) -> int | None:
    if text.strip().lower() == NO_QUOTA:
        return None
    try:
        found = parse_bytes(text)
    except ValueError as error:
        raise InvalidInput(Problem(f"{error}, or {NO_QUOTA}", "quota")) from None
    if not 0 < found < 1 << 62:
        raise InvalidInput(Problem("must be above 0 bytes and below 4 EiB", "quota"))
    return found
