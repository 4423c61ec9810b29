"""rsyslog's omelasticsearch, fed over TCP; one document a request by #single. The folder that SYSTEM names holds the packages' files."""

import datetime
import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

from loop import failed, serve, text

address, _, shape = sys.argv[1].partition("#")
url, root = urlsplit(address), Path(os.environ["SYSTEM"])
libraries = next(root.glob("usr/lib/*/rsyslog")).parent
with socket.create_server(("127.0.0.1", 0)) as listener:
    port = listener.getsockname()[1]
folder = tempfile.mkdtemp()
config = Path(folder, "rsyslog.conf")
config.write_text(f"""
global(workDirectory="{folder}" net.enableDNS="off")
module(load="imtcp")
module(load="omelasticsearch")
input(type="imtcp" port="{port}" address="127.0.0.1")
template(name="ecs" type="list" option.jsonf="on") {{
    property(outname="@timestamp" name="timereported" dateFormat="rfc3339" format="jsonf")
    property(outname="message" name="msg" format="jsonf")
    property(outname="log.level" name="syslogseverity-text" format="jsonf")
    property(outname="service.name" name="programname" format="jsonf")
    property(outname="host.name" name="hostname" format="jsonf")
    property(outname="trace.id" name="msgid" format="jsonf")
}}
action(type="omelasticsearch" server="{url.hostname}" serverport="{url.port}" template="ecs"
       searchIndex="system" searchType="events" bulkmode="{"off" if shape == "single" else "on"}"
       queue.type="linkedList" action.resumeRetryCount="-1" action.resumeInterval="1")
""")
daemon = subprocess.Popen(
    [root / "usr/sbin/rsyslogd", "-n", "-f", config, "-i", Path(folder, "pid"), "-M", libraries / "rsyslog"],
    env={"LD_LIBRARY_PATH": str(libraries), "PATH": os.environ["PATH"]},
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
