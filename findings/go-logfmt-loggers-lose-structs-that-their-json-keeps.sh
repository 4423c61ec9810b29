#!/usr/bin/env bash
# Loggers with an encoder for JSON and one for logfmt should tell the same in both. For a struct, a map or a slice
# two Go libraries don't: go-kit/log 0.2.1 writes the words "unsupported value type" in place of the value, and the
# logfmt handler of apex/log 1.9.0 leaves the field out with its name. Neither returns an error.
#   JSON    go-kit: "request":{"Path":"/pay"}             apex: "request":{"Path":"/pay"}
#   logfmt  go-kit: request="unsupported value type"      apex: nothing
# Who moves from JSON to logfmt loses these fields where nobody looks until the day they are needed.
# Flatten values before they are logged, or give the type a String method.
set -euo pipefail
work=$(mktemp -d)
export GOMODCACHE="$work/mod" GOCACHE="$work/build" GOFLAGS=-modcacherw GOTOOLCHAIN=local
trap 'rm -rf "$work"' EXIT
mkdir "$work/app"
cd "$work/app"
go mod init example.com/finding >/dev/null 2>&1
go get github.com/go-kit/log@v0.2.1 github.com/apex/log@v1.9.0 >/dev/null 2>&1
cat > main.go <<'GO'
package main

import (
	"os"

	"github.com/apex/log"
	apexjson "github.com/apex/log/handlers/json"
	apexlogfmt "github.com/apex/log/handlers/logfmt"
	kit "github.com/go-kit/log"
)

type request struct{ Path string }

func main() {
	value := request{"/pay"}
	kit.NewJSONLogger(os.Stdout).Log("msg", "kit json", "request", value)
	kit.NewLogfmtLogger(os.Stdout).Log("msg", "kit logfmt", "request", value)
	log.SetHandler(apexjson.New(os.Stdout))
	log.WithField("request", value).Info("apex json")
	log.SetHandler(apexlogfmt.New(os.Stdout))
	log.WithField("request", value).Info("apex logfmt")
}
GO
go mod tidy >/dev/null 2>&1
go run . > lines
cat lines
grep -q '"kit json","request":{"Path":"/pay"}' lines
grep -q 'msg="kit logfmt" request="unsupported value type"' lines
grep 'apex json' lines | grep -q /pay
if grep 'apex logfmt' lines | grep -q request; then exit 1; fi
echo "as described: the value is in JSON only"
