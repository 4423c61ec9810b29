"""The figures of the house: `python -m tests.house` prints them; tests/test_house.py holds those that have a limit."""

from __future__ import annotations

import ast
import re
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from app.backends import connect, upgrade
from app.drain.pause import Gate
from app.log.envelope import DeadLetter, Envelope
from app.log.record import IdSource, LogRecord
from app.settings.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
APP = ROOT / "app"


def files_per_folder() -> dict[str, int]:
    """Return how many modules each folder of app/ holds."""
    return dict(Counter(str(path.parent.relative_to(ROOT)) for path in APP.rglob("*.py") if path.name != "__init__.py"))


def repeated_folders() -> list[str]:
    """Return the modules of app/ whose name says their folder's again beside something else: alerts/alert_rounds.py."""
    found = []
    for path in sorted(APP.rglob("*_*.py")):
        folder = path.parent.name.removesuffix("s")
        if folder in (word.removesuffix("s") for word in path.stem.split("_")):
            found.append(str(path.relative_to(ROOT)))
    return found


def classes() -> dict[str, list[str]]:
    """Return the public classes of app/ by name, each with the files that define one at their top level."""
    found = defaultdict(list)
    for path in sorted(APP.rglob("*.py")):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                found[node.name].append(str(path.relative_to(ROOT)))
    return dict(found)


def doubled_classes() -> dict[str, list[str]]:
    """Return the public class names that stand twice in app/."""
    return {name: paths for name, paths in classes().items() if len(paths) > 1}


def methods_per_port() -> dict[str, int]:
    """Return how many methods each protocol of app/ports has, those of its bases included."""
    own: dict[str, tuple[int, list[str]]] = {}
    for path in (APP / "ports").rglob("*.py"):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.ClassDef):
                methods = sum(isinstance(inner, ast.FunctionDef) for inner in node.body)
                own[node.name] = methods, [base.id for base in node.bases if isinstance(base, ast.Name)]

    def count(name: str) -> int:
        methods, bases = own[name]
        return methods + sum(count(base) for base in bases if base in own)

    return {name: count(name) for name, (_, bases) in own.items() if any(b == "Protocol" for b in bases)}


def tell_and_told() -> int:
    """Return in how many places outside app/notify the code says `tell` or `told`."""
    texts = (path.read_text() for path in APP.rglob("*.py") if "notify" not in path.parts)
    return sum(len(re.findall(r"\b(?:tell|tells|told|telling)\b", text, re.IGNORECASE)) for text in texts)


def unnamed_subjects() -> int:
    """Return how many docstrings and comments begin with a word that stands for their subject: who, what, whoever, of."""
    begins = re.compile(r'(?:"""|# *|#: )(?:Who|What|Whoever|Of)\b')
    return sum(len(begins.findall(path.read_text())) for path in APP.rglob("*.py"))


def lines() -> int:
    """Return the lines of Python in app/."""
    return sum(len(path.read_text().splitlines()) for path in APP.rglob("*.py"))


def _room(frame: FrameType) -> str | None:
    """Return the room of a function of ours that runs: `log`, `systems/sqlite`; None for a library's."""
    path = Path(frame.f_code.co_filename)
    if not path.is_relative_to(APP) or frame.f_code.co_name == "<module>":
        return None
    parts = path.relative_to(APP).parts
    return "/".join(parts[: 2 if parts[0] == "systems" and len(parts) > 2 else 1]).removesuffix(".py")


@contextmanager
def _traced(moves: set[tuple[str, str]]) -> Iterator[None]:
    """Note for each call of one room by another, directly or through a library, both rooms."""

    def note(frame: FrameType, event: str, _: Any) -> None:
        if event == "call" and (room := _room(frame)) is not None:
            caller = frame.f_back
            while caller is not None and _room(caller) is None:
                caller = caller.f_back
            if caller is not None and (asker := _room(caller)) is not None and asker != room:
                moves.add((asker, room))

    sys.setprofile(note)
    try:
        yield
    finally:
        sys.setprofile(None)


def drain_trip() -> set[tuple[str, str]]:
    """Return which room calls which while a batch of logs and a dead letter goes from queue to record and index, all SQLite."""
    moves = set[tuple[str, str]]()
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings.from_env({"LOGINGESTOR_DATA_DIR": folder})
        upgrade(settings)
        with closing(connect(settings)) as backends:
            ids = IdSource()
            metadata = {"a": {"b": [1, "x"]}, "c": None}
            records = [LogRecord(ids.take(1).to_bytes(16, "big"), 1, 0, "info", "Ünï", metadata=metadata) for _ in "ab"]
            letter = DeadLetter(ids.take(1).to_bytes(16, "big"), b"x", "a reason")
            assert backends.move is not None
            gate = Gate(backends.record.notes, backends.move)
            assert gate.step(100, 0.0) == 0  # whether the drain is paused is read once in a while, not for each batch
            backends.queue.put([Envelope(records), Envelope(dead=[letter])])
            with _traced(moves):
                moved = gate.step(100, 0.0)
            assert moved == len(records)
    return moves


def main() -> None:
    """Print the figures."""
    # Imported here: tests/test_house.py needs none of it.
    from tests.test_imports import arrows_upwards

    folders = files_per_folder()
    for folder, count in sorted(folders.items()):
        print(f"{count:4} files  {folder}")
    for port, count in sorted(methods_per_port().items(), key=lambda item: -item[1]):
        print(f"{count:4} methods  {port}")
    for name, paths in sorted(doubled_classes().items()):
        print(f"{len(paths):4} classes {name}: {', '.join(paths)}")
    print(f"{len(doubled_classes()):4} doubled public class names")
    print(f"{len(repeated_folders()):4} names that repeat their folder")
    print(f"{len(arrows_upwards()):4} arrows against the floors")
    print(f"{tell_and_told():4} places of tell and told outside notify")
    print(f"{unnamed_subjects():4} docstrings and comments without a subject of their own")
    trip = drain_trip()
    rooms = {room for move in trip for room in move}
    print(
        f"{len(rooms):4} rooms, {len(trip)} moves: the embedded drain: {', '.join(f'{a} > {b}' for a, b in sorted(trip))}"
    )
    print(f"{lines():,} lines in app/")


if __name__ == "__main__":
    main()
