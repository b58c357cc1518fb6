"""Cases without a delivery: changes of rules. SQLite alters no constraint, so both tables are written anew."""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

# Other tables refer to these by name; the connection of an upgrade does not enforce that while they are away.
_STATEMENTS = (
    "CREATE TEMP TABLE kept_cases AS SELECT * FROM cases",
    "CREATE TEMP TABLE kept_decisions AS SELECT * FROM decisions",
    "DROP TABLE decisions",
    "DROP TABLE cases",
    """CREATE TABLE cases (
        id TEXT NOT NULL, flow TEXT NOT NULL, delivery TEXT, kind TEXT NOT NULL, rule TEXT NOT NULL,
        code TEXT NOT NULL, "column" TEXT NOT NULL, row_count INTEGER NOT NULL, remaining INTEGER NOT NULL,
        contract TEXT NOT NULL, state TEXT NOT NULL, opened_at TEXT NOT NULL, due_at TEXT, closed_at TEXT,
        note TEXT NOT NULL, assigned TEXT, asked INTEGER NOT NULL,
        CONSTRAINT pk_cases PRIMARY KEY (id),
        CONSTRAINT ck_cases_kind CHECK (kind IN ('change', 'delivery', 'drift', 'rows')),
        CONSTRAINT ck_cases_state CHECK (state IN ('closed', 'open')),
        CONSTRAINT ck_cases_remaining CHECK (remaining >= 0 AND remaining <= row_count),
        CONSTRAINT ck_cases_delivery CHECK ((delivery IS NULL) = (kind = 'change')),
        CONSTRAINT fk_cases_delivery_deliveries FOREIGN KEY(delivery) REFERENCES deliveries (id)
    )""",
    """INSERT INTO cases SELECT id, flow, delivery, kind, rule, code, "column", row_count, remaining, contract, state,
        opened_at, due_at, closed_at, note, assigned, asked FROM kept_cases""",
    "CREATE INDEX ix_cases_state_flow ON cases (state, flow)",
    "CREATE INDEX ix_cases_delivery ON cases (delivery)",
    """CREATE TABLE decisions (
        case_id TEXT NOT NULL, number INTEGER NOT NULL, act TEXT NOT NULL, digest TEXT NOT NULL,
        row_count INTEGER NOT NULL, reason TEXT NOT NULL, proposed_by TEXT NOT NULL, editors TEXT NOT NULL,
        needed INTEGER NOT NULL, state TEXT NOT NULL, proposed_at TEXT NOT NULL, expires_at TEXT NOT NULL,
        due_at TEXT, amendment TEXT, note TEXT NOT NULL,
        CONSTRAINT pk_decisions PRIMARY KEY (case_id, number),
        CONSTRAINT ck_decisions_act CHECK (act IN ('accept', 'change', 'correct', 'reject', 'release')),
        CONSTRAINT ck_decisions_state CHECK (state IN ('decided', 'executed', 'proposed', 'void', 'withdrawn')),
        CONSTRAINT fk_decisions_case_id_cases FOREIGN KEY(case_id) REFERENCES cases (id)
    )""",
    """INSERT INTO decisions SELECT case_id, number, act, digest, row_count, reason, proposed_by, editors, needed,
        state, proposed_at, expires_at, due_at, amendment, note FROM kept_decisions""",
    "CREATE UNIQUE INDEX uq_decisions_under_way ON decisions (case_id) WHERE state IN ('decided', 'proposed')",
    "DROP TABLE kept_decisions",
    "DROP TABLE kept_cases",
)


def upgrade() -> None:
    """Make the tables anew with what they held."""
    for statement in _STATEMENTS:
        op.execute(statement)
