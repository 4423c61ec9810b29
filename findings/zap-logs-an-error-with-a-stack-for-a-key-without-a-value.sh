#!/usr/bin/env bash
# A wrong call of a logger should leave out something or panic in tests. zap 1.28.0's sugared logger, given a key
# without its value, writes a second record at level error, with a stack trace, in front of the log that was meant,
# and with a later time than it:
#   sugar.Infow("order paid", "order")  ->  {"level":"error",...,"msg":"Ignored key without a value.","ignored":"order"}
#                                           {"level":"info",...,"msg":"order paid"}
# A slip in an info log raises the error rate of a service and alerts by level, in production only if that line runs,
# and the lines of the source are not in the order of their times. Linters (loggercheck) find such calls.
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
	logger, _ := zap.NewProduction()
	logger.Sugar().Infow("order paid", "order")
}
GO
go mod tidy >/dev/null 2>&1
go run . 2> lines
cut -c1-150 lines
python3 - <<'PY'
import json

first, second = map(json.loads, open("lines"))
assert first["level"] == "error" and first["ignored"] == "order" and "stacktrace" in first, first
assert second["level"] == "info" and second["msg"] == "order paid", second
assert first["ts"] >= second["ts"], (first["ts"], second["ts"])
PY
echo "as described: an error record with a stack, later than the log behind it"
