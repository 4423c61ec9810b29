#!/usr/bin/env bash
# OpenTelemetry limits a log record to 128 attributes; its specification lets the SDK drop those that come when
# the limit is reached. opentelemetry-sdk 1.45.2 keeps the newest instead: it drops the oldest for each one
# above. LoggingHandler adds code.file.path, code.function.name and code.line.number behind the fields of the
# call, so the first of the caller's fields go, and the three of the SDK always stay:
#   200 fields k000 to k199   ->   k075 to k199 and code.*, dropped_attributes_count 75
# What comes first in a record is what matters to the caller: ids, user, request. Flat dumps of a request or of
# an environment behind them push these out. A server should show dropped_attributes_count, as it is the one
# sign; senders put large maps beneath one key.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/v"
"$work/v/bin/pip" install -q --no-cache-dir --disable-pip-version-check opentelemetry-sdk==1.45.2
"$work/v/bin/python" -W ignore - 2>/dev/null <<'PY'
import logging

from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor

exporter, provider = InMemoryLogRecordExporter(), LoggerProvider()
provider.add_log_record_processor(SimpleLogRecordProcessor(exporter))
logger = logging.Logger("app")
logger.addHandler(LoggingHandler(logger_provider=provider))
logger.warning("large", extra={f"k{i:03}": i for i in range(200)})
(data,) = exporter.get_finished_logs()
kept = list(data.log_record.attributes)
print(len(kept), "attributes, from", kept[0], "to", kept[-1], "dropped:", data.dropped_attributes)
assert len(kept) == 128 and kept[0] == "k075" and kept[-1] == "code.line.number", kept
PY
echo "as described: the first 75 fields are gone"
