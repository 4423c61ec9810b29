"""Dialects: how each family of programs writes a structured log, as rows of data."""
