"""Attachments: their entries, the revisions that wait for them, their wrapped chunks."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

ROW_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the three tables."""
    op.create_table(
        "attachment",
        sa.Column("entry_hash", sa.LargeBinary(), nullable=False),
        sa.Column("entry_id", ROW_NUMBER, nullable=False),
        sa.Column("author", sa.LargeBinary(), nullable=False),
        sa.Column("incarnation", sa.Integer(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("payload_hash", sa.LargeBinary(), nullable=False),
        sa.Column("compartment", sa.Integer(), nullable=False),
        sa.Column("length", ROW_NUMBER, nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("record_id", sa.LargeBinary(), nullable=True),
        sa.Column("revision_id", sa.LargeBinary(), nullable=True),
        sa.Column("address", sa.String(1000), nullable=False),
        sa.Column("suffix", sa.String(16), nullable=False),
        sa.Column("thumbnail", sa.Boolean(), nullable=False),
        sa.Column("kept_bytes", ROW_NUMBER, nullable=False),
        sa.Column("dropped", sa.Boolean(), nullable=False),
        sa.Column("worker", sa.String(64), nullable=True),
        sa.Column("leased_until", sa.String(32), nullable=True),
        sa.Column("named_at", sa.String(32), nullable=False),
        sa.CheckConstraint("length(entry_hash) = 32", name="attachment_entry_hash_size"),
        sa.CheckConstraint("length(payload_hash) = 32", name="attachment_payload_hash_size"),
        sa.CheckConstraint("length(record_id) = 16", name="attachment_record_id_size"),
        sa.CheckConstraint(
            "state IN ('named', 'linked', 'kept', 'aside', 'erased')",
            name="attachment_state_known",
        ),
        sa.CheckConstraint("length >= 0", name="attachment_length_min"),
        sa.PrimaryKeyConstraint("entry_hash"),
    )
    op.create_index(op.f("ix_attachment_payload_hash"), "attachment", ["payload_hash"])
    op.create_index(op.f("ix_attachment_record_id"), "attachment", ["record_id"])
    op.create_index(op.f("ix_attachment_state"), "attachment", ["state"])
    op.create_index("attachment_undropped", "attachment", ["dropped", "state"])
    op.create_table(
        "attachment_claim",
        sa.Column("entry_hash", sa.LargeBinary(), nullable=False),
        sa.Column("entry_id", ROW_NUMBER, nullable=False),
        sa.Column("record_id", sa.LargeBinary(), nullable=False),
        sa.Column("revision_id", sa.LargeBinary(), nullable=False),
        sa.Column("named", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("length(entry_hash) = 32", name="attachment_claim_entry_hash_size"),
        sa.CheckConstraint("length(record_id) = 16", name="attachment_claim_record_id_size"),
        sa.PrimaryKeyConstraint("entry_hash"),
    )
    op.create_table(
        "attachment_chunk",
        sa.Column("entry_hash", sa.LargeBinary(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("length(entry_hash) = 32", name="attachment_chunk_entry_hash_size"),
        sa.PrimaryKeyConstraint("entry_hash", "number"),
    )
