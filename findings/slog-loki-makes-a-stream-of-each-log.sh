#!/usr/bin/env bash
# Loki keeps a stream for each set of labels, and warns of labels with many values; a handler for it is expected to label
# by level and service, and to put the rest into the line or its structured metadata. samber/slog-loki v3.5.2 makes a
# label of every attribute of every log, and the line is the message alone:
#   logger.Info("order paid", "order", n) for n = 0, 1, 2  ->  three streams {level="INFO", order="0"} ... of a log each
# A Loki ends at its limit of streams and refuses all that comes; what was logged is in no line, so |= finds none of it.
# Give a Converter of your own. LogIngestor keeps labels as metadata, however many there are, and searches them.
set -euo pipefail
work=$(mktemp -d)
export GOMODCACHE="$work/mod" GOCACHE="$work/build" GOFLAGS=-modcacherw GOTOOLCHAIN=local
trap 'rm -rf "$work"' EXIT
mkdir "$work/app"
cd "$work/app"
go mod init example.com/finding >/dev/null 2>&1
go get github.com/samber/slog-loki/v3@v3.5.2 >/dev/null 2>&1
cat > main.go <<'GO'
package main

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"sort"
	"strings"
	"time"

	"github.com/gogo/protobuf/proto"
	"github.com/golang/snappy"
	"github.com/grafana/loki-client-go/loki"
	"github.com/grafana/loki/pkg/push"
	slogloki "github.com/samber/slog-loki/v3"
)

// sent returns the streams that three logs became, each with its lines.
func sent() []string {
	var streams []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		packed, _ := io.ReadAll(r.Body)
		plain, _ := snappy.Decode(nil, packed)
		var pushed push.PushRequest
		if err := proto.Unmarshal(plain, &pushed); err != nil {
			panic(err)
		}
		for _, stream := range pushed.Streams {
			for _, entry := range stream.Entries {
				streams = append(streams, fmt.Sprint(stream.Labels, " ", entry.Line, " ", entry.StructuredMetadata))
			}
		}
		w.WriteHeader(204)
	}))
	config, _ := loki.NewDefaultConfig(server.URL + "/loki/api/v1/push")
	config.BatchWait = 100 * time.Millisecond
	client, _ := loki.New(config)
	logger := slog.New(slogloki.Option{Level: slog.LevelInfo, Client: client}.NewLokiHandler())
	for n := range 3 {
		logger.Info("order paid", "order", n)
	}
	client.Stop()
	server.Close()
	sort.Strings(streams)
	return streams
}

func main() {
	streams := sent()
	fmt.Println(strings.Join(streams, "\n"))
	for n, stream := range streams {
		if len(streams) != 3 || stream != fmt.Sprintf(`{level="INFO", order="%d"} order paid []`, n) {
			os.Exit(1)
		}
	}
}
GO
go mod tidy >/dev/null 2>&1
go run .
echo "as described: a stream for each log"
