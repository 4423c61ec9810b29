"""Clients of shippers' protocols, each at a pinned release in a folder of its own, so that two releases of one can be tried."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.services import packages
from tests.services.process import ServerFailed

#: What is installed from PyPI, by the name of the client; the first one is the client itself.
PYTHON: dict[str, tuple[str, ...]] = {
    "opensearch-py": ("opensearch-py==3.2.0",),
    "elasticsearch-8": ("elasticsearch==8.19.3",),
    "elasticsearch-9": ("elasticsearch==9.5.1",),
    "python-logging-loki": ("python-logging-loki==0.3.1",),
    "seqlog": ("seqlog==0.4.3",),
    "graypy": ("graypy==2.1.0",),
    "otel-python": ("opentelemetry-sdk==1.45.2", "opentelemetry-exporter-otlp-proto-http==1.45.2"),
    "splunk-handler": ("splunk-handler==3.0.0",),
    "datadog-api-client": ("datadog-api-client==2.62.0",),
    "pygelf": ("pygelf==0.4.3",),
}
#: What Debian packages, and a file by which it is known to be there.
DEBIAN: dict[str, Path] = {"systemd-journal-remote": Path("/lib/systemd/systemd-journal-upload")}


class Shippers:
    """All of them."""

    name = "shippers"
    title = "Clients of shippers"

    @classmethod
    def missing(cls) -> list[str]:
        """Return what is not installed."""
        packaged = [package for package, file in DEBIAN.items() if not file.exists()]
        return [*(client for client in PYTHON if not folder(client).exists()), *packaged]

    @classmethod
    def install(cls) -> None:
        """Install what is missing, or raise ServerFailed."""
        missing = cls.missing()
        if packaged := [package for package in missing if package in DEBIAN]:
            packages.install(packaged)
        for client in missing:
            if client in PYTHON:
                _install(client)


def folder(client: str) -> Path:
    """Return the folder for a client's packages; other releases are another folder."""
    base = os.environ.get("SERVICES_CACHE") or Path(
        os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "logingestor"
    )
    wanted = "\n".join((sys.version[:4], *PYTHON[client]))
    return Path(base, f"{client}-{hashlib.sha256(wanted.encode()).hexdigest()[:12]}")


def _install(client: str) -> None:
    home = folder(client)
    home.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home.parent) as temporary:
        made = Path(temporary, "home")
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(made), *PYTHON[client]]
        ended = subprocess.run(command, check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL)
        if ended.returncode:
            raise ServerFailed(f"pip could not install {client}:\n{ended.stderr}")
        if not home.exists():
            shutil.move(made, home)
