"""Drains: clouds that post their logs by themselves, without a shipper of the user's. Each is a door of its own."""
