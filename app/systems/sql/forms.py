"""Forms of sources in a SQL database."""

from __future__ import annotations

import msgspec

from app.ports.forms import SourceForm
from app.systems.sql.shelf import Shelf

_decode = msgspec.json.Decoder(SourceForm).decode


class SqlForms:
    """A FormKeeper in the table source_forms."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    def forms(self) -> list[SourceForm]:
        """See FormKeeper."""
        with self._shelf.read() as reading:
            found = reading.rows(f"SELECT CAST(body AS text) FROM source_forms ORDER BY name{self._shelf.bytewise}")
        return [_decode(body) for (body,) in found]

    def keep_form(self, form: SourceForm) -> None:
        """See FormKeeper."""
        with self._shelf.write(durable=True) as writing:
            writing.change(
                "INSERT INTO source_forms VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET body = excluded.body",
                (form.name, msgspec.json.encode(form).decode()),
            )

    def drop_form(self, name: str) -> bool:
        """See FormKeeper."""
        with self._shelf.write(durable=True) as writing:
            return bool(writing.change("DELETE FROM source_forms WHERE name = ?", (name,)))
