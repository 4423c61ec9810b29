#!/usr/bin/env bash
# zerolog writes its level first and a field of the same name behind it, so that JSON has the key twice. Its own
# ConsoleWriter (1.35.1) reads that JSON back with the last key winning, cuts the value to three letters and shows
# it as the level; the level of the log is nowhere:
#   Error().Str("level", "minor").Msg("disk")   ->   JSON {"level":"error","level":"minor","message":"disk"}
#                                                    console: 3:54PM MIN disk
# A log of an error about something with a level (water, game, battery) is not one by its text, and readers of JSON
# divide on which of the two keys counts. Name such a field otherwise.
set -euo pipefail
work=$(mktemp -d)
export GOMODCACHE="$work/mod" GOCACHE="$work/build" GOFLAGS=-modcacherw GOTOOLCHAIN=local
trap 'rm -rf "$work"' EXIT
mkdir "$work/app"
cd "$work/app"
go mod init example.com/finding >/dev/null 2>&1
go get github.com/rs/zerolog@v1.35.1 >/dev/null 2>&1
cat > main.go <<'GO'
package main

import (
	"os"

	"github.com/rs/zerolog"
)

func main() {
	plain := zerolog.New(os.Stdout)
	plain.Error().Str("level", "minor").Msg("disk")
	console := zerolog.New(zerolog.ConsoleWriter{Out: os.Stdout, NoColor: true})
	console.Error().Str("level", "minor").Msg("disk")
	console.Error().Msg("disk")
}
GO
go mod tidy >/dev/null 2>&1
go run . > lines
cat lines
grep -q '^{"level":"error","level":"minor","message":"disk"}$' lines
grep -q 'MIN disk' lines
grep -q 'ERR disk' lines
echo "as described: the field took the level's place"
