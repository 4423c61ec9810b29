"""Settings from the environment: their names, defaults and forms."""
