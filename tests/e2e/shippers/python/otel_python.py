"""OpenTelemetry's SDK of Python, over HTTP with protobuf."""

import logging
import sys
import warnings

from loop import boom, failed, large, serve, text

warnings.simplefilter("ignore")

from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter  # noqa: E402
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: E402
from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler  # noqa: E402
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor  # noqa: E402
from opentelemetry.sdk.resources import Resource  # noqa: E402
from opentelemetry.sdk.trace import TracerProvider  # noqa: E402
from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: E402

provider = LoggerProvider(resource=Resource.create({"service.name": "shop"}))
exporter = OTLPLogExporter(endpoint=f"{sys.argv[1]}/v1/logs")
provider.add_log_record_processor(BatchLogRecordProcessor(exporter, schedule_delay_millis=100))
tracing = TracerProvider(resource=provider.resource)
tracing.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=f"{sys.argv[1]}/v1/traces")))
tracer = tracing.get_tracer("shop")
log = logging.getLogger("shop.pay")
log.addHandler(LoggingHandler(logger_provider=provider))
log.propagate = False


def send(numbers, spoilt):
    """Log them within a span."""
    with tracer.start_as_current_span("pay"), tracer.start_as_current_span("charge"):
        for number in numbers:
            extra = {"order": number, **large(number, spoilt)}
            if failed(number):
                log.error(text(number), exc_info=boom(), extra=extra)
            else:
                log.warning(text(number), extra=extra)
    provider.force_flush()
    tracing.force_flush()
    return False


def end():
    """Deliver what waits."""
    provider.shutdown()
    tracing.shutdown()


serve(send, end)
