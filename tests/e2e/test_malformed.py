"""Bodies and queries that no client should send, at the running program: it refuses them and goes on."""

from __future__ import annotations

import pytest

from bench import run
from bench.malformed import KINDS, send
from tests import malformed
from tests.e2e.program import Server

#: Requests of each kind; bench/malformed.py sends as many as it is told.
REQUESTS = 600


@pytest.mark.system
@pytest.mark.parametrize("kind", KINDS)
def test_no_malformed_request_harms_the_server(server: Server, kind: str) -> None:
    """Every one is answered, none as a failure of the server but 503, and no process ends."""
    before = run.processes(server)
    found = send(server.url, kind, range(REQUESTS))
    assert found.bad == []
    assert found.statuses.total() == REQUESTS
    assert found.statuses[400] > REQUESTS / 4
    assert run.processes(server) == before
    assert server.ingest({"message": "still here"})["accepted"] == 1


def test_a_request_is_made_again_from_its_number() -> None:
    """Or one that did harm could not be sent again."""
    for make in KINDS.values():
        made = [make(number) for number in range(50)]
        assert made == [make(number) for number in range(50)]
        assert len({(one.path, one.body) for one in made}) > 40
    assert not malformed.may_answer(500)
