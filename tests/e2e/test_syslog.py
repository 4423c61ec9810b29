"""Syslog and GELF as their senders send them, through the whole program."""

from __future__ import annotations

import logging
import logging.handlers
import os
import shutil
import signal
import socket
import ssl
import subprocess
import time
import zlib
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import trustme

from tests.e2e.program import Server, wait_for
from tests.services.server import free_ports

pytestmark = pytest.mark.system


@pytest.fixture
def start(make_server: Callable[..., Server]) -> Callable[..., Server]:
    """Return a function that starts the program with addresses to listen at, and waits until it listens."""

    def begin(*addresses: str) -> Server:
        server = make_server(LISTEN=",".join(addresses))
        server.start()
        wait_for(lambda: server.console.count(" syslog listens at ") == len(addresses), 120, "the listeners")
        return server

    return begin


def found(server: Server, query: str, count: int) -> list[dict[str, Any]]:
    """Return what the query finds once it finds at least *count* logs, oldest first."""

    results: list[dict[str, Any]] = []

    def look() -> bool:
        results[:] = server.request("GET", f"/logs?sort=asc&limit=1000&q={quote(query)}")[1]["results"]
        return len(results) >= count

    wait_for(look, 120, f"{count} logs of {query}")
    return results


def test_handlers_of_the_standard_library(start: Callable[..., Server]) -> None:
    """SysLogHandler over UDP and over TCP, where it ends a message with NUL; a stack trace is one log."""
    udp, tcp = free_ports(1, socket.SOCK_DGRAM)[0], free_ports(1)[0]
    server = start(f"udp://127.0.0.1:{udp}", f"tcp://127.0.0.1:{tcp}")
    logger = logging.Logger("stdlib")
    for port, kind in ((udp, socket.SOCK_DGRAM), (tcp, socket.SOCK_STREAM)):
        handler = logging.handlers.SysLogHandler(("127.0.0.1", port), socktype=kind)
        handler.ident = f"shop{kind.value}: "  # type: ignore[attr-defined]
        logger.addHandler(handler)
    logger.warning("stock is low")
    try:
        raise ValueError("no such order")
    except ValueError:
        logger.exception("order failed")
    for handler in logger.handlers:
        handler.close()
    warnings = found(server, "stock", 2)
    assert [log["level"] for log in warnings] == ["warning", "warning"]
    failures = found(server, '"order failed"', 2)
    assert [log["level"] for log in failures] == ["err", "err"]
    assert all("Traceback" in log["message"] and log["message"].endswith("no such order") for log in failures)


def test_logger_of_util_linux(start: Callable[..., Server], tmp_path: Path) -> None:
    """Over UDP, TCP with and without counts, and a unix socket; level, tag and host are where they belong."""
    if shutil.which("logger") is None:
        pytest.skip("logger(1) is not installed")
    udp, tcp, path = free_ports(1, socket.SOCK_DGRAM)[0], free_ports(1)[0], tmp_path / "log"
    server = start(f"udp://127.0.0.1:{udp}", f"tcp://127.0.0.1:{tcp}", f"unixgram://{path}")
    ways = (
        ("--server", "127.0.0.1", "--udp", "--port", str(udp)),
        ("--server", "127.0.0.1", "--tcp", "--port", str(tcp)),
        ("--server", "127.0.0.1", "--tcp", "--octet-count", "--port", str(tcp)),
        ("--socket", str(path)),
    )
    for way in ways:
        subprocess.run(["logger", *way, "--priority", "daemon.err", "--tag", "backup", "disk is gone"], check=True)
    logs = found(server, "disk", len(ways))
    assert {(log["level"], log["message"], log["metadata"]["app"]) for log in logs} == {
        ("err", "disk is gone", "backup")
    }


def test_tls_asks_for_the_clients_certificate_where_it_should(start: Callable[..., Server], tmp_path: Path) -> None:
    """One that the authority has signed gets in, one without does not."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(tmp_path / "server.pem")
    port = free_ports(1)[0]
    server = start(f"tls://127.0.0.1:{port}?cert={tmp_path}/server.pem&key={tmp_path}/server.pem&ca={tmp_path}/ca.pem")
    for name in ("good", ""):
        context = ssl.create_default_context(cafile=str(tmp_path / "ca.pem"))
        if name:
            authority.issue_cert("client").configure_cert(context)
        plain = socket.create_connection(("127.0.0.1", port))
        with closing(context.wrap_socket(plain, server_hostname="localhost")) as secure:
            try:
                secure.sendall(b"<11>1 2026-01-02T03:04:05Z host app - - - over tls%d\n" % bool(name))
                secure.unwrap()
            except (ssl.SSLError, OSError):
                assert not name
    assert [log["message"] for log in found(server, "tls*", 1)] == ["over tls1"]


def test_what_was_sent_before_the_stop_is_kept(start: Callable[..., Server]) -> None:
    """A sender that never rests is told by a half-closed connection, and all that it sent until then is found once."""
    port = free_ports(1)[0]
    server = start(f"tcp://127.0.0.1:{port}")
    [listening] = server.children("\0syslog\0")
    with socket.create_connection(("127.0.0.1", port)) as connection:
        sent = 0
        connection.settimeout(0.001)
        until = time.monotonic() + 20
        while time.monotonic() < until:
            line = b"<14>1 2026-01-02T03:04:05Z host app - - - number %07d\n" % sent
            connection.sendall(line)
            sent += 1
            if sent == 2_000:
                os.kill(listening, signal.SIGTERM)
            if sent % 100 == 0:
                try:
                    assert connection.recv(1) == b""
                    break
                except TimeoutError:
                    pass
        assert sent >= 2_000
        connection.shutdown(socket.SHUT_WR)

    def total() -> int:
        return int(server.request("GET", "/logs?count=exact&limit=1&q=number")[1]["total"])

    wait_for(lambda: total() >= sent, 120, f"{sent} logs")
    assert total() == sent


def test_gelf_in_chunks_compressed_and_over_tcp(start: Callable[..., Server]) -> None:
    """Datagrams in chunks in any order; a stream with NUL, with nothing between two messages, and a compressed one."""
    udp, tcp = free_ports(1, socket.SOCK_DGRAM)[0], free_ports(1)[0]
    server = start(f"gelf+udp://127.0.0.1:{udp}", f"gelf+tcp://127.0.0.1:{tcp}")

    def message(text: str) -> bytes:
        return (
            b'{"version":"1.1","host":"shop","short_message":"%s","timestamp":1767323045.123,"level":3,"_id":"7"}'
            % text.encode()
        )

    packed = zlib.compress(message("chunked " + "x" * 3_000))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        datagrams.sendto(message("plain"), ("127.0.0.1", udp))
        parts = [packed[at : at + 20] for at in range(0, len(packed), 20)]
        for number in reversed(range(len(parts))):
            datagrams.sendto(b"\x1e\x0f" + bytes(8) + bytes([number, len(parts)]) + parts[number], ("127.0.0.1", udp))
    with socket.create_connection(("127.0.0.1", tcp)) as stream:
        stream.sendall(message("nul") + b"\0" + message("glued") * 2 + b"\0" + message("last"))
    [plain] = found(server, "plain", 1)
    assert (plain["level"], plain["resourceId"]) == ("err", "shop")
    assert plain["timestamp"].startswith("2026-01-02T03:04:05.123")
    assert len(found(server, "chunked", 1)) == 1
    assert len(found(server, "nul", 1)) == 1
    assert len(found(server, "glued", 2)) == 2
    assert len(found(server, "last", 1)) == 1


def test_lost_datagrams_are_counted(start: Callable[..., Server]) -> None:
    """While the process can't read, the kernel's buffer runs over; the figures say by how much."""
    port = free_ports(1, socket.SOCK_DGRAM)[0]
    server = start(f"udp://127.0.0.1:{port}")
    [listening] = server.children("\0syslog\0")
    os.kill(listening, signal.SIGSTOP)
    line, sent = b"<14>1 2026-01-02T03:04:05Z host app - - - " + b"y" * 1_000, 40_000
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        for _ in range(sent):
            datagrams.sendto(line, ("127.0.0.1", port))
        os.kill(listening, signal.SIGCONT)
        time.sleep(1)
        datagrams.sendto(line, ("127.0.0.1", port))  # a datagram brings the count of those dropped before it

    def figure(name: str) -> float:
        text = server.request("GET", "/metrics")[1].decode()
        found = [one.rsplit(" ", 1) for one in text.splitlines() if one.startswith(f"logingestor_listen_{name}")]
        return sum(float(value) for _, value in found)

    wait_for(lambda: figure("messages") + figure("lost") >= sent + 1, 120, "the counts")
    assert figure("lost") > 0
    assert figure("messages") + figure("lost") == sent + 1
