"""The figures of the house: `python -m tests.house` prints them; tests/test_house.py holds those that have a limit."""

from __future__ import annotations

import ast
import re
from collections import Counter, defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
APP = ROOT / "app"


def files_per_folder() -> dict[str, int]:
    """Return how many modules each folder of app/ holds."""
    return dict(Counter(str(path.parent.relative_to(ROOT)) for path in APP.rglob("*.py") if path.name != "__init__.py"))


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
    for path in (APP / "ports").glob("*.py"):
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


def lines() -> int:
    """Return the lines of Python in app/."""
    return sum(len(path.read_text().splitlines()) for path in APP.rglob("*.py"))


def main() -> None:
    """Print the figures."""
    folders = files_per_folder()
    for folder, count in sorted(folders.items()):
        print(f"{count:4} files  {folder}")
    for port, count in sorted(methods_per_port().items(), key=lambda item: -item[1]):
        print(f"{count:4} methods  {port}")
    for name, paths in sorted(doubled_classes().items()):
        print(f"{len(paths):4} classes {name}: {', '.join(paths)}")
    print(f"{len(doubled_classes()):4} doubled public class names")
    print(f"{tell_and_told():4} places of tell and told outside notify")
    print(f"{lines():,} lines in app/")


if __name__ == "__main__":
    main()
