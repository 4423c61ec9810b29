"""Runs the migrations on the connection that app.systems.sqlite.schema hands over, or on Flask-Migrate's."""

from __future__ import annotations

from alembic import context

from app.systems.sqlite.tables import metadata

connection = context.config.attributes.get("connection")
if connection is None:
    from flask import current_app

    engine = current_app.extensions["migrate"].db.engine
    with engine.connect() as connection:
        context.configure(connection=connection, target_metadata=metadata, transactional_ddl=True)
        context.run_migrations()
else:
    context.configure(connection=connection, target_metadata=metadata, transactional_ddl=True)
    context.run_migrations()
