#!/usr/bin/env bash
# A rate of nothing is 0/0, NaN, for which JSON has no sign. zap, zerolog and slog write such a log with a text in the field's place.
# hclog 1.6.3, the logger of Terraform, Vault, Consul, Nomad and their plugins, writes nothing at all with JSONFormat: no line, no
# error, neither on its output nor on stderr, whatever the level. +Inf and -Inf do the same. As text it writes the log:
#   logger.Error("cache is useless", "hits", math.NaN())
#     text:  … [ERROR] cache is useless: hits=NaN
#     JSON:
# log15 v3 writes {"LOG15_ERROR": …} in the log's place, without its text, level and time. Log such numbers as text.
# LogIngestor can't know of a log that was never written.
set -euo pipefail
work=$(mktemp -d)
export GOMODCACHE="$work/mod" GOCACHE="$work/build" GOFLAGS=-modcacherw GOTOOLCHAIN=local
trap 'rm -rf "$work"' EXIT
mkdir "$work/app"
cd "$work/app"
go mod init example.com/finding >/dev/null 2>&1
go get github.com/hashicorp/go-hclog@v1.6.3 github.com/inconshreveable/log15/v3@v3.0.0-testing.5 >/dev/null 2>&1
cat > main.go <<'GO'
package main

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"strings"

	"github.com/hashicorp/go-hclog"
	"github.com/inconshreveable/log15/v3"
)

func main() {
	wrong := false
	for _, number := range []float64{math.NaN(), math.Inf(1), math.Inf(-1), 0.5} {
		var text, asJSON bytes.Buffer
		hclog.New(&hclog.LoggerOptions{Output: &text}).Error("cache is useless", "hits", number)
		hclog.New(&hclog.LoggerOptions{Output: &asJSON, JSONFormat: true}).Error("cache is useless", "hits", number)
		fmt.Printf("hclog %v: text %q, JSON %q\n", number, text.String(), asJSON.String())
		wrong = wrong || !strings.Contains(text.String(), "useless") || (asJSON.Len() == 0) != (number != 0.5)
	}
	var third bytes.Buffer
	logger := log15.New()
	logger.SetHandler(log15.StreamHandler(&third, log15.JsonFormat()))
	logger.Error("cache is useless", "hits", math.NaN())
	fmt.Printf("log15: %q\n", third.String())
	if wrong || strings.Contains(third.String(), "useless") || !strings.Contains(third.String(), "LOG15_ERROR") {
		os.Exit(1)
	}
}
GO
go mod tidy >/dev/null 2>&1
go run . 2> err
test ! -s err
echo "as described: nothing is written"
