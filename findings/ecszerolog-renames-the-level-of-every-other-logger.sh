#!/usr/bin/env bash
# ecszerolog v0.2.0 makes a logger of zerolog that writes the Elastic Common Schema. One would guess that it is that logger only. Its New sets
# zerolog's package variables, so that from then on each logger of the program, those of libraries too, has other names:
#   plain.Error().Msg("failed") before  {"level":"error","time":"2026-…","message":"failed"}
#                                after  {"log.level":"error","@timestamp":"2026-…","message":"failed"}
# A program with one logger for its own log and one for an audit or access log, whose readers know `level` and `time`, has
# info for all in the latter as soon as the former was made. Make the ECS logger first, or have one kind in a program.
# LogIngestor reads both.
set -euo pipefail
work=$(mktemp -d)
export GOMODCACHE="$work/mod" GOCACHE="$work/build" GOFLAGS=-modcacherw GOTOOLCHAIN=local
trap 'rm -rf "$work"' EXIT
mkdir "$work/app"
cd "$work/app"
go mod init example.com/finding >/dev/null 2>&1
go get go.elastic.co/ecszerolog@v0.2.0 github.com/rs/zerolog@v1.35.1 >/dev/null 2>&1
cat > main.go <<'GO'
package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/rs/zerolog"
	"go.elastic.co/ecszerolog"
)

func main() {
	var to bytes.Buffer
	plain := zerolog.New(&to).With().Timestamp().Logger()
	plain.Error().Msg("failed")
	ecszerolog.New(io.Discard)
	plain.Error().Msg("failed")
	fmt.Print(to.String())
	lines := strings.Split(to.String(), "\n")
	if !strings.Contains(lines[0], `"level":"error"`) || !strings.Contains(lines[0], `"time":"`) {
		os.Exit(1)
	}
	if !strings.Contains(lines[1], `"log.level":"error"`) || strings.Contains(lines[1], `"level":"error"`) || strings.Contains(lines[1], `"time":"`) {
		os.Exit(1)
	}
}
GO
go mod tidy >/dev/null 2>&1
go run .
echo "as described: another logger's names have changed"
