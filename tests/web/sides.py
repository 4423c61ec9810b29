"""A server on a data folder of its own, with the lane or without, to which any requests are sent."""

from __future__ import annotations

import asyncio
import json
import shutil
import tempfile
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from app.maintain import spaces
from app.rules.text import parse as rules_of
from app.settings.settings import Settings
from app.web import create_app
from app.web.accounts import tokens
from app.web.security.access import guard_of
from app.web.server.bridge import Bridge
from app.web.server.lane.lane import Plain, PlainLane
from app.web.server.waiting import WaitingLines
from tests.prepared import prepare

JSON = (b"content-type", b"application/json")
#: Name, role, space and rate of the tokens of a closed server.
TOKENS = [("plain", "writer", None, None), ("shop", "writer", "shop", None), ("few", "writer", None, "3"), ("reads", "reader", None, None)]  # fmt: skip
RULES = "cards: mask card\nall: mask /secret/\nquiet: drop level:debug"
#: What is set otherwise, of whole servers.
KINDS: dict[str, dict[str, Any]] = {
    "open": {},
    "closed": {"auth": "required", "admin_password": "correct horse battery staple"},
    "bounded": {"message_limit": 40, "metadata_limit": 60, "request_logs": 2, "queue_limit": 1_500},
    "ruled": {"rules": rules_of(RULES)},
}


@cache
def _begun() -> tuple[tempfile.TemporaryDirectory[str], list[str]]:
    """Return a data folder with a space and the tokens, which each side has a copy of, and the tokens."""
    folder = tempfile.TemporaryDirectory()
    settings = _settings(Path(folder.name) / "data")
    prepare(settings)
    app = create_app(settings)
    with app.app_context():
        spaces.add(app.extensions["logingestor"].backends().record.spaces, "shop", "400")
        made = [tokens.create(name, role, "admin", space=space, rate=rate)[0] for name, role, space, rate in TOKENS]
    app.extensions["logingestor"].close()
    return folder, made


def _settings(folder: Path) -> Settings:
    return Settings.from_env({"LOGINGESTOR_DATA_DIR": str(folder), "LOGINGESTOR_MIN_FREE_DISK": "1 MiB"})


class Side:
    """A server on a data folder of its own, with the lane or without."""

    def __init__(self, folder: Path, *, lane: bool, **changed: Any) -> None:
        begun, self.tokens = _begun()
        shutil.copytree(Path(begun.name) / "data", folder, ignore=shutil.ignore_patterns("*.wake", "*.lock"))
        self.settings = replace(_settings(folder), **changed)
        prepare(self.settings)
        self.app = create_app(self.settings)
        self.parts = self.app.extensions["logingestor"]
        self.parts.accept()
        self.lane = PlainLane(self.app) if lane else None
        #: Requests that the lane answered, those that Flask was asked to word, and those that it was left.
        self.went: list[str] = []
        if self.lane is not None:
            self._note(self.lane)
        with self.app.app_context():
            assert all(guard_of(self.app)._tokens.verify(token) is not None for token in self.tokens)

    def close(self) -> None:
        """Close what was opened."""
        self.parts.close()

    def _note(self, lane: PlainLane) -> None:
        take = lane.take

        def noting(plain: Plain, body: bytes) -> Any:
            found = take(plain, body)
            self.went.append("left" if found == {} else "worded" if isinstance(found, dict) else "answered")
            return found

        lane.take = noting  # type: ignore[method-assign]

    def send(self, *requests: dict[str, Any]) -> list[Any]:
        """Send requests at once; return of each status, headers and body, without what differs between any two."""

        async def all_of_them() -> list[Any]:
            bridge = Bridge(self.app, body_limit=1 << 20, lines=WaitingLines(self.app), lane=self.lane)
            try:
                return await asyncio.gather(*[self._one(bridge, **one) for one in requests])
            finally:
                await bridge({"type": "lifespan"}, _shut_down, _nowhere)

        return asyncio.run(all_of_them())

    async def _one(
        self,
        bridge: Bridge,
        *,
        body: bytes = b"",
        headers: Any = (JSON,),
        path: str = "/logs/ingest/",
        query: bytes = b"",
        method: str = "POST",
        token: int | None = None,
        scheme: str = "http",
    ) -> Any:
        unread, sent = [body], list[Any]()

        async def receive() -> dict[str, Any]:
            if not unread:
                await asyncio.Event().wait()
            return {"type": "http.request", "body": unread.pop(), "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        brought = () if token is None else ((b"authorization", b"Bearer " + self.tokens[token].encode()),)
        scope: dict[str, Any] = {
            "type": "http", "method": method, "path": path, "query_string": query, "http_version": "1.1", "scheme": scheme,
            "headers": [*headers, *brought], "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80),
        }  # fmt: skip
        await bridge(scope, receive, send)
        said = b"".join(one["body"] for one in sent[1:])
        if said.startswith(b'{"accepted"'):
            decoded = json.loads(said)
            said = said.replace(str(decoded["receipt"]).encode(), b"")
        return sent[0]["status"], sent[0]["headers"], said

    def kept(self) -> Any:
        """Return all that is kept: logs and dead letters of the queue without their ids, sources, and what was taken of rates and quotas."""
        held = self.parts.backends()
        batches = [*held.queue.look()]
        records = [(one.t, one.ns, one.sent_fields(), one.truncated) for batch in batches for one in batch.records]
        letters = [(one.payload, one.reason, one.field, one.sender) for batch in batches for one in batch.dead]
        numbers = [one for batch in batches for one in batch.numbers]
        self.parts.visits().report()
        sources = [
            (one.sender, one.agent, one.requests, one.logs, one.refused, one.read_as)
            for one in held.record.figures.sources(1_000).sources
        ]
        left = [one.left for one in guard_of(self.app)._tokens._known.values()]
        return records, letters, numbers, sources, left, dict(self.parts.accept()._spaces._new)


async def _shut_down() -> dict[str, Any]:
    return {"type": "lifespan.shutdown"}


async def _nowhere(_: Any) -> None:
    return None
