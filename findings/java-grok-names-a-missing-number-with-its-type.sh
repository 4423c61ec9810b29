#!/usr/bin/env bash
# A pattern of grok names a field and its type: %{INT:ms:int} is the number ms, in Logstash and in Go's and Python's ports. io.krakens:java-grok
# 0.1.9 names it so where it is there; where it stands in an optional part and is missing, its name is the whole "ms:int":
#   %{WORD:job}( %{INT:ms:int})?     "backup 12" -> {job=backup, ms=12}     "backup" -> {job=backup, ms:int=null}
# So an index gets two fields, and a rule for "ms is missing" never fires. And quotes around a whole value are taken off,
# single ones too: the text 'done' becomes done.
# Ask for the key with its type as well. LogIngestor keeps a text as it is, with its quotes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
cat > pom.xml <<'XML'
<project><modelVersion>4.0.0</modelVersion><groupId>g</groupId><artifactId>a</artifactId><version>1</version>
<dependencies><dependency><groupId>io.krakens</groupId><artifactId>java-grok</artifactId><version>0.1.9</version></dependency></dependencies></project>
XML
mvn -q -B -Dmaven.repo.local="$work/m2" org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies -DoutputDirectory="$work/lib" >/dev/null
cat > App.java <<'JAVA'
import io.krakens.grok.api.GrokCompiler;
import java.util.TreeMap;

public class App {
    static GrokCompiler compiler = GrokCompiler.newInstance();

    static void read(String pattern, String line, String expected) {
        String read = new TreeMap<>(compiler.compile(pattern, true).match(line).capture()).toString();
        System.out.println(line + " -> " + read);
        if (!read.equals(expected)) System.exit(1);
    }

    public static void main(String[] args) {
        compiler.registerDefaultPatterns();
        String job = "^%{WORD:job}( %{INT:ms:int})?$";
        read(job, "backup 12", "{job=backup, ms=12}");
        read(job, "backup", "{job=backup, ms:int=null}");
        read("^%{WORD:job}( %{INT:ms})?$", "backup", "{job=backup, ms=null}");
        read("^%{GREEDYDATA:text}$", "'done'", "{text=done}");
    }
}
JAVA
java -cp "lib/*" App.java 2>/dev/null
echo "as described: the name has the type in it"
