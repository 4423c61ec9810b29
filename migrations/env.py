"""Runs the migrations on the connection that an upgrade hands over (app/systems/sql/migrate.py), or on Flask-Migrate's.

Flask-Migrate compares the tables that it carries with their models (app/web/accounts/tables.py); those of queue, record and
index are not its business.
"""

from __future__ import annotations

from typing import Any

from alembic import context


def _run(connection: Any, **options: Any) -> None:
    context.configure(connection=connection, transactional_ddl=True, **options)
    context.run_migrations()


handed_over = context.config.attributes.get("connection")
if handed_over is not None:
    _run(handed_over)
else:
    from flask import current_app

    from app.systems.sqlite.schema import begin_at_once

    migrate = current_app.extensions["migrate"]
    engine, models = migrate.db.engine, migrate.db.metadata
    if engine.dialect.name == "sqlite":
        begin_at_once(engine)
    with engine.connect() as connection, connection.begin():
        _run(
            connection,
            target_metadata=models,
            include_name=lambda name, kind, _: kind != "table" or name in models.tables,
            **migrate.configure_args,
        )
