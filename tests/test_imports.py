"""The walls of the house: a room imports only rooms on floors below it, and only the libraries of its row.

The floors are listed in FLOORS from the ground up, as docs/design.md draws them. Two rules more:
no folder of app/systems imports another (but `sql`, which both SQL systems share), and nothing below app/web imports Flask.
"""

from __future__ import annotations

import ast
import configparser
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from app.settings.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
FILES = sorted(
    path.relative_to(ROOT) for room in ("app", "logingestor", "workers") for path in (ROOT / room).rglob("*.py")
)

#: Longest file, and longest function with its docstring, in lines.
FILE_LINES = 300
FUNCTION_LINES = 40

#: The rooms, from the ground floor up; a room imports itself and what lies on floors below its own.
FLOORS: tuple[tuple[str, ...], ...] = (
    ("app", "logingestor"),
    (
        "app.errors",
        "app.fibers",
        "app.json_text",
        "app.memory",
        "app.paths",
        "app.readable",
        "app.version",
        "app.watchdog",
    ),
    ("app.bell", "app.damage", "app.shown", "app.times"),
    ("app.log",),
    ("app.query",),
    ("app.ports", "app.rules"),
    ("app.settings", "app.accept", "app.find"),
    ("app.secret", "app.audit_log", "app.drain", "app.files", "app.notify"),
    ("app.monitor", "app.systems"),
    ("app.alerts", "app.backends"),
    ("app.maintain", "app.figures", "workers"),
    ("app.process",),
    ("app.listen", "app.web"),
    ("app.cli",),
)
FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}

#: Each room and the libraries that it may import; a system's driver stays in that system's folder.
LIBRARIES: dict[str, set[str]] = {
    "app.fibers": {"greenlet"},
    "app.json_text": {"msgspec"},
    "app.shown": {"msgspec"},
    # zstandard: inflating what was sent, or a file as it was rotated, is part of reading it.
    "app.log": {"marshmallow", "msgspec", "zstandard"},
    # Google's decoder of protobuf, and the messages of OTLP for it.
    "app.log.otlp": {"google", "msgspec", "opentelemetry"},
    # Google's decoder of protobuf, snappy, in which every push of Loki's is compressed, and numpy: all entries of one are stepped through at once.
    "app.log.loki": {"cramjam", "google", "numpy"},
    "app.query": {"msgspec", "re2"},
    "app.ports": {"msgspec"},
    "app.rules": {"msgspec", "re2"},
    "app.settings": {"msgspec"},
    "app.listen": {"msgspec"},
    "app.files": {"msgspec"},
    "app.find": {"msgspec", "zstandard"},
    "app.accept": {"msgspec"},
    "app.drain": {"msgspec"},
    "app.audit_log": {"msgspec"},
    "app.alerts": {"msgspec"},
    "app.monitor": {"msgspec"},
    "app.notify": {"msgspec"},
    # zstandard: a backup is one compressed stream, whatever systems it comes from and goes to.
    "app.maintain": {"msgspec", "zstandard"},
    "app.systems": {"msgspec"},
    "app.systems.opensearch": {"msgspec", "opensearchpy"},
    "app.systems.postgres": {"msgspec", "psycopg2", "sqlalchemy"},
    "app.systems.rabbitmq": {"pika"},
    "app.systems.sql": {"alembic", "msgspec", "sqlalchemy"},
    "app.systems.sqlite": {"msgspec", "numpy", "pysqlite3", "sqlalchemy", "zstandard"},
    "app.systems.sqs": {"boto3", "botocore"},
    "app.web": {
        "apispec",
        "argon2",
        "authlib",
        "fido2",
        "flask",
        "flask_login",
        "flask_sqlalchemy",
        "itsdangerous",
        "httptools",
        "joserfc",
        "markupsafe",
        "marshmallow",
        "msgspec",
        "prometheus_client",
        "pyotp",
        "requests",
        "segno",
        "sqlalchemy",
        "uvicorn",
        "uvloop",
        "werkzeug",
    },
    # pysqlite3: `doctor` looks at a file that may be too broken to be opened as a backend.
    "app.cli": {"click", "msgspec", "pysqlite3"},
    # Flask-Migrate's commands stand beside ours where Flask's own command line is used.
    "app.cli.access": {"click", "flask", "flask_migrate"},
    "workers": {"dramatiq", "periodiq"},
}


def module_name(path: Path) -> str:
    """Return the dotted name of the module in the file."""
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")


MODULES = {module_name(path) for path in FILES}


def room_of(module: str) -> str:
    """Return the room that a module belongs to."""
    return next((room for room in FLOOR if room != "app" and lies_in(module, room)), "app")


def libraries_of(module: str) -> set[str]:
    """Return the libraries that a module may import: those of the longest row that fits."""
    return LIBRARIES.get(max((room for room in LIBRARIES if lies_in(module, room)), key=len, default=""), set())


def lies_in(module: str, room: str) -> bool:
    """Return whether *module* is *room* or lies beneath it."""
    return module == room or module.startswith(f"{room}.")


@cache
def nodes(path: Path) -> list[ast.AST]:
    """Return all nodes of the file's syntax tree, in no order."""
    return [*ast.walk(ast.parse((ROOT / path).read_text()))]


def imported(path: Path) -> Iterator[tuple[int, str]]:
    """Yield line and name of every module that the file imports, at its head or inside a function."""
    for node in nodes(path):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}:{node.lineno}: names of modules are written in full"
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield node.lineno, inner if inner in MODULES else str(node.module)


def test_every_room_has_a_floor() -> None:
    """A new folder or module beside the rooms needs a place in FLOORS."""
    rooms = {".".join(module.split(".")[:2]) for module in MODULES if module.startswith("app.")}
    assert rooms == {room for room in FLOOR if room.startswith("app.")}
    assert {row for row in LIBRARIES if not any(lies_in(row, room) for room in FLOOR if room != "app")} == set()


def test_the_picture_of_the_rooms_equals_the_tree() -> None:
    """docs/design.md draws the floors as they are, and the README has a row for each room that is a folder."""
    picture = (ROOT / "docs" / "design.md").read_text().partition("## Rooms\n\n```\n")[2].partition("```")[0]
    drawn = [set(line.partition("   ")[0].split()) for line in picture.splitlines()]
    assert drawn == [{room.removeprefix("app.") for room in rooms} for rooms in FLOORS[1:]]
    rows = set(re.findall(r"^\| `app/(\w+)`", (ROOT / "README.md").read_text(), re.MULTILINE))
    assert rows == {
        room.removeprefix("app.") for room in FLOOR if (ROOT / room.replace(".", "/")).is_dir() and "." in room
    }


def arrows_upwards() -> list[str]:
    """Return each import that a room may not make: of a room beside or above it, or of a library that is not in its row."""
    wrong = []
    for path in FILES:
        module = module_name(path)
        room, libraries = room_of(module), libraries_of(module)
        for line, name in imported(path):
            top = name.partition(".")[0]
            if top in ("app", "logingestor", "workers", "migrations", "tests", "bench"):
                other = room_of(name)
                fine = other == room if other in ("app", room) else FLOOR.get(other, len(FLOORS)) < FLOOR[room]
            else:
                fine = top in sys.stdlib_module_names or top in libraries
            if not fine:
                wrong.append(f"{path}:{line}: {room} may not import {name}")
    return wrong


def test_imports_go_down() -> None:
    """A room imports floors below it, the standard library, its row's libraries, and nothing else."""
    assert arrows_upwards() == []


def test_no_system_imports_another() -> None:
    """Each outside system can be read, and left out, by itself."""

    def folder(module: str) -> str:
        parts = module.split(".")
        return parts[2] if lies_in(module, "app.systems") and (ROOT / Path(*parts[:3])).is_dir() else ""

    arrows = {(folder(module_name(path)), folder(name)) for path in FILES for _, name in imported(path) if folder(name)}
    assert {(one, other) for one, other in arrows if one and other not in (one, "sql")} == set()


#: Calls that decode JSON, and the files where it is JSON that this program wrote itself; the rooms of app/systems are answered by
#: systems that an admin named.
DECODERS = {"json.loads", "json.load", "json.JSONDecoder", "msgspec.json.decode"}
OWN_JSON = {"app/accept/accept.py", "app/files/ledger.py", "app/monitor/listen_counts.py", "app/web/server/live.py"}


def test_json_from_outside_is_decoded_in_one_place() -> None:
    """What can't be decoded fails in more ways than one thinks of: app/json_text.py knows them all."""
    wrong = []
    for path in FILES:
        systems = path.parts[:2] == ("app", "systems")
        if path.parts[0] != "app" or systems or path.name == "json_text.py" or str(path) in OWN_JSON:
            continue
        for node in nodes(path):
            if isinstance(node, ast.Attribute) and ast.unparse(node) in DECODERS:
                wrong.append(f"{path}:{node.lineno}: {ast.unparse(node)}")
            elif isinstance(node, ast.ExceptHandler) and node.type is not None:
                caught = ast.unparse(node.type)
                if "RecursionError" in caught and "ValueError" in caught:
                    wrong.append(f"{path}:{node.lineno}: except {caught}")
    assert wrong == []


def test_files_and_functions_stay_readable() -> None:
    """No file over 300 lines, no function over 40: there are no exceptions."""
    wrong = []
    for path in FILES:
        text = (ROOT / path).read_text()
        if len(text.splitlines()) > FILE_LINES:
            wrong.append(f"{path} is too long")
        for node in nodes(path):
            is_function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            if is_function and (node.end_lineno or 0) - node.lineno + 1 > FUNCTION_LINES:
                wrong.append(f"{path}:{node.lineno}: {node.name} is too long")
    assert wrong == []


#: What a process must not have loaded after it imported a module: these cost time and memory, or show a broken wall.
#: The drivers of services are imported only when a URL asks for one.
_SERVICES = {"boto3", "opensearchpy", "pika", "psycopg2"}
#: Only who upgrades a schema needs these, and they cost more than all else that a command loads.
_SCHEMA = {"alembic", "sqlalchemy"}
_WEB = {"flask", "werkzeug", "app.web", "uvicorn"}
NOT_LOADED = {
    "workers.main": {"app.cli", *_WEB, *_SCHEMA, *_SERVICES},
    "app.web.server.server": {"dramatiq", "periodiq", "workers", *_SERVICES},
    "app.cli": {"dramatiq", "periodiq", "workers", "app.backends", "marshmallow", *_WEB, *_SCHEMA, *_SERVICES},
    "app.cli.run.serve": {"dramatiq", "periodiq", "workers", "numpy", *_WEB, *_SCHEMA, *_SERVICES},
    "app.systems.postgres.entry": {"pysqlite3", "numpy", *_WEB, *_SCHEMA},
    "app.query.request": {"flask", "pysqlite3", "numpy", *_SCHEMA, *_SERVICES},
}
#: The same for a command that has run: one that only reads has nothing of the web, nor of accepting.
NOT_LOADED_BY: dict[tuple[str, ...], set[str]] = {
    ("--help",): {"app.backends", "msgspec", "numpy", "pysqlite3", "re2", *_WEB, *_SCHEMA, *_SERVICES},
    ("find", "level:error"): {"app.accept", "marshmallow", "dramatiq", *_WEB, *_SCHEMA, *_SERVICES},
    ("stats",): {"app.accept", "marshmallow", "dramatiq", *_WEB, *_SCHEMA, *_SERVICES},
    ("searches", "list"): {"app.accept", "marshmallow", "dramatiq", *_WEB, *_SCHEMA, *_SERVICES},
}


@pytest.mark.parametrize("module", NOT_LOADED)
def test_a_process_loads_only_what_it_needs(module: str) -> None:
    """Importing the module in a fresh process leaves the others unloaded."""
    program = f"import sys, {module}; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert NOT_LOADED[module] & set(run.stdout.split()) == set()


@pytest.mark.parametrize("words", NOT_LOADED_BY, ids=" ".join)
@pytest.mark.usefixtures("backends")
def test_a_command_loads_only_what_it_needs(words: tuple[str, ...], settings: Settings) -> None:
    """A command costs its imports: SQLAlchemy, Alembic and Flask took three quarters of the time of `find`."""
    program = (
        "import sys, atexit; atexit.register(lambda: print(*sys.modules, file=sys.stderr));"
        "sys.argv[0] = 'logingestor'; from app.cli import main; main()"
    )
    environment = {**os.environ, "LOGINGESTOR_DATA_DIR": str(settings.data_dir)}
    run = subprocess.run(
        [sys.executable, "-c", program, *words], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    loaded = set(run.stderr.splitlines()[-1].split())
    assert "app.cli" in loaded
    assert NOT_LOADED_BY[words] & loaded == set()


#: Packages of the repository that the program may import.
OURS = {"app", "logingestor", "migrations", "workers"}
#: Required and imported nowhere by us, each with the reason.
PLUGINS = {
    "tzdata": "the zones' rules, read by zoneinfo where the machine has none",
    "uvloop": "uvicorn's event loop, chosen by name",
    "websockets": "uvicorn's protocol of sockets, chosen by name",
}


def canonical(name: str) -> str:
    """Return the name of a distribution as requirements are compared (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def required() -> set[str]:
    """Return what setup.cfg requires of whoever runs the program, with the extras that are drivers."""
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    extras = setup["options.extras_require"]
    lines = [setup["options"]["install_requires"], *(extras[name] for name in extras if name != "dev")]
    found = (re.match(r"[A-Za-z0-9._-]+", line) for text in lines for line in text.splitlines())
    return {canonical(name[0]) for name in found if name}


def test_what_is_imported_is_required_and_the_other_way_round() -> None:
    """What comes only because something else requires it may go with it; what nothing imports is of no use."""
    files = [*FILES, *((path.relative_to(ROOT)) for path in (ROOT / "migrations").rglob("*.py"))]
    names = {name for path in files for _, name in imported(path)}
    tops = {name.partition(".")[0] for name in names} - sys.stdlib_module_names - OURS
    # `google` is a folder that several share: the module within it says whose it is.
    owners = {top: set(found) for top, found in packages_distributions().items() if top in tops - {"google"}}
    assert owners.keys() == tops - {"google"}
    used = {canonical(name) for found in owners.values() for name in found}
    if any(name.startswith("google.protobuf") for name in names):
        used.add("protobuf")
    assert required() - used - PLUGINS.keys() == set(), "required, and imported nowhere"
    assert PLUGINS.keys() <= required() - used, "no exception any more"
    missing = {top for top, found in owners.items() if not {canonical(name) for name in found} & required()}
    assert missing == set(), "imported, and required by nobody"
