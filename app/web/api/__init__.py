"""The JSON API: ingest, find, hints, health and metrics."""
