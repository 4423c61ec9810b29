"""Any request that the document allows, and many that it does not, gets an answer that the document describes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import cache

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, given
from hypothesis import settings as trials
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from app.log.record import LogRecord, id_text
from app.settings.settings import Settings
from app.web import create_app
from app.web.accounts import tokens
from app.web.openapi.routes import ROUTES
from tests.thorough import examples

pytestmark = pytest.mark.long

#: Not whether a request that fits its schema is accepted: no schema says what a query or a zone may be.
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
#: Requests to each operation, in each way: enough for half a minute of a core in all, where all are tried.
REQUESTS = 12
SECRET = "Korrekt-Pferd-7"
EVERY = {f"{method} {route.path}" for route in ROUTES for method in route.methods}


#: The operations of each document that was met: what makes requests of their schemas is costly to make, and the same for all tests.
DESCRIBED: dict[str, list[APIOperation]] = {}


def operations(app: Flask) -> list[APIOperation]:
    """Return each operation of the document that the application serves."""
    document = app.test_client().get("/openapi.json").text
    if document not in DESCRIBED:
        schema = schemathesis.openapi.from_wsgi("/openapi.json", app)
        DESCRIBED[document] = [one.ok() for one in schema.get_all_operations()]
    return DESCRIBED[document]


@cache
def requests(operation: APIOperation, mode: GenerationMode) -> st.SearchStrategy[schemathesis.Case]:
    """Return what makes the requests to an operation: once for all tests."""
    return operation.as_strategy(generation_mode=mode)


def ask(
    app: Flask, operation: APIOperation, mode: GenerationMode, most: int, there: dict[str, str], headers: dict[str, str]
) -> list[int]:
    """Make requests to an operation; return their statuses. Raises what an answer has that the document does not describe.

    Every other request asks for what is *there* under the name that its path wants.
    """
    statuses = []

    @trials(max_examples=most, deadline=None, database=None, derandomize=True, suppress_health_check=[*HealthCheck])
    @given(case=requests(operation, mode), known=st.booleans())
    def each(case: schemathesis.Case, known: bool) -> None:
        if known:
            given_ = case.path_parameters or {}
            case.path_parameters = {name: there.get(name, value) for name, value in given_.items()}
        statuses.append(case.call_and_validate(checks=CHECKS, headers=headers, app=app).status_code)

    if mode is GenerationMode.POSITIVE or may_be_wrong(operation):
        each()
    return statuses


def may_be_wrong(operation: APIOperation) -> bool:
    """Return whether any request differs from what is described: none does where any text is a name of the path, and nothing else is taken.

    To look for one is to throw away hundreds that are right.
    """
    described = operation.definition.raw
    taken = [(one["in"], one.get("schema")) for one in described.get("parameters", [])]
    return "requestBody" in described or any(one != ("path", {"type": "string"}) for one in taken)


@pytest.mark.parametrize(
    ("whose", "mode"),
    [
        ("", GenerationMode.POSITIVE),
        ("admin", GenerationMode.POSITIVE),
        ("bound", GenerationMode.POSITIVE),
        ("", GenerationMode.NEGATIVE),
    ],
    ids=["as said", "with a token", "with a bound reader's", "otherwise"],
)
def test_answers_are_those_described(
    settings: Settings, minutes: list[LogRecord], whose: str, mode: GenerationMode, say: Callable[[str], None]
) -> None:
    """No 500, no status that the document doesn't name, each answer of the type and by the schema of its status."""
    app = create_app(replace(settings, auth="required", admin_password=SECRET) if whose else settings)
    client, made = app.test_client(), bearers(app)
    headers = made["admin"]
    receipt = client.post("/logs/ingest/", json={"message": "one"}, headers=headers).json["receipt"]
    client.post("/searches", json={"name": "errors", "q": "level:error"}, headers=headers)
    watched = {"name": "errors", "search": "errors", "kind": "at_least", "window": "5m"}
    client.post("/alerts", json=watched, headers=headers)
    held = app.extensions["logingestor"].backends()
    # A bound reader is not told of a receipt while logs wait that could change it (503).
    while held.queue.depth().bytes:
        held.move(1_000, 0)
    there = {"identity": id_text(minutes[0].id), "trace_id": "trace-0", "receipt": receipt, "which": "errors"}
    asked = {one.label: ask(app, one, mode, examples(REQUESTS), there, made[whose]) for one in operations(app)}
    # All but the document itself, which is how they are known.
    assert asked.keys() | {"GET /openapi.json"} == EVERY
    statuses = [status for found in asked.values() for status in found]
    if mode is GenerationMode.POSITIVE:
        assert all(asked.values())
        assert 401 not in statuses
    assert len(statuses) > 20 * examples(REQUESTS)
    with_which = f"with a token ({whose})" if whose else "with none on an open server"
    say(f"{len(statuses):,} cases of {len(asked)} operations, {mode.value}, {with_which}: {counted(statuses)}")
    app.extensions["logingestor"].close()


def bearers(app: Flask) -> dict[str, dict[str, str]]:
    """Return the headers of who brings no token, an admin's, and that of a bound reader."""
    with app.app_context():
        admin, _ = tokens.create("admin", "admin", "tests")
        bound, _ = tokens.create("bound", "reader", "tests", filter="level:error", hide="metadata.region")
    return {"": {}, "admin": {"Authorization": f"Bearer {admin}"}, "bound": {"Authorization": f"Bearer {bound}"}}


def counted(statuses: list[int]) -> str:
    """Return how often each status came."""
    return ", ".join(f"{status}: {count:,}" for status, count in sorted(Counter(statuses).items()))


def test_who_brings_no_password_is_answered_as_described(settings: Settings, say: Callable[[str], None]) -> None:
    """401 at each operation that is closed, by the schema of an error; the others answer."""
    app = create_app(replace(settings, auth="required", admin_password=SECRET))
    asked = {
        one.label: ask(app, one, GenerationMode.POSITIVE, examples(REQUESTS // 3), {}, {}) for one in operations(app)
    }
    closed = {f"{method} {route.path}" for route in ROUTES if route.closed for method in route.methods}
    assert {label for label, statuses in asked.items() if set(statuses) == {401}} == closed
    statuses = [status for found in asked.values() for status in found]
    say(f"{len(statuses):,} cases of {len(asked)} operations with no token on a closed server: {counted(statuses)}")
    app.extensions["logingestor"].close()
