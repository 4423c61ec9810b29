"""The walls between the rooms: who may import whom, which libraries a room may use, how large a file may grow.

core <- drivers <- queues | stores | search <- move <- backends <- web <- cli
core <- pipeline   <- move, web, cli                   (knows the ports only)
core <- notify     <- backends                         (ways to who is told of notices)
core, pipeline, backends <- workers                    (never Flask, app.web or app.cli)
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FILES = sorted(path.relative_to(ROOT) for room in ("app", "workers") for path in (ROOT / room).rglob("*.py"))

#: Longest file, and longest function with its docstring, in lines.
FILE_LINES = 300
FUNCTION_LINES = 40

_BACKEND = {"app.core", "app.drivers"}
#: Each room and what of ours it may import besides itself; the longest name that fits a module is its room.
#: Queues, stores and search never import each other: each must be able to stand on a system of its own.
ROOMS: dict[str, set[str]] = {
    "app": set(),
    "app.core": set(),
    "app.drivers": _BACKEND,
    "app.queues": _BACKEND,
    "app.stores": _BACKEND,
    "app.search": _BACKEND,
    # What goes outside says which program sent it.
    "app.notify": {"app.core", "app.version"},
    "app.pipeline": {"app.core"},
    # The one place that knows three rooms at once: it moves logs through all of them in one transaction.
    # `pipeline.drain` gives it the dead letters that every drain makes.
    "app.move": {*_BACKEND, "app.queues", "app.stores", "app.search", "app.pipeline"},
    # A queue on a system without memory, and the record that remembers for it: it knows their ports only.
    "app.claiming": {"app.core"},
    "app.backends": {*_BACKEND, "app.queues", "app.stores", "app.search", "app.notify", "app.move", "app.claiming"},
    # The key that signs receipts lies in the data folder, whatever the backends are.
    "app.web": {"app.core", "app.pipeline", "app.backends", "app.drivers.secret", "app.version"},
    "app.cli": {"app.core", "app.pipeline", "app.backends", "app.web", "app.version"},
    "workers": {"app.core", "app.pipeline", "app.backends"},
}

#: Each room and the libraries that it may import; a system's driver stays in the rooms of backends.
LIBRARIES: dict[str, set[str]] = {
    "app": set(),
    # zstandard: inflating a body, within a bound, is part of reading it.
    "app.core": {"luqum", "marshmallow", "msgspec", "re2", "zstandard"},
    "app.drivers": {"boto3", "botocore", "pika", "psycopg2", "pysqlite3"},
    "app.queues": {"msgspec", "pika"},
    # msgspec: in PostgreSQL metadata are JSON.
    "app.stores": {"alembic", "msgspec", "pysqlite3", "sqlalchemy"},
    "app.search": {"msgspec", "numpy", "opensearchpy", "zstandard"},
    "app.notify": {"msgspec"},
    # zstandard: a backup is one compressed stream, whatever systems it comes from and goes to.
    "app.pipeline": {"msgspec", "zstandard"},
    "app.move": set(),
    "app.claiming": set(),
    "app.backends": set(),
    "app.web": {
        "apispec",
        "flask",
        "httptools",
        "markupsafe",
        "marshmallow",
        "msgspec",
        "prometheus_client",
        "uvicorn",
        "uvloop",
        "werkzeug",
    },
    # pysqlite3: `doctor` looks at a file that may be too broken to be opened as a backend.
    # zstandard: `ingest` reads files as they were rotated.
    "app.cli": {"click", "flask", "msgspec", "pysqlite3", "zstandard"},
    "workers": {"dramatiq", "periodiq"},
}


def module_name(path: Path) -> str:
    """Return the dotted name of the module in the file."""
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")


MODULES = {module_name(path) for path in FILES}


def room_of(module: str) -> str:
    """Return the room that a module belongs to: the longest name that it is or lies beneath."""
    return max((room for room in ROOMS if lies_in(module, room)), key=len)


def lies_in(module: str, room: str) -> bool:
    """Return whether *module* is *room* or lies beneath it."""
    return module == room or module.startswith(f"{room}.")


def imported(path: Path) -> Iterator[tuple[int, str]]:
    """Yield line and name of every module that the file imports, at its head or inside a function."""
    for node in ast.walk(ast.parse((ROOT / path).read_text())):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}:{node.lineno}: names of modules are written in full"
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield node.lineno, inner if inner in MODULES else str(node.module)


def test_every_room_is_known() -> None:
    """A new folder or module beside the rooms needs a row in both tables."""
    assert ROOMS.keys() == LIBRARIES.keys()
    folders = {module for module in MODULES if module.count(".") == 1 and module.startswith("app.")}
    assert folders - {"app.version"} == {room for room in ROOMS if room.startswith("app.")}


@pytest.mark.parametrize("path", FILES, ids=str)
def test_imports_follow_the_direction(path: Path) -> None:
    """A room imports what its row says, the standard library, and nothing else."""
    room = room_of(module_name(path))
    wrong = []
    for line, name in imported(path):
        top = name.partition(".")[0]
        if top in ("app", "workers", "migrations", "tests", "bench"):
            fine = lies_in(name, room) if room != "app" else False
            fine = fine or any(lies_in(name, other) for other in ROOMS[room])
        else:
            fine = top in sys.stdlib_module_names or top in LIBRARIES[room]
        if not fine:
            wrong.append(f"{path}:{line}: {room} may not import {name}")
    assert not wrong


@pytest.mark.parametrize("path", FILES, ids=str)
def test_files_and_functions_stay_readable(path: Path) -> None:
    """No file over 300 lines, no function over 40: there are no exceptions."""
    text = (ROOT / path).read_text()
    assert len(text.splitlines()) <= FILE_LINES
    functions = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    lengths = {node.name: (node.end_lineno or 0) - node.lineno + 1 for node in functions}
    assert {name: length for name, length in lengths.items() if length > FUNCTION_LINES} == {}


#: What a process must not have loaded after it imported a module: these cost time and memory, or show a broken wall.
#: The drivers of services are imported only when a URL asks for one.
_SERVICES = {"boto3", "opensearchpy", "pika", "psycopg2"}
NOT_LOADED = {
    "workers.main": {"flask", "werkzeug", "app.web", "app.cli", "uvicorn", *_SERVICES},
    "app.web.server": {"dramatiq", "periodiq", "workers", *_SERVICES},
    "app.cli": {"dramatiq", "periodiq", "workers", "app.web", *_SERVICES},
    "app.core.request": {"flask", "pysqlite3", "sqlalchemy", "numpy", *_SERVICES},
}


@pytest.mark.parametrize("module", NOT_LOADED)
def test_a_process_loads_only_what_it_needs(module: str) -> None:
    """Importing the module in a fresh process leaves the others unloaded."""
    program = f"import sys, {module}; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert NOT_LOADED[module] & set(run.stdout.split()) == set()
