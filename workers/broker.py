"""Dramatiq's broker, with periodiq's middleware so that actors can have a schedule."""

from __future__ import annotations

from dramatiq import Broker
from dramatiq.brokers.stub import StubBroker
from periodiq import PeriodiqMiddleware

from app.core.settings import Settings


def make(settings: Settings) -> Broker:
    """Return the broker that BROKER_URL names; `local:` is Dramatiq's in-process broker.

    Messages are ticks without data: losing one with the process loses nothing.
    """
    assert settings.broker_url.startswith("local:")
    broker = StubBroker()
    broker.add_middleware(PeriodiqMiddleware())
    return broker
