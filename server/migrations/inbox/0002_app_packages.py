"""App packages in the inbox store."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

ROW_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "app_package",
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("number", ROW_NUMBER, nullable=False),
        sa.Column("title", sa.String(160), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("published_at", sa.String(32), nullable=False),
        sa.Column("withdrawn_at", sa.String(32), nullable=True),
        sa.Column("reason", sa.String(400), nullable=False),
        sa.CheckConstraint("length(hash) = 32", name="app_package_hash_size"),
        sa.PrimaryKeyConstraint("hash"),
        sa.UniqueConstraint("title", name="app_package_title"),
    )
