#!/usr/bin/env bash
# A proxy that sends http to https by a redirect is common, and one would guess that a log exporter follows it
# or complains. opentelemetry-exporter-otlp-proto-http 1.45.2 does neither: it doesn't follow 301, 302, 307 or
# 308 and counts each of them as success, so every batch is gone without a line of its own log:
#   a record each answered 301, 302, 307, 308: none is sent to the new address, export() says SUCCESS four times
# The application runs for months and nothing ever arrives. Give the exporter the final address, and look for
# the first record at the server. LogIngestor answers /v1/logs and /v1/logs/ alike, without a redirect.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/v"
"$work/v/bin/pip" install -q --no-cache-dir --disable-pip-version-check \
  opentelemetry-sdk==1.45.2 opentelemetry-exporter-otlp-proto-http==1.45.2
"$work/v/bin/python" - <<'PY'
import http.server
import logging
import threading

from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler
from opentelemetry.sdk._logs.export import SimpleLogRecordProcessor

codes, paths, said, results = [301, 302, 307, 308], [], [], []


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(codes[len(paths)])
        paths.append(self.path)
        self.send_header("Location", "/moved")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


class Exporter(OTLPLogExporter):
    def export(self, batch):
        results.append(super().export(batch).name)


class Said(logging.Handler):
    def emit(self, record):
        said.append(record.getMessage())


server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
logging.getLogger("opentelemetry").addHandler(Said(logging.WARNING))
provider = LoggerProvider()
provider.add_log_record_processor(SimpleLogRecordProcessor(Exporter(f"http://127.0.0.1:{server.server_port}/v1/logs")))
logger = logging.Logger("app")
logger.addHandler(LoggingHandler(logger_provider=provider))
for code in codes:
    logger.warning("answered with %d", code)
provider.shutdown()
print(paths, results, "said:", said)
assert paths == ["/v1/logs"] * 4 and results == ["SUCCESS"] * 4 and not said
PY
echo "as described: four redirects, four times success"
