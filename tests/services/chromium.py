"""Chromium as the system has it: the browser that tests drive. It is no server; what drives it starts it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import ClassVar

from tests.services import packages

#: Programs that will do, the first that is there.
PROGRAMS = ("chromium", "chromium-browser", "google-chrome")


class Chromium:
    """Where the browser is, and how it gets there."""

    name: ClassVar[str] = "chromium"
    title: ClassVar[str] = "Chromium"

    @classmethod
    def program(cls) -> Path | None:
        """Return the program; None where there is none."""
        path = os.environ.get("PATH", packages.PATH)
        return next((Path(found) for name in PROGRAMS if (found := shutil.which(name, path=path))), None)

    @classmethod
    def missing(cls) -> list[str]:
        """Return what must be installed first."""
        return [] if cls.program() else ["the package chromium"]

    @classmethod
    def install(cls) -> None:
        """Install the package."""
        if cls.missing():
            packages.install(["chromium"])
