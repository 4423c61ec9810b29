"""Dramatiq's broker on RabbitMQ, which outlives a connection that breaks at any moment."""

from __future__ import annotations

from typing import Any

from dramatiq.brokers import rabbitmq


class RabbitmqBroker(rabbitmq.RabbitmqBroker):
    """Gives a channel up that broke before it was counted among the broker's.

    Dramatiq 2 keeps a new channel for its thread, turns on confirms, and only then counts it; where turning them on fails, taking
    it out of the count raises KeyError, which its consumers write to the console as an unexpected error with a traceback.
    """

    @property
    def channel(self) -> Any:
        """The channel of this thread, opened if need be. Raises pika's AMQPError."""
        try:
            return super().channel
        except Exception:
            vars(self.state).pop("channel", None)
            raise

    @channel.deleter
    def channel(self) -> None:
        vars(rabbitmq.RabbitmqBroker)["channel"].__delete__(self)
