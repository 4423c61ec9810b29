"""Maintenance by operators: rebuild, audit, backup, copy, delete."""
