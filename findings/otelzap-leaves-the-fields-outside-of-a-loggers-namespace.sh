#!/usr/bin/env bash
# zap.Namespace("http") puts all fields behind it beneath http; a logger that is made with it keeps libraries' fields
# apart. zap v1.28.0 writes {"http":{"status":500}} for it. OpenTelemetry's bridge otelzap v0.21.0 does so only where the
# namespace stands in the call itself; of a logger made by With the namespace becomes an empty map, and the fields stand
# beside it, under their bare names:
#   zap.L().With(zap.Namespace("http")).Info("done", zap.Int("status", 500))  ->  http={} status=500
# A field called level, service or status of a library then reads as the application's own, and a query for http.status
# finds nothing. Give the namespace in the call, or name the fields in full.
set -euo pipefail
work=$(mktemp -d)
export GOMODCACHE="$work/mod" GOCACHE="$work/build" GOFLAGS=-modcacherw GOTOOLCHAIN=local
trap 'rm -rf "$work"' EXIT
mkdir "$work/app"
cd "$work/app"
go mod init example.com/finding >/dev/null 2>&1
go get go.opentelemetry.io/contrib/bridges/otelzap@v0.21.0 go.opentelemetry.io/otel/sdk/log@v1.47.0 go.uber.org/zap@v1.28.0 >/dev/null 2>&1
cat > main.go <<'GO'
package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strings"

	"go.opentelemetry.io/contrib/bridges/otelzap"
	"go.opentelemetry.io/otel/attribute"
	sdk "go.opentelemetry.io/otel/sdk/log"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

type memory struct{ seen []string }

func (m *memory) Export(_ context.Context, records []sdk.Record) error {
	for _, record := range records {
		text := ""
		record.WalkAttributes(func(one attribute.KeyValue) bool {
			text += fmt.Sprintf("%s=%s ", one.Key, one.Value.Emit())
			return true
		})
		m.seen = append(m.seen, strings.TrimSpace(text))
	}
	return nil
}

func (m *memory) Shutdown(context.Context) error   { return nil }
func (m *memory) ForceFlush(context.Context) error { return nil }

func main() {
	kept, text := &memory{}, &bytes.Buffer{}
	provider := sdk.NewLoggerProvider(sdk.WithProcessor(sdk.NewSimpleProcessor(kept)))
	encoder := zapcore.NewJSONEncoder(zapcore.EncoderConfig{MessageKey: "msg"})
	for _, core := range []zapcore.Core{
		otelzap.NewCore("shop", otelzap.WithLoggerProvider(provider)),
		zapcore.NewCore(encoder, zapcore.AddSync(text), zapcore.InfoLevel),
	} {
		zap.New(core).Info("done", zap.Namespace("http"), zap.Int("status", 500))
		zap.New(core).With(zap.Namespace("http")).Info("done", zap.Int("status", 500))
	}
	fmt.Print("zap, in the call and by With:\n", text.String())
	fmt.Printf("otelzap:\n%s\n%s\n", kept.seen[0], kept.seen[1])
	nested := `{"msg":"done","http":{"status":500}}` + "\n"
	if text.String() != nested+nested || kept.seen[0] != `http={"status":500}` || kept.seen[1] != "http={} status=500" {
		os.Exit(1)
	}
}
GO
go mod tidy >/dev/null 2>&1
go run .
echo "as described: the namespace is empty, its fields stand beside it"
