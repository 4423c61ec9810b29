#!/usr/bin/env bash
# A log with an exception is one event, and one would guess one message of syslog. Logback 1.5.38's SyslogAppender
# sends the text as one message, and each line of the stack as a message of its own, each with priority, time and host:
#   logger.error("order failed", exception): one call, 4 and more datagrams, the first without the exception's name
# Counts of errors are many times too high, alerts on rates fire, and a search for the exception finds no order.
# Set throwableExcluded and put %ex into suffixPattern; LogIngestor can't know which lines belong together.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
cat > pom.xml <<'XML'
<project><modelVersion>4.0.0</modelVersion><groupId>g</groupId><artifactId>a</artifactId><version>1</version>
<dependencies><dependency><groupId>ch.qos.logback</groupId><artifactId>logback-classic</artifactId><version>1.5.38</version></dependency></dependencies></project>
XML
mvn -q -B -Dmaven.repo.local="$work/m2" org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies -DoutputDirectory="$work/lib" >/dev/null
cat > App.java <<'JAVA'
public class App {
    public static void main(String[] args) {
        org.slf4j.LoggerFactory.getLogger("app").error("order failed", new IllegalStateException("card refused"));
        ((ch.qos.logback.classic.LoggerContext) org.slf4j.LoggerFactory.getILoggerFactory()).stop();
    }
}
JAVA
cat > look.py <<'PY'
import socket
import subprocess
import sys

more = {
    "as it is": "<suffixPattern>%msg</suffixPattern>",
    "excluded": "<throwableExcluded>true</throwableExcluded><suffixPattern>%msg %ex</suffixPattern>",
}
counts = {}
for name, pattern in more.items():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        port = server.getsockname()[1]
        with open("logback.xml", "w") as file:
            file.write(
                '<configuration><appender name="s" class="ch.qos.logback.classic.net.SyslogAppender">'
                f"<syslogHost>127.0.0.1</syslogHost><port>{port}</port><facility>LOCAL0</facility>{pattern}"
                '</appender><root level="INFO"><appender-ref ref="s"/></root></configuration>'
            )
        command = ["java", "-Dlogback.configurationFile=logback.xml", "-cp", "lib/*", "App.java"]
        subprocess.run(command, check=True, capture_output=True)
        server.settimeout(1)
        found = []
        try:
            while True:
                found.append(server.recv(65_536))
        except TimeoutError:
            pass
    for one in found:
        print(name, one)
    assert all(one.startswith(b"<131>") for one in found)
    counts[name] = len(found)
    if name == "as it is":
        assert b"order failed" in found[0] and b"card refused" not in found[0]
        assert b"card refused" in found[1]
assert counts["as it is"] > 2, counts
assert counts["excluded"] == 1, counts
PY
python3 look.py
echo "as described: a message for each line of the stack"
