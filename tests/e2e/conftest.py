"""Servers that the tests of the whole program use."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.program import Server


@pytest.fixture
def make_server(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Return a function that makes a server on the test's folder; it is stopped at the end."""
    made: list[Server] = []

    def make(**settings: str) -> Server:
        server = Server(tmp_path / "data", **settings)
        made.append(server)
        return server

    yield make
    for server in made:
        if server._process is not None and server._process.poll() is None:
            server.stop()


@pytest.fixture
def server(make_server: Callable[..., Server]) -> Server:
    """A running server with the default settings."""
    made = make_server()
    made.start()
    return made
