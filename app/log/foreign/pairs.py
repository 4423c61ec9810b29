"""Lists of names and values, as OpenTelemetry writes attributes, brought to objects."""

from __future__ import annotations

from typing import Any

from app.log.dialects.dialect import Dialect


def paired(value: dict[str, Any], dialect: Dialect) -> dict[str, Any]:
    """Return the object with its lists of keys and values, as OpenTelemetry writes them, as objects."""
    value = {name: _pairs(inner) if name in dialect.pairs else inner for name, inner in value.items()}
    if dialect.template is None:
        return value
    template, arguments, name = dialect.template
    text, given = value.get(template), value.get(arguments)
    if name in value or type(text) is not str or type(given) is not list or "{}" not in text:
        return value
    return {name: _filled(text, given), **value}


def _filled(template: str, arguments: list[Any]) -> str:
    """Return the text with each `{}` replaced by its argument, as SLF4J writes it; braces without one stay."""
    parts = template.split("{}")
    given = [str(one) for one in arguments[: len(parts) - 1]]
    given += ["{}"] * (len(parts) - 1 - len(given))
    return "".join(text + one for text, one in zip(parts, [*given, ""], strict=True))


def _pairs(value: Any) -> Any:
    if type(value) is dict and type(value.get("attributes")) is list:
        return {**value, "attributes": _pairs(value["attributes"])}
    if type(value) is not list or not all(type(one) is dict for one in value):
        return value
    if value and all(
        len(one) == 1 and not one.keys() & {"key", "Key"} for one in value
    ):  # Logback's `[{"path": "/var"}, {"free": 5}]`
        return {name: inner for one in value for name, inner in one.items()}
    found = {}
    for one in value:
        name = one.get("key", one.get("Key"))
        if type(name) is not str:
            return value
        found[name] = plain(one.get("value", one.get("Value")))
    return found


def plain(value: Any) -> Any:
    """Return the value in an AnyValue of OpenTelemetry, as OTLP/JSON or Go's exporter write it."""
    if type(value) is not dict:
        return value
    if "Type" in value and "Value" in value:
        return _pairs(value["Value"])
    if len(value) != 1:
        return value
    (kind, inner), *_ = value.items()
    if kind == "intValue" and type(inner) is str and len(inner) < 20 and inner.lstrip("-").isdecimal():
        return int(inner)
    if kind == "arrayValue" and type(inner) is dict:
        return [plain(one) for one in inner.get("values", [])]
    if kind == "kvlistValue" and type(inner) is dict:
        return _pairs(inner.get("values", []))
    return inner if kind in ("stringValue", "boolValue", "doubleValue", "intValue", "bytesValue") else value
