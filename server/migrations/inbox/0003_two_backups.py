"""What the newest backup holds, beside what the two newest hold (GOV-053)."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Begin with nothing: what devices were told already stays told."""
    op.add_column(
        "log_branch", sa.Column("copied_sequence", sa.Integer(), nullable=False, server_default="0")
    )
    op.add_column("log_branch", sa.Column("copied_hash", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    """Drop the columns."""
    op.drop_column("log_branch", "copied_hash")
    op.drop_column("log_branch", "copied_sequence")
