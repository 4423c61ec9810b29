"""Loki's push requests, from their bytes to logs as they would be sent to `/logs/ingest/`."""
