"""calls and surveys of all owners."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _campaign()
    _campaign_answer()
    _campaign_person()
    _follow_up()


def _campaign() -> None:
    op.create_table(
        "campaign",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("community_id", BIG, nullable=False),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("questions", sa.Text(), nullable=False),
        sa.Column("started_by", BIG, nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_to", BIG, server_default="0", nullable=False),
        sa.Column("reminded_to", BIG, server_default="0", nullable=False),
        sa.ForeignKeyConstraint(["community_id"], ["community.id"], name=op.f("fk_campaign_community_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign")),
    )
    op.create_index(op.f("ix_campaign_community_id"), "campaign", ["community_id"], unique=False)
    op.create_index(
        "uq_campaign_running",
        "campaign",
        ["community_id"],
        unique=True,
        sqlite_where=sa.text("state = 'running'"),
        postgresql_where=sa.text("state = 'running'"),
    )


def _campaign_answer() -> None:
    op.create_table(
        "campaign_answer",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("community_id", BIG, nullable=False),
        sa.Column("campaign_id", BIG, nullable=False),
        sa.Column("person_id", BIG, nullable=False),
        sa.Column("question", sa.String(length=64), nullable=False),
        sa.Column("score", sa.SmallInteger(), nullable=True),
        sa.Column("words", sa.Text(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_campaign_answer_campaign_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign_answer")),
        sa.UniqueConstraint(
            "campaign_id", "person_id", "question", name=op.f("uq_campaign_answer_campaign_id_person_id_question")
        ),
    )
    op.create_index(
        op.f("ix_campaign_answer_campaign_id_question_score"),
        "campaign_answer",
        ["campaign_id", "question", "score"],
        unique=False,
    )


def _campaign_person() -> None:
    op.create_table(
        "campaign_person",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("community_id", BIG, nullable=False),
        sa.Column("campaign_id", BIG, nullable=False),
        sa.Column("person_id", BIG, nullable=False),
        sa.Column("building", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("invited_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reminded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_campaign_person_campaign_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign_person")),
        sa.UniqueConstraint("campaign_id", "person_id", name=op.f("uq_campaign_person_campaign_id_person_id")),
    )


def _follow_up() -> None:
    with op.batch_alter_table("follow_up", schema=None) as batch_op:
        batch_op.alter_column("ticket_id", existing_type=sa.INTEGER(), nullable=True)
    with op.batch_alter_table("follow_up", schema=None) as batch_op:
        batch_op.alter_column("outcome", existing_type=sa.VARCHAR(length=255), type_=sa.Text(), existing_nullable=False)
    op.add_column("follow_up", sa.Column("cycle", sa.SmallInteger(), server_default="1", nullable=False))
    op.add_column("follow_up", sa.Column("campaign_id", BIG, nullable=True))
    op.add_column("follow_up", sa.Column("person_id", BIG, nullable=True))
    op.add_column("follow_up", sa.Column("topics", sa.String(length=64), server_default="", nullable=False))
    op.add_column("follow_up", sa.Column("why", sa.String(length=64), server_default="", nullable=False))
    op.add_column("follow_up", sa.Column("result", sa.String(length=64), server_default="", nullable=False))
    op.add_column("follow_up", sa.Column("next_step", sa.String(length=64), server_default="", nullable=False))
    op.add_column("follow_up", sa.Column("tries", sa.SmallInteger(), server_default="0", nullable=False))
    op.create_index(
        "ix_follow_up_open",
        "follow_up",
        ["community_id", "due_at"],
        unique=False,
        sqlite_where=sa.text("done_at IS NULL"),
        postgresql_where=sa.text("done_at IS NULL"),
    )
    op.create_index(
        "uq_follow_up_campaign",
        "follow_up",
        ["campaign_id", "person_id"],
        unique=True,
        sqlite_where=sa.text("campaign_id IS NOT NULL"),
        postgresql_where=sa.text("campaign_id IS NOT NULL"),
    )
    op.create_index(
        "uq_follow_up_task",
        "follow_up",
        ["ticket_id", "cycle", "why"],
        unique=True,
        sqlite_where=sa.text("why <> ''"),
        postgresql_where=sa.text("why <> ''"),
    )
