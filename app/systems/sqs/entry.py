"""Amazon SQS, as app/backends.py opens it: a queue that carries."""

from __future__ import annotations

from app.settings.settings import Settings
from app.systems.entry import Opened, Purpose, System
from app.systems.sqs.queue import SqsQueue


class Sqs(System):
    """Queues: `sqs://region/queue?endpoint=url`."""

    def upgrade(self, url: str, settings: Settings) -> None:
        """See System. Whoever asks a queue first makes it."""
        SqsQueue(url).depth()

    def open(self, url: str, purposes: frozenset[Purpose], settings: Settings) -> Opened:
        """See System."""
        return Opened(carrier=SqsQueue(url))
