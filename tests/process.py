"""Commands as processes of their own, on the settings of a test."""

from __future__ import annotations

import os
from pathlib import Path

from app.settings.settings import PREFIX, SETTINGS, Settings

ROOT = Path(__file__).resolve().parents[1]
#: Settings that tests choose; all others have their default.
_CHOSEN = ("DATA_DIR", "STORE_URL", "QUEUE_URL", "SEARCH_URL", "MIN_FREE_DISK")


def environment(settings: Settings) -> dict[str, str]:
    """Return this process's environment with *settings* in place of any others."""
    names = {setting.name for setting in SETTINGS}
    assert names.issuperset(_CHOSEN)
    kept = {name: text for name, text in os.environ.items() if not name.startswith(PREFIX)}
    return kept | {PREFIX + name: str(getattr(settings, name.lower())) for name in _CHOSEN}
