"""Case lists, and the step under which a choice list was broadcast."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables and the column."""
    op.create_table(
        "case_list",
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("serial", sa.Integer(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("row_count", sa.Integer(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("published_by", sa.String(120), nullable=False),
        sa.Column("published_at", sa.String(32), nullable=False),
        sa.CheckConstraint("length(digest) = 32", name="case_list_digest_size"),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "case_list_reader",
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("device", sa.LargeBinary(), nullable=False),
        sa.Column("serial", sa.Integer(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("wanted", sa.Boolean(), nullable=False),
        sa.Column("whole_size", sa.Integer(), nullable=False),
        sa.Column("steps_size", sa.Integer(), nullable=False),
        sa.Column("letters", sa.LargeBinary(), nullable=False),
        sa.Column("stale", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("length(device) = 16", name="case_list_reader_device_size"),
        sa.CheckConstraint("length(digest) = 32", name="case_list_reader_digest_size"),
        sa.PrimaryKeyConstraint("name", "device"),
    )
    op.add_column("list_version", sa.Column("step", sa.LargeBinary(), nullable=True))
