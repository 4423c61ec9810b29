#!/usr/bin/env bash
# leodido/go-syslog v4 is the reader of syslog of Telegraf, promtail and OpenTelemetry's collector. A datagram is one message
# whatever stands in it, and v4.6.0's RFC 5424 takes a text of several lines whole. Its RFC 3164 returns neither a message nor an error for
# one; with WithBestEffort it returns the first line alone, without an error. And for a message with an
# empty text it returns the end of the head:
#   <11>Oct 11 22:14:15 web-1 shop[10]: failed\n  at pay.go:7     nil, nil; with WithBestEffort the text "failed", nil
#   <11>Oct 11 22:14:15 web-1 shop[10]:                           the text "10]: ", nil
# So a stack that is sent in one datagram is its first line, or nothing. Send RFC 5424 there. LogIngestor reads both whole.
set -euo pipefail
work=$(mktemp -d)
export GOMODCACHE="$work/mod" GOCACHE="$work/build" GOFLAGS=-modcacherw GOTOOLCHAIN=local
trap 'rm -rf "$work"' EXIT
mkdir "$work/app"
cd "$work/app"
go mod init example.com/finding >/dev/null 2>&1
go get github.com/leodido/go-syslog/v4@v4.6.0 >/dev/null 2>&1
cat > main.go <<'GO'
package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/leodido/go-syslog/v4"
	"github.com/leodido/go-syslog/v4/rfc3164"
	"github.com/leodido/go-syslog/v4/rfc5424"
)

func read(text string, options ...syslog.MachineOption) string {
	message, err := rfc3164.NewParser(options...).Parse([]byte("<11>Oct 11 22:14:15 web-1 shop[10]: " + text))
	if message == nil {
		return fmt.Sprint(message, " ", err)
	}
	return fmt.Sprintf("%q %v", *message.(*rfc3164.SyslogMessage).Message, err)
}

func main() {
	text := "failed\n  at pay.go:7"
	best := rfc3164.WithBestEffort()
	got := []string{read("paid"), read("paid", best), read(text), read(text, best), read(""), read("", best)}
	fmt.Println("RFC 3164:", strings.Join(got, ", "))
	if strings.Join(got, "|") != `"paid" <nil>|"paid" <nil>|<nil> <nil>|"failed" <nil>|"10]: " <nil>|"10]: " <nil>` {
		os.Exit(1)
	}
	message, err := rfc5424.NewParser().Parse([]byte("<11>1 2026-10-11T22:14:15Z web-1 shop 10 - - " + text))
	if err != nil || *message.(*rfc5424.SyslogMessage).Message != text {
		os.Exit(1)
	}
	fmt.Println("RFC 5424: whole")
}
GO
go mod tidy >/dev/null 2>&1
go run .
echo "as described: one line of the text, and a text of what is none"
