#!/usr/bin/env bash
# A reader of a log gives its lines in the order in which they stand there. satyrius/gonx, Go's parser of nginx's logs,
# parses up to ten lines at once, each in a goroutine of its own, and Read gives them as they are done:
#   for { entry, err := reader.Read(); ... }   line 9 before line 0
# In access logs, whose times are whole seconds, nothing else tells which request came first. Lines that don't fit the
# format are left out, too, without an error. Its README praises the goroutines, and says nothing of order or of left lines.
# Parse line by line with gonx.NewParser(format).ParseString; LogIngestor keeps the order of a file.
set -euo pipefail
work=$(mktemp -d)
export GOMODCACHE="$work/mod" GOCACHE="$work/build" GOFLAGS=-modcacherw GOTOOLCHAIN=local
trap 'rm -rf "$work"' EXIT
mkdir "$work/app"
cd "$work/app"
go mod init example.com/finding >/dev/null 2>&1
go get github.com/satyrius/gonx@v1.3.1-0.20181123214749-d96bd26e3b2c >/dev/null 2>&1
cat > main.go <<'GO'
package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/satyrius/gonx"
)

func main() {
	var log strings.Builder
	for number := 0; number < 20000; number++ {
		fmt.Fprintf(&log, "192.0.2.7 [29/Nov/2026:13:34:38 +0000] %06d\n", number)
		if number == 100 {
			log.WriteString("no line of that form\n")
		}
	}
	reader := gonx.NewReader(strings.NewReader(log.String()), "$remote_addr [$time_local] $request_id")
	last, back, count := "", 0, 0
	for {
		entry, err := reader.Read()
		if err != nil {
			fmt.Println("read", count, "lines,", back, "behind a later one, end:", err)
			break
		}
		id, _ := entry.Field("request_id")
		if id < last {
			back++
		}
		last = id
		count++
	}
	if back == 0 || count != 20000 {
		os.Exit(1)
	}
}
GO
go mod tidy >/dev/null 2>&1
go run .
echo "as described: another order, and nothing said of the line that did not fit"
