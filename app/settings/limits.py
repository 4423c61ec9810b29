"""The limits of a log that the settings name."""

from __future__ import annotations

from app.log.limits import NARROW, Limits
from app.settings.settings import Settings


def limits_of(settings: Settings) -> Limits:
    """Return the limits; a queue that carries small messages only narrows them."""
    metadata, log = NARROW.get(settings.queue_url.partition(":")[0], (settings.metadata_limit, None))
    return Limits(
        settings.message_limit,
        min(settings.metadata_limit, metadata),
        settings.retention.seconds * 1000,
        log,
        settings.request_logs,
    )
