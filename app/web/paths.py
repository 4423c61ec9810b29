"""Routes' paths: rules that are made quickly, and a converter for a part that may hold any text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from werkzeug.routing import PathConverter, Rule


class AnyText(PathConverter):
    """The rest of a path, whatever it holds: also slashes at its ends and line feeds, which `path` lets nobody say."""

    regex = "(?s:.+?)"
    part_isolating = False


class LazyRule(Rule):
    """A rule whose addresses are compiled when the first is made: for all routes at once it is nine tenths of what an application costs."""

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        compiled: list[Callable[..., tuple[str, str]]] = []

        def build(rule: Rule, **values: Any) -> tuple[str, str]:
            if not compiled:
                compiled.append(super(LazyRule, self)._compile_builder(append_unknown))
            return compiled[0](rule, **values)

        return build
