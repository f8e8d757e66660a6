"""The first tables of the keys store."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ROW_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create every table."""
    op.create_table(
        "erasure",
        sa.Column("id", ROW_NUMBER, nullable=False),
        sa.Column("record_id", sa.LargeBinary(), nullable=False),
        sa.Column("respondent", sa.String(1000), nullable=False),
        sa.Column("whole", sa.Boolean(), nullable=False),
        sa.Column("cause", sa.String(32), nullable=False),
        sa.Column("withdrawal_hash", sa.LargeBinary(), nullable=True),
        sa.Column("erased_at", sa.String(32), nullable=False),
        sa.CheckConstraint(
            "cause IN ('withdrawal', 'refused_consent', 'retention')", name="erasure_cause_known"
        ),
        sa.CheckConstraint("length(record_id) = 16", name="erasure_record_id_size"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_erasure_record_id"), "erasure", ["record_id"], unique=False)
    op.create_table(
        "record_key",
        sa.Column("record_id", sa.LargeBinary(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("length(record_id) = 16", name="record_key_record_id_size"),
        sa.PrimaryKeyConstraint("record_id"),
    )
