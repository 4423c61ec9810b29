"""Notifiers to channels: the single place where a URL of NOTIFY becomes a way to somebody."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable

from app.notify.channels.mail import Mail
from app.notify.channels.slack import Slack
from app.notify.channels.webhook import Webhook
from app.ports.outbox import Channel, Notifier
from app.settings.settings import Settings


def connect(settings: Settings, key: Callable[[], bytes]) -> list[Channel]:
    """Return the channels that the settings name; *key* gives what unset secrets are made from. Nothing is sent."""
    return [_channel(notifier, settings, key) for notifier in settings.notify]


def _channel(notifier: Notifier, settings: Settings, key: Callable[[], bytes]) -> Channel:
    if notifier.way == "slack":
        return Slack(notifier, settings.notify_private)
    if notifier.way == "mailto":
        assert settings.smtp_url is not None  # by the settings
        return Mail(notifier, settings.smtp_url)
    return Webhook(notifier, secrets(notifier, settings, key), settings.notify_private)


def secrets(notifier: Notifier, settings: Settings, key: Callable[[], bytes]) -> tuple[bytes, ...]:
    """Return the secrets that sign a webhook's messages: those of the setting, else one derived for this webhook alone, so that no receiver can pose as us to another."""
    return settings.notify_secret or (hmac.digest(key(), f"notifier {notifier.name}".encode(), hashlib.sha256),)
