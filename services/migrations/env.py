"""Alembic's way in: run revisions on the connection that `services.migrate` opened."""

from __future__ import annotations

from alembic import context

from services.models import Base


def run() -> None:
    """Run the revisions inside the transaction that is already open."""
    connection = context.config.attributes["connection"]
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        transactional_ddl=True,
        render_as_batch=connection.dialect.name == "sqlite",
        compare_type=True,
    )
    context.run_migrations()


run()
