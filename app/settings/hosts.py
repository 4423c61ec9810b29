"""Names by which an open server is asked."""

from __future__ import annotations

import re

from app.settings.values import Setting


def names(text: str) -> tuple[str, ...]:
    """Return names of hosts, in lower case, without ports. Raises ValueError."""
    found = tuple(one.strip().lower() for one in text.split(",") if one.strip())
    for one in found:
        if not re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)*", one):
            raise ValueError(f"has {one!r}, which is no name of a host such as logs.example.org")
    return found


SETTING = Setting(
    "HOSTS",
    "",
    names,
    "Names by which browsers ask a server with `AUTH=open` beside those of this machine (DNS rebinding): "
    "`logs.example.org` where a proxy in front passes that on.",
)
