"""A path before every address, for a proxy that serves other programs beside this one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from flask import Flask

from app.errors import InvalidSettings, Problem
from app.settings.settings import PREFIX
from app.web.server.environ import Receive, Scope, Send


class Mount:
    """An ASGI application that serves *inner* beneath a prefix.

    It takes the prefix from paths that have it, and leaves the others: so it does not matter whether the proxy passes
    the path whole or cut, and who asks without the proxy needs no prefix.
    """

    def __init__(self, prefix: str, inner: Callable[[Scope, Receive, Send], Awaitable[None]]) -> None:
        self._prefix = prefix
        self._inner = inner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if "path" in scope:
            path: str = scope["path"]
            if path != self._prefix and not path.startswith(f"{self._prefix}/"):
                path = self._prefix + path
            # In ASGI a path has its root before it.
            scope = {**scope, "path": path, "root_path": self._prefix}
        await self._inner(scope, receive, send)


def install(app: Flask, prefix: str) -> None:
    """Put the prefix before the addresses that *app* writes; raises InvalidSettings where a path could then mean two routes."""
    first = prefix.split("/")[1] if prefix else ""
    if first and any(rule.rule.split("/")[1] == first for rule in app.url_map.iter_rules()):
        raise InvalidSettings(
            Problem(f"/{first} is a path of the program itself: take another", f"{PREFIX}PATH_PREFIX")
        )
    app.config["APPLICATION_ROOT"] = prefix or "/"
    app.jinja_env.globals["root"] = prefix
