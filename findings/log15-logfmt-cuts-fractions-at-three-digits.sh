#!/usr/bin/env bash
# log15 v3 for Go, whose form Ethereum's and older Grafana's loggers go back to, has logfmt and JSON. In logfmt it writes each
# number with a fraction by three digits behind the point, in JSON as it is:
#   logger.Info("paid", "rate", 0.00004, "price", 12.3456)
#     logfmt  rate=0.000 price=12.346
#     JSON    "rate":0.00004,"price":12.3456
# And in JSON fields share the log's own keys: one called msg or t takes the place of the text or the time, which are nowhere
# then; in logfmt both stand there.
# Log such numbers as text, and use other names. LogIngestor gets what is left.
set -euo pipefail
work=$(mktemp -d)
export GOMODCACHE="$work/mod" GOCACHE="$work/build" GOFLAGS=-modcacherw GOTOOLCHAIN=local
trap 'rm -rf "$work"' EXIT
mkdir "$work/app"
cd "$work/app"
go mod init example.com/finding >/dev/null 2>&1
go get github.com/inconshreveable/log15/v3@v3.0.0-testing.5 >/dev/null 2>&1
cat > main.go <<'GO'
package main

import (
	"bytes"
	"fmt"
	"os"
	"strings"

	"github.com/inconshreveable/log15/v3"
)

func main() {
	lines := []string{}
	for _, format := range []log15.Format{log15.LogfmtFormat(), log15.JsonFormat()} {
		var to bytes.Buffer
		logger := log15.New()
		logger.SetHandler(log15.StreamHandler(&to, format))
		logger.Info("order paid", "rate", 0.00004, "price", 12.3456)
		logger.Info("order paid", "msg", "by card", "t", "noon")
		fmt.Print(to.String())
		lines = append(lines, strings.Split(to.String(), "\n")[:2]...)
	}
	holds := func(line int, wanted ...string) {
		for _, one := range wanted {
			if !strings.Contains(lines[line], one) {
				fmt.Println("another:", one)
				os.Exit(1)
			}
		}
	}
	holds(0, "rate=0.000 ", "price=12.346")
	holds(1, `msg="order paid"`, `msg="by card"`, "t=noon", "t=20")
	holds(2, `"rate":0.00004`, `"price":12.3456`)
	holds(3, `"msg":"by card"`, `"t":"noon"`)
	if strings.Contains(lines[3], "order paid") || strings.Contains(lines[3], `"t":"20`) {
		os.Exit(1)
	}
}
GO
go mod tidy >/dev/null 2>&1
go run .
echo "as described: three digits, and fields in the place of text and time"
