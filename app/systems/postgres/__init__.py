"""PostgreSQL: the record."""
