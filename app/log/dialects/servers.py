"""Databases, web servers and other programs of an operating system."""

from __future__ import annotations

from app.log.dialects.dialect import Dialect

ROWS: tuple[Dialect, ...] = ()
