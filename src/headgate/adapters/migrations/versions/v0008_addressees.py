"""To whom comments speak: senders that are asked, and accounts that are mentioned."""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """CREATE TABLE addressees (
        case_id TEXT NOT NULL, number INTEGER NOT NULL, who TEXT NOT NULL, why TEXT NOT NULL, told_at TEXT,
        done_at TEXT,
        CONSTRAINT pk_addressees PRIMARY KEY (case_id, number, who, why),
        CONSTRAINT ck_addressees_why CHECK (why IN ('asked', 'mentioned')),
        CONSTRAINT fk_addressees_case_id_comments FOREIGN KEY(case_id, number) REFERENCES comments (case_id, number)
    )""",
    "CREATE INDEX ix_addressees_who ON addressees (who) WHERE done_at IS NULL",
    "CREATE INDEX ix_addressees_untold ON addressees (case_id) WHERE done_at IS NULL AND told_at IS NULL",
    # A question that stands is put to whoever sent the delivery by an account or a link. No mail goes out for it: it is
    # not known when it was asked of them by other ways.
    """INSERT INTO addressees (case_id, number, who, why, told_at)
        SELECT case_id, number, who, 'asked', at FROM (
            SELECT m.case_id, max(m.number) AS number, m.at,
                coalesce(json_extract(d.facts, '$.upload_link'), json_extract(d.facts, '$.delivered_by')) AS who
            FROM cases c JOIN comments m ON m.case_id = c.id AND m.question = 1 JOIN deliveries d ON d.id = c.delivery
            WHERE c.asked = 1 GROUP BY m.case_id)
        WHERE who IS NOT NULL""",
)


def upgrade() -> None:
    """Make the table with its indexes, and enter the questions that stand."""
    for statement in _STATEMENTS:
        op.execute(statement)
