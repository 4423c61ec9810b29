"""Converter for a part of a route's path that may hold any text."""

from __future__ import annotations

from werkzeug.routing import PathConverter


class AnyText(PathConverter):
    """The rest of a path, whatever it holds: also slashes at its ends and line feeds, which `path` lets nobody say."""

    regex = "(?s:.+?)"
    part_isolating = False
