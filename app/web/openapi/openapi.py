"""The API's own description: an OpenAPI 3.1 document and a page, both made from the table of routes."""

from __future__ import annotations

from functools import cache
from http import HTTPStatus
from typing import Any

import msgspec
from apispec import APISpec
from flask import Blueprint, Response, render_template, request

from app.version import VERSION
from app.web.openapi.parameters import PARAMETERS, REQUIRED
from app.web.openapi.route import Route
from app.web.openapi.routes import LOG_TYPES, ROUTES
from app.web.openapi.schemas import SCHEMAS, reference

bp = Blueprint("openapi", __name__)

#: The meaning of each status of an error.
MEANINGS = {
    400: "What was sent has a fault; each is named with its field and place.",
    401: "A token, or the admin's password, is needed: this server has AUTH required.",
    403: "The token's role does not open this, or may not be bound; a page of another site made a browser ask; or the server asks nobody who they are, and was asked by a name that is not this machine's.",
    404: "There is no such thing, or it has expired.",
    413: "The body is too large, as sent or once decompressed.",
    415: "The body is of a type or an encoding that isn't read.",
    429: "More often than may be: wrong passwords from this address, requests under this token, or logs into this space; Retry-After says when to try again.",
    503: "Not now: a part does not answer, is full, or the query took too long; Retry-After says when to try again.",
}

#: Ways to bring the password; `{}`: none is needed, on an open server.
SECURITY = {
    "basic": {"type": "http", "scheme": "basic", "description": "User `admin`."},
    "bearer": {"type": "http", "scheme": "bearer"},
    "seq": {"type": "apiKey", "in": "header", "name": "X-Seq-ApiKey"},
}


@bp.get("/openapi.json")
def document() -> Response:
    """Answer with the OpenAPI document."""
    return Response(_json(), content_type="application/json")


@bp.get("/api")
def page() -> str:
    """Show the routes with an example each."""
    return render_template("api.html", routes=ROUTES, parameters=PARAMETERS, host=request.url_root.rstrip("/"))


@cache
def _json() -> bytes:
    return msgspec.json.encode(describe())


def describe() -> dict[str, Any]:
    """Return the OpenAPI document."""
    ways: list[dict[str, Any]] = [{}, *({name: []} for name in SECURITY)]
    spec = APISpec("LogIngestor", VERSION, "3.1.0", info={"summary": "Send logs, find logs."}, security=ways)
    for name, scheme in SECURITY.items():
        spec.components.security_scheme(name, scheme)
    for name, schema in SCHEMAS.items():
        spec.components.schema(name, schema)
    for route in ROUTES:
        spec.path(route.path, operations={method.lower(): _operation(route, method) for method in route.methods})
    found: dict[str, Any] = spec.to_dict()
    return found


def _operation(route: Route, method: str) -> dict[str, Any]:
    in_body = method in ("POST", "PUT") and not route.takes_logs
    names = route.others + (() if in_body else route.names)
    made: dict[str, Any] = {
        "operationId": f"{method.lower()}_{route.operation}",
        "summary": route.summary,
        "parameters": [_parameter(route, name) for name in names],
        "responses": _responses(route),
    }
    if not route.closed:
        made["security"] = []
    if route.about:
        made["description"] = route.about
    if in_body and route.names:
        example = {"example": dict(route.sample)} if route.sample else {}
        made["requestBody"] = {"content": {"application/json": {"schema": _body(route), **example}}}
    elif route.takes_logs:
        log = {"$ref": "#/components/schemas/Log"}
        schemas = ({"oneOf": [log, {"type": "array", "items": log}]}, log)
        content = {kind: {"schema": schema} for kind, schema in zip(LOG_TYPES, schemas, strict=True)}
        made["requestBody"] = {"required": True, "content": content}
    return made


def _parameter(route: Route, name: str) -> dict[str, Any]:
    described = route.parameter(name, PARAMETERS)
    made: dict[str, Any] = {"name": name, "in": described.place, "description": described.help}
    if described.place == "path" or name in REQUIRED:
        made["required"] = True
    if name == "filters":
        return {**made, "content": {"application/json": {"schema": route.schema(name, described)}}}
    if name == "columns":
        made |= {"style": "form", "explode": False}
    return {**made, "schema": route.schema(name, described)}


def _body(route: Route) -> dict[str, Any]:
    properties = {
        name: {**route.schema(name, meant), "description": meant.help}
        for name in route.names
        for meant in (route.parameter(name, PARAMETERS),)
    }
    made: dict[str, Any] = {"type": "object", "properties": properties, "additionalProperties": False}
    required = [name for name in route.names if name in (*REQUIRED, *route.required)]
    return {**made, "required": required} if required else made


def _responses(route: Route) -> dict[str, Any]:
    schema = {} if route.answer is None else {"schema": reference(route.answer)}
    content = {kind.partition(";")[0]: schema for kind in route.types}
    found = {str(route.status): {"description": HTTPStatus(route.status).phrase, "content": content}}
    for status in sorted({*route.errors, 403, *((401, 429) if route.closed else ())}):
        error = {"schema": reference(route.refusal)}
        found[str(status)] = {"description": MEANINGS[status], "content": {"application/json": error}}
    return found
