#!/usr/bin/env bash
# A program that is stopped closes its connection, also one that is not open yet: the broker is slow, or takes the connection
# and says nothing. pika 1.4.4 has a callback for it (on_open_error_callback), and calls it, with ConnectionOpenAborted. Then,
# out of ioloop.start(), comes an AssertionError of its own:
#   Expected self conn=<SelectConnection CLOSED ...> from workflow, but got <class '...AMQPConnectionWorkflowAborted'>
# It looks for an instance of that exception and got the class. What stands behind ioloop.start(), flushing and closing what
# else is open, is not done, and an orderly stop ends as a crash.
# Put ioloop.start() into try/finally, and take an AssertionError after a close() for the end. LogIngestor does.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/v"
"$work/v/bin/pip" install -q --no-cache-dir --disable-pip-version-check pika==1.4.4
"$work/v/bin/python" - <<'PY'
import logging
import socket
import threading

import pika

logging.disable()
broker = socket.create_server(("127.0.0.1", 0))
broker.settimeout(20)
greeted, called, raised = threading.Event(), [], ""


def greet():
    """Take a connection and what it begins with, and say nothing."""
    taken, _ = broker.accept()
    assert taken.recv(8) == b"AMQP\x00\x00\x09\x01"
    greeted.set()
    while taken.recv(100):
        pass


def close_when_greeted():
    """Close while the handshake is under way."""
    if greeted.is_set():
        connection.close()
    else:
        connection.ioloop.call_later(0.1, close_when_greeted)


threading.Thread(target=greet, daemon=True).start()
connection = pika.SelectConnection(
    pika.ConnectionParameters("127.0.0.1", broker.getsockname()[1]),
    on_open_error_callback=lambda connection, error: called.append(error),
)
connection.ioloop.call_later(0.1, close_when_greeted)
connection.ioloop.call_later(20, connection.ioloop.stop)
try:
    connection.ioloop.start()
except AssertionError as error:
    raised = str(error)
print("callback:", *map(repr, called))
print("raised out of the loop:", raised)
assert [type(error).__name__ for error in called] == ["ConnectionOpenAborted"]
assert "but got <class" in raised and "AMQPConnectionWorkflowAborted" in raised
PY
echo "as described: an AssertionError behind the callback"
