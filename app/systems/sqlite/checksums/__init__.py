"""Checksums of what a SQLite file keeps compressed."""
