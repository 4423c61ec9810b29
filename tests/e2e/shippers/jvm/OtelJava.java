import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.logs.LogRecordBuilder;
import io.opentelemetry.api.logs.Logger;
import io.opentelemetry.api.logs.Severity;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.TraceFlags;
import io.opentelemetry.api.trace.TraceState;
import io.opentelemetry.context.Context;
import io.opentelemetry.exporter.otlp.http.logs.OtlpHttpLogRecordExporter;
import io.opentelemetry.sdk.logs.SdkLoggerProvider;
import io.opentelemetry.sdk.logs.export.BatchLogRecordProcessor;
import io.opentelemetry.sdk.resources.Resource;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.TimeUnit;

/** OpenTelemetry's SDK of Java, over HTTP with protobuf. */
class OtelJava implements Clients.Client {
    private final SdkLoggerProvider provider;
    private final Logger logger;
    private final Context context = Context.root().with(Span.wrap(SpanContext.create(
        "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", TraceFlags.getSampled(), TraceState.getDefault())));

    OtelJava(String url) {
        OtlpHttpLogRecordExporter exporter = OtlpHttpLogRecordExporter.builder().setEndpoint(url + "/v1/logs").build();
        provider = SdkLoggerProvider.builder()
            .setResource(Resource.builder().put("service.name", "shop").build())
            .addLogRecordProcessor(BatchLogRecordProcessor.builder(exporter).setScheduleDelay(Duration.ofMillis(100)).build())
            .build();
        logger = provider.get("shop.pay");
    }

    @Override
    public void log(int number, boolean spoilt) {
        LogRecordBuilder record = logger.logRecordBuilder().setContext(context).setTimestamp(Instant.now()).setBody(Clients.text(number))
            .setSeverity(Clients.failed(number) ? Severity.ERROR : Severity.WARN).setAttribute(AttributeKey.longKey("order"), (long) number);
        if (Clients.failed(number)) {
            record.setException(Clients.boom());
        }
        record.setAttribute(AttributeKey.stringKey("large"), Clients.large(number, spoilt));
        record.emit();
    }

    @Override
    public boolean flush() {
        provider.forceFlush().join(30, TimeUnit.SECONDS);
        return false;
    }

    @Override
    public void end() {
        provider.shutdown().join(30, TimeUnit.SECONDS);
    }
}
