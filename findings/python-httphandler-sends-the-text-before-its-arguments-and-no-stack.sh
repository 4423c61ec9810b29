#!/usr/bin/env bash
# Every handler of Python's logging sends what the record says: its text with the arguments in it, and the stack of an
# exception. logging.handlers.HTTPHandler of Python 3.11 sends the attributes of the record as a form instead:
#   log.error("order %s failed", 7, exc_info=True): msg=order %s failed, args=(7,), exc_text=None, and exc_info is
#   "(<class 'ValueError'>, ValueError('card refused'), <traceback object at 0x7f…>)"
# There is no message, no stack is sent, and the handler's formatter is never asked. Another handler before it that
# formats the record changes that: exc_text is there then. Override mapLogRecord (docs/shippers.md has a class).
# LogIngestor reads the form, but can't put the arguments in for certain: they are a repr.
set -euo pipefail
python3 - <<'PY'
import http.server
import logging.handlers
import sys
import threading
import urllib.parse

assert sys.version_info[:2] >= (3, 11), sys.version
forms = []


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        forms.append(dict(urllib.parse.parse_qsl(body)))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
logger = logging.getLogger("shop")
logger.propagate = False
handler = logging.handlers.HTTPHandler(f"127.0.0.1:{server.server_port}", "/log", method="POST")
handler.setFormatter(logging.Formatter("FORMATTED %(message)s"))


def fail():
    try:
        raise ValueError("card refused")
    except ValueError:
        logger.error("order %s failed", 7, exc_info=True)


logger.addHandler(handler)
fail()
logger.removeHandler(handler)
logger.addHandler(logging.StreamHandler(open("/dev/null", "w")))
logger.addHandler(handler)
fail()
for form in forms:
    print({name: form.get(name, "")[:80] for name in ("msg", "args", "message", "exc_info", "exc_text")})
alone, behind = forms
assert (alone["msg"], alone["args"], "message" in alone) == ("order %s failed", "(7,)", False)
assert alone["exc_text"] == "None" and "<traceback object at" in alone["exc_info"]
assert not any("FORMATTED" in value for form in forms for value in form.values())
assert behind["exc_text"].startswith("Traceback") and behind["message"] == "order 7 failed"
PY
echo "as described: neither the message nor the stack, unless another handler was first"
