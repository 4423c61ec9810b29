"""Notifying people: what is sent, to whom, and when it is tried again."""
