"""complaints and what follows them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _outside_case()
    _ticket()


def _outside_case() -> None:
    op.create_table(
        "outside_case",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("community_id", BIG, nullable=False),
        sa.Column("ticket_id", BIG, nullable=False),
        sa.Column("office", sa.String(length=64), nullable=False),
        sa.Column("number", sa.String(length=255), nullable=False),
        sa.Column("contact_due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("contacted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("replied_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_outside_case_ticket_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outside_case")),
        sa.UniqueConstraint(
            "community_id", "office", "number", name=op.f("uq_outside_case_community_id_office_number")
        ),
        sa.UniqueConstraint("ticket_id", name=op.f("uq_outside_case_ticket_id")),
    )
    op.create_index(
        "ix_outside_case_unanswered",
        "outside_case",
        ["community_id", "due_at"],
        unique=False,
        sqlite_where=sa.text("replied_at IS NULL"),
        postgresql_where=sa.text("replied_at IS NULL"),
    )


def _ticket() -> None:
    op.add_column("ticket", sa.Column("anonymous", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.add_column("ticket", sa.Column("about_staff_id", BIG, nullable=True))
    op.add_column("ticket", sa.Column("about_team", sa.String(length=64), server_default="", nullable=False))
    op.add_column("ticket", sa.Column("about_unit_id", BIG, nullable=True))
    op.add_column("ticket", sa.Column("serious", sa.String(length=64), server_default="", nullable=False))
    op.add_column("ticket", sa.Column("tier", sa.String(length=64), server_default="", nullable=False))
    op.add_column("ticket", sa.Column("appeals", sa.SmallInteger(), server_default="0", nullable=False))
    op.add_column("ticket", sa.Column("answered_by", BIG, nullable=True))
    op.add_column("ticket", sa.Column("outcome", sa.String(length=64), server_default="", nullable=False))
    op.add_column("ticket", sa.Column("responders", sa.String(length=255), server_default="", nullable=False))
