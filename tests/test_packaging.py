"""The wheel holds everything, and works away from the checkout."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
import urllib.request
import zipfile
from configparser import ConfigParser
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCES = (
    "app",
    "logingestor",
    "workers",
    "templates",
    "migrations",
    "setup.cfg",
    "pyproject.toml",
    "README.md",
    "LICENSE",
)
#: Folders of the checkout, and where the wheel has them.
MOVED = {"templates": "app/templates", "migrations": "app/migrations"}
#: Seconds until the page must answer.
START_SECONDS = 60.0


def test_every_folder_is_packaged() -> None:
    """setup.cfg lists each folder with modules: discovery does not go with mapped packages."""
    setup = ConfigParser()
    setup.read(ROOT / "setup.cfg")
    packages = set(setup["options"]["packages"].split())
    folders = {
        path.parent.relative_to(ROOT)
        for room in ("app", "logingestor", "workers")
        for path in (ROOT / room).rglob("*.py")
    }
    moved = {"app.templates", "app.migrations", "app.migrations.versions"}
    assert packages == {".".join(folder.parts) for folder in folders} | moved


@pytest.mark.parametrize("name", MOVED.values())
def test_checkout_has_no_second_copy(name: str) -> None:
    """In a checkout these lie at the top only; a folder here would be preferred by `resource`."""
    assert not (ROOT / name).exists()


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy so that the checkout stays clean."""
    folder = tmp_path_factory.mktemp("wheel")
    for name in SOURCES:
        path = ROOT / name
        if path.is_dir():
            shutil.copytree(path, folder / "src" / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(path, folder / "src" / name)
    run([sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(folder / "src")])
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of programs of a fresh environment with the wheel in it.

    It borrows the dependencies of the running environment by a path file, which does not make it see
    the checkout: path files beside the borrowed packages are not read.
    """
    folder = tmp_path_factory.mktemp("installed")
    run([sys.executable, "-m", "venv", "--without-pip", str(folder)])
    python = folder / "bin" / "python"
    run([sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-deps", str(wheel)])
    site = Path(run([str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]).strip())
    borrowed = dict.fromkeys((sysconfig.get_path("purelib"), sysconfig.get_path("platlib")))
    (site / "borrowed.pth").write_text("\n".join(borrowed))
    return python.parent


def run(command: list[str], **more: str) -> str:
    """Run a command away from the checkout; return what it printed, fail with it otherwise."""
    environment = {name: text for name, text in os.environ.items() if not name.startswith(("LOGINGESTOR_", "PYTHON"))}
    output = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    done = subprocess.run(command, check=False, cwd="/", env=environment | more, **output)
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.mark.system
def test_wheel_holds_everything(wheel: Path) -> None:
    """Modules, templates, static files and migrations of the checkout are in the wheel; tests and bench are not."""
    expected = set()
    for room in ("app", "logingestor", "workers", "templates", "migrations"):
        for path in (ROOT / room).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                expected.add(str(Path(MOVED.get(room, room)) / path.relative_to(ROOT / room)))
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert names == expected


@pytest.mark.system
def test_wheel_migrates_and_serves_a_page_elsewhere(installed: Path, tmp_path: Path) -> None:
    """In a fresh environment and another folder: `db upgrade` makes the database, `serve` shows the page and its style."""
    program = str(installed / "logingestor")
    settings = {"LOGINGESTOR_DATA_DIR": str(tmp_path / "data"), "LOGINGESTOR_MIN_FREE_DISK": "1 MiB"}
    where = run([str(installed / "python"), "-c", "import app, workers; print(app.__file__, workers.__file__)"])
    assert str(ROOT) not in where
    run([program, "db", "upgrade"], **settings)
    assert (tmp_path / "data" / "logingestor.db").exists()
    console = (tmp_path / "console").open("w+")
    environment = {"PATH": os.environ["PATH"], **settings, "LOGINGESTOR_PORT": "0"}
    serving = subprocess.Popen([program, "serve"], cwd=tmp_path, env=environment, stdout=console, stderr=console)
    try:
        url = address(tmp_path / "console", serving)
        for path, part in (("/", b"<html"), ("/static/style.css", b"{"), ("/static/page.js", b"")):
            with urllib.request.urlopen(url + path, timeout=30) as answer:
                assert answer.status == 200
                assert part in answer.read()
    finally:
        serving.send_signal(signal.SIGTERM)
        code = serving.wait(60)
        console.close()
    assert code == 0, (tmp_path / "console").read_text()


def address(console: Path, serving: subprocess.Popen[bytes]) -> str:
    """Return the address that `serve` prints once it answers."""
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and serving.poll() is None:
        for line in console.read_text().splitlines():
            if line.split()[:1] == ["page"]:
                return line.split()[1].rstrip("/")
        time.sleep(0.05)
    pytest.fail(f"no address on the console:\n{console.read_text()}")


@pytest.mark.parametrize("nothing_beside_sources", ["", "1"])
def test_processes_of_tests_share_what_they_compile(nothing_beside_sources: str) -> None:
    """`make test` keeps bytecode also where Python is to leave none beside the sources: each process of tests would compile them all again."""
    run = ["make", "--dry-run", "--old-file=.venv/installed-dev", "test"]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    environment = kept | {"PYTHONDONTWRITEBYTECODE": nothing_beside_sources}
    done = subprocess.run(run, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    compiled = f"PYTHONDONTWRITEBYTECODE= PYTHONPYCACHEPREFIX={ROOT}/.venv/compiled"
    assert done.stdout.strip().startswith(compiled) == bool(nothing_beside_sources), done.stdout
