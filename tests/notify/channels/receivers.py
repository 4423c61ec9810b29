"""Those who are told, as real servers on loopback: one of webhooks, one of mail. They check what comes on their own."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import socket
import socketserver
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

#: An answer: status, headers, body; or what to do with the handler instead.
Answer = tuple[int, dict[str, str], str] | Callable[[BaseHTTPRequestHandler], None]
OK: Answer = (200, {}, "ok")


@dataclass(frozen=True)
class Got:
    """A request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def data(self) -> dict[str, Any]:
        """The body, decoded."""
        return dict(json.loads(self.body))

    def is_signed(self, secret: str) -> bool:
        """Return whether the signature is right and fresh, as the specification tells a receiver to check it."""
        identity, at = self.headers["webhook-id"], self.headers["webhook-timestamp"]
        if abs(time.time() - int(at)) > 300 or "." in identity:
            return False
        key = base64.b64decode(secret.split("_", 1)[1])
        wanted = base64.b64encode(hmac.new(key, f"{identity}.{at}.".encode() + self.body, hashlib.sha256).digest())
        given = [one.split(",", 1) for one in self.headers["webhook-signature"].split(" ")]
        return any(version == "v1" and one == wanted.decode() for version, one in given)


class Receiver:
    """A server of HTTP that notes what it gets and answers as it was told."""

    def __init__(self, host: str = "127.0.0.1", port: int = 0, context: ssl.SSLContext | None = None) -> None:
        self.got: list[Got] = []
        #: The next answers; OK after them.
        self.answers: list[Answer] = []
        self._host = host
        self._context = context
        self._server: ThreadingHTTPServer | None = None
        self.port = port
        self.start()

    @property
    def url(self) -> str:
        """Where it is."""
        return f"{'https' if self._context else 'http'}://{self._host}:{self.port}/hook"

    def start(self) -> None:
        """Listen; at the same port as before."""
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.got.append(Got(self.path, {name.lower(): value for name, value in self.headers.items()}, body))
                answer = outer.answers.pop(0) if outer.answers else OK
                if callable(answer):
                    answer(self)
                    return
                status, headers, text = answer
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(text.encode())))
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, format: str, *args: Any) -> None:
                pass

        class Server(ThreadingHTTPServer):
            def handle_error(self, request: Any, client_address: Any) -> None:
                pass  # who is told may leave as it likes

        self._server = Server((self._host, self.port), Handler)
        self.port = self._server.server_address[1]
        if self._context is not None:
            self._server.socket = self._context.wrap_socket(self._server.socket, server_side=True)
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        """Listen no more."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None


@dataclass
class Mailbox:
    """A server of mail that keeps what it takes."""

    context: ssl.SSLContext | None = None
    #: Whether TLS comes before the first word, and else whether STARTTLS is offered.
    at_once: bool = False
    login: tuple[str, str] | None = None
    #: What is answered to RCPT and to the end of DATA.
    to_recipient: str = "250 fine"
    to_data: str = "250 taken"
    to_quit: str = "221 bye"
    letters: list[Message] = field(default_factory=list)
    #: Each command as it came, with `TLS` before those that nobody could read.
    heard: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        outer = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                outer._serve(self.request)

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True

            def handle_error(self, request: Any, client_address: Any) -> None:
                pass

        self._server = Server(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        """Take no more."""
        self._server.shutdown()
        self._server.server_close()

    def _serve(self, connection: socket.socket) -> None:
        talk = _Talk(self, connection)
        try:
            talk.run()
        finally:
            talk.close()


class _Talk:
    """One connection of mail."""

    def __init__(self, box: Mailbox, connection: socket.socket) -> None:
        self._box = box
        self._connection = connection
        self._secure = False
        self._file = connection.makefile("rb")

    def close(self) -> None:
        self._file.close()
        self._connection.close()

    def run(self) -> None:
        if self._box.at_once:
            self._tls()
        self._say("220 tests")
        while line := self._file.readline():
            command = line.decode().strip()
            self._box.heard.append(f"{'TLS ' if self._secure else ''}{command}")
            if command.upper() == "QUIT":
                self._say(self._box.to_quit)
                return
            getattr(self, f"_{command.split()[0].lower()}", lambda _: self._say("250 fine"))(command)

    def _say(self, line: str) -> None:
        self._connection.sendall(f"{line}\r\n".encode())

    def _tls(self) -> None:
        assert self._box.context is not None
        self._file.close()
        self._connection = self._box.context.wrap_socket(self._connection, server_side=True)
        self._file, self._secure = self._connection.makefile("rb"), True

    def _ehlo(self, _: str) -> None:
        self._say("250-tests")
        if self._box.context and not self._secure:
            self._say("250-STARTTLS")
        if self._box.login:
            self._say("250-AUTH PLAIN")
        self._say("250 8BITMIME")

    def _starttls(self, _: str) -> None:
        self._say("220 go on")
        self._tls()

    def _auth(self, command: str) -> None:
        given = base64.b64decode(command.split()[2]).decode().split("\0")[1:]
        self._say("235 in" if self._box.login == tuple(given) else "535 wrong")

    def _rcpt(self, _: str) -> None:
        self._say(self._box.to_recipient)

    def _data(self, _: str) -> None:
        self._say("354 go on")
        text = b""
        while (part := self._file.readline()) != b".\r\n":
            text += part
        if self._box.to_data.startswith("2"):
            self._box.letters.append(message_from_bytes(text, policy=default))
        self._say(self._box.to_data)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A server of webhooks."""
    made = Receiver()
    yield made
    made.stop()
