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


#: What is installed from npm, all of it in one folder.
NODE = Path(__file__).with_name("shippers-package.json")


#: Debian packages whose files are unpacked into one folder: installed, the two would keep each other out.
SYSTEM = (
    *("rsyslog", "rsyslog-elasticsearch", "libestr0", "libfastjson4"),
    *("syslog-ng-core", "syslog-ng-mod-http", "libivykis0", "libnet1", "libpcre3"),
)


class Shippers:
    """All of them."""

    name = "shippers"
    title = "Clients of shippers"

    @classmethod
    def missing(cls) -> list[str]:
        """Return what is not installed."""
        lacking = [client for client in PYTHON if not folder(client).exists()]
        lacking += [package for package, file in DEBIAN.items() if not file.exists()]
        lacking += [] if node_folder().exists() else ["packages from npm"]
        return lacking if system_folder().exists() else [*lacking, "rsyslog and syslog-ng"]

    @classmethod
    def install(cls) -> None:
        """Install what is missing, or raise ServerFailed."""
        if packaged := [package for package, file in DEBIAN.items() if not file.exists()]:
            packages.install(packaged)
        for client, wanted in PYTHON.items():
            if not folder(client).exists():
                _make(folder(client), [sys.executable, "-m", "pip", "install", "--quiet", "--target", ".", *wanted])
        if not node_folder().exists():
            if shutil.which("npm") is None:
                packages.install(["npm"])
            _make(node_folder(), ["npm", "install", "--silent", "--no-audit", "--no-fund"], NODE)
        if not system_folder().exists():
            packages.install([])
            unpack = (
                "apt-get download -qq " + " ".join(SYSTEM) + " && for one in *.deb; do dpkg -x $one . || exit 1; done"
            )
            _make(system_folder(), ["sh", "-c", f"{unpack} && rm *.deb"])


def folder(client: str) -> Path:
    """Return the folder for a client's packages; other releases are another folder."""
    return _cache(client, "\n".join((sys.version[:4], *PYTHON[client])))


def node_folder() -> Path:
    """Return the folder with the packages from npm."""
    return _cache("node-clients", NODE.read_text())


def system_folder() -> Path:
    """Return the folder with the files of Debian packages."""
    return _cache("system-clients", "\n".join(SYSTEM))


def _cache(name: str, wanted: str) -> Path:
    base = os.environ.get("SERVICES_CACHE") or Path(
        os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "logingestor"
    )
    return Path(base, f"{name}-{hashlib.sha256(wanted.encode()).hexdigest()[:12]}")


def _make(home: Path, command: list[str], *files: Path) -> None:
    """Have a command fill the folder that it runs in, and only then give it its name."""
    home.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home.parent) as temporary:
        made = Path(temporary, "home")
        made.mkdir()
        for file in files:
            shutil.copy(file, made / "package.json")
        ended = subprocess.run(command, check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL, cwd=made)
        if ended.returncode:
            raise ServerFailed(f"{command[0]} could not make {home.name}:\n{ended.stderr}")
        if not home.exists():
            made.rename(home)
