package main

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"go.opentelemetry.io/contrib/bridges/otelslog"
	"go.opentelemetry.io/contrib/bridges/otelzap"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlplog/otlploghttp"
	sdk "go.opentelemetry.io/otel/sdk/log"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/trace"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// OpenTelemetry's SDK over HTTP with protobuf, behind log/slog or zap.
type otel struct {
	provider *sdk.LoggerProvider
	write    func(ctx context.Context, number int, large string)
	spanned  context.Context
}

func provider(url string) *sdk.LoggerProvider {
	exporter, err := otlploghttp.New(context.Background(), otlploghttp.WithEndpointURL(url+"/v1/logs"))
	if err != nil {
		panic(err)
	}
	return sdk.NewLoggerProvider(
		sdk.WithResource(resource.NewSchemaless(attribute.String("service.name", "shop"))),
		sdk.WithProcessor(sdk.NewBatchProcessor(exporter, sdk.WithExportInterval(100*time.Millisecond))),
	)
}

func spanned() context.Context {
	traceID, _ := trace.TraceIDFromHex("0af7651916cd43dd8448eb211c80319c")
	spanID, _ := trace.SpanIDFromHex("b7ad6b7169203331")
	of := trace.NewSpanContext(trace.SpanContextConfig{TraceID: traceID, SpanID: spanID, TraceFlags: trace.FlagsSampled})
	return trace.ContextWithSpanContext(context.Background(), of)
}

func newOtelSlog(url string) client {
	made := provider(url)
	logger := otelslog.NewLogger("shop.pay", otelslog.WithLoggerProvider(made))
	return &otel{made, func(ctx context.Context, number int, large string) {
		fields := []any{slog.Int("order", number)}
		if large != "" {
			fields = append(fields, slog.String("large", large))
		}
		if failed(number) {
			logger.ErrorContext(ctx, text(number), append(fields, slog.Any("err", errRefused))...)
		} else {
			logger.WarnContext(ctx, text(number), fields...)
		}
	}, spanned()}
}

func newOtelZap(url string) client {
	made := provider(url)
	core := otelzap.NewCore("shop.pay", otelzap.WithLoggerProvider(made))
	logger := zap.New(core, zap.AddStacktrace(zapcore.ErrorLevel))
	return &otel{made, func(ctx context.Context, number int, large string) {
		fields := []zap.Field{zap.Int("order", number), zap.Reflect("context", ctx)}
		if large != "" {
			fields = append(fields, zap.String("large", large))
		}
		if failed(number) {
			logger.Error(text(number), append(fields, zap.Error(errRefused))...)
		} else {
			logger.Warn(text(number), fields...)
		}
	}, spanned()}
}

func (one *otel) log(number int, spoilt bool) {
	large := ""
	if bad(number, spoilt) {
		large = strings.Repeat("x", 7_000)
	}
	one.write(one.spanned, number, large)
}

func (one *otel) flush() (bool, error) {
	err := one.provider.ForceFlush(context.Background())
	return err == nil, err
}

func (one *otel) end() { _ = one.provider.Shutdown(context.Background()) }
