"""Upload links for outsiders, and what each sender has begun or sent."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make both tables, and the index by which a sender's quota is summed."""
    op.create_table(
        "upload_links",
        _text("id"),
        _text("secret"),
        _text("flow"),
        _text("label"),
        _text("patterns"),
        _number("most_files"),
        _number("most_bytes"),
        _text("made_by"),
        _text("made_at"),
        _text("expires_at"),
        _text("revoked_at", optional=True),
        sa.PrimaryKeyConstraint("id", name="pk_upload_links"),
        sa.UniqueConstraint("secret", name="uq_upload_links_secret"),
        sa.CheckConstraint("most_files > 0 AND most_bytes > 0", name=op.f("ck_upload_links_limits")),
    )
    op.create_table(
        "sent_uploads",
        _text("upload"),
        _text("owner"),
        _text("name"),
        _number("size_bytes"),
        _text("begun_at"),
        _text("delivery", optional=True),
        sa.PrimaryKeyConstraint("upload", name="pk_sent_uploads"),
        sa.CheckConstraint("size_bytes >= 0", name=op.f("ck_sent_uploads_size_bytes")),
        sa.ForeignKeyConstraint(["delivery"], ["deliveries.id"], name="fk_sent_uploads_delivery_deliveries"),
    )
    op.create_index("ix_sent_uploads_owner_begun_at", "sent_uploads", ["owner", "begun_at"])


def _text(name: str, *, optional: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=optional)


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), nullable=False)
