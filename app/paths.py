"""Where templates and migrations lie: beside app in a checkout, inside it in an installed wheel."""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent


def resource(name: str) -> Path:
    """Return the folder called *name*."""
    installed = PACKAGE / name
    return installed if installed.is_dir() else PACKAGE.parent / name
