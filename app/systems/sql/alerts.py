"""How saved searches and alerts are rows: what the stores of SQLite and PostgreSQL share."""

from __future__ import annotations

import msgspec

from app.ports.alerts import Alert, Change, SavedSearch, Status

search = msgspec.json.Decoder(SavedSearch).decode
alert = msgspec.json.Decoder(Alert).decode
status = msgspec.json.Decoder(Status).decode
change = msgspec.json.Decoder(Change).decode


def body(value: msgspec.Struct) -> str:
    """Return what a row holds of a search, an alert, a status or a change."""
    return msgspec.json.encode(value).decode()
