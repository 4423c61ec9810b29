#!/usr/bin/env bash
# GELF over TCP is JSON objects, each ended by a NUL; compression is for UDP. Log4j 2.26.1's SocketAppender with a
# GelfLayout as it comes (compressionType GZIP, threshold 1024) ends events by nothing at all, and each event over
# 1024 bytes goes out as a gzip member in the middle of the text:
#   {"version":"1.1",...}{"version":"1.1",...} 1f 8b 08 ... {"version":"1.1",...}
# Short events seem to arrive at lenient servers; those with a stack trace, which are the long ones, never do.
# Set compressionType="OFF" includeNullDelimiter="true". LogIngestor's GELF listener takes objects without an end
# and gzip members between them.
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
import socket

with socket.create_server(("127.0.0.1", 0)) as server:
    server.settimeout(60)
    pathlib.Path("port.new").write_text(str(server.getsockname()[1]))
    pathlib.Path("port.new").rename("port")
    connection, _ = server.accept()
    data = b""
    while part := connection.recv(65536):
        data += part
at = data.find(b"\x1f\x8b\x08")
print(data[:40], "...", data[at - 20 : at + 6], "...", len(data), "bytes,", data.count(b"\0", 0, at), "NULs before the gzip member")
assert data.startswith(b"{") and at > 0 and data[at - 1 : at] == b"}", data
assert b"}{" in data[:at]
PY
python3 server.py & server=$!
until [ -s port ]; do sleep 0.1; done
cat > log4j2.xml <<XML
<Configuration status="error"><Appenders><Socket name="s" host="127.0.0.1" port="$(cat port)" protocol="TCP"><GelfLayout host="h"/></Socket></Appenders>
<Loggers><Root level="info"><AppenderRef ref="s"/></Root></Loggers></Configuration>
XML
cat > App.java <<'JAVA'
public class App {
    public static void main(String[] args) {
        var log = org.apache.logging.log4j.LogManager.getLogger("app");
        log.info("first");
        log.info("second");
        log.error("long " + "x".repeat(2000));
        org.apache.logging.log4j.LogManager.shutdown();
    }
}
JAVA
java -Dlog4j2.configurationFile=log4j2.xml -cp "lib/*" App.java
wait "$server"
echo "as described: no end of an event, and gzip between text"
