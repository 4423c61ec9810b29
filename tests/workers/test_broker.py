"""Dramatiq's broker on RabbitMQ, where its connection breaks."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import closing

import pika
import pytest
from dramatiq.brokers.rabbitmq import RabbitmqBroker
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import StreamLostError

from app.settings.settings import Settings
from workers import broker as brokers


@pytest.fixture
def queue(rabbitmq_url: str) -> Iterator[str]:
    """The name of a queue that is gone afterwards, with the two that Dramatiq makes beside it."""
    name = f"ticks-{uuid.uuid4().hex}"
    yield name
    with closing(pika.BlockingConnection(pika.URLParameters(rabbitmq_url))) as connection:
        for suffix in ("", ".DQ", ".XQ"):
            connection.channel().queue_delete(name + suffix)


def test_a_connection_that_breaks_amid_the_opening_of_a_channel(
    rabbitmq_url: str, queue: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next try has a connection of its own; what a broker that stays away raises is its library's error for that."""
    confirm, breaks = BlockingChannel.confirm_delivery, [True, False]

    def breaking(channel: BlockingChannel) -> None:
        if breaks.pop(0):
            channel.connection.close()
            raise StreamLostError("the peer is gone")
        confirm(channel)

    monkeypatch.setattr(BlockingChannel, "confirm_delivery", breaking)
    broker = brokers.make(Settings.from_env({"LOGINGESTOR_BROKER_URL": rabbitmq_url}))
    assert isinstance(broker, RabbitmqBroker)
    with closing(broker):
        broker.declare_queue(queue, ensure=True)
        assert broker.connection.is_open
        assert broker.channel.is_open
        assert len(broker.channels) == len(broker.connections) == 1
