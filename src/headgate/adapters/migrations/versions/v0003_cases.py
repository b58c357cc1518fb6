"""Cases, decisions on them, votes and comments."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables of cases."""
    op.create_table(
        "cases",
        *(_text(name) for name in ("id", "flow", "delivery", "kind", "rule", "code", "column")),
        *(_number(name) for name in ("row_count", "remaining")),
        *(_text(name) for name in ("contract", "state", "opened_at")),
        *(_text(name, optional=True) for name in ("due_at", "closed_at")),
        _text("note"),
        _text("assigned", optional=True),
        _number("asked"),
        sa.PrimaryKeyConstraint("id", name="pk_cases"),
        sa.CheckConstraint("kind IN ('delivery', 'drift', 'rows')", name=op.f("ck_cases_kind")),
        sa.CheckConstraint("state IN ('closed', 'open')", name=op.f("ck_cases_state")),
        sa.CheckConstraint("remaining >= 0 AND remaining <= row_count", name=op.f("ck_cases_remaining")),
        sa.ForeignKeyConstraint(["delivery"], ["deliveries.id"], name="fk_cases_delivery_deliveries"),
    )
    op.create_table(
        "decisions",
        _text("case_id"),
        _number("number"),
        *(_text(name) for name in ("act", "digest")),
        _number("row_count"),
        *(_text(name) for name in ("reason", "proposed_by", "editors")),
        _number("needed"),
        *(_text(name) for name in ("state", "proposed_at", "expires_at")),
        *(_text(name, optional=True) for name in ("due_at", "amendment")),
        _text("note"),
        sa.PrimaryKeyConstraint("case_id", "number", name="pk_decisions"),
        sa.CheckConstraint("act IN ('accept', 'correct', 'reject', 'release')", name=op.f("ck_decisions_act")),
        sa.CheckConstraint(
            "state IN ('decided', 'executed', 'proposed', 'void', 'withdrawn')", name=op.f("ck_decisions_state")
        ),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_decisions_case_id_cases"),
    )
    op.create_table(
        "votes",
        _text("case_id"),
        _number("number"),
        *(_text(name) for name in ("account", "digest", "at", "void")),
        sa.PrimaryKeyConstraint("case_id", "number", "account", "digest", name="pk_votes"),
        sa.ForeignKeyConstraint(
            ["case_id", "number"], ["decisions.case_id", "decisions.number"], name="fk_votes_case_id_decisions"
        ),
    )
    op.create_table(
        "comments",
        _text("case_id"),
        _number("number"),
        *(_text(name) for name in ("account", "at", "text")),
        _number("question"),
        sa.PrimaryKeyConstraint("case_id", "number", name="pk_comments"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_comments_case_id_cases"),
    )
    op.create_index("ix_cases_state_flow", "cases", ["state", "flow"])
    op.create_index("ix_cases_delivery", "cases", ["delivery"])
    op.create_index(
        "uq_decisions_under_way",
        "decisions",
        ["case_id"],
        unique=True,
        sqlite_where=sa.text("state IN ('decided', 'proposed')"),
    )


def _text(name: str, *, optional: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=optional)


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), nullable=False)
