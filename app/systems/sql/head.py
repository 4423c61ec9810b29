"""The schema that both SQL systems must have."""

#: The newest schema that this program knows; a test compares it with migrations/versions.
HEAD = "0022"
