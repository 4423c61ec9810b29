#!/usr/bin/env bash
# A program that is killed or dies in the middle often leaves a last line without a line feed, and the API of Kubernetes gives a
# container's log as it is. kubernetes 37.0.2 for Python follows a log with Watch().stream(read_namespaced_pod_log, ...);
# where the answer ends, what stands behind the last line feed is thrown away:
#   "starting\nFATAL: out of disk"   read_namespaced_pod_log: both   Watch().stream: ['starting']
# So who waits for the last words of a job by following it misses them, and of a log of one such line everything.
# Read the log once more when the stream has ended. LogIngestor takes a last line without a line feed, from files and from HTTP.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/v"
"$work/v/bin/pip" install -q --no-cache-dir --disable-pip-version-check kubernetes==37.0.2
timeout 60 "$work/v/bin/python" - <<'PY'
import http.server
import threading

from kubernetes import client, watch

LOGS = {"ended": b"starting\nstopped\n", "died": b"starting\nFATAL: out of disk", "one": b"FATAL: no configuration"}


class Api(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = LOGS[self.path.split("/pods/")[1].split("/")[0]]
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Api)
threading.Thread(target=server.serve_forever, daemon=True).start()
configuration = client.Configuration()
configuration.host = f"http://127.0.0.1:{server.server_port}"
api = client.CoreV1Api(client.ApiClient(configuration))
followed = {}
for name, log in LOGS.items():
    assert api.read_namespaced_pod_log(name, "default") == log.decode()
    followed[name] = list(watch.Watch().stream(api.read_namespaced_pod_log, name, "default", follow=True))
    print(log, "followed:", followed[name])
assert followed == {"ended": ["starting", "stopped"], "died": ["starting"], "one": []}, followed
PY
echo "as described: the last line is not given"
