"""Triggers that refuse UPDATE and DELETE; a revision that rebuilds such a table puts them back."""

from __future__ import annotations

from alembic import op

POSTGRES_FUNCTION = """
CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'rows of % are never changed', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END
$$
"""


def keep(table: str) -> None:
    """Let rows of the table be added, never changed or removed."""
    if op.get_bind().dialect.name == "sqlite":
        for action in ("UPDATE", "DELETE"):
            op.execute(sqlite_trigger(table, action))
        return
    op.execute(POSTGRES_FUNCTION)
    op.execute(
        f"CREATE TRIGGER {table}_is_kept BEFORE UPDATE OR DELETE ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )


def sqlite_trigger(table: str, action: str) -> str:
    """Write the trigger of one action on SQLite."""
    return (
        f"CREATE TRIGGER {table}_no_{action.lower()} BEFORE {action} ON {table} "
        f"BEGIN SELECT RAISE(ABORT, 'rows of {table} are never changed'); END"
    )
