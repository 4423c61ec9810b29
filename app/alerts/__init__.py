"""Alerts and saved searches: conditions, their rounds, and what changes them."""
