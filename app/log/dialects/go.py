"""Go."""

from __future__ import annotations

from app.log.dialects.dialect import Dialect

ROWS: tuple[Dialect, ...] = ()
