"""The OpenAPI document says what there is, all of it and nothing else; so does the page made from the same table."""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Iterator
from itertools import chain
from typing import Any

import jsonschema_rs
import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.backends import Backends
from app.log.record import LogRecord, id_text
from app.shown import Shown
from app.web.answers.alerts import NoticesAnswer
from app.web.answers.find import OneAnswer
from app.web.answers.ingest import AcceptedAnswer
from app.web.answers.reply import DoneAnswer, ErrorAnswer
from app.web.openapi import alert_routes, rule_routes
from app.web.openapi.openapi import describe
from app.web.openapi.parameters import COMMON, PARAMETERS
from app.web.openapi.routes import ROUTES
from app.web.openapi.schemas import SCHEMAS

#: Endpoints that answer browsers, not programs.
# The tail is a stream, over a socket or as events, that OpenAPI has no words for.
PAGES = (
    "static",
    "pages.",
    "page_",
    "notice_page.",
    "openapi.page",
    "tail.",
    "patterns.",
    "trace.",
    "dead.",
    "overview.",
    "add.",
    "door_",
)
METHODS = {"get", "post"}


def plain(path: str) -> str:
    """Return a rule of the URL map as the document writes it; a slash at the end is optional everywhere."""
    return re.sub(r"<(?:[^:<>]+:)?(\w+)>", r"{\1}", path).rstrip("/")


def test_document_and_url_map_agree(app: Flask) -> None:
    """Every route with every method is described, and what is described is there."""
    served = {
        (plain(rule.rule), method.lower())
        for rule in app.url_map.iter_rules()
        if not rule.endpoint.startswith(PAGES)
        for method in rule.methods or ()
        if method not in ("HEAD", "OPTIONS")
    }
    described = {(path.rstrip("/"), method) for path, methods in describe()["paths"].items() for method in methods}
    assert described == served


def test_document_is_served(client: FlaskClient) -> None:
    """As JSON, the same at every call."""
    answer = client.get("/openapi.json")
    assert (answer.status_code, answer.content_type) == (200, "application/json")
    assert answer.json == describe()
    assert answer.json["openapi"] == "3.1.0"


def references(value: Any) -> Iterator[str]:
    """Yield what `$ref` names anywhere in *value*."""
    if isinstance(value, dict):
        if "$ref" in value:
            yield value["$ref"]
        for inner in value.values():
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def test_document_is_sound() -> None:
    """References lead somewhere, operation ids are unique, path parameters are those of the path and required."""
    document = describe()
    known = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    assert set(references(document)) <= known
    operations = [(path, one) for path, methods in document["paths"].items() for one in methods.values()]
    names = [one["operationId"] for _, one in operations]
    assert len(set(names)) == len(names)
    for path, one in operations:
        in_path = {parameter["name"] for parameter in one["parameters"] if parameter["in"] == "path"}
        assert in_path == set(re.findall(r"\{(\w+)\}", path))
        assert all(parameter["required"] for parameter in one["parameters"] if parameter["in"] == "path")
        assert all(("schema" in parameter) != ("content" in parameter) for parameter in one["parameters"])
        assert any(status.startswith("2") for status in one["responses"])


def test_a_name_means_one_thing_in_the_table() -> None:
    """A name that means something else on a route is that route's own: in the table one would take the other's place."""
    tables = (COMMON, alert_routes.PARAMETERS, rule_routes.PARAMETERS)
    assert [name for name, times in Counter(chain.from_iterable(tables)).items() if times > 1] == []


def test_table_holds_nothing_unused() -> None:
    """Every parameter and every schema is some route's."""
    assert {name for route in ROUTES for name in (*route.names, *route.others)} | {"query"} == set(PARAMETERS)
    assert set(references(describe())) == {f"#/components/schemas/{name}" for name in SCHEMAS}


@pytest.mark.parametrize("route", [route for route in ROUTES if "q" in route.names], ids=lambda route: route.path)
def test_described_parameters_are_those_taken(client: FlaskClient, minutes: list[LogRecord], route: Any) -> None:
    """A described name is known to the route, in the URL and in the body; any other is refused by name."""
    path = route.path.format(identity=id_text(minutes[0].id), trace_id="x", which="errors")
    client.post("/searches", json={"name": "errors"})
    for method in route.methods:
        for name in PARAMETERS:
            given = {name: "("}
            sent = {"query_string": given} if method == "GET" else {"json": given}
            answer = client.open(path, method=method, **sent)
            messages = [
                problem["message"]
                for problem in (answer.json["errors"] if answer.status_code == 400 else ())
                if problem.get("field") == name
            ]
            unknown = any("is not a parameter" in message for message in messages)
            assert unknown == (name not in route.names), (method, name, messages)


def validator(name: str) -> jsonschema_rs.Draft202012Validator:
    """Return what finds the faults of an answer by a schema of the document."""
    schema = {"$ref": f"#/components/schemas/{name}", "components": describe()["components"]}
    return jsonschema_rs.Draft202012Validator(schema, validate_formats=True)


def faults(value: Any, answer: type[Shown]) -> list[str]:
    """Return where *value* is not as the document says."""
    return [error.message for error in validator(answer.__name__).iter_errors(value)]


def test_faults_are_found() -> None:
    """The check of the next test can fail."""
    assert faults({"status": True}, OneAnswer) == ['"log" is a required property']
    assert faults({"status": True, "x": 1}, DoneAnswer) == [
        "Additional properties are not allowed ('x' was unexpected)"
    ]
    assert len(faults({"status": True, "message": 1, "errors": [{"x": 1}]}, ErrorAnswer)) == 4
    assert faults({"status": False, "message": "", "errors": []}, ErrorAnswer) == []
    notice = {
        "id": "1",
        "kind": "x",
        "severity": "x",
        "state": "x",
        "text": "",
        "since": "now",
        "until": 1,
        "details": {},
    }
    assert len(faults({"status": True, "notices": [notice], "source": "record"}, NoticesAnswer)) == 6


def test_answers_are_as_described(client: FlaskClient, backends: Backends, minutes: list[LogRecord]) -> None:
    """An answer of every route, good and bad, has the shape of its schema."""
    sent = client.post("/logs/ingest/", json=[{"message": "a", "metadata": {"n": 1}}, {"level": 1}])
    assert faults(sent.json, AcceptedAnswer) == []
    bad = client.post("/logs/ingest/", json=[1])
    assert faults(bad.json, ErrorAnswer) == []
    assert backends.move is not None
    filled = {"identity": id_text(minutes[5].id), "trace_id": "trace-0", "receipt": sent.json["receipt"]}
    for route in ROUTES:
        if route.answer is None or route.takes_logs:
            continue
        # One that the route before has removed is made again; what is saved gets another name than the sample.
        client.post("/searches", json={"name": "other"})
        if route.path.startswith("/alerts"):
            client.post("/searches", json={"name": "errors"})
            client.post("/alerts", json={"name": "x", "search": "other", "kind": "absent", "window": 60})
        which = "x" if route.path.startswith("/alerts") else "other"
        path = route.path.format(**filled, which=which)
        field = dict(route.sample) or ({"field": ["level"]} if "field" in route.names else {})
        for method in route.methods:
            answer = client.open(
                path, method=method, **({"query_string": field} if method in ("GET", "DELETE") else {"json": field})
            )
            assert answer.status_code == route.status, (path, answer.text)
            assert faults(answer.json, route.answer) == [], path
            if 400 in route.errors and method != "DELETE":
                wrong = {"query_string": "nosuch=1"} if method == "GET" else {"json": {"nosuch": 1}}
                refused = client.open(path, method=method, **wrong)
                assert refused.status_code == 400
                assert faults(refused.json, ErrorAnswer) == [], path


def test_page_shows_every_route(client: FlaskClient) -> None:
    """Each with its methods, an example at this server's address and its parameters; nothing from elsewhere."""
    answer = client.get("/api", base_url="http://logs.internal:8080")
    assert (answer.status_code, answer.mimetype) == (200, "text/html")
    text = html.unescape(answer.text)
    for route in ROUTES:
        assert f"{', '.join(route.methods)} {route.path}" in text
        assert "curl " + route.example.replace("HOST", "http://logs.internal:8080") in text
        for name in (*route.names, *route.others):
            assert f"<code>{name}</code>" in text
    assert "`" not in re.sub(r"<pre.*?</pre>", "", text, flags=re.DOTALL)
    assert not re.findall(r'(?:src|href)="(?:https?:)?//', answer.text)
