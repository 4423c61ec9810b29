"""What the page "Add a source" says to type works: it is copied from the page and run against a server."""

from __future__ import annotations

import html
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.program import DRAIN_SECONDS, Server, wait_for
from tests.services.server import free_ports

pytestmark = pytest.mark.system

PASSWORD = "correct horse"
HEADERS = {"Authorization": f"Bearer {PASSWORD}"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that asks for a password; stopped, it comes back at the same port."""
    port = str(free_ports(1)[0])
    made = Server(tmp_path_factory.mktemp("add") / "data", AUTH="required", ADMIN_PASSWORD=PASSWORD, PORT=port)
    made.start()
    yield made
    made.stop()


def page(server: Server, path: str = "/overview/add") -> str:
    """Return a page as text."""
    status, body = server.request("GET", path, headers={**HEADERS, "Accept": "text/html"})
    assert status == 200, body
    return bytes(body).decode()


def code(server: Server, label: str) -> str:
    """Return what the page offers to copy under this name."""
    found = re.search(rf'<pre class="code"[^>]*aria-label="{re.escape(label)}">\n(.*?)</pre>', page(server), re.DOTALL)
    assert found
    return html.unescape(found[1])


def messages(server: Server, query: str) -> list[str]:
    """Return the messages that match, oldest first."""
    status, body = server.request("GET", f"/logs?q={query}&sort=asc&limit=1000", headers=HEADERS)
    assert status == 200
    return [log["message"] for log in body["results"]]


def run(words: list[str], folder: Path) -> subprocess.Popen[str]:
    """Start a program in a folder, with the password in its environment."""
    return subprocess.Popen(
        words,
        cwd=folder,
        env={**os.environ, "LOGINGESTOR_PASSWORD": PASSWORD},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_curl(server: Server, tmp_path: Path) -> None:
    """Both commands, as they stand; then the page shows what came, and from whom."""
    part = html.unescape(re.search(r'data-part="([^"]+)"', page(server))[1])  # type: ignore[index]
    (tmp_path / "logs.ndjson").write_text('{"message": "line 1"}\n{"message": "line 2"}\n')
    script = code(server, "Commands for curl").replace("PASSWORD", f"'{PASSWORD}'")
    done = run(["sh", "-ec", script], tmp_path)
    text, _ = done.communicate(timeout=150)
    assert (done.returncode, text.count('"status":true')) == (0, 2), text
    wait_for(lambda: len(messages(server, "message:(line+OR+connect)")) == 3, DRAIN_SECONDS, "the logs")
    wait_for(lambda: "3 logs from a new source:" in page(server, part), 120, "the tick")
    assert "curl/" in page(server, part)


PYTHON = """
import logging, sys
from logingestor_handler import LogIngestorHandler
handler = LogIngestorHandler(patience=60.0)
logging.basicConfig(level=logging.INFO, handlers=[handler])
logging.info("hello from %s", "Python")
for number in range(700):
    logging.warning("python %d", number)
try:
    1 / 0
except ZeroDivisionError:
    logging.exception("failed")
"""
NODE = """
import { log, flush } from "./logingestor.mjs";
for (let n = 0; n < 700; n++) log("warn", `node ${n}`, { n });
await flush();
"""


def prepared(server: Server, folder: Path) -> dict[str, list[str]]:
    """Put what the page offers, and programs that use it, into a folder; return the commands by language."""
    (folder / "logingestor_handler.py").write_text(code(server, "Handler for Python"))
    (folder / "main.py").write_text(PYTHON)
    (folder / "use.py").write_text(code(server, "Use of the handler"))
    if shutil.which("node") is None:
        return {"python": [sys.executable, "main.py"]}
    (folder / "logingestor.mjs").write_text(code(server, "Module for Node.js"))
    (folder / "main.mjs").write_text(NODE)
    (folder / "use.mjs").write_text(code(server, "Use of the module"))
    return {"python": [sys.executable, "main.py"], "node": ["node", "main.mjs"]}


def test_programs_send_until_the_server_takes_it(server: Server, tmp_path: Path) -> None:
    """Handlers copied from the page, while the server is away and comes back: every log is there once."""
    commands = prepared(server, tmp_path)
    server.stop()
    programs = {language: Printing(run(words, tmp_path)) for language, words in commands.items()}
    for program in programs.values():
        wait_for(lambda program=program: "can't be sent yet" in program.text, 120, "a first try")  # type: ignore[misc]
    server.start()
    for language, program in programs.items():
        assert program.end() == 0, program.text
        query = f"message:{language}+AND+level:>=warn"
        wait_for(lambda query=query: len(messages(server, query)) >= 700, DRAIN_SECONDS, "the logs")  # type: ignore[misc]
        assert sorted(messages(server, query)) == sorted(f"{language} {n}" for n in range(700))
        assert "logs were" not in program.text
    assert messages(server, "message:hello") == ["hello from Python"]
    assert messages(server, "_exists_:metadata.traceback") == ["failed"]


class Printing:
    """A running program, and what it has printed."""

    def __init__(self, program: subprocess.Popen[str]) -> None:
        self.text = ""
        self._program = program
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self._program.stdout is not None
        for line in self._program.stdout:
            self.text += line
        self._program.stdout.close()

    def end(self) -> int:
        """Wait for its end; return its exit code."""
        code = self._program.wait(150)
        self._reader.join(60)
        return code


def test_usage_of_the_page_is_that_of_the_module(server: Server, tmp_path: Path) -> None:
    """The lines that go into a program run as they stand."""
    commands = prepared(server, tmp_path)
    for words in commands.values():
        done = run([words[0], words[1].replace("main", "use")], tmp_path)
        text, _ = done.communicate(timeout=150)
        assert done.returncode == 0, text
    wait_for(lambda: len(messages(server, "hello+from+Python")) == 2, DRAIN_SECONDS, "the log of Python")
    if len(commands) > 1:
        wait_for(lambda: messages(server, "hello+from+node"), DRAIN_SECONDS, "the log of Node.js")
