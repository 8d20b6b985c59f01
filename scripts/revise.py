"""For developers: write the next revision from what the models have and the revisions do not.

`python -m scripts.revise "what changes"` adds one; `python -m scripts.revise --first` writes the first anew, which is
only right before its release. Read what came out: renames and moved rows are not guessed.
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Iterator, Sequence
from typing import Any, Literal

from alembic.autogenerate import produce_migrations, render_python_code
from alembic.autogenerate.api import AutogenContext
from alembic.migration import MigrationContext
from alembic.operations import ops
from sqlalchemy import Connection, create_engine

from services import migrate
from services.models import Base
from services.sqltypes import JsonText, Moment

KEPT = ("history", "seal", "link_log")  # tables whose rows are never changed, from the revision that makes them
BIG = 'sa.BigInteger().with_variant(sa.Integer(), "sqlite")'

HEADER = '''"""{title}."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
{extra}
revision = "{number}"
down_revision = {before!r}
branch_labels = None
depends_on = None

BIG = {big}
'''


def main() -> None:
    """Write the revision and say where it is."""
    first = sys.argv[1:] == ["--first"]
    if len(sys.argv) != 2 or not sys.argv[1].strip():  # noqa: PLR2004
        sys.exit(__doc__)
    title = "The first tables" if first else sys.argv[1]
    number = "0001" if first else f"{int(migrate.head()) + 1:04d}"
    slug = re.sub(r"\W+", "_", title.lower()).strip("_")
    place = migrate.HOME / "versions" / f"{number}_{slug}.py"
    place.write_text(written(number, title, first=first), encoding="utf-8")
    print(place)


def written(number: str, title: str, *, first: bool) -> str:
    """Return the text of a revision that makes a database on the revisions so far equal to the models."""
    operations = _missing(empty=first)
    made = {step.table_name for step in operations.ops if isinstance(step, ops.CreateTableOp)}
    kept = [table for table in KEPT if table in made]
    header = HEADER.format(
        title=title,
        number=number,
        before=None if first else migrate.head(),
        big=BIG,
        extra="\nfrom services.migrations import unchangeable\n" if kept else "",
    )
    return header + "\n\n" + "\n\n\n".join(_functions(operations, kept)) + "\n"


def _missing(*, empty: bool) -> ops.UpgradeOps:
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/scratch.db"
        if not empty:
            migrate.upgrade(url)
        engine = create_engine(url)
        with engine.connect() as connection:
            script = produce_migrations(_context(connection), Base.metadata)
        engine.dispose()
    operations = script.upgrade_ops
    if operations is None or operations.is_empty():
        sys.exit("The revisions and the models agree; nothing to write.")
    return operations


def _context(connection: Connection) -> MigrationContext:
    return MigrationContext.configure(connection, opts={"compare_type": True, "target_metadata": Base.metadata})


def _functions(operations: ops.UpgradeOps, kept: Sequence[str]) -> Iterator[str]:
    """Yield `upgrade` and a function per table, in an order that foreign keys allow."""
    tables = _by_table(operations)
    keeps = [f'    unchangeable.keep("{table}")' for table in kept]
    yield "\n".join(["def upgrade() -> None:", *(f"    _{table}()" for table in tables), *keeps])
    for table, steps in tables.items():
        yield f"def _{table}() -> None:\n" + "\n".join(_code(step) for step in steps)


def _by_table(operations: ops.UpgradeOps) -> dict[str, list[ops.MigrateOperation]]:
    tables: dict[str, list[ops.MigrateOperation]] = {}
    for step in operations.ops:
        steps = step.ops if isinstance(step, ops.ModifyTableOps) else [step]
        steps = sorted(steps, key=lambda one: not isinstance(one, ops.AlterColumnOp))  # while the table is as it was
        tables.setdefault(step.table_name, []).extend(steps)  # type: ignore[attr-defined]
    return tables


def _code(step: ops.MigrateOperation) -> str:
    if isinstance(step, ops.AlterColumnOp | ops.DropConstraintOp):  # SQLite can't: the table is made anew around it
        step = ops.ModifyTableOps(step.table_name, [step])
    code = render_python_code(
        ops.UpgradeOps(ops=[step]),
        sqlalchemy_module_prefix="sa.",
        alembic_module_prefix="op.",
        render_as_batch=not isinstance(step, ops.CreateTableOp | ops.CreateIndexOp),
        render_item=_render,
    )
    plain = re.sub(r"^ *# ### .*\n?", "", code, flags=re.MULTILINE)
    return "    " + plain.strip().replace(BIG, "BIG")


def _render(kind: str, item: Any, _context: AutogenContext) -> str | Literal[False]:  # noqa: ANN401
    """Write column types as they are in the database: a revision outlives the classes of today."""
    if kind == "type" and isinstance(item, Moment):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, JsonText):
        return "sa.Text()"
    if kind == "type" and type(item).__name__ == "BigInteger":
        return BIG
    return False


if __name__ == "__main__":
    main()
