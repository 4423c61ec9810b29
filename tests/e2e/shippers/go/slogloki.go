package main

import (
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/grafana/loki-client-go/loki"
	slogloki "github.com/samber/slog-loki/v3"
)

// slog-loki: each logging call waits until the client's own goroutine has taken the log.
type slogLoki struct {
	client *loki.Client
	logger *slog.Logger
}

func newSlogLoki(url string) client {
	config, err := loki.NewDefaultConfig(url + "/loki/api/v1/push")
	if err != nil {
		panic(err)
	}
	config.BatchWait = 100 * time.Millisecond
	made, err := loki.New(config)
	if err != nil {
		panic(err)
	}
	handler := slogloki.Option{Level: slog.LevelInfo, Client: made}.NewLokiHandler()
	return &slogLoki{made, slog.New(handler).With("service_name", "shop")}
}

func (one *slogLoki) log(number int, spoilt bool) {
	fields := []any{slog.String("trace_id", fmt.Sprintf("trace-%d", number))}
	if bad(number, spoilt) {
		fields = append(fields, slog.String("large", strings.Repeat("x", 7_000)))
	}
	if failed(number) {
		one.logger.Error(text(number), append(fields, slog.String("stack", stack()))...)
	} else {
		one.logger.Warn(text(number), fields...)
	}
}

func (one *slogLoki) flush() (bool, error) { return false, nil }

func (one *slogLoki) end() { one.client.Stop() }

