"""Dramatiq's broker, with periodiq's middleware so that actors can have a schedule."""

from __future__ import annotations

from dramatiq import Broker
from periodiq import PeriodiqMiddleware

from app.errors import InvalidSettings, Problem
from app.settings.settings import Settings
from workers.quiet import LocalBroker

_SETTING = "LOGINGESTOR_BROKER_URL"


def make(settings: Settings) -> Broker:
    """Return the broker that BROKER_URL names; `local:` is Dramatiq's in-process broker. Raises InvalidSettings.

    Messages are ticks without data: losing one with the process loses nothing.
    """
    broker = LocalBroker() if settings.local_broker else _rabbitmq(settings.broker_url)
    # Before any actor is declared: it makes `periodic` an option.
    broker.add_middleware(PeriodiqMiddleware())
    return broker


def _rabbitmq(url: str) -> Broker:
    from workers.rabbitmq import RabbitmqBroker

    try:
        # Without confirms a tick sent into a connection that died unnoticed would seem sent.
        return RabbitmqBroker(url=url, confirm_delivery=True)
    except (ValueError, TypeError) as error:
        raise InvalidSettings(Problem(f"{_SETTING} can't be read: {error}", _SETTING)) from error
