"""Clients of shippers' protocols, each at a pinned release in a folder of its own, so that two releases of one can be tried."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.services import java, omhttp, packages
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
#: The clients' programs, a folder for each language.
PROGRAMS = Path(__file__).resolve().parents[1] / "e2e" / "shippers"
#: What is installed from npm, all of it in one folder.
NODE = PROGRAMS / "node" / "package.json"
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
        lacking += [] if go_folder().exists() else ["the program in Go"]
        lacking += [] if jvm_folder().exists() and java.find() else ["the program for the JVM"]
        lacking += [] if system_folder().exists() else ["rsyslog and syslog-ng"]
        return lacking if omhttp_folder().exists() else [*lacking, "rsyslog's omhttp"]

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
        if not omhttp_folder().exists():
            if any(shutil.which(tool) is None for tool in ("cc", "dpkg-source")):
                packages.install(["dpkg-dev", "gcc", "libc6-dev"])
            _make(omhttp_folder(), ["sh", "-c", omhttp.SCRIPT])
        if not go_folder().exists():
            made = ["build", "-ldflags", "-s -w", "-o", "."]
            _make(go_folder(), ["env", "CGO_ENABLED=0", _go(), *made], *_sources("go"))
        if not jvm_folder().exists() or java.find() is None:
            if shutil.which("javac") is None:
                packages.install(["default-jdk-headless"])
            java.install("shippers", jvm_folder(), _compile)


def folder(client: str) -> Path:
    """Return the folder for a client's packages; other releases are another folder."""
    return _cache(client, "\n".join((sys.version[:4], *PYTHON[client])))


def node_folder() -> Path:
    """Return the folder with the packages from npm."""
    return _cache("node-clients", NODE.read_text())


def go_folder() -> Path:
    """Return the folder with the program in Go, `shippers`; other sources are another folder."""
    return _cache("go-clients", _text_of("go"))


def jvm_folder() -> Path:
    """Return the folder with the jars of the JVM's clients in `lib`, and the program that uses them in `classes`."""
    return java.home("shippers", _text_of("jvm"))


def system_folder() -> Path:
    """Return the folder with the files of Debian packages."""
    return _cache("system-clients", "\n".join(SYSTEM))


def omhttp_folder() -> Path:
    """Return the folder with rsyslog's module omhttp."""
    return _cache("omhttp", omhttp.SCRIPT)


def command(program: str, packages: str, name: str, address: str) -> tuple[list[str], dict[str, str]]:
    """Return how a client's program is started, and its environment.

    *program* is a file beneath PROGRAMS, or `go` or `jvm` alone, whose one program has the client *name*; *packages* are those
    from PyPI, by their name in PYTHON.
    """
    environment = {"PATH": os.environ["PATH"], "SYSTEM": str(system_folder()), "OMHTTP": str(omhttp_folder())}
    if program == "go":
        return [str(go_folder() / "shippers"), name, address], environment
    if program == "jvm":
        # Quick to start: each test has a process of its own.
        options = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx256m"]
        path = f"{jvm_folder()}/classes:{jvm_folder()}/lib/*"
        return [str(java.find()), *options, "-cp", path, "Clients", name, address], environment
    if program.endswith(".js"):
        environment["NODE_PATH"] = str(node_folder() / "node_modules")
        return ["node", str(PROGRAMS / program), address], environment
    environment |= {
        "PYTHONPATH": os.pathsep.join(
            [str(PROGRAMS / "python"), *([str(folder(packages))] if packages in PYTHON else [])]
        ),
        "PYTHONWARNINGS": "ignore",
    }
    return [sys.executable, str(PROGRAMS / program), address], environment


def _sources(language: str) -> list[Path]:
    return sorted(path for path in (PROGRAMS / language).iterdir() if path.is_file())


def _text_of(language: str) -> str:
    return "\n".join(path.read_text() for path in _sources(language))


def _go() -> str:
    """Return Go's command: of PATH, or where its own archive is unpacked."""
    found = shutil.which("go") or shutil.which("go", path="/usr/local/go/bin")
    if found is None:
        raise ServerFailed("install Go first: https://go.dev/doc/install")
    return found


def _compile(home: Path) -> None:
    """Compile the program for the JVM beside its jars."""
    words = ["javac", "-d", str(home / "classes"), "-cp", f"{home}/lib/*", *map(str, _sources("jvm"))]
    ended = subprocess.run(words, check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if ended.returncode:
        raise ServerFailed(f"javac could not compile {PROGRAMS / 'jvm'}:\n{ended.stderr}")


def _cache(name: str, wanted: str) -> Path:
    base = os.environ.get("SERVICES_CACHE") or Path(
        os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "logingestor"
    )
    return Path(base, f"{name}-{hashlib.sha256(wanted.encode()).hexdigest()[:12]}")


def _make(home: Path, command: list[str], *files: Path) -> None:
    """Have a command fill the folder that it runs in, from copies of *files*, and only then give it its name."""
    home.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home.parent) as temporary:
        made = Path(temporary, "home")
        made.mkdir()
        for file in files:
            shutil.copy(file, made)
        ended = subprocess.run(command, check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL, cwd=made)
        if ended.returncode:
            raise ServerFailed(f"{command[0]} could not make {home.name}:\n{ended.stderr}")
        if not home.exists():
            made.rename(home)
