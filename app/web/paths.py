"""What may stand in a path."""

from __future__ import annotations

from werkzeug.routing import PathConverter


class AnyText(PathConverter):
    """The rest of a path, whatever it holds: also slashes at its ends and line feeds, which `path` lets nobody say."""

    regex = "(?s:.+?)"
    part_isolating = False
