#!/usr/bin/env bash
# Structured logging keeps numbers numbers. Logback's own JsonEncoder (1.5.38) writes every key-value pair of
# SLF4J 2 and every argument as text, and its "message" is the template, with the braces:
#   atInfo().addKeyValue("took", 1500).log("order {} paid", 7)
#   ->  "message":"order {} paid", "arguments":["7"], "kvpList":[{"took":"1500"}], "sequenceNumber":0
# A search for "order 7" finds nothing, took:>1000 compares texts, and sequenceNumber, meant to order logs of one
# millisecond, is 0 in each event unless a generator is configured. Set withFormattedMessage to true and convert
# numbers at the server.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
cat > pom.xml <<'XML'
<project><modelVersion>4.0.0</modelVersion><groupId>g</groupId><artifactId>a</artifactId><version>1</version>
<dependencies><dependency><groupId>ch.qos.logback</groupId><artifactId>logback-classic</artifactId><version>1.5.38</version></dependency></dependencies></project>
XML
mvn -q -B -Dmaven.repo.local="$work/m2" org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies -DoutputDirectory="$work/lib" >/dev/null
mkdir conf
cat > conf/logback.xml <<'XML'
<configuration><appender name="o" class="ch.qos.logback.core.ConsoleAppender"><encoder class="ch.qos.logback.classic.encoder.JsonEncoder"/></appender>
<root level="info"><appender-ref ref="o"/></root></configuration>
XML
cat > App.java <<'JAVA'
public class App {
    public static void main(String[] args) {
        var log = org.slf4j.LoggerFactory.getLogger("app");
        log.atInfo().addKeyValue("took", 1500).addKeyValue("ok", true).log("order {} paid", 7);
        log.info("second");
    }
}
JAVA
java -cp "lib/*:conf" App.java > lines
cat lines
python3 - <<'PY'
import json

first, second = map(json.loads, open("lines"))
assert first["message"] == "order {} paid" and "7" not in first["message"], first
assert first["arguments"] == ["7"] and first["kvpList"] == [{"took": "1500"}, {"ok": "true"}], first
assert first["sequenceNumber"] == second["sequenceNumber"] == 0, second
PY
echo "as described: texts for numbers, and the template for the message"
