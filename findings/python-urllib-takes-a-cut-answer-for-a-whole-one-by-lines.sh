#!/usr/bin/env bash
# An answer in chunks (Transfer-Encoding: chunked) ends with an empty chunk, so that a client can tell a whole answer from one
# whose connection broke. Python's http.client and urllib raise IncompleteRead from read() where that end is missing, but end
# quietly where the answer is read line by line:
#   urlopen(url).read()            IncompleteRead(34 bytes read)
#   for line in urlopen(url): ...  two lines, no error, even where the last one is half a line
# Lines are how one reads a long export or a tail of logs, where a cut is likeliest, and what was read looks whole.
# Read in pieces with read(amount) and split them, or use a client that raises here (httpx, requests). LogIngestor's own
# commands read pages, each with its count.
set -euo pipefail
python3 - <<'PY'
import http.client
import socket
import sys
import threading
import urllib.request

ANSWER = b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n22\r\n{"message": "one"}\n{"message": "tw\r\n'


def answer(listener):
    """Answer each request with one chunk of two announced by nothing but the missing end."""
    while True:
        connection, _ = listener.accept()
        connection.recv(65536)
        connection.sendall(ANSWER)
        connection.close()


with socket.create_server(("127.0.0.1", 0)) as listener:
    threading.Thread(target=answer, args=(listener,), daemon=True).start()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
    lines = list(urllib.request.urlopen(url))
    try:
        whole = urllib.request.urlopen(url).read()
    except http.client.IncompleteRead as error:
        whole = error
    pieces = urllib.request.urlopen(url)
    try:
        while pieces.read(16):
            pass
        cut = None
    except http.client.IncompleteRead as error:
        cut = error
print("Python", sys.version.split()[0])
print("by lines:", lines)
print("read():", repr(whole))
print("read(16):", repr(cut))
assert lines == [b'{"message": "one"}\n', b'{"message": "tw']
assert isinstance(whole, http.client.IncompleteRead)
assert isinstance(cut, http.client.IncompleteRead)
PY
echo "as described: by lines a cut answer looks whole"
