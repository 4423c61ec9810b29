"""Segments: the old logs of a SQLite file, compressed by column."""
