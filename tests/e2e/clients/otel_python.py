"""OpenTelemetry's SDK of Python, over HTTP with protobuf."""

from __future__ import annotations

import logging
import sys
import time
import warnings

warnings.filterwarnings("ignore", category=DeprecationWarning)

from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter  # noqa: E402
from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler  # noqa: E402
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor  # noqa: E402
from opentelemetry.sdk.resources import Resource  # noqa: E402
from opentelemetry.sdk.trace import TracerProvider  # noqa: E402

url, first, count, pause = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
provider = LoggerProvider(resource=Resource.create({"service.name": "shop"}))
exporter = OTLPLogExporter(endpoint=f"{url}/v1/logs")
provider.add_log_record_processor(
    BatchLogRecordProcessor(exporter, schedule_delay_millis=100, max_export_batch_size=50)
)
log = logging.getLogger("shop.pay")
log.addHandler(LoggingHandler(logger_provider=provider))
log.setLevel(logging.INFO)
with TracerProvider().get_tracer("shop").start_as_current_span("pay"):
    for n in range(first, first + count):
        if n == first + 1:
            try:
                raise ValueError("no such order")
            except ValueError:
                log.exception("number %d", n, extra={"n": n})
        else:
            log.info("number %d", n, extra={"n": n})
        time.sleep(pause)
provider.shutdown()
