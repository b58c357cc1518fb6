"""Tokens of accounts, their second factors, and who they are to a provider of OpenID Connect."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "tokens",
        _text("id"),
        _text("account"),
        _text("sha256"),
        _text("name"),
        _text("permissions"),
        _text("flow"),
        _text("made_at"),
        _text("expires_at"),
        _text("used_at", optional=True),
        sa.PrimaryKeyConstraint("id", name="pk_tokens"),
        sa.UniqueConstraint("sha256", name="uq_tokens_sha256"),
        _of_account("tokens"),
    )
    op.create_table(
        "identities",
        _text("issuer"),
        _text("subject"),
        _text("account"),
        sa.PrimaryKeyConstraint("issuer", "subject", name="pk_identities"),
        sa.UniqueConstraint("account", name="uq_identities_account"),
        _of_account("identities"),
    )
    op.create_table(
        "factors",
        _text("account"),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        _text("made_at"),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("account", name="pk_factors"),
        _of_account("factors"),
    )
    op.create_table(
        "recovery_codes",
        _text("account"),
        _text("sha256"),
        sa.PrimaryKeyConstraint("account", "sha256", name="pk_recovery_codes"),
        _of_account("recovery_codes"),
    )
    op.create_index("ix_tokens_account", "tokens", ["account"])


def _text(name: str, *, optional: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=optional)


def _of_account(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["account"], ["accounts.id"], name=f"fk_{table}_account_accounts")
