"""The doors for shippers, by name."""

from __future__ import annotations

#: The doors for shippers over HTTP, by the names of their blueprints (app/web/doors).
DOORS = (
    "clef",
    "cloudflare",
    "datadog",
    "elastic",
    "firehose",
    "gelf",
    "hec",
    "heroku",
    "journal",
    "loki",
    "otlp",
    "vercel",
)
