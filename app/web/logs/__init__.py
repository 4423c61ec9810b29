"""Pages of single logs: one log, its trace, comparison, patterns."""
