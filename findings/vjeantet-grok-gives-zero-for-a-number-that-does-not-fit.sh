#!/usr/bin/env bash
# A pattern of grok may name a type, as in %{NUMBER:ms:int}. NUMBER takes fractions too; Logstash then cuts 4.5 to 4. Go's
# vjeantet/grok v1.0.1 gives 0 for whatever strconv.Atoi doesn't read, and no error:
#   took=%{NUMBER:ms:int}    took=4.5, took=1250.0    Parse: "4.5", "1250.0"    ParseTyped: 0, 0
# One beyond 64 bits is the largest of 64. So slow requests count as taking no time as soon as a program writes a fraction.
# Use :float, or Parse and a conversion of your own. LogIngestor takes a number from a line of logfmt or JSON as it is written.
set -euo pipefail
work=$(mktemp -d)
export GOMODCACHE="$work/mod" GOCACHE="$work/build" GOFLAGS=-modcacherw GOTOOLCHAIN=local
trap 'rm -rf "$work"' EXIT
mkdir "$work/app"
cd "$work/app"
go mod init example.com/finding >/dev/null 2>&1
go get github.com/vjeantet/grok@v1.0.1 >/dev/null 2>&1
cat > main.go <<'GO'
package main

import (
	"fmt"
	"os"

	"github.com/vjeantet/grok"
)

func main() {
	g, err := grok.New()
	if err != nil {
		panic(err)
	}
	for _, c := range []struct {
		line  string
		typed interface{}
	}{{"took=4", 4}, {"took=4.5", 0}, {"took=1250.0", 0}, {"took=9223372036854775808", 9223372036854775807}} {
		text, err := g.Parse("took=%{NUMBER:ms:int}$", c.line)
		typed, typedErr := g.ParseTyped("took=%{NUMBER:ms:int}$", c.line)
		fmt.Println(c.line, "Parse:", text["ms"], err, "ParseTyped:", typed["ms"], typedErr)
		if err != nil || typedErr != nil || typed["ms"] != c.typed {
			os.Exit(1)
		}
	}
}
GO
go run .
echo "as described: a fraction is 0"
