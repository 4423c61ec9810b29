"""The documents say what the code does: settings, commands, routes, dependencies, links, and the commands they show."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator
from configparser import ConfigParser
from pathlib import Path
from urllib.parse import urlsplit

import click
import pytest
from flask import Flask
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Rule

from app.backends import Backends, connect
from app.cli import COMMANDS, cli, load
from app.query.filter import Contains
from app.query.query import Query
from app.settings.settings import PREFIX, SETTINGS, Settings
from app.web.doors.elastic import routes as elastic
from tests.conftest import Fill, MakeRecord
from tests.e2e.clients import CLIENTS

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("bench/*.md"), *ROOT.glob("docker/*.md")])
NAMES = [str(path.relative_to(ROOT)) for path in DOCUMENTS]


def read(name: str) -> str:
    """Return the text of a document."""
    return (ROOT / name).read_text(encoding="utf-8")


def table(name: str, heading: str) -> dict[str, list[str]]:
    """Return the rows, by each `name` in their first cell, of the table whose first heading is *heading*."""
    found = re.search(rf"^\| {re.escape(heading)} \|.*?\n(?=\n|\Z)", read(name), re.DOTALL | re.MULTILINE)
    assert found, f"{name} has no table {heading!r}"
    rows = [[cell.strip() for cell in row.strip("|").split(" | ")] for row in found[0].splitlines()[2:]]
    return {key: row for row in rows for key in re.findall(r"`([^`]+)`", row[0])}


def commands(names: Iterable[str] = COMMANDS) -> Iterator[tuple[str, click.Command]]:
    """Yield name and command of everything that can be run, `dead list` as well as `find`."""
    for name in names:
        command = load(name)
        inner = command.commands.items() if isinstance(command, click.Group) else ()
        yield from ((f"{name} {word}", child) for word, child in inner)
        if not isinstance(command, click.Group):
            yield name, command


def shown(language: str = "sh") -> Iterator[tuple[str, str]]:
    """Yield (document, line) for each command line in the documents' blocks of that language."""
    for name in NAMES:
        for block in re.findall(rf"^```{language}\n(.*?)^```$", read(name), re.DOTALL | re.MULTILINE):
            yield from ((name, line) for line in block.replace("\\\n", " ").splitlines() if line.strip())


LINES = list(shown())


def test_settings_are_documented() -> None:
    """docs/configuration.md has a row for each setting, with its default and help as in the code, and no other."""
    rows = table("docs/configuration.md", f"name, after `{PREFIX}`")
    default = {setting.name: f"`{setting.default}`" if setting.default else "(none)" for setting in SETTINGS}
    assert rows == {setting.name: [f"`{setting.name}`", default[setting.name], setting.help] for setting in SETTINGS}


@pytest.mark.parametrize("path", [*NAMES, "Makefile", ".ci/run", ".github/workflows/ci.yml"])
def test_settings_that_are_mentioned_exist(path: str) -> None:
    """A setting that a document names can be set."""
    known = {"SETTINGS", *(setting.name for setting in SETTINGS)}
    named = set(re.findall(rf"{PREFIX}([A-Z][A-Z_]*[A-Z])", read(path)))
    assert {name.removesuffix("_FILE") for name in named} <= known


def test_commands_are_documented() -> None:
    """docs/operations.md has each command and no other; the README names each."""
    assert sorted(table("docs/operations.md", "command")) == sorted(name for name, _ in commands())
    section = read("README.md").partition("## Commands")[2].partition("\n## ")[0]
    assert set(COMMANDS) <= set(re.findall(r"`([a-z-]+)`", section))


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_helps_with_an_example(name: str) -> None:
    """`--help` of each command shows a line that could be typed, with the command in it."""
    for full, command in commands([name]):
        assert re.search(rf"Example: .*logingestor {full}\b", " ".join((command.help or "").split())), full


def test_routes_are_documented(app: Flask) -> None:
    """docs/api.md names each route with its method, and no route that does not exist."""
    adapter = app.url_map.bind("localhost")
    described: set[tuple[str, str]] = set()
    for method, path in set(re.findall(r"\b(GET|POST|PUT|DELETE|HEAD) (/[^\s`\"')]*)", read("docs/api.md"))):
        try:
            rule, _ = adapter.match(re.sub("<[^>]+>", "0" * 32, urlsplit(path).path), method, return_rule=True)
        except HTTPException as error:
            pytest.fail(f"docs/api.md names {method} {path}: {error}")
        described.add((method, same(rule)))
    # docs/shippers.md has the doors.
    pages = ("door_", "static", "pages.", "page_", "notice_page.", "patterns.", "trace.", "dead.", "overview.", "add.")
    known = {
        (method, same(rule))
        for rule in app.url_map.iter_rules()
        if not rule.endpoint.startswith(pages)
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert known - described == set()


def test_doors_are_documented(app: Flask) -> None:
    """docs/shippers.md names each route of each door with its method, and no route that does not exist."""
    described = set(re.findall(r"`(GET|POST|PUT|DELETE|HEAD) (/[^\s`]*)`", read("docs/shippers.md")))
    doors = [rule for rule in app.url_map.iter_rules() if rule.endpoint.startswith("door_")]
    # The door of Elasticsearch finds what it serves in a table of its own.
    doors = [rule for rule in doors if not rule.endpoint.startswith("door_elastic")] + list(elastic.ROUTES.iter_rules())
    known = {(method, same(rule)) for rule in doors for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}}
    known -= {("GET", path) for path in ("/<index>", "/<index>/<kind>", "/<index>/<kind>/<identity>")}  # told: not here
    assert {(method, path) for method, path in described if method != "HEAD"} == known


def same(rule: Rule) -> str:
    """Return the rule's path without the optional slash at its end."""
    return re.sub("<name:", "<", rule.rule).rstrip("/") or "/"


def test_dependencies_have_their_reason() -> None:
    """docs/design.md says of each dependency what it is for, also of those that an extra brings, and of nothing else."""
    setup = ConfigParser()
    setup.read(ROOT / "setup.cfg")
    extras = [text for name, text in setup["options.extras_require"].items() if name != "dev"]
    lines = "\n".join([setup["options"]["install_requires"], *extras]).splitlines()
    required = {re.match(r"[\w-]+", line)[0] for line in lines if line and line[0] != "#"}  # type: ignore[index]
    assert set(table("docs/design.md", "package")) == required


#: A file or folder of ours as documents name it, from the root, from app/ or from a room on; `*` stands for any characters.
PLACE = re.compile(
    r"`((?:app|workers|tests|bench|templates|migrations|logingestor)/[\w/.*-]+|[\w/*-]+/[\w*-]+\.py)`(?: \(`(\w+)`)?"
)


#: The same inside a command, and a module that is run.
INSIDE = re.compile(r"(?<![\w./-])(?:app|workers|tests|bench|templates|migrations|logingestor)/[\w./*-]*[\w*]")
RUN = re.compile(r"python -m ((?:app|tests|bench|workers)[\w.]*)")


@pytest.mark.parametrize(
    "name", [name for name in NAMES if name.startswith(("README", "CONTRIBUTING", "docs/")) and name != "docs/query.md"]
)
def test_places_in_the_tree_exist(name: str) -> None:
    """A file that a document names is there, and so is the name behind it."""
    for path, inner in PLACE.findall(read(name)):
        found = [*ROOT.glob(path), *(ROOT / "app").rglob(path)]
        assert found, f"{name}: {path}"
        assert not inner or re.search(
            rf"^ *(?:(?:async )?(?:def|class) )?{inner}\b", found[0].read_text(), re.MULTILINE
        ), f"{name}: {path} has no {inner}"
    for code in re.findall(r"`([^`\n]+)`", read(name)):
        for path in [*INSIDE.findall(code), *(module.replace(".", "/") for module in RUN.findall(code))]:
            assert [*ROOT.glob(path), *ROOT.glob(f"{path}.py")], f"{name}: {code} names {path}"


@pytest.mark.parametrize("name", NAMES)
def test_links_lead_somewhere(name: str) -> None:
    """A link inside the project leads to a file, and its anchor to a heading of that file."""
    for target in re.findall(r"\]\(([^)\s]+)\)", read(name)):
        if urlsplit(target).scheme:
            continue
        path, _, anchor = target.partition("#")
        file = (ROOT / name).parent / path if path else ROOT / name
        assert file.exists(), f"{name}: {target}"
        if anchor:
            headings = re.findall(r"^#+ (.+)$", file.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w\- ]", "", text).strip().lower().replace(" ", "-") for text in headings}


@pytest.mark.parametrize(("name", "line"), LINES, ids=[f"{name}: {line[:60]}" for name, line in LINES])
def test_command_lines_can_be_typed(request: pytest.FixtureRequest, name: str, line: str) -> None:
    """What the documents tell to type exists: targets of make, commands with their options, routes."""
    words = shlex.split(line, comments=True)
    while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
        words.pop(0)
    program = Path(words[0]).name if words else ""
    if program == "make":
        targets = re.findall(r"^([a-z]+):", read("Makefile"), re.MULTILINE)
        assert {word for word in words[1:] if "=" not in word and not word.startswith("-")} <= set(targets)
    elif program == "logingestor":
        check_command(words[1:])
    elif program == "curl":
        urls = [urlsplit(word) for word in words if word.startswith("http://")]
        assert urls
        app: Flask = request.getfixturevalue("app")
        for url in urls:
            posts = any(word in ("-d", "--data", "--data-binary", "-T") for word in words)
            method = words[words.index("-X") + 1] if "-X" in words else "POST" if posts else "GET"
            app.url_map.bind("localhost").match(url.path or "/", method)


def test_units_run_commands_that_exist() -> None:
    """Each service of systemd starts a command of ours, with files for the settings that it names."""
    lines = [line for _, line in shown("ini")]
    starts = [line.partition("=")[2].split() for line in lines if line.startswith("ExecStart=")]
    assert {words[1] for words in starts} == {"serve", "web", "worker", "scheduler"}
    for words in starts:
        assert words[0].endswith("/logingestor")
        check_command(words[1:])
    loaded = {line.partition("=")[2].partition(":")[0] for line in lines if line.startswith("LoadCredential=")}
    used = re.findall(rf"{PREFIX}([A-Z_]+)_FILE=%d/(\w+)", "\n".join(lines))
    assert {name for _, name in used} == loaded
    assert all(name == setting.lower() for setting, name in used)


def check_command(words: list[str]) -> None:
    """Fail unless the words are a command of ours, with options that it has."""
    if words[:1] == ["--help"]:
        return
    command: click.Command = cli
    with click.Context(cli) as context:
        while isinstance(command, click.Group):
            found = command.get_command(context, words.pop(0)) if words else None
            assert found is not None, words
            command = found
    options = {option for parameter in command.params for option in parameter.opts} | {"--help"}
    assert {word.partition("=")[0] for word in words if word.startswith("--")} <= options


@pytest.mark.parametrize("way", ["source.backup(copy)", "source.execute(\"VACUUM INTO 'backup.db'\")"])
def test_backup_of_the_documents_works(
    backends: Backends, settings: Settings, fill: Fill, make_record: MakeRecord, tmp_path: Path, way: str
) -> None:
    """The lines for a backup in docs/operations.md, run beside open backends, copy everything; the copy works as well."""
    fill([make_record(message=f"number {n}") for n in range(1_500)])
    program = re.search(r"^```python\n(.*?)^```$", read("docs/operations.md"), re.DOTALL | re.MULTILINE)
    assert program is not None
    text = program[1].replace("source.backup(copy)", way)
    if "VACUUM" in way:
        text = text.replace(', pysqlite3.connect("backup.db") as copy', "")
    (tmp_path / "copy").mkdir()
    places = {"data/logingestor.db": str(settings.database), "backup.db": str(tmp_path / "copy" / "logingestor.db")}
    for documented, real in places.items():
        assert documented in text
        text = text.replace(documented, real)
    exec(compile(text, "docs/operations.md", "exec"), {})
    restored = connect(Settings.from_env({"LOGINGESTOR_DATA_DIR": str(tmp_path / "copy")}))
    try:
        assert restored.index.find(Query(Contains("message", "umber 14"), count="exact")).total == 111
        # Readers and the writer don't wait for each other only with a write-ahead log.
        assert (tmp_path / "copy" / "logingestor.db-wal").exists()
    finally:
        restored.close()


#: Ports in examples, and what stands in their place in programs.
PORTS = r"\b(?:PORT|3000|5514|12201)\b"


def shipper_examples() -> Iterator[tuple[str, str]]:
    """Yield the program that each example of docs/shippers.md is taken from, and the example's lines."""
    for path, block in re.findall(
        r"<!-- from (\S+) -->\n```\w*\n(.*?)^```$", read("docs/shippers.md"), re.DOTALL | re.MULTILINE
    ):
        yield from ((path, line) for line in block.splitlines() if line.strip())


@pytest.mark.parametrize(("path", "line"), list(shipper_examples()))
def test_examples_of_shippers_are_those_that_tests_ran(path: str, line: str) -> None:
    """Each line stands in the program, which has only another address."""
    program = read(path)
    for written, shown in (
        (r"\burl ?\+ ?\"", '"http://127.0.0.1:3000'),
        (r"\$\{process\.argv\[2\]\}", "http://127.0.0.1:3000"),
        (r"process\.argv\[2\]", "'http://127.0.0.1:3000'"),
        (r"sys\.argv\[1\]", '"http://127.0.0.1:3000"'),
        (r"\bURL\b", "http://127.0.0.1:3000"),
        (r"\b(?:SERVER|HOST)\b", "127.0.0.1"),
        (r"\bPROTOCOL\b", "tcp"),
    ):
        program = re.sub(written, shown, program)
    lines = {re.sub(PORTS, "PORT", one.strip()) for one in program.splitlines()}
    wanted = re.sub(PORTS, "PORT", line.strip())
    assert any(wanted in one for one in lines), f"{path} has no {wanted}"


def test_each_client_is_in_the_table_of_tests() -> None:
    """Every client stands in the row of its door, and each test that the table names exists."""
    text = read("docs/shippers.md")
    rows = re.findall(r"^\| over (HTTP|TCP|UDP): (.*?) \|", text, re.MULTILINE)
    shown = {(door.lower(), name) for door, names in rows for name in re.findall(r"`([^`]+)`", names)}
    assert shown == {(client.transport, client.name) for client in CLIENTS}
    tests = "".join(path.read_text() for path in (ROOT / "tests" / "e2e").glob("test_*.py"))
    assert {name for name in re.findall(r"`(test_\w+)`", text) if f"def {name}(" not in tests} == set()
