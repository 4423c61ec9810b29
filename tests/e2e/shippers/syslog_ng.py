"""syslog-ng's http(), fed over TCP: to `_bulk` of Elasticsearch. The folder that SYSTEM names holds the packages' files."""

import datetime
import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from loop import failed, serve, text

url, root = sys.argv[1], Path(os.environ["SYSTEM"])
modules = next(root.glob("usr/lib/syslog-ng/[0-9]*"))
libraries = [modules.parent, *root.glob("usr/lib/*-linux-gnu"), *root.glob("lib/*-linux-gnu")]
with socket.create_server(("127.0.0.1", 0)) as listener:
    port = listener.getsockname()[1]
folder = tempfile.mkdtemp()
config = Path(folder, "syslog-ng.conf")
config.write_text(f"""@version: {modules.name}
options {{ use-dns(no); frac-digits(6); stats-freq(0); }};
source s {{ network(ip("127.0.0.1") port({port}) transport("tcp") flags(syslog-protocol)); }};
destination d {{
    http(
        url("{url}/_bulk") method("POST") headers("Content-Type: application/x-ndjson")
        batch-lines(10) batch-timeout(200) time-reopen(1)
        body('{{"index":{{"_index":"app"}}}}
$(format-json --scope none @timestamp=$ISODATE message=$MESSAGE log.level=$LEVEL service.name=$PROGRAM trace.id=$MSGID)')
        delimiter("\\n")
        body-suffix("\\n")
    );
}};
log {{ source(s); destination(d); flags(flow-control); }};
""")
daemon = subprocess.Popen(
    [
        *(root / "usr/sbin/syslog-ng", "-F", "-f", config, f"--module-path={modules}", "--no-caps"),
        *(f"--persist-file={folder}/persist", f"--pidfile={folder}/pid", f"--control={folder}/ctl"),
    ],
    env={"LD_LIBRARY_PATH": ":".join(map(str, libraries)), "PATH": os.environ["PATH"]},
    stdout=sys.stderr,
)
sender = None
for _ in range(200):
    try:
        sender = socket.create_connection(("127.0.0.1", port))
        break
    except OSError:
        time.sleep(0.05)


def send(numbers, spoilt):
    """Send each as RFC 5424; whether it arrived is not told."""
    for number in numbers:
        now = datetime.datetime.now(datetime.UTC).isoformat()
        severity, more = (3, " ValueError: card refused") if failed(number) else (4, "")
        line = f"<{8 * 16 + severity}>1 {now} server-1 shop - trace-{number} - {text(number)}{more}\n"
        sender.sendall(line.encode())
    return False


def end():
    """Let what waits be delivered."""
    sender.close()
    time.sleep(2)
    daemon.terminate()
    daemon.wait(20)


serve(send, end)
