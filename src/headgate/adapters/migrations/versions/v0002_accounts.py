"""Accounts, their roles, sessions and links; deliveries by the time of landing, and events by type."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables of accounts, and two indexes."""
    op.create_table(
        "accounts",
        _text("id"),
        _text("name"),
        _text("password", optional=True),
        _text("made_at"),
        _text("disabled_at", optional=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        _text("locked_until", optional=True),
        sa.PrimaryKeyConstraint("id", name="pk_accounts"),
        sa.UniqueConstraint("name", name="uq_accounts_name"),
    )
    op.create_table(
        "grants",
        _text("account"),
        _text("role"),
        _text("flow"),
        sa.PrimaryKeyConstraint("account", "role", "flow", name="pk_grants"),
        sa.CheckConstraint(
            "role IN ('admin', 'analyst', 'auditor', 'operator', 'reviewer', 'uploader')",
            name=op.f("ck_grants_role"),
        ),
        _of_account("grants"),
    )
    op.create_table(
        "sessions",
        _text("id"),
        _text("account"),
        _text("csrf"),
        _text("made_at"),
        _text("seen_at"),
        _text("expires_at"),
        _text("agent"),
        sa.PrimaryKeyConstraint("id", name="pk_sessions"),
        _of_account("sessions"),
    )
    op.create_table(
        "links",
        _text("id"),
        _text("account"),
        _text("purpose"),
        _text("expires_at"),
        sa.PrimaryKeyConstraint("id", name="pk_links"),
        sa.CheckConstraint("purpose IN ('invite', 'reset', 'sign-in')", name=op.f("ck_links_purpose")),
        _of_account("links"),
    )
    op.create_index("ix_events_type_position", "events", ["type", "position"])
    op.create_index("ix_sessions_account", "sessions", ["account"])
    op.create_index("ix_deliveries_landed_at", "deliveries", ["landed_at"])


def _text(name: str, *, optional: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=optional)


def _of_account(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["account"], ["accounts.id"], name=f"fk_{table}_account_accounts")
