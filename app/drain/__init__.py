"""Draining: from the queue into the record and the index, and expiry."""
