"""Whether a server asks for a password, by the address that it listens at."""

from __future__ import annotations

from dataclasses import replace

from app.errors import InvalidSettings, Problem
from app.settings.settings import PREFIX, Settings
from app.settings.values import is_loopback


def decide(settings: Settings, address: str) -> Settings:
    """Return the settings with AUTH as it is for a server at *address*; raises InvalidSettings for an open one beyond loopback."""
    loopback = is_loopback(address)
    if settings.auth == "open" and not loopback:
        reason = (
            f"{settings.host} can be reached from other machines, and {PREFIX}AUTH is open: "
            "leave it out, so that the admin's password is asked for, or listen at 127.0.0.1"
        )
        raise InvalidSettings(Problem(reason, f"{PREFIX}HOST"))
    return replace(settings, auth=settings.auth or ("open" if loopback else "required"))
