"""SQLite: queue and record in one file, and their move in one transaction."""
