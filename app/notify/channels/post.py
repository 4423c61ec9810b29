"""POST to a URL: bounded in time, never following a redirect, and with an answer sorted into taken, later and never."""

from __future__ import annotations

import base64
import http.client
import socket
import ssl
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import SplitResult, quote, unquote, urlsplit

from app.notify.channels import reach
from app.ports.outbox import Undelivered
from app.version import VERSION

#: Seconds for each step, and for all of them: a receiver that answers a byte at a time must not hold a thread.
STEP_SECONDS, WHOLE_SECONDS = 10.0, 30.0
#: Bytes of an answer that are looked at for what went wrong.
SAID_BYTES = 300
#: Answers of 4xx after which trying again helps.
LATER = (408, 425, 429)


class _Connection(http.client.HTTPConnection):
    """A connection that `reach` makes, with TLS where the URL says so."""

    def __init__(self, host: str, port: int, allowed: Sequence[str], *, tls: bool) -> None:
        super().__init__(host, port, timeout=STEP_SECONDS)
        self._allowed = allowed
        self._tls = tls
        self.is_cut = False

    def connect(self) -> None:
        """Connect to an address that was looked at."""
        connection = reach.connect(self.host, self.port, self._allowed, STEP_SECONDS)
        if self._tls:
            try:
                connection = ssl.create_default_context().wrap_socket(connection, server_hostname=self.host)
            except BaseException:
                connection.close()
                raise
        self.sock = connection
        if self.is_cut:
            raise TimeoutError

    def cut(self) -> None:
        """End what is under way, from another thread."""
        self.is_cut = True
        with suppress(OSError, AttributeError):
            self.sock.shutdown(socket.SHUT_RDWR)


def post(url: str, body: bytes, headers: Mapping[str, str], allowed: Sequence[str]) -> None:
    """Send *body*; return when it was taken (2xx), else raise Undelivered."""
    parts = urlsplit(url)
    tls, host = parts.scheme == "https", parts.hostname or ""
    connection = _Connection(host, parts.port or (443 if tls else 80), allowed, tls=tls)
    given = {"User-Agent": f"LogIngestor/{VERSION}", "Content-Type": "application/json", **headers, **_login(parts)}
    path = quote((parts.path or "/") + (f"?{parts.query}" if parts.query else ""), safe="/%?&=+~!$'()*,;:@[]")
    watchdog = threading.Timer(WHOLE_SECONDS, connection.cut)
    watchdog.daemon = True
    watchdog.start()
    try:
        connection.request("POST", path, body, given)
        with connection.getresponse() as answer:
            if not 200 <= answer.status < 300:
                raise _refused(answer)
    except TimeoutError:
        raise Undelivered(f"{host} did not answer within {STEP_SECONDS:.0f} s") from None
    except (OSError, http.client.HTTPException) as error:
        if connection.is_cut:
            raise Undelivered(f"{host} did not answer within {WHOLE_SECONDS:.0f} s") from None
        raise Undelivered(f"{host}: {_said(error)}") from error
    finally:
        watchdog.cancel()
        connection.close()


def _login(parts: SplitResult) -> dict[str, str]:
    if parts.username is None:
        return {}
    pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode()
    return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}


def _refused(answer: http.client.HTTPResponse) -> Undelivered:
    status = answer.status
    if 300 <= status < 400:
        # Where to is not said: it may be secret as the URL is.
        return Undelivered(f"it answered {status}, a redirect, which is not followed: name its end instead", final=True)
    said = ""
    with suppress(OSError, http.client.HTTPException):
        said = answer.read(SAID_BYTES).decode("utf-8", "replace")
    shown = " ".join("".join(one if one.isprintable() else " " for one in said).split())
    final = 400 <= status < 500 and status not in LATER
    reason = f"it answered {status} {answer.reason[:50]}".strip() + (f": {shown}" if shown else "")
    return Undelivered(reason, final=final, wait=_wait(answer.getheader("Retry-After", "")))


def _wait(header: str) -> float | None:
    """Return the seconds that `Retry-After` asks for: a number, or a date."""
    if header.strip().isascii() and header.strip().isdecimal():
        return float(header.strip()[:9])
    try:
        until = parsedate_to_datetime(header)
    except (ValueError, OverflowError):
        return None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return max((until - datetime.now(UTC)).total_seconds(), 0.0)


def _said(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not good: {error.verify_message}"
    if isinstance(error, http.client.RemoteDisconnected | ConnectionResetError | BrokenPipeError):
        return "it closed the connection without an answer"
    return (isinstance(error, OSError) and error.strerror) or str(error) or type(error).__name__
