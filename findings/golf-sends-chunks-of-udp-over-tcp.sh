#!/usr/bin/env bash
# GELF has chunks and compression for UDP, where a message may not fit a datagram; over TCP a message is JSON and a NUL behind
# it. aphistic/golf, a client for Go that dials udp:// or tcp://, writes the same over both: the header of a chunk, 0 of 1, and
# gzip, with nothing between messages:
#   tcp   1e 0f | 8 bytes of id | 00 01 | 1f 8b ...   1e 0f ...
#   with ?compress=none   the header, then {"version": ...} and no NUL
# No server can read that from a stream, and Dial, the calls of the logger and Close all say that it went well.
# Dial udp://. LogIngestor keeps what comes so as dead letters, and reads golf's UDP.
set -euo pipefail
work=$(mktemp -d)
export GOMODCACHE="$work/mod" GOCACHE="$work/build" GOFLAGS=-modcacherw GOTOOLCHAIN=local
trap 'rm -rf "$work"' EXIT
mkdir "$work/app"
cd "$work/app"
go mod init example.com/finding >/dev/null 2>&1
go get github.com/aphistic/golf@v0.0.0-20180712155816-02c07f170c5a >/dev/null 2>&1
cat > main.go <<'GO'
package main

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"os"

	"github.com/aphistic/golf"
)

// sent returns what a logger writes over TCP until it is closed.
func sent(options string) []byte {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	came := make(chan []byte)
	go func() {
		connection, _ := listener.Accept()
		data, _ := io.ReadAll(connection)
		came <- data
	}()
	client, _ := golf.NewClient()
	if err := client.Dial("tcp://" + listener.Addr().String() + options); err != nil {
		panic(err)
	}
	logger, _ := client.NewLogger()
	if err := logger.Info("order paid"); err != nil {
		panic(err)
	}
	if err := client.Close(); err != nil {
		panic(err)
	}
	return <-came
}

func main() {
	for options, begin := range map[string]string{"": "\x1f\x8b", "?compress=none": "{"} {
		data := sent(options)
		fmt.Printf("tcp%s: % x | % x | % x | %q ... %q\n", options, data[:2], data[2:10], data[10:12], data[12:24], data[len(data)-2:])
		if !bytes.HasPrefix(data, []byte("\x1e\x0f")) || data[10] != 0 || data[11] != 1 || !bytes.HasPrefix(data[12:], []byte(begin)) {
			os.Exit(1)
		}
		if options != "" && data[len(data)-1] != '}' {
			os.Exit(1)
		}
	}
}
GO
go mod tidy >/dev/null 2>&1
go run .
echo "as described: the header of a chunk in a stream"
