#!/usr/bin/env bash
# OTLP has a JSON form, and protobuf has a mapping to JSON; one would read the one with the other. They differ in one
# point: OTLP/JSON writes trace and span ids in hexadecimal, protobuf's mapping has base64 for bytes. Each hexadecimal
# digit is a base64 digit as well, so protobuf 7.36.2 raises nothing and gives other ids, longer by half:
#   "traceId": "0af7651916cd43dd8448eb211c80319c"   ->   24 bytes d1a7fbeb9d7dd7a71de3775df38e3c79bdb5d5cf34df5f5c
# Everything else in the request is right, and the logs of a trace even stay together, under an id that no other program
# has. A mutual check by the length (16 and 8 bytes) finds it. The opposite way, MessageToJson writes base64 that
# receivers of OTLP/JSON refuse or misread.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/v"
"$work/v/bin/pip" install -q --no-cache-dir --disable-pip-version-check opentelemetry-proto==1.45.2 protobuf==7.36.2
"$work/v/bin/python" - <<'PY'
import base64
import json

from google.protobuf import json_format
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

trace, span = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
record = {"timeUnixNano": "1795958409411000001", "traceId": trace, "spanId": span, "body": {"stringValue": "paid"}}
text = json.dumps({"resourceLogs": [{"scopeLogs": [{"logRecords": [record]}]}]})
request = json_format.Parse(text, ExportLogsServiceRequest())
(read,) = request.resource_logs[0].scope_logs[0].log_records
print(len(read.trace_id), "bytes", read.trace_id.hex(), "and", len(read.span_id), "bytes", read.span_id.hex())
assert read.trace_id == base64.b64decode(trace) and len(read.trace_id) == 24 and len(read.span_id) == 12
read.trace_id = bytes.fromhex(trace)
written = json.loads(json_format.MessageToJson(request))["resourceLogs"][0]["scopeLogs"][0]["logRecords"][0]
print("written again:", written["traceId"])
assert written["traceId"] == base64.b64encode(bytes.fromhex(trace)).decode() != trace
PY
echo "as described: other ids, and no error"
