"""From `serve` to the page, as its user meets it."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from tests.e2e.program import ROOT, Server, alive, wait_for

pytestmark = pytest.mark.system

EXAMPLE = {
    "level": "error",
    "message": "Failed to connect to DB",
    "resourceId": "server-1234",
    "timestamp": "2023-09-15T08:00:00Z",
    "traceId": "abc-xyz-123",
    "spanId": "span-456",
    "commit": "5e5342f",
    "metadata": {"parentResourceId": "server-0987"},
}


def test_log_goes_in_by_curls_line_and_is_on_the_page(server: Server) -> None:
    """The line that the console prints works as it stands; the log is on the page within moments."""
    line = next(line for line in server.console.splitlines() if line.strip().startswith("send"))
    answer = subprocess.run(line.strip().removeprefix("send"), shell=True, capture_output=True, text=True, check=True)
    assert json.loads(answer.stdout)["accepted"] == 1
    wait_for(lambda: b"Failed to connect to DB" in server.get("/"), 120, "the log on the page")


def test_original_example_is_found_by_equals_contains_and_range(server: Server) -> None:
    """The three original operations each find it, and the answer has the documented shape."""
    server.ingest(EXAMPLE)
    server.drained()
    window = {"lower_range": "2022-09-15T23:59:59Z", "upper_range": "2023-09-15T23:59:59Z"}
    for key, value, operation in (
        ("level", "error", "equals"),
        ("message", "nect to d", "contains"),
        ("timestamp", window, "range"),
    ):
        status, found = server.request("POST", "/logs/filter/", {"key": key, "value": value, "operation": operation})
        assert (status, found["status"], found["total"], found["total_is"]) == (200, True, 1, "exact")
        assert {name: found["results"][0][name] for name in EXAMPLE} == EXAMPLE
    status, found = server.request("POST", "/logs/filter/", {"key": "level", "value": "server", "operation": "equals"})
    assert (status, found["results"], found["total"]) == (200, [], 0)


def test_thousand_logs_of_which_seven_are_bad(server: Server) -> None:
    """Where only our own form is taken 993 are accepted and found, 7 answered with place, field and reason and kept as dead letters."""
    logs: list[object] = [{"message": f"log number {n}", "level": "info"} for n in range(1000)]
    bad = {
        3: ({"level": "info"}, "message"),
        100: ({"message": 5}, "message"),
        250: ({"message": "m", "level": 7}, "level"),
        400: ({"message": "m", "timestamp": "soon"}, "timestamp"),
        555: ({"message": "m", "traceId": "t" * 256}, "traceId"),
        777: ({"message": "m", "metadata": []}, "metadata"),
        999: ("no object", None),
    }
    for place, (log, _) in bad.items():
        logs[place] = log
    _, answer = server.request("POST", "/logs/ingest/?strict=1", logs)
    assert answer["accepted"] == 993
    assert {(one["index"], one.get("field")) for one in answer["rejected"]} == {
        (place, field) for place, (_, field) in bad.items()
    }
    assert all(one["message"] for one in answer["rejected"])
    server.drained()
    assert server.get("/logs?limit=1&count=exact")["total"] == 993
    listed = command(server, "dead", "list", "--json")
    assert len(json.loads(listed.stdout)) == 7


def test_wait_answers_when_the_log_is_findable(server: Server) -> None:
    """With `wait=indexed` a search after the answer finds the log; the receipt tells the same."""
    status, answer = server.request("POST", "/logs/ingest/?wait=indexed", {"message": "wait for me"})
    assert (status, answer["indexed"], answer["queued"]) == (202, 1, 0)
    assert server.get("/logs?q=message:wait&count=exact")["total"] == 1
    assert server.get(f"/receipts/{answer['receipt']}")["stored"] == 1


def command(server: Server, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command on the server's data."""
    return subprocess.run(
        [sys.executable, "-m", "app.cli", *arguments],
        cwd=ROOT,
        env=server.environment,
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )


def test_second_serve_on_the_same_data_is_refused(server: Server) -> None:
    """It says so and ends with 1; the first is not disturbed."""
    second = command(server, "serve")
    assert second.returncode == 1
    assert "another `logingestor serve`" in second.stderr
    assert "Traceback" not in second.stderr
    assert server.get("/health/live")


def test_port_in_use_is_said(make_server: Callable[..., Server]) -> None:
    """A clear line and exit code 1."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ended = command(make_server(PORT=str(taken.getsockname()[1])), "serve")
    assert (ended.returncode, ended.stderr.count("\n")) == (1, 1)
    assert "in use" in ended.stderr


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HOST", "nowhere.invalid"),
        ("PROT", "1"),
        ("RETENTION", "x"),
        ("AUTH", "none"),
        ("ADMIN_PASSWORD", "short"),
    ],
)
def test_setting_that_cannot_be_used_ends_with_2(make_server: Callable[..., Server], name: str, value: str) -> None:
    """The setting is named, without a traceback."""
    ended = command(make_server(**{name: value}), "serve")
    assert ended.returncode == 2
    assert f"LOGINGESTOR_{name}" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("part", ["serve", "web"])
def test_open_server_beyond_loopback_is_refused(make_server: Callable[..., Server], part: str) -> None:
    """Exit code 2, one line that says what to set, and no socket was opened for it."""
    ended = command(make_server(HOST="0.0.0.0", AUTH="open"), part)
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1)
    assert "LOGINGESTOR_HOST" in ended.stderr
    assert "AUTH is open" in ended.stderr


def test_password_is_printed_once_and_opens_everything(make_server: Callable[..., Server]) -> None:
    """Where it is required: the first start makes it, the second says nothing; every web process knows it."""
    server = make_server(AUTH="required")
    server.start()
    (made,) = re.findall(r"^  (\S+)$", server.console, re.MULTILINE)
    signed = {"Authorization": f"Bearer {made}"}
    for _ in range(8):  # new connections, which both web processes get some of
        assert server.request("GET", "/logs")[0] == 401
        assert server.request("GET", "/logs", headers=signed)[0] == 200
    assert server.request("POST", "/logs/ingest/", {"message": "m"})[0] == 401
    assert server.request("POST", "/logs/ingest/", {"message": "m"}, signed)[0] == 202
    assert server.get("/health/ready")["status"]
    assert server.stop() == 0
    server.start()
    assert "is shown this once" not in server.console
    assert server.request("GET", "/logs", headers=signed)[0] == 200
    assert json.loads(command(server, "find", "m", "--json").stdout)


def test_proxy_says_who_the_client_is(make_server: Callable[..., Server]) -> None:
    """Guesses of one client behind a trusted proxy don't hinder another; an untrusted one is not believed."""
    for trusted, found in (("127.0.0.1", 401), ("192.0.2.9", 429)):
        server = make_server(AUTH="required", ADMIN_PASSWORD="long enough", TRUSTED_PROXIES=trusted, WEB_WORKERS="1")
        server.start()

        def guess(n: int, client: str, server: Server = server) -> int:
            headers = {"Authorization": f"Bearer {n}", "X-Forwarded-For": f"203.0.113.77, {client}"}
            return server.request("GET", "/logs", headers=headers)[0]

        statuses = [guess(n, "198.51.100.1") for n in range(15)]
        assert (statuses[0], statuses[-1]) == (401, 429)
        assert guess(99, "198.51.100.2") == found
        assert server.stop() == 0


@pytest.mark.parametrize(
    ("number", "before"),
    [(signal.SIGINT, [signal.SIGINT]), (signal.SIGINT, [signal.SIGTERM, signal.SIGINT]), (signal.SIGTERM, [])],
)
def test_stop_is_clean_and_the_second_start_finds_everything(
    make_server: Callable[..., Server], number: signal.Signals, before: list[signal.Signals]
) -> None:
    """No traceback on the console, exit code 0, no process left; the data are there after the next start."""
    server = make_server()
    server.start()
    server.ingest([{"message": f"kept {n}"} for n in range(50)])
    children = server.children()
    # The terminal sends Ctrl-C to every process of the group, not to `serve` alone; it may reach a part after SIGTERM.
    for first in before:
        for pid in children:
            with suppress(ProcessLookupError):  # on a busy machine one has ended by the first signal
                os.kill(pid, first)
        time.sleep(0.05)
    assert server.stop(number) == 0
    assert "Traceback" not in server.console
    assert not [pid for pid in children if alive(pid)]
    server.start()
    server.drained()
    assert server.get("/logs?q=kept&limit=1&count=exact")["total"] == 50


def test_ctrl_c_while_the_parts_start_is_clean(make_server: Callable[..., Server]) -> None:
    """The terminal sends it to every process of the group; none answers with a traceback."""
    server = make_server()
    words = [sys.executable, "-m", "app.cli", "serve"]
    process = subprocess.Popen(
        words, cwd=ROOT, env=server.environment, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    server._process = process
    wait_for(lambda: server.workers() or process.poll() is not None, 120, "the parts")
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=150)
    assert (process.returncode, "Traceback" in errors) == (0, False), errors


@pytest.mark.parametrize("part", ["webs", "workers"])
def test_part_that_dies_is_started_again_and_it_is_said(server: Server, part: str) -> None:
    """The console names the part and what it means; a new process takes over."""
    before = getattr(server, part)()
    os.kill(before[0], signal.SIGKILL)
    wait_for(
        lambda: len(getattr(server, part)()) == len(before) and before[0] not in getattr(server, part)(),
        120,
        "a new process",
    )
    wait_for(lambda: "started again" in server.console, 120, "a line on the console")
    assert "was killed by SIGKILL" in server.console
    assert "What was accepted is kept" in server.console
    server.ingest({"message": "after"})
    server.drained()


@pytest.mark.parametrize("start", [["-m", "app.cli"], [str(Path(sys.executable).with_name("logingestor"))]])
def test_the_command_line_of_a_part_names_it(make_server: Callable[..., Server], start: list[str]) -> None:
    """However `serve` was called: operators tell the parts apart by it."""
    server = make_server()
    server.command = [sys.executable, *start, "serve"]
    server.start()
    lines = [Path(f"/proc/{pid}/cmdline").read_text().rstrip("\0").split("\0") for pid in server.children()]
    assert sorted(line[1:] for line in lines) == [["-m", "app.cli", "web"]] * len(server.webs()) + [
        ["-m", "workers.main"]
    ]
    assert server.webs()


def test_a_web_process_holds_its_own_socket_only(server: Server) -> None:
    """Forked off, it would keep the others' open, and the lock of the data folder, when `serve` is killed."""
    listening = {line.split()[9] for line in Path("/proc/net/tcp").read_text().splitlines() if line.split()[3] == "0A"}
    for pid in server.webs():
        held = {str(one.readlink()) for one in Path(f"/proc/{pid}/fd").iterdir()}
        assert len(held & {f"socket:[{number}]" for number in listening}) == 1
        assert not [one for one in held if one.endswith("serve.lock")]


def test_children_end_when_serve_is_killed(server: Server) -> None:
    """No part outlives `serve` unseen."""
    children = server.children()
    os.kill(server.pid, signal.SIGKILL)
    wait_for(lambda: not any(map(alive, children)), 120, "the end of the children")


def test_backlog_of_a_worker_that_was_away_is_drained(server: Server) -> None:
    """`pending` counts what no search finds yet; nothing is missing in the end."""
    (worker,) = server.workers()
    os.kill(worker, signal.SIGSTOP)
    server.ingest([{"message": f"waits {n}"} for n in range(300)])
    found = server.get("/logs?q=waits&count=exact")
    assert found["pending"] >= 300 - found["total"]
    os.kill(worker, signal.SIGCONT)
    server.drained()
    assert server.get("/logs?q=waits&limit=1&count=exact")["total"] == 300


def test_single_logs_are_found_within_moments(server: Server) -> None:
    """An idle worker wakes at once: ten logs one after the other, none waits for a schedule."""
    slowest = 0.0
    for n in range(10):
        began = time.monotonic()
        server.ingest({"message": f"moment{n}"})
        wait_for(lambda n=n: server.get(f"/logs?q=moment{n}")["results"], 45, "the log")  # type: ignore[misc]
        slowest = max(slowest, time.monotonic() - began)
    print(f"slowest of ten from POST to found: {slowest * 1000:.0f} ms")


def test_large_body_is_refused_and_the_next_request_is_served(make_server: Callable[..., Server]) -> None:
    """413, as sent and once inflated, with the limit in words."""
    server = make_server(BODY_LIMIT="10 kB", INFLATED_LIMIT="50 kB")
    server.start()
    import gzip

    status, answer = server.request("POST", "/logs/ingest/", b'{"message":"' + b"x" * 20_000 + b'"}')
    assert (status, answer["status"]) == (413, False)
    packed = gzip.compress(b'{"message":"' + b"x" * 60_000 + b'"}')
    status, answer = server.request("POST", "/logs/ingest/", packed, {"Content-Encoding": "gzip"})
    assert (status, answer["status"]) == (413, False)
    assert "50,000 bytes" in answer["message"]
    server.ingest({"message": "small"})
