"""What the Java servers need: a Java that is new enough, and their jars from Maven Central."""

from __future__ import annotations

import functools
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.services import packages
from tests.services.process import ServerFailed

#: OpenSearch 3 needs it.
OLDEST = 21
#: Packages that bring it, the first that the system offers is taken.
PACKAGES = ("openjdk-21-jre-headless", "openjdk-25-jre-headless")
#: How often jars are asked for before giving up: a registry may be out of reach for a moment.
TRIES = 3
POMS = Path(__file__).parent


@functools.cache
def find() -> Path | None:
    """Return the first Java that is new enough: of JAVA_HOME, of PATH, of Debian's folder; None if there is none."""
    return next((path for path in _candidates() if path.is_file() and _version(path) >= OLDEST), None)


def _candidates() -> Iterator[Path]:
    if home := os.environ.get("JAVA_HOME"):
        yield Path(home, "bin", "java")
    if found := shutil.which("java"):
        yield Path(found)
    yield from sorted(Path("/usr/lib/jvm").glob("*/bin/java"))


def _version(java: Path) -> int:
    """Return the major version; 0 for what is no Java."""
    try:
        said = subprocess.run(
            [str(java), "-version"], check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL
        )
    except OSError:
        return 0
    found = re.search(r'version "(\d+)', said.stderr)
    return int(found[1]) if found else 0


def missing(home: Path) -> list[str]:
    """Return what a Java server lacks whose jars lie in *home*."""
    lacking = [] if find() else [f"Java {OLDEST} or newer (set JAVA_HOME)"]
    return lacking if home.exists() else [*lacking, "its jars from Maven Central"]


def home(name: str, layout: str = "") -> Path:
    """Return the folder for the jars that NAME-pom.xml names; another pom or *layout* is another folder."""
    base = os.environ.get("SERVICES_CACHE") or Path(
        os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "logingestor"
    )
    digest = hashlib.sha256((POMS / f"{name}-pom.xml").read_bytes() + layout.encode()).hexdigest()
    return Path(base, f"{name}-{digest[:12]}")


def install(name: str, home: Path, arrange: Callable[[Path], None] = lambda folder: None) -> None:
    """Install Java, Maven and the jars, whichever is missing, or raise ServerFailed."""
    wanted = []
    if find() is None:
        offered = [package for package in PACKAGES if packages.offered(package)]
        if not offered:
            raise ServerFailed(
                f"no Java {OLDEST} or newer is here, and the system offers no package of one; set JAVA_HOME"
            )
        wanted.append(offered[0])
    if not home.exists() and shutil.which("mvn") is None:
        wanted.append("maven")
    if wanted:
        packages.install(wanted)
        find.cache_clear()
    if not home.exists():
        _fetch(name, home, arrange)


def _fetch(name: str, home: Path, arrange: Callable[[Path], None]) -> None:
    """Have Maven copy the jars to HOME/lib, arrange them, and only then give the folder its name."""
    home.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home.parent) as temporary:
        made = Path(temporary, "home")
        command = ["mvn", "--batch-mode", "--quiet", "--file", str(POMS / f"{name}-pom.xml")]
        command += ["dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={made / 'lib'}"]
        for _ in range(TRIES):
            ended = subprocess.run(command, check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL)
            if ended.returncode == 0:
                break
        else:
            raise ServerFailed(f"Maven could not fetch the jars of {name}:\n{ended.stdout}{ended.stderr}")
        arrange(made)
        if not home.exists():
            made.rename(home)
