"""rsyslog, syslog-ng and logger(1): `daemons.py ADDRESS#SHAPE`, where SHAPE is one of CONFIGURATIONS, or `logger`.

The daemons are fed over TCP, and send to the address. The folder that SYSTEM names holds their packages' files, that of OMHTTP a
module of rsyslog's.
"""

import datetime
import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

from loop import failed, large, serve, text

ROOT, OMHTTP = Path(os.environ["SYSTEM"]), Path(os.environ["OMHTTP"])
#: rsyslog reads at INPUT, and has its queue in FOLDER.
RSYSLOG = """
global(workDirectory="FOLDER" net.enableDNS="off")
module(load="imtcp")
module(load="omelasticsearch")
input(type="imtcp" port="INPUT" address="127.0.0.1")
"""
ECS = """
template(name="ecs" type="list" option.jsonf="on") {
    property(outname="@timestamp" name="timereported" dateFormat="rfc3339" format="jsonf")
    property(outname="message" name="msg" format="jsonf")
    property(outname="log.level" name="syslogseverity-text" format="jsonf")
    property(outname="service.name" name="programname" format="jsonf")
    property(outname="host.name" name="hostname" format="jsonf")
    property(outname="trace.id" name="msgid" format="jsonf")
    property(outname="data" name="structured-data" format="jsonf")
}
action(type="omelasticsearch" server="SERVER" serverport="PORT" template="ecs" bulkmode="BULK"
       searchIndex="system" searchType="events"
       queue.type="linkedList" action.resumeInterval="1" action.resumeRetryCount="-1")
"""
#: What was refused by 503, or had no answer, comes back to the ruleset as it was rendered, and joins another batch.
OMHTTP_BULK = r"""
module(load="OMHTTP/omhttp.so")
template(name="bulk" type="list") {
    constant(value="{\"index\":{\"_index\":\"system\"}}\n{")
    property(outname="@timestamp" name="timereported" dateFormat="rfc3339" format="jsonf")
    constant(value=",")
    property(outname="message" name="msg" format="jsonf")
    constant(value=",")
    property(outname="log.level" name="syslogseverity-text" format="jsonf")
    constant(value=",")
    property(outname="service.name" name="programname" format="jsonf")
    constant(value=",")
    property(outname="host.name" name="hostname" format="jsonf")
    constant(value=",")
    property(outname="trace.id" name="msgid" format="jsonf")
    constant(value=",")
    property(outname="data" name="structured-data" format="jsonf")
    constant(value="}")
}
template(name="rendered" type="string" string="%msg%")
ruleset(name="again") {
    action(type="omhttp" server="SERVER" serverport="PORT" usehttps="off" restpath="_bulk" template="rendered"
           batch="on" batch.format="newline" batch.maxsize="10" retry="on" retry.ruleset="again"
           action.resumeInterval="1" action.resumeRetryCount="-1")
}
action(type="omhttp" server="SERVER" serverport="PORT" usehttps="off" restpath="_bulk" template="bulk"
       batch="on" batch.format="newline" batch.maxsize="10" retry="on" retry.ruleset="again"
       queue.type="linkedList" action.resumeInterval="1" action.resumeRetryCount="-1")
"""
#: The last byte of a message that rsyslog had written when the connection broke may be lost with it; it goes on by itself.
OMFWD = """
action(type="omfwd" target="SERVER" port="PORT" protocol="PROTOCOL" template="RSYSLOG_SyslogProtocol23Format"
       TCP_Framing="octet-counted" queue.type="linkedList" action.resumeInterval="1" action.resumeRetryCount="-1")
"""
SYSLOG_NG = """@version: VERSION
options { use-dns(no); dns-cache(no); frac-digits(6); stats-freq(0); };
source s { network(ip("127.0.0.1") port(INPUT) transport("tcp") flags(syslog-protocol)); };
log { source(s); destination(d_logingestor); flags(flow-control); };
"""
HTTP = r"""
destination d_logingestor {
    http(url("URL/_bulk") method("POST") headers("Content-Type: application/x-ndjson")
         batch-lines(10) batch-timeout(200) delimiter("\n") body-suffix("\n") time-reopen(1)
         body('{"index":{"_index":"app"}}
$(format-json --scope none @timestamp=$ISODATE message=$MESSAGE log.level=$LEVEL service.name=$PROGRAM host.name=$HOST trace.id=$MSGID data=$SDATA)'));
};
"""
SYSLOG = """
destination d_logingestor { syslog("SERVER" port(PORT) transport("PROTOCOL") time-reopen(1)); };
"""
NETWORK = """
destination d_logingestor { network("SERVER" port(PORT) transport("PROTOCOL") flags(syslog-protocol) time-reopen(1)); };
"""
CONFIGURATIONS = {
    "omelasticsearch": RSYSLOG + ECS.replace("BULK", "on"),
    "omelasticsearch-single": RSYSLOG + ECS.replace("BULK", "off"),
    "omhttp": RSYSLOG + OMHTTP_BULK,
    "omfwd": RSYSLOG + OMFWD,
    "http": SYSLOG_NG + HTTP,
    "syslog": SYSLOG_NG + SYSLOG,
    "network": SYSLOG_NG + NETWORK,
}


def start(url, shape, port):
    """Start the daemon; return it once it takes messages at the port, with a connection to it."""
    folder = Path(tempfile.mkdtemp())
    modules = next(ROOT.glob("usr/lib/syslog-ng/[0-9]*"))
    words = {"URL": url.geturl(), "SERVER": url.hostname, "PORT": str(url.port), "PROTOCOL": url.scheme}
    words |= {"INPUT": str(port), "FOLDER": str(folder), "VERSION": modules.name, "OMHTTP": str(OMHTTP)}
    configuration = CONFIGURATIONS[shape]
    for name, word in words.items():
        configuration = configuration.replace(name, word)
    (folder / "conf").write_text(configuration)
    if configuration.startswith("@"):
        libraries = [modules.parent, *ROOT.glob("usr/lib/*-linux-gnu"), *ROOT.glob("lib/*-linux-gnu")]
        command = [ROOT / "usr/sbin/syslog-ng", "-F", "-f", folder / "conf", f"--module-path={modules}", "--no-caps"]
        command += [f"--persist-file={folder}/persist", f"--pidfile={folder}/pid", f"--control={folder}/ctl"]
    else:
        libraries = [next(ROOT.glob("usr/lib/*/rsyslog")).parent]
        command = [ROOT / "usr/sbin/rsyslogd", "-n", "-f", folder / "conf", "-i", folder / "pid"]
        command += ["-M", libraries[0] / "rsyslog"]
    environment = {"LD_LIBRARY_PATH": ":".join(map(str, libraries)), "PATH": os.environ["PATH"]}
    daemon = subprocess.Popen(command, env=environment, stdout=sys.stderr)
    for _ in range(600):
        try:
            return daemon, socket.create_connection(("127.0.0.1", port))
        except OSError:
            time.sleep(0.05)
    raise SystemExit(f"{shape} does not listen")


def line(number, spoilt):
    """Return severity, the trace, the text and the structured data of a message."""
    severity, more = (3, " ValueError: card refused") if failed(number) else (4, "")
    data = {"trace_id": f"trace-{number}", **large(number, spoilt)}
    return severity, f"trace-{number}", text(number) + more, [f'{name}="{value}"' for name, value in data.items()]


def fed(url, shape):
    """Have a daemon send."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    daemon, sender = start(url, shape, port)

    def send(numbers, spoilt):
        """Send each as RFC 5424; whether it arrived is not told."""
        for number in numbers:
            now = datetime.datetime.now(datetime.UTC).isoformat()
            severity, trace, message, data = line(number, spoilt)
            head = f"<{8 * 16 + severity}>1 {now} server-1 shop - {trace} [app@32473 {' '.join(data)}]"
            sender.sendall(f"{head} {message}\n".encode())
        return False

    def end():
        """Let what waits be delivered."""
        sender.close()
        time.sleep(2)
        daemon.terminate()
        daemon.wait(20)

    serve(send, end)


def logger(url):
    """Have a process of logger(1) send each message."""
    way = ["--server", url.hostname, "--port", str(url.port), f"--{url.scheme}", "--octet-count"]
    names = {3: "err", 4: "warning"}

    def send(numbers, spoilt):
        """Send each; a connection that is refused is told."""
        for number in numbers:
            severity, _, message, data = line(number, spoilt)
            words = [
                "--priority",
                f"local0.{names[severity]}",
                "--tag",
                "shop",
                "--size",
                "16K",
                "--sd-id",
                "app@32473",
            ]
            words += [word for one in data for word in ("--sd-param", one)] + [message]
            subprocess.run(["logger", "--rfc5424", *way, *words], check=True, capture_output=True)
        return False

    serve(send)


address, _, shape = sys.argv[1].partition("#")
if shape == "logger":
    logger(urlsplit(address))
else:
    fed(urlsplit(address), shape)
