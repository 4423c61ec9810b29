"""The ways to notifiers, one module each; `app/backends.py` makes them of the settings."""
