"""The Dramatiq actors and the process that runs them; never imports Flask."""
