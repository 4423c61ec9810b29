#!/usr/bin/env bash
# A log may name two errors: the one that failed a request and the one that its clean-up met. log/slog keeps both under
# their keys. OpenTelemetry's bridge otelslog v0.21.0 turns each attribute that holds an error into exception.message and
# exception.type, without its key, so the second overwrites the first, and no dropped attribute is counted:
#   logger.Error("failed", "err", errors.New("card refused"), "cleanup", errors.New("disk full"))
#     ->  exception.message=disk full exception.type=*errors.errorString, dropped 0; "card refused" is nowhere
# Join them by errors.Join, or send all but one as text. LogIngestor gets what is left of them.
set -euo pipefail
work=$(mktemp -d)
export GOMODCACHE="$work/mod" GOCACHE="$work/build" GOFLAGS=-modcacherw GOTOOLCHAIN=local
trap 'rm -rf "$work"' EXIT
mkdir "$work/app"
cd "$work/app"
go mod init example.com/finding >/dev/null 2>&1
go get go.opentelemetry.io/contrib/bridges/otelslog@v0.21.0 go.opentelemetry.io/otel/sdk/log@v1.47.0 >/dev/null 2>&1
cat > main.go <<'GO'
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"

	"go.opentelemetry.io/contrib/bridges/otelslog"
	"go.opentelemetry.io/otel/attribute"
	sdk "go.opentelemetry.io/otel/sdk/log"
)

type memory struct{ seen []string }

func (m *memory) Export(_ context.Context, records []sdk.Record) error {
	for _, record := range records {
		text := ""
		record.WalkAttributes(func(one attribute.KeyValue) bool {
			text += fmt.Sprintf("%s=%s ", one.Key, one.Value.Emit())
			return true
		})
		m.seen = append(m.seen, fmt.Sprintf("%sdropped=%d", text, record.DroppedAttributes()))
	}
	return nil
}

func (m *memory) Shutdown(context.Context) error   { return nil }
func (m *memory) ForceFlush(context.Context) error { return nil }

func main() {
	kept, text := &memory{}, &strings.Builder{}
	provider := sdk.NewLoggerProvider(sdk.WithProcessor(sdk.NewSimpleProcessor(kept)))
	refused, full := errors.New("card refused"), errors.New("disk full")
	for _, logger := range []*slog.Logger{
		otelslog.NewLogger("shop", otelslog.WithLoggerProvider(provider)), slog.New(slog.NewTextHandler(text, nil)),
	} {
		logger.Error("failed", "err", refused, "cleanup", full)
	}
	fmt.Println("slog:    ", strings.TrimSpace(text.String()))
	fmt.Println("otelslog:", kept.seen[0])
	if !strings.Contains(text.String(), "card refused") || !strings.Contains(text.String(), "disk full") ||
		kept.seen[0] != "exception.message=disk full exception.type=*errors.errorString dropped=0" {
		os.Exit(1)
	}
}
GO
go mod tidy >/dev/null 2>&1
go run .
echo "as described: the first error is nowhere"
