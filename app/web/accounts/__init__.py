"""Tokens, users and sessions: the web's own tables, by Flask-SQLAlchemy, in the record's database."""
