"""The first tables of the records store."""

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
        "analytics_due",
        sa.Column("record_id", sa.LargeBinary(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("record_id"),
    )
    op.create_table(
        "assignment",
        sa.Column("record_id", sa.LargeBinary(), nullable=False),
        sa.Column("device", sa.LargeBinary(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("assigned_by", sa.String(120), nullable=False),
        sa.Column("assigned_at", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("record_id", "device"),
    )
    op.create_table(
        "audit",
        sa.Column("sequence", ROW_NUMBER, nullable=False),
        sa.Column("line", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("length(hash) = 32", name="audit_hash_size"),
        sa.CheckConstraint("sequence >= 1", name="audit_sequence_min"),
        sa.PrimaryKeyConstraint("sequence"),
    )
    op.create_table(
        "audit_checkpoint",
        sa.Column("sequence", ROW_NUMBER, nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("sequence"),
    )
    op.create_table(
        "conflict",
        sa.Column("record_id", sa.LargeBinary(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("address", sa.String(1000), nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("opened_at", sa.String(32), nullable=False),
        sa.Column("settled_at", sa.String(32), nullable=True),
        sa.CheckConstraint("state IN ('open', 'settled')", name="conflict_state_known"),
        sa.CheckConstraint("length(fingerprint) = 16", name="conflict_fingerprint_size"),
        sa.PrimaryKeyConstraint("record_id", "fingerprint"),
    )
    op.create_index(op.f("ix_conflict_state"), "conflict", ["state"], unique=False)
    op.create_table(
        "device_status",
        sa.Column("author", sa.LargeBinary(), nullable=False),
        sa.Column("entry_id", ROW_NUMBER, nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("received_at", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("author"),
    )
    op.create_table(
        "form",
        sa.Column("form_hash", sa.LargeBinary(), nullable=False),
        sa.Column("form_id", sa.String(250), nullable=False),
        sa.Column("version", sa.String(120), nullable=False),
        sa.Column("title", sa.String(400), nullable=False),
        sa.Column("basis", sa.String(32), nullable=False),
        sa.Column("serial", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("published_at", sa.String(32), nullable=False),
        sa.CheckConstraint("state IN ('published', 'retired')", name="form_state_known"),
        sa.CheckConstraint("length(form_hash) = 16", name="form_form_hash_size"),
        sa.PrimaryKeyConstraint("form_hash"),
    )
    op.create_index(op.f("ix_form_form_id"), "form", ["form_id"], unique=False)
    op.create_table(
        "list_version",
        sa.Column("name", sa.String(250), nullable=False),
        sa.Column("serial", sa.Integer(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("published_at", sa.String(32), nullable=False),
        sa.CheckConstraint("length(digest) = 32", name="list_version_digest_size"),
        sa.PrimaryKeyConstraint("name", "serial"),
    )
    op.create_table(
        "login_failure",
        sa.Column("name_hash", sa.LargeBinary(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("blocked_until", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("name_hash"),
    )
    op.create_table(
        "mail_due",
        sa.Column("id", ROW_NUMBER, nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("device", sa.LargeBinary(), nullable=True),
        sa.Column("kind", sa.Integer(), nullable=False),
        sa.Column("record_id", sa.LargeBinary(), nullable=True),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("length(salt) = 16", name="mail_due_salt_size"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("salt"),
    )
    op.create_table(
        "policy",
        sa.Column("serial", sa.Integer(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("published_at", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("serial"),
    )
    op.create_table(
        "quarantine",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("source", sa.String(8), nullable=False),
        sa.Column("author", sa.LargeBinary(), nullable=False),
        sa.Column("incarnation", sa.Integer(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Integer(), nullable=True),
        sa.Column("entry_id", ROW_NUMBER, nullable=True),
        sa.Column("record_id", sa.LargeBinary(), nullable=True),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(32), nullable=False),
        sa.Column("detail", sa.String(2000), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("opened_at", sa.String(32), nullable=False),
        sa.Column("shred_after", sa.String(32), nullable=True),
        sa.Column("closed_at", sa.String(32), nullable=True),
        sa.Column("closed_by", sa.String(120), nullable=False),
        sa.CheckConstraint("source IN ('entry', 'shelf')", name="quarantine_source_known"),
        sa.CheckConstraint(
            "state IN ('open', 'replayed', 'released', 'shredded')", name="quarantine_state_known"
        ),
        sa.CheckConstraint("length(digest) = 32", name="quarantine_digest_size"),
        sa.PrimaryKeyConstraint("digest"),
    )
    op.create_index(op.f("ix_quarantine_reason"), "quarantine", ["reason"], unique=False)
    op.create_index(op.f("ix_quarantine_record_id"), "quarantine", ["record_id"], unique=False)
    op.create_index(op.f("ix_quarantine_state"), "quarantine", ["state"], unique=False)
    op.create_table(
        "record",
        sa.Column("record_id", sa.LargeBinary(), nullable=False),
        sa.Column("form_id", sa.String(250), nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("accepted", ROW_NUMBER, nullable=False),
        sa.Column("revisions", sa.Integer(), nullable=False),
        sa.Column("held", sa.Integer(), nullable=False),
        sa.Column("conflicts_open", sa.Integer(), nullable=False),
        sa.Column("updated_at", sa.String(32), nullable=False),
        sa.CheckConstraint("state IN ('live', 'deleted', 'erased')", name="record_state_known"),
        sa.CheckConstraint("length(record_id) = 16", name="record_record_id_size"),
        sa.CheckConstraint("revisions >= 0", name="record_revisions_min"),
        sa.CheckConstraint("version >= 1", name="record_version_min"),
        sa.PrimaryKeyConstraint("record_id"),
    )
    op.create_index(op.f("ix_record_form_id"), "record", ["form_id"], unique=False)
    op.create_table(
        "resealed",
        sa.Column("entry_hash", sa.LargeBinary(), nullable=False),
        sa.Column("revision_id", sa.LargeBinary(), nullable=False),
        sa.Column("record_id", sa.LargeBinary(), nullable=False),
        sa.Column("author", sa.LargeBinary(), nullable=False),
        sa.Column("incarnation", sa.Integer(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.CheckConstraint("length(entry_hash) = 32", name="resealed_entry_hash_size"),
        sa.PrimaryKeyConstraint("entry_hash"),
    )
    op.create_index(op.f("ix_resealed_record_id"), "resealed", ["record_id"], unique=False)
    op.create_table(
        "respondent",
        sa.Column("withdrawal_hash", sa.LargeBinary(), nullable=False),
        sa.Column("record_id", sa.LargeBinary(), nullable=False),
        sa.Column("address", sa.String(1000), nullable=False),
        sa.CheckConstraint("length(withdrawal_hash) = 16", name="respondent_withdrawal_hash_size"),
        sa.PrimaryKeyConstraint("withdrawal_hash", "record_id", "address"),
    )
    op.create_table(
        "revision",
        sa.Column("revision_id", sa.LargeBinary(), nullable=False),
        sa.Column("record_id", sa.LargeBinary(), nullable=False),
        sa.Column("form_hash", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("author", sa.LargeBinary(), nullable=False),
        sa.Column("incarnation", sa.Integer(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("entry_id", ROW_NUMBER, nullable=False),
        sa.Column("entry_hash", sa.LargeBinary(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("identity", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint("state IN ('resolved', 'held', 'erased')", name="revision_state_known"),
        sa.CheckConstraint("length(entry_hash) = 32", name="revision_entry_hash_size"),
        sa.CheckConstraint("length(revision_id) = 16", name="revision_revision_id_size"),
        sa.PrimaryKeyConstraint("revision_id"),
    )
    op.create_index(op.f("ix_revision_record_id"), "revision", ["record_id"], unique=False)
    op.create_table(
        "tally",
        sa.Column("entry_hash", sa.LargeBinary(), nullable=False),
        sa.Column("author", sa.LargeBinary(), nullable=False),
        sa.Column("form_id", sa.String(250), nullable=False),
        sa.Column("round_id", sa.String(120), nullable=False),
        sa.Column("area", sa.String(120), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.String(32), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.CheckConstraint("count >= 0", name="tally_count_min"),
        sa.PrimaryKeyConstraint("entry_hash"),
    )
    op.create_index(op.f("ix_tally_form_id"), "tally", ["form_id"], unique=False)
    op.create_table(
        "user_account",
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("roles", sa.String(200), nullable=False),
        sa.Column("password_hash", sa.String(400), nullable=False),
        sa.Column("created_at", sa.String(32), nullable=False),
        sa.Column("disabled_at", sa.String(32), nullable=True),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "user_session",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("user", sa.String(120), nullable=False),
        sa.Column("expires_at", sa.String(32), nullable=False),
        sa.CheckConstraint("length(token_hash) = 32", name="user_session_token_hash_size"),
        sa.PrimaryKeyConstraint("token_hash"),
    )
    op.create_index(op.f("ix_user_session_user"), "user_session", ["user"], unique=False)
    op.create_table(
        "withdrawal",
        sa.Column("withdrawal_hash", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("received_at", sa.String(32), nullable=False),
        sa.Column("executed_at", sa.String(32), nullable=True),
        sa.CheckConstraint("state IN ('waiting', 'executed')", name="withdrawal_state_known"),
        sa.CheckConstraint("length(withdrawal_hash) = 16", name="withdrawal_withdrawal_hash_size"),
        sa.PrimaryKeyConstraint("withdrawal_hash"),
    )
