#!/usr/bin/env bash
# Syslog over TCP ends a message by a line feed or puts its length in front (RFC 6587). Log4j 2.26.1's own Syslog
# appender does neither unless newLine="true" is set; messages, of RFC 5424 or BSD form, are written one behind
# the other, and the host is "localhost" in the first:
#   <134>1 2026-...Z localhost shop 12 - - order paid<134>1 2026-...Z localhost shop 12 - - order sent
# A server that reads lines waits for ever or stores a connection's logs as one; over UDP all looks right.
# Set newLine="true". LogIngestor's syslog listener splits where a new header stands behind a whole message.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
cat > pom.xml <<'XML'
<project><modelVersion>4.0.0</modelVersion><groupId>g</groupId><artifactId>a</artifactId><version>1</version>
<dependencies><dependency><groupId>org.apache.logging.log4j</groupId><artifactId>log4j-core</artifactId><version>2.26.1</version></dependency></dependencies></project>
XML
mvn -q -B -Dmaven.repo.local="$work/m2" org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies -DoutputDirectory="$work/lib" >/dev/null
cat > server.py <<'PY'
import pathlib
import re
import socket

with socket.create_server(("127.0.0.1", 0)) as server:
    server.settimeout(60)
    pathlib.Path("port.new").write_text(str(server.getsockname()[1]))
    pathlib.Path("port.new").rename("port")
    for form in ("RFC5424", "BSD"):
        connection, _ = server.accept()
        data = b""
        while part := connection.recv(65536):
            data += part
        print(form, data)
        assert re.fullmatch(rb"<134>[^\n]*order paid<134>[^\n]*order sent", data), data
PY
python3 server.py & server=$!
until [ -s port ]; do sleep 0.1; done
cat > App.java <<'JAVA'
public class App {
    public static void main(String[] args) {
        var log = org.apache.logging.log4j.LogManager.getLogger("app");
        log.info("order paid");
        log.info("order sent");
        org.apache.logging.log4j.LogManager.shutdown();
    }
}
JAVA
for form in RFC5424 BSD; do
  cat > log4j2.xml <<XML
<Configuration status="error"><Appenders><Syslog name="s" host="127.0.0.1" port="$(cat port)" protocol="TCP" format="$form" appName="shop" facility="LOCAL0"/></Appenders>
<Loggers><Root level="info"><AppenderRef ref="s"/></Root></Loggers></Configuration>
XML
  java -Dlog4j2.configurationFile=log4j2.xml -cp "lib/*" App.java
done
wait "$server"
echo "as described: nothing between two messages"
