"""OTLP, OpenTelemetry's protocol: its requests, as protobuf and as JSON, become logs as they are sent to `/logs/ingest/`."""
