"""docs/producers.md, made from the table of dialects: `python -m tests.producers.page` writes it."""

from __future__ import annotations

from pathlib import Path

from app.log.dialects import clouds, go, jvm, node, python, rust, servers, standards
from app.log.dialects.dialect import Dialect
from app.log.dialects.table import DIALECTS
from tests.producers.runs import RUNS
from tests.producers.test_events import SAMPLES

PAGE = Path(__file__).resolve().parents[2] / "docs" / "producers.md"
FAMILIES = {
    "Formats that many programs share": standards.ROWS,
    "Node.js": node.ROWS,
    "Python": python.ROWS,
    "Java": jvm.ROWS,
    "Go": go.ROWS,
    "Rust": rust.ROWS,
    "Databases, systems, PHP": servers.ROWS,
    "Containers, shippers and clouds": clouds.ROWS,
}
HEAD = """# Programs whose structured logs are read

An object of JSON is read as the program that wrote it means it, through every door: by file, by HTTP, by a shipper. Its *dialect* is
known by names and types of its keys; of each field the first place that holds a fitting value counts. A place is a key, or keys with a
point between them for an object within another. Behind these places the names that any program may use are tried (`app/log/foreign/roles.py`), so that a program
without a row is read too: it is counted as `names` in the answer's `read_as`. What fills no field stays metadata, as it was sent.

**Levels.** A level in words is kept as it was written; a number becomes the name that it has on its dialect's scale: 40 is *warn* for pino and *error* for
Python. Names of every scale have a severity, so that `level:>=warn` finds them ([query.md](query.md)). A log without a level is an *error* where it
names an exception or an HTTP status of 500 and more, *warn* for one of 400 and more, else *info*.

**Exceptions** stay metadata with their whole stack, at the place named here; their text is the message of a log that has none.

**Wrappers** hold another program's log: it is read again, and what the wrapper says besides stays metadata. A wrapper's time wins over one without an offset. A message of GELF that is itself a log of JSON is read so too:
its own level wins, since Docker's driver knows only the stream.

*Run* is the day on which the named versions were run and their output read; rows without it are made from the program's documentation.
"""
LAYOUTS = """## Layouts that were run

A line of text is read by its tokens, a time, a level, thread, logger and place in the source in whatever order, and by the lines around it; what goes on over several lines
is one log. These programs in these layouts were run on 2026-11-29 or the day after; each event of each is one log with the message, level, instant, resource, trace and stack that its user expects, as some 90 samples of other programs are.
"""
DOCUMENTED = """## Layouts of others

Texts of these programs, made from their documentation, are read in the same way. Where several streams, containers or processes write into one file, what each began goes on
over the lines of the others; a log that is begun waits for at most 1,000 of their lines.
"""
_COLUMNS = ("message", "level", "timestamp", "resource", "trace", "span", "exception")


def _places(paths: tuple[str, ...]) -> str:
    return ", ".join(f"`{path.replace('>', '.')}`" for path in paths)


def _row(dialect: Dialect) -> str:
    where = [f"{name}: {_places(getattr(dialect, name))}" for name in _COLUMNS if getattr(dialect, name)]
    if dialect.scale:
        where.append(f"numbers of its level: {dialect.scale}")
    if dialect.unit:
        where.append(f"unit of its time: {dialect.unit}")
    if dialect.inner:
        where.append(f"wraps: {_places((dialect.inner,))}")
    if dialect.events:
        where.append(f"a list of logs: {_places((dialect.events,))}")
    return f"| `{dialect.name}` | {dialect.producers} | {'; '.join(where)} | {dialect.run or '–'} |"


def page() -> str:
    """Return the page as it must be."""
    parts = [HEAD]
    for name, rows in FAMILIES.items():
        table = ["| dialect | programs | where its fields lie | run |", "|---|---|---|---|", *map(_row, rows)]
        parts.append(f"## {name}\n\n" + "\n".join(table) + "\n")
    layouts: dict[str, list[str]] = {}
    for run in RUNS.values():
        layouts.setdefault(run.program, []).append(run.layout.replace("|", "\\|"))
    for sample in SAMPLES:
        if sample["run"]:
            layouts.setdefault(sample["program"], []).append(sample["layout"].replace("|", "\\|"))
    rows = [f"| {program} | {'; '.join(told)} |" for program, told in layouts.items()]
    parts.append(LAYOUTS + "\n" + "\n".join(["| program | layouts |", "|---|---|", *rows]) + "\n")
    documented: dict[str, list[str]] = {}
    for sample in SAMPLES:
        if not sample["run"]:
            documented.setdefault(sample["program"], []).append(sample["layout"].replace("|", "\\|"))
    rows = [f"| {program} | {'; '.join(told)} |" for program, told in documented.items()]
    parts.append(DOCUMENTED + "\n" + "\n".join(["| program | layouts |", "|---|---|", *rows]) + "\n")
    return "\n".join(parts)


def missing() -> set[str]:
    """Return the dialects of the table that are on no part of the page."""
    return {dialect.name for dialect in DIALECTS} - {row.name for rows in FAMILIES.values() for row in rows}


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
