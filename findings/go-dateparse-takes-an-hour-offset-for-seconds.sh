#!/usr/bin/env bash
# ISO 8601 allows an offset of hours alone, and PostgreSQL writes it so: 2026-11-29 10:00:00.5+05. araddon/dateparse
# (v0.0.0-20210429162001), which guesses the form of a time for many log tools in Go, takes the offset's hours for
# seconds when a T and a fraction stand in the time, and calls the result UTC, without an error:
#   2026-11-29T10:00:00.5+05      ->   2026-11-29T10:00:05.5Z   (is 05:00:00.5Z)
#   2026-11-29T10:00:00.5+05:00   ->   right
# The time is valid and off by five hours and five seconds. A name of a zone it reads and drops likewise:
# "10:00:00.123 CET" is 10:00 UTC. Parse with a fixed layout (-07 in Go's notation). LogIngestor reads both.
set -euo pipefail
work=$(mktemp -d)
export GOMODCACHE="$work/mod" GOCACHE="$work/build" GOFLAGS=-modcacherw GOTOOLCHAIN=local
trap 'rm -rf "$work"' EXIT
mkdir "$work/app"
cd "$work/app"
go mod init example.com/finding >/dev/null 2>&1
go get github.com/araddon/dateparse@v0.0.0-20210429162001-6b43995a97de >/dev/null 2>&1
cat > main.go <<'GO'
package main

import (
	"fmt"
	"os"
	"time"

	"github.com/araddon/dateparse"
)

func main() {
	changed := false
	for _, c := range [][2]string{
		{"2026-11-29T10:00:00.5+05", "2026-11-29T10:00:05.5Z"},
		{"2026-11-29T10:00:00.5+05:00", "2026-11-29T05:00:00.5Z"},
		{"2026-11-29 10:00:00.123 CET", "2026-11-29T10:00:00.123Z"},
	} {
		t, err := dateparse.ParseAny(c[0])
		got := t.UTC().Format(time.RFC3339Nano)
		fmt.Println(c[0], "->", got, err)
		changed = changed || got != c[1]
	}
	if changed {
		os.Exit(1)
	}
}
GO
TZ=UTC go run .
echo "as described: the offset became seconds"
