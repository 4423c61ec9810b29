"""Doors: what shippers speak, led into the one accept path. A door decodes; `app.web.doors.taking` does the rest.

CONTRIBUTING.md says what a new one needs.
"""
