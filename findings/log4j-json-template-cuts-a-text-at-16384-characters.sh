#!/usr/bin/env bash
# A layout for JSON is expected to write a message whole; whoever has a limit sets it. Log4j 2.26.1's
# JsonTemplateLayout cuts every text at 16,384 characters by default, the stack trace of an exception in one text
# likewise, and puts an ellipsis there; no field says that something was cut:
#   message of 20,000 x   ->   16,384 x and "…"
# The end of a stack trace, which is cut, is where the root cause stands, and a message that is JSON itself (a
# payload, an event) can no longer be parsed. Set maxStringLength on the layout or by
# log4j.layout.jsonTemplate.maxStringLength.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
cat > pom.xml <<'XML'
<project><modelVersion>4.0.0</modelVersion><groupId>g</groupId><artifactId>a</artifactId><version>1</version><dependencies>
<dependency><groupId>org.apache.logging.log4j</groupId><artifactId>log4j-core</artifactId><version>2.26.1</version></dependency>
<dependency><groupId>org.apache.logging.log4j</groupId><artifactId>log4j-layout-template-json</artifactId><version>2.26.1</version></dependency></dependencies></project>
XML
mvn -q -B -Dmaven.repo.local="$work/m2" org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies -DoutputDirectory="$work/lib" >/dev/null
cat > log4j2.xml <<'XML'
<Configuration status="error"><Appenders><Console name="c"><JsonTemplateLayout eventTemplateUri="classpath:EcsLayout.json"/></Console></Appenders>
<Loggers><Root level="info"><AppenderRef ref="c"/></Root></Loggers></Configuration>
XML
cat > App.java <<'JAVA'
public class App {
    static void deep(int left) {
        if (left > 0) deep(left - 1);
        else throw new IllegalStateException("outer", new RuntimeException("root cause"));
    }
    public static void main(String[] args) {
        var log = org.apache.logging.log4j.LogManager.getLogger("app");
        log.info("x".repeat(20000));
        try { deep(900); } catch (IllegalStateException e) { log.error("failed", e); }
    }
}
JAVA
java -Dfile.encoding=UTF-8 -Dstdout.encoding=UTF-8 -Dlog4j2.configurationFile=log4j2.xml -cp "lib/*" App.java > lines
python3 - <<'PY'
import json

long, failed = map(json.loads, open("lines", encoding="utf-8"))
stack = failed["error.stack_trace"]
print("message:", long["message"].count("x"), "x, then", ascii(long["message"].strip("x")))
print("stack:", len(stack), "characters, ends with", ascii(stack[-20:]), "root cause in it:", "root cause" in stack)
assert long["message"].count("x") == 16384 and not long["message"].endswith("x")
assert "root cause" not in stack
PY
echo "as described: cut, without the root cause"
