"""One batch over HTTP: what its answer means for the sender."""

from __future__ import annotations

import contextlib
import gzip
import http.client
import json
import ssl
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

#: Answers after which the same batch can never be taken. 401, 403 and 404 are no such: somebody will mend the settings.
FINAL = frozenset((400, 415, 422))
#: Bodies longer than this, in bytes, are compressed.
_COMPRESSED = 1 << 10


@dataclass(frozen=True, slots=True)
class Sent:
    """The outcome of sending a batch."""

    #: Whether it need not be sent again.
    over: bool
    #: How many of its logs the server will never have, not even as dead letters.
    lost: int = 0
    #: Seconds that the server asks to wait; None where it says nothing.
    wait: float | None = None
    #: Whether it is too large and goes in halves.
    halve: bool = False
    #: The reason of a failure; empty where there was none.
    fault: str = ""


class Sender:
    """Sends batches over one connection that is kept; for one thread."""

    def __init__(self, url: str, token: str | None, timeout: float) -> None:
        self._url = urlsplit(url)
        if self._url.scheme not in ("http", "https") or not self._url.hostname:
            raise ValueError(f"{url!r} is not an http:// or https:// URL")
        self._timeout = timeout
        path = self._url.path if self._url.path.strip("/") else "/logs/ingest/"
        self._path = path + (f"?{self._url.query}" if self._url.query else "")
        self._headers = {"Content-Type": "application/x-ndjson", "User-Agent": "logingestor-handler"}
        if token:
            self._headers["Authorization"] = f"Bearer {token}"
        self._connection: http.client.HTTPConnection | None = None

    def send(self, lines: list[bytes], key: str) -> Sent:
        """Send a batch; the same *key* and lines may be sent again and are taken once."""
        body = b"".join(lines)
        headers = self._headers | {"Idempotency-Key": key}
        if len(body) > _COMPRESSED:
            body = gzip.compress(body, 1)
            headers["Content-Encoding"] = "gzip"
        try:
            connection = self._connected()
            connection.request("POST", self._path, body, headers)
            answer = connection.getresponse()
            text = answer.read(1 << 20)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            return Sent(over=False, fault=f"{type(error).__name__}: {error}")
        if answer.will_close:
            self.close()
        return _meaning(answer.status, answer.headers.get("Retry-After"), text, len(lines))

    def _connected(self) -> http.client.HTTPConnection:
        if self._connection is None:
            host, port = self._url.hostname or "", self._url.port
            if self._url.scheme == "https":
                context = ssl.create_default_context()
                self._connection = http.client.HTTPSConnection(host, port, timeout=self._timeout, context=context)
            else:
                self._connection = http.client.HTTPConnection(host, port, timeout=self._timeout)
        return self._connection

    def close(self) -> None:
        """Let go of the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _meaning(status: int, retry_after: str | None, text: bytes, lines: int) -> Sent:
    said: Any = {}
    with contextlib.suppress(ValueError):
        said = json.loads(text)
    message = said.get("message", "") if isinstance(said, dict) else ""
    if status == 202:
        again = [one for one in said.get("rejected", ()) if one.get("retry")] if isinstance(said, dict) else []
        # Under the same key what was kept is a duplicate, so the whole batch may come again.
        return Sent(over=not again, fault=message if again else "")
    if status == 413 and lines > 1:
        return Sent(over=False, halve=True)
    if status in FINAL or status == 413:
        return Sent(over=True, lost=0 if status == 400 and _are_kept(said) else lines, fault=f"{status} {message}")
    wait = float(retry_after) if retry_after and retry_after.isdigit() else None
    return Sent(over=False, wait=wait, fault=f"{status} {message}")


def _are_kept(said: Any) -> bool:
    """Return whether the server has what it refused as dead letters: all but what it refused for the key, or the address."""
    errors = said.get("errors") if isinstance(said, dict) else None
    if not isinstance(errors, list) or not errors:
        return False
    # A fault of a log has its place; one of the whole body names no field, one of a header or parameter does.
    return all(isinstance(one, dict) and ("index" in one or "field" not in one) for one in errors)
