"""The first tables of the inbox store."""

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
        "accept_through",
        sa.Column("author", sa.LargeBinary(), nullable=False),
        sa.Column("incarnation", sa.Integer(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("length(author) = 16", name="accept_through_author_size"),
        sa.CheckConstraint("length(hash) = 32", name="accept_through_hash_size"),
        sa.PrimaryKeyConstraint("author", "incarnation"),
    )
    op.create_table(
        "challenge",
        sa.Column("challenge", sa.LargeBinary(), nullable=False),
        sa.Column("author", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.String(32), nullable=False),
        sa.CheckConstraint("length(challenge) = 16", name="challenge_challenge_size"),
        sa.PrimaryKeyConstraint("challenge"),
    )
    op.create_index(op.f("ix_challenge_expires_at"), "challenge", ["expires_at"], unique=False)
    op.create_table(
        "detached",
        sa.Column("payload_hash", sa.LargeBinary(), nullable=False),
        sa.Column("author", sa.LargeBinary(), nullable=False),
        sa.Column("number", ROW_NUMBER, nullable=False),
        sa.Column("length", ROW_NUMBER, nullable=False),
        sa.Column("received", ROW_NUMBER, nullable=False),
        sa.Column("whole", sa.Boolean(), nullable=False),
        sa.CheckConstraint("length(payload_hash) = 32", name="detached_payload_hash_size"),
        sa.PrimaryKeyConstraint("payload_hash"),
    )
    op.create_index(op.f("ix_detached_number"), "detached", ["number"], unique=False)
    op.create_index(op.f("ix_detached_whole"), "detached", ["whole"], unique=False)
    op.create_table(
        "detached_chunk",
        sa.Column("payload_hash", sa.LargeBinary(), nullable=False),
        sa.Column("offset", ROW_NUMBER, nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("payload_hash", "offset"),
    )
    op.create_table(
        "device",
        sa.Column("author", sa.LargeBinary(), nullable=False),
        sa.Column("number", ROW_NUMBER, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("label", sa.String(120), nullable=False),
        sa.Column("signing_key", sa.LargeBinary(), nullable=False),
        sa.Column("suite", sa.Integer(), nullable=False),
        sa.Column("hpke_key", sa.LargeBinary(), nullable=False),
        sa.Column("certificate", sa.LargeBinary(), nullable=False),
        sa.Column("certificate_signature", sa.LargeBinary(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("enrolled_at", sa.String(32), nullable=False),
        sa.Column("seen_at", sa.String(32), nullable=True),
        sa.Column("revoked_at", sa.String(32), nullable=True),
        sa.Column("revoked_reason", sa.String(400), nullable=False),
        sa.CheckConstraint("kind IN ('device', 'hub')", name="device_kind_known"),
        sa.CheckConstraint("state IN ('active', 'revoked')", name="device_state_known"),
        sa.CheckConstraint("length(author) = 16", name="device_author_size"),
        sa.CheckConstraint("length(signing_key) = 32", name="device_signing_key_size"),
        sa.PrimaryKeyConstraint("author"),
        sa.UniqueConstraint("number"),
        sa.UniqueConstraint("token_hash"),
    )
    op.create_table(
        "invitation",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("label", sa.String(120), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("expires_at", sa.String(32), nullable=False),
        sa.Column("used_at", sa.String(32), nullable=True),
        sa.Column("invited_by", sa.String(120), nullable=False),
        sa.CheckConstraint("kind IN ('device', 'hub')", name="invitation_kind_known"),
        sa.CheckConstraint("length(token_hash) = 32", name="invitation_token_hash_size"),
        sa.PrimaryKeyConstraint("token_hash"),
    )
    op.create_table(
        "log_branch",
        sa.Column("author", sa.LargeBinary(), nullable=False),
        sa.Column("incarnation", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("parent", sa.Integer(), nullable=True),
        sa.Column("forked_at", sa.Integer(), nullable=False),
        sa.Column("head_sequence", sa.Integer(), nullable=False),
        sa.Column("head_hash", sa.LargeBinary(), nullable=False),
        sa.Column("admitted", sa.Boolean(), nullable=False),
        sa.Column("backed_up_sequence", sa.Integer(), nullable=False),
        sa.Column("backed_up_hash", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint("head_sequence >= forked_at", name="log_branch_head_min"),
        sa.CheckConstraint("length(author) = 16", name="log_branch_author_size"),
        sa.CheckConstraint("length(head_hash) = 32", name="log_branch_head_hash_size"),
        sa.CheckConstraint("number >= 0", name="log_branch_number_min"),
        sa.PrimaryKeyConstraint("author", "incarnation", "number"),
    )
    op.create_table(
        "log_entry",
        sa.Column("id", ROW_NUMBER, nullable=False),
        sa.Column("author", sa.LargeBinary(), nullable=False),
        sa.Column("incarnation", sa.Integer(), nullable=False),
        sa.Column("branch", sa.Integer(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Integer(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("header", sa.LargeBinary(), nullable=False),
        sa.Column("carrier", sa.LargeBinary(), nullable=True),
        sa.Column("received_at", sa.String(32), nullable=False),
        sa.CheckConstraint("length(author) = 16", name="log_entry_author_size"),
        sa.CheckConstraint("length(hash) = 32", name="log_entry_hash_size"),
        sa.CheckConstraint("sequence >= 1", name="log_entry_sequence_min"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("author", "incarnation", "branch", "sequence", name="log_entry_place"),
    )
    op.create_table(
        "log_payload",
        sa.Column("entry_id", ROW_NUMBER, nullable=False),
        sa.Column("compartment", sa.Integer(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("entry_id", "compartment"),
    )
    op.create_table(
        "log_signature",
        sa.Column("entry_id", ROW_NUMBER, nullable=False),
        sa.Column("signed_on", sa.Integer(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("length(signature) = 64", name="log_signature_signature_size"),
        sa.PrimaryKeyConstraint("entry_id"),
    )
    op.create_table(
        "mail_sent",
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("author", sa.LargeBinary(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.CheckConstraint("length(salt) = 16", name="mail_sent_salt_size"),
        sa.PrimaryKeyConstraint("salt"),
    )
    op.create_table(
        "paper",
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("name", sa.LargeBinary(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("kind", "name"),
    )
    op.create_table(
        "project",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("deployment", sa.LargeBinary(), nullable=False),
        sa.Column("label", sa.String(200), nullable=False),
        sa.Column("controller", sa.String(200), nullable=False),
        sa.Column("incarnation", sa.Integer(), nullable=False),
        sa.Column("root_fingerprint", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.String(32), nullable=False),
        sa.CheckConstraint("id = 1", name="project_single"),
        sa.CheckConstraint("incarnation >= 0", name="project_incarnation_min"),
        sa.CheckConstraint("length(deployment) = 8", name="project_deployment_size"),
        sa.CheckConstraint("length(root_fingerprint) = 16", name="project_root_fingerprint_size"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "ring",
        sa.Column("serial", sa.Integer(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.Column("imported_at", sa.String(32), nullable=False),
        sa.CheckConstraint("serial >= 1", name="ring_serial_min"),
        sa.PrimaryKeyConstraint("serial"),
    )
    op.create_table(
        "shelved_run",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("reason", sa.String(32), nullable=False),
        sa.Column("author", sa.LargeBinary(), nullable=False),
        sa.Column("incarnation", sa.Integer(), nullable=False),
        sa.Column("first_sequence", sa.Integer(), nullable=False),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("carrier", sa.LargeBinary(), nullable=True),
        sa.Column("received_at", sa.String(32), nullable=False),
        sa.Column("listed", sa.Boolean(), nullable=False),
        sa.CheckConstraint("length(author) = 16", name="shelved_run_author_size"),
        sa.CheckConstraint("length(digest) = 32", name="shelved_run_digest_size"),
        sa.PrimaryKeyConstraint("digest"),
    )
    op.create_index(op.f("ix_shelved_run_author"), "shelved_run", ["author"], unique=False)
    op.create_index(op.f("ix_shelved_run_listed"), "shelved_run", ["listed"], unique=False)
    op.create_table(
        "work",
        sa.Column("entry_id", ROW_NUMBER, nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("worker", sa.String(64), nullable=True),
        sa.Column("leased_until", sa.String(32), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.CheckConstraint("state IN ('waiting', 'held')", name="work_state_known"),
        sa.PrimaryKeyConstraint("entry_id"),
    )
    op.create_index("work_next", "work", ["state", "entry_id"], unique=False)
