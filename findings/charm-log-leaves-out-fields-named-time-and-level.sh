#!/usr/bin/env bash
# charmbracelet/log v1.0.0 has three formats for one log, and one would guess the same fields in each. As JSON and as text a field called time
# or level is left out, without a word; in logfmt it is there, a second time beside the log's own. One called msg is a second key of
# that name in JSON, of which most readers keep the last, which isn't what was said:
#   logger.Info("seat booked", "level", "gold", "time", "19:30", "msg", "row 5")
#     logfmt  … level=info msg="seat booked" level=gold time=19:30 msg="row 5"
#     JSON    {"time":"…","level":"info","msg":"seat booked","msg":"row 5"}
# Use other names. LogIngestor's message is the first msg, the second is metadata; what was left out it can't know.
set -euo pipefail
work=$(mktemp -d)
export GOMODCACHE="$work/mod" GOCACHE="$work/build" GOFLAGS=-modcacherw GOTOOLCHAIN=local
trap 'rm -rf "$work"' EXIT
mkdir "$work/app"
cd "$work/app"
go mod init example.com/finding >/dev/null 2>&1
go get github.com/charmbracelet/log@v1.0.0 >/dev/null 2>&1
cat > main.go <<'GO'
package main

import (
	"bytes"
	"fmt"
	"os"
	"strings"

	"github.com/charmbracelet/log"
)

func main() {
	all := []any{"level", "gold", "time", "19:30", "msg", "row 5", "seat", 5}
	lines := map[string]string{}
	for name, form := range map[string]log.Formatter{"text": log.TextFormatter, "logfmt": log.LogfmtFormatter, "json": log.JSONFormatter} {
		var to bytes.Buffer
		log.NewWithOptions(&to, log.Options{Formatter: form, ReportTimestamp: true}).Info("seat booked", all...)
		lines[name] = to.String()
		fmt.Printf("%-6s %s", name, to.String())
	}
	for _, value := range []string{"gold", "19:30", "row 5", "seat"} {
		for name, line := range lines {
			left := name != "logfmt" && (value == "gold" || value == "19:30")
			if strings.Contains(line, value) == left {
				fmt.Println("another:", name, value)
				os.Exit(1)
			}
		}
	}
	if strings.Count(lines["json"], `"msg":`) != 2 {
		os.Exit(1)
	}
}
GO
go mod tidy >/dev/null 2>&1
go run .
echo "as described: two fields are left out, msg is there twice"
