"""Faults of whole systems under load: what was accepted must be in record and index once, whatever happened."""
