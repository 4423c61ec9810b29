#!/usr/bin/env bash
# zap 1.28.0 has the same settings for two encodings, json and console; one would guess that they write the same
# time. The production settings (seconds as a float) give plain digits in JSON and an exponent on the console:
#   json     {"level":"info","ts":1795967696.2419763,...}
#   console  1.7959676962421093e+09	info	...
# No reader of epoch seconds by pattern (\d{10}) sees it, and some lines have one digit less, when a zero ends
# the fraction. All such logs get the time of their arrival. Use zapcore.ISO8601TimeEncoder for the
# console. LogIngestor reads the exponent.
set -euo pipefail
work=$(mktemp -d)
export GOMODCACHE="$work/mod" GOCACHE="$work/build" GOFLAGS=-modcacherw GOTOOLCHAIN=local
trap 'rm -rf "$work"' EXIT
mkdir "$work/app"
cd "$work/app"
go mod init example.com/finding >/dev/null 2>&1
go get go.uber.org/zap@v1.28.0 >/dev/null 2>&1
cat > main.go <<'GO'
package main

import "go.uber.org/zap"

func main() {
	for _, encoding := range []string{"json", "console"} {
		config := zap.NewProductionConfig()
		config.Encoding = encoding
		logger, _ := config.Build()
		logger.Info("started")
	}
}
GO
go mod tidy >/dev/null 2>&1
go run . 2> lines
cat lines
grep -qE '"ts":[0-9]{10}\.[0-9]+,' lines
grep -qE '^[0-9]\.[0-9]+e\+09[[:space:]]info' lines
echo "as described: plain in JSON, an exponent on the console"
