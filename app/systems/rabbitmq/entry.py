"""RabbitMQ, as app/backends.py opens it: a queue that carries."""

from __future__ import annotations

from app.settings.settings import Settings
from app.systems.entry import Opened, Purpose, System
from app.systems.rabbitmq import address
from app.systems.rabbitmq.queue import RabbitQueue


class Rabbit(System):
    """Queues: `amqp://user@host/vhost?queue=name`, or `amqps:`."""

    def upgrade(self, url: str, settings: Settings) -> None:
        """See System."""
        address.prepare(address.address(url, settings.queue_limit))

    def open(self, url: str, purposes: frozenset[Purpose], settings: Settings) -> Opened:
        """See System."""
        return Opened(carrier=RabbitQueue(url, limit=settings.queue_limit))
