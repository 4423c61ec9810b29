"""Making room in a SQLite file: the oldest logs go, and free pages go back to the disk."""
