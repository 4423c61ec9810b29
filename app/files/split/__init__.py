"""Splitting the lines of a source into entries: what of it makes one log."""
