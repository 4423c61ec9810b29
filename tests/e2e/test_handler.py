"""The handler for Python's logging, in applications of their own, against the whole program."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from logingestor.handler import LogIngestorHandler
from tests.e2e.program import ROOT, Server, wait_for
from tests.services.server import free_ports

pytestmark = pytest.mark.system


def found(server: Server, query: str, count: int) -> list[dict[str, Any]]:
    """Return what the query finds once it finds at least *count* logs, oldest first."""
    results: list[dict[str, Any]] = []

    def look() -> bool:
        results[:] = server.request("GET", f"/logs?sort=asc&limit=10000&q={quote(query)}")[1]["results"]
        return len(results) >= count

    wait_for(look, 120, f"{count} logs of {query}")
    return results


def run(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run an application that logs."""
    command = [sys.executable, "-c", program, *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=150, check=False)


PLAIN = """
import logging, sys
from logingestor.handler import LogIngestorHandler
logging.getLogger().addHandler(LogIngestorHandler(sys.argv[1], resource_id="shop"))
log = logging.getLogger("shop.orders")
log.warning("order %d is late", 7, extra={"order": 7, "traceId": "0af7651916cd43dd8448eb211c80319c", "odd": {1, 2}})
try:
    1 / 0
except ZeroDivisionError:
    log.exception("order failed")
"""
STRUCTLOG = """
import logging, sys, structlog
from logingestor.handler import LogIngestorHandler
logging.getLogger().addHandler(LogIngestorHandler(sys.argv[1]))
structlog.configure(
    processors=[structlog.stdlib.filter_by_level, structlog.stdlib.render_to_log_kwargs],
    logger_factory=structlog.stdlib.LoggerFactory(), wrapper_class=structlog.stdlib.BoundLogger)
structlog.get_logger("shop").bind(order=8).error("order is odd", user="ada")
"""
LOGURU = """
import sys
from loguru import logger
from logingestor.handler import LogIngestorHandler
logger.remove()
logger.add(LogIngestorHandler(sys.argv[1]), format="{message}")
logger.bind(order=9).critical("order is gone")
logger.complete()
"""


def test_plain_logging(server: Server) -> None:
    """Level, time, exception and extra fields are where they belong; the process ends by itself and loses nothing."""
    assert run(PLAIN, server.url).stderr == ""
    late, failed = found(server, "order", 2)
    assert (late["level"], late["message"], late["resourceId"]) == ("warning", "order 7 is late", "shop")
    assert late["traceId"] == "0af7651916cd43dd8448eb211c80319c"
    assert (late["metadata"]["order"], late["metadata"]["odd"]) == (7, "{1, 2}")
    assert late["metadata"]["logger"] == "shop.orders"
    assert (failed["level"], failed["message"]) == ("error", "order failed")
    assert failed["metadata"]["exception"]["type"] == "ZeroDivisionError"
    assert failed["metadata"]["exception"]["stacktrace"].startswith("Traceback")
    assert [log["metadata"]["process"]["number"] for log in (late, failed)] == [1, 2]


@pytest.mark.parametrize(
    ("program", "query", "expected"),
    [
        (STRUCTLOG, "odd", {"order": 8, "user": "ada"}),
        (LOGURU, "gone", {"extra": {"order": 9}}),
    ],
    ids=["structlog", "loguru"],
)
def test_recipes_of_other_libraries(server: Server, program: str, query: str, expected: dict[str, Any]) -> None:
    """structlog and loguru send by the same handler, their context as metadata."""
    assert run(program, server.url).stderr == ""
    [log] = found(server, query, 1)
    assert {name: log["metadata"][name] for name in expected} == expected


def test_kill_in_the_middle(make_server: Callable[..., Server]) -> None:
    """The server is killed twice while logs are sent: each is found once, in the end."""
    server = make_server(PORT=str(free_ports(1)[0]))
    server.start()
    handler = LogIngestorHandler(server.url, interval=0.01)
    logger = logging.Logger("killed")
    logger.addHandler(handler)
    stopping = threading.Event()
    sent = 0

    def log() -> None:
        nonlocal sent
        while not stopping.is_set():
            logger.info("number %d", sent)
            sent += 1
            time.sleep(0.002)

    thread = threading.Thread(target=log)
    thread.start()
    for _ in range(2):
        time.sleep(1.5)
        server.kill_all()
        time.sleep(0.5)
        server.start()
    time.sleep(1)
    stopping.set()
    thread.join()
    handler.flush(120)
    handler.close()
    numbers = sorted(int(log["message"].split()[1]) for log in found(server, "number", sent))
    assert numbers == list(range(sent))


def test_a_full_memory_spills_and_the_next_process_sends_it(make_server: Callable[..., Server], tmp_path: Path) -> None:
    """Without a server logs go to files, in bounded memory; another process finds them there and sends each once."""
    folder = tmp_path / "spill"
    program = """
import logging, sys
from logingestor.handler import LogIngestorHandler
handler = LogIngestorHandler("http://127.0.0.1:9", spill=sys.argv[1], memory=100_000)
logging.getLogger().addHandler(handler)
for number in range(3000):
    logging.error("spilled %d", number)
handler.flush(0.1)
"""
    # Nothing is lost, and that the server is away may be said.
    away = "logingestor: logs wait, for they can't be sent: ConnectionRefusedError: [Errno 111] Connection refused"
    assert set(run(program, str(folder)).stderr.splitlines()) <= {away}
    assert len(list(folder.iterdir())) > 1
    server = make_server()
    server.start()
    handler = LogIngestorHandler(server.url, spill=folder)
    logger = logging.Logger("next")
    logger.addHandler(handler)
    logger.error("spilled 3000")
    handler.flush(120)
    handler.close()
    numbers = sorted(int(log["message"].split()[1]) for log in found(server, "spilled", 3001))
    assert numbers == list(range(3001))
    assert list(folder.iterdir()) == []


def test_what_is_dropped_is_said(make_server: Callable[..., Server]) -> None:
    """Where nothing may be spilled, a full memory drops what comes, never blocks, and the count arrives afterwards."""
    server = make_server(PORT=str(free_ports(1)[0]))
    server.start()
    server.stop()
    handler = LogIngestorHandler(server.url, memory=50_000)
    logger = logging.Logger("full")
    logger.addHandler(handler)
    began = time.monotonic()
    for number in range(2000):
        logger.info("number %d", number)
    assert time.monotonic() - began < 60
    server.start()
    handler.flush(120)
    [report] = found(server, "dropped", 1)
    kept = found(server, "number", 1)
    assert report["metadata"]["dropped"] + len(kept) == 2000
    handler.close()


def test_a_forked_process_sends_its_own(server: Server) -> None:
    """A child that was forked sends what it logs, and nothing twice."""
    program = """
import logging, os, sys
from logingestor.handler import LogIngestorHandler
handler = LogIngestorHandler(sys.argv[1], interval=5)
logging.getLogger().addHandler(handler)
logging.error("from parent")
child = os.fork()
if not child:
    logging.error("from child")
    logging.shutdown()
    os._exit(0)
os.waitpid(child, 0)
"""
    assert run(program, server.url).stderr == ""
    logs = found(server, "from", 2)
    assert sorted(log["message"] for log in logs) == ["from child", "from parent"]
    assert len({log["metadata"]["process"]["pid"] for log in logs}) == 2


def test_an_application_that_is_killed_loses_only_what_waited(server: Server) -> None:
    """What had been sent when it was killed is found once."""
    program = """
import logging, sys, time
from logingestor.handler import LogIngestorHandler
handler = LogIngestorHandler(sys.argv[1])
logging.getLogger().addHandler(handler)
for number in range(100):
    logging.error("number %d", number)
handler.flush()
print("sent", flush=True)
time.sleep(60)
"""
    process = subprocess.Popen([sys.executable, "-c", program, server.url], stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert process.stdout is not None
    assert process.stdout.readline() == "sent\n"
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert len(found(server, "number", 100)) == 100


def test_what_is_too_large_for_the_server_is_counted(make_server: Callable[..., Server]) -> None:
    """Its batch goes in halves, until it is alone; the others arrive, and that one was dropped is said."""
    server = make_server(BODY_LIMIT="16 KiB")
    server.start()
    handler = LogIngestorHandler(server.url)
    logger = logging.Logger("large")
    logger.addHandler(handler)
    for number in range(9):
        logger.error("of nine %s", os.urandom(20_000).hex() if number == 5 else number)
    handler.flush(120)
    handler.flush(120)  # what is said of it
    handler.close()
    assert len(found(server, "nine", 8)) == 8
    assert [log["message"].partition(":")[0] for log in found(server, "dropped", 1)] == ["1 log was dropped"]
