"""Templates and routes that are compiled once for all applications that a process of tests makes; each would compile them anew."""

from __future__ import annotations

from types import CodeType

from flask import Flask
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from werkzeug.routing import Rule

from app.web.paths import LazyRule

#: The first of the rules that are made alike, of whatever application.
_RULES: dict[tuple[object, ...], LazyRule] = {}


class Compiled(BytecodeCache):
    """Keeps compiled templates in memory, by their name and what stands in them."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """See BytecodeCache."""
        bucket.code = self._kept.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        """See BytecodeCache."""
        assert bucket.code is not None
        self._kept[bucket.key, bucket.checksum] = bucket.code


def _compile(rule: LazyRule) -> None:
    """Give a rule what another that is made alike was compiled to, its addresses included."""
    assert rule.map is not None
    defaults = tuple((rule.defaults or {}).items())
    made_alike = (rule.rule, rule.subdomain, rule.host, rule.merge_slashes, rule.map.host_matching, defaults)
    first = _RULES.get(made_alike)
    if first is None:
        Rule.compile(rule)
        _RULES[made_alike] = rule
        return
    rule._parts, rule._trace, rule._converters = first._parts, first._trace, first._converters
    rule.arguments = first.arguments
    rule._build, rule._build_unknown = (
        build.__func__.__get__(rule, None) for build in (first._build, first._build_unknown)
    )


def compile_once() -> None:
    """Have every application of this process share its compiled templates and routes."""
    LazyRule.compile = _compile
    Flask.jinja_options = {**Flask.jinja_options, "bytecode_cache": Compiled()}
