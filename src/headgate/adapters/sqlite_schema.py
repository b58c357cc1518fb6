"""The ledger's tables, their constraints and triggers. The database itself refuses what must never happen."""

from __future__ import annotations

from collections.abc import Iterable

from headgate.adapters import sqlite_schema_alerts as alerts
from headgate.adapters.sqlite_triggers import triggers
from headgate.core.accounts import Purpose
from headgate.core.addressees import Why
from headgate.core.cases import Act, CaseKind, CaseState, DecisionState
from headgate.core.records import DeliveryKind, PublicationState
from headgate.core.roles import Role
from headgate.core.states import DeliveryState

HEAD = "0008"
"""The revision that this code reads and writes: the newest under `migrations/versions`."""

COUNTERS = ("landing", "event", "fence", "message")
"""Registers that must have no gap: one row each, raised in the transaction that uses the number."""


def _one_of(column: str, values: Iterable[str]) -> str:
    listed = ", ".join(f"'{value}'" for value in sorted(values))
    return f"{column} IN ({listed})"


# Word for word what the migrations give, names of constraints too, so that a new ledger looks like an upgraded one.
# Columns of JSON: form, reasons, held_for, parameters, facts; deliveries, changes (what is done to which table), moves
# (how each delivery stands afterwards), versions; summary.
_DELIVERIES = f"""CREATE TABLE deliveries (
    landing_number INTEGER NOT NULL, id TEXT NOT NULL, flow TEXT, kind TEXT NOT NULL, name TEXT NOT NULL,
    origin TEXT NOT NULL, sender TEXT NOT NULL, sha256 TEXT NOT NULL, size_bytes INTEGER NOT NULL, form TEXT NOT NULL,
    state TEXT NOT NULL, run TEXT NOT NULL, landed_at TEXT NOT NULL,
    received INTEGER, accepted INTEGER, held INTEGER, rejected INTEGER, duplicate INTEGER, warned INTEGER,
    reasons TEXT NOT NULL, held_for TEXT NOT NULL, released TEXT, note TEXT NOT NULL, publication INTEGER,
    contract TEXT, parameters TEXT NOT NULL, facts TEXT NOT NULL, tries INTEGER NOT NULL, superseded_by TEXT,
    claim TEXT,
    CONSTRAINT pk_deliveries PRIMARY KEY (landing_number),
    CONSTRAINT ck_deliveries_state CHECK ({_one_of("state", DeliveryState)}),
    CONSTRAINT ck_deliveries_kind CHECK ({_one_of("kind", DeliveryKind)}),
    CONSTRAINT ck_deliveries_counts_balance CHECK (received IS NULL OR (accepted >= 0 AND held >= 0 AND rejected >= 0
        AND duplicate >= 0 AND warned >= 0 AND accepted IS NOT NULL AND held IS NOT NULL AND rejected IS NOT NULL
        AND duplicate IS NOT NULL AND warned IS NOT NULL AND received = accepted + held + rejected + duplicate)),
    CONSTRAINT uq_deliveries_id UNIQUE (id)
)"""  # claim: key of the lease under which it is checked

_EVENTS = """CREATE TABLE events (
    position INTEGER NOT NULL, at TEXT NOT NULL, type TEXT NOT NULL, delivery TEXT, flow TEXT, leaf TEXT NOT NULL,
    CONSTRAINT pk_events PRIMARY KEY (position),
    CONSTRAINT ck_events_position CHECK (position >= 0),
    CONSTRAINT fk_events_delivery_deliveries FOREIGN KEY(delivery) REFERENCES deliveries (id)
)"""  # position: index of the leaf, from 0; leaf: canonical JSON, exactly the bytes that the tree covers

_PUBLICATIONS = f"""CREATE TABLE publications (
    flow TEXT NOT NULL, number INTEGER NOT NULL, epoch INTEGER NOT NULL, state TEXT NOT NULL, run TEXT NOT NULL,
    deliveries TEXT NOT NULL, changes TEXT NOT NULL, moves TEXT NOT NULL, versions TEXT NOT NULL,
    opened_at TEXT NOT NULL, done_at TEXT,
    CONSTRAINT pk_publications PRIMARY KEY (flow, number),
    CONSTRAINT ck_publications_state CHECK ({_one_of("state", PublicationState)}),
    CONSTRAINT ck_publications_done_at CHECK ((state = 'done') = (done_at IS NOT NULL))
)"""

TABLES = (
    "CREATE TABLE counters (name TEXT NOT NULL, value INTEGER NOT NULL, CONSTRAINT pk_counters PRIMARY KEY (name))",
    _DELIVERIES,
    _EVENTS,
    """CREATE TABLE tree_nodes (
        level INTEGER NOT NULL, position INTEGER NOT NULL, hash BLOB NOT NULL,
        CONSTRAINT pk_tree_nodes PRIMARY KEY (level, position),
        CONSTRAINT ck_tree_nodes_hash CHECK (length(hash) = 32)
    ) WITHOUT ROWID""",
    """CREATE TABLE checkpoints (
        size INTEGER NOT NULL, note TEXT NOT NULL, CONSTRAINT pk_checkpoints PRIMARY KEY (size)
    )""",
    # number: the fencing number; expires_at: seconds since 1970 by the database's clock
    """CREATE TABLE leases (
        "key" TEXT NOT NULL, owner TEXT NOT NULL, number INTEGER NOT NULL, expires_at DOUBLE NOT NULL,
        CONSTRAINT pk_leases PRIMARY KEY ("key"), CONSTRAINT uq_leases_number UNIQUE (number)
    )""",
    _PUBLICATIONS,
    """CREATE TABLE epochs (
        flow TEXT NOT NULL, number INTEGER NOT NULL, reason TEXT NOT NULL, begun_at TEXT NOT NULL,
        CONSTRAINT pk_epochs PRIMARY KEY (flow, number), CONSTRAINT ck_epochs_number CHECK (number > 1)
    )""",
    """CREATE TABLE contracts (
        flow TEXT NOT NULL, id TEXT NOT NULL, version TEXT NOT NULL, digest TEXT NOT NULL, text TEXT NOT NULL,
        registered_at TEXT NOT NULL, CONSTRAINT pk_contracts PRIMARY KEY (flow, id, version)
    )""",
    """CREATE TABLE parameters (
        flow TEXT NOT NULL, name TEXT NOT NULL, number INTEGER NOT NULL, value TEXT NOT NULL, set_by TEXT NOT NULL,
        reason TEXT NOT NULL, set_at TEXT NOT NULL, CONSTRAINT pk_parameters PRIMARY KEY (flow, name, number)
    )""",
    """CREATE TABLE runs (
        id TEXT NOT NULL, started_at TEXT NOT NULL, ended_at TEXT, summary TEXT NOT NULL,
        CONSTRAINT pk_runs PRIMARY KEY (id)
    )""",
    """CREATE TABLE receipts (
        delivery TEXT NOT NULL, number INTEGER NOT NULL, body TEXT NOT NULL, sha256 TEXT NOT NULL,
        event_index INTEGER NOT NULL,
        CONSTRAINT pk_receipts PRIMARY KEY (delivery, number),
        CONSTRAINT fk_receipts_delivery_deliveries FOREIGN KEY(delivery) REFERENCES deliveries (id),
        CONSTRAINT fk_receipts_event_index_events FOREIGN KEY(event_index) REFERENCES events (position)
    )""",
    # password: an argon2 hash; locked_until: after wrong passwords
    """CREATE TABLE accounts (
        id TEXT NOT NULL, name TEXT NOT NULL, password TEXT, made_at TEXT NOT NULL, disabled_at TEXT,
        failures INTEGER NOT NULL, locked_until TEXT,
        CONSTRAINT pk_accounts PRIMARY KEY (id), CONSTRAINT uq_accounts_name UNIQUE (name)
    )""",
    # flow: empty for all of them
    f"""CREATE TABLE grants (
        account TEXT NOT NULL, role TEXT NOT NULL, flow TEXT NOT NULL,
        CONSTRAINT pk_grants PRIMARY KEY (account, role, flow),
        CONSTRAINT ck_grants_role CHECK ({_one_of("role", Role)}),
        CONSTRAINT fk_grants_account_accounts FOREIGN KEY(account) REFERENCES accounts (id)
    )""",
    # id: the SHA-256 of what the cookie or the link holds
    """CREATE TABLE sessions (
        id TEXT NOT NULL, account TEXT NOT NULL, csrf TEXT NOT NULL, made_at TEXT NOT NULL, seen_at TEXT NOT NULL,
        expires_at TEXT NOT NULL, agent TEXT NOT NULL,
        CONSTRAINT pk_sessions PRIMARY KEY (id),
        CONSTRAINT fk_sessions_account_accounts FOREIGN KEY(account) REFERENCES accounts (id)
    )""",
    f"""CREATE TABLE links (
        id TEXT NOT NULL, account TEXT NOT NULL, purpose TEXT NOT NULL, expires_at TEXT NOT NULL,
        CONSTRAINT pk_links PRIMARY KEY (id),
        CONSTRAINT ck_links_purpose CHECK ({_one_of("purpose", Purpose)}),
        CONSTRAINT fk_links_account_accounts FOREIGN KEY(account) REFERENCES accounts (id)
    )""",
    # remaining: rows not yet decided and executed; contract: digest of the one that judged them
    f"""CREATE TABLE cases (
        id TEXT NOT NULL, flow TEXT NOT NULL, delivery TEXT, kind TEXT NOT NULL, rule TEXT NOT NULL,
        code TEXT NOT NULL, "column" TEXT NOT NULL, row_count INTEGER NOT NULL, remaining INTEGER NOT NULL,
        contract TEXT NOT NULL, state TEXT NOT NULL, opened_at TEXT NOT NULL, due_at TEXT, closed_at TEXT,
        note TEXT NOT NULL, assigned TEXT, asked INTEGER NOT NULL,
        CONSTRAINT pk_cases PRIMARY KEY (id),
        CONSTRAINT ck_cases_kind CHECK ({_one_of("kind", CaseKind)}),
        CONSTRAINT ck_cases_state CHECK ({_one_of("state", CaseState)}),
        CONSTRAINT ck_cases_remaining CHECK (remaining >= 0 AND remaining <= row_count),
        CONSTRAINT ck_cases_delivery CHECK ((delivery IS NULL) = (kind = 'change')),
        CONSTRAINT fk_cases_delivery_deliveries FOREIGN KEY(delivery) REFERENCES deliveries (id)
    )""",
    # digest: SHA-256 of the document in the vault; editors: JSON list of accounts
    f"""CREATE TABLE decisions (
        case_id TEXT NOT NULL, number INTEGER NOT NULL, act TEXT NOT NULL, digest TEXT NOT NULL,
        row_count INTEGER NOT NULL, reason TEXT NOT NULL, proposed_by TEXT NOT NULL, editors TEXT NOT NULL,
        needed INTEGER NOT NULL, state TEXT NOT NULL, proposed_at TEXT NOT NULL, expires_at TEXT NOT NULL,
        due_at TEXT, amendment TEXT, note TEXT NOT NULL,
        CONSTRAINT pk_decisions PRIMARY KEY (case_id, number),
        CONSTRAINT ck_decisions_act CHECK ({_one_of("act", Act)}),
        CONSTRAINT ck_decisions_state CHECK ({_one_of("state", DecisionState)}),
        CONSTRAINT fk_decisions_case_id_cases FOREIGN KEY(case_id) REFERENCES cases (id)
    )""",
    """CREATE TABLE votes (
        case_id TEXT NOT NULL, number INTEGER NOT NULL, account TEXT NOT NULL, digest TEXT NOT NULL, at TEXT NOT NULL,
        void TEXT NOT NULL,
        CONSTRAINT pk_votes PRIMARY KEY (case_id, number, account, digest),
        CONSTRAINT fk_votes_case_id_decisions FOREIGN KEY(case_id, number) REFERENCES decisions (case_id, number)
    )""",
    """CREATE TABLE comments (
        case_id TEXT NOT NULL, number INTEGER NOT NULL, account TEXT NOT NULL, at TEXT NOT NULL, text TEXT NOT NULL,
        question INTEGER NOT NULL,
        CONSTRAINT pk_comments PRIMARY KEY (case_id, number),
        CONSTRAINT fk_comments_case_id_cases FOREIGN KEY(case_id) REFERENCES cases (id)
    )""",
    # who: account or upload link; told_at: when its receivers were; done_at: answered, or seen
    f"""CREATE TABLE addressees (
        case_id TEXT NOT NULL, number INTEGER NOT NULL, who TEXT NOT NULL, why TEXT NOT NULL, told_at TEXT,
        done_at TEXT,
        CONSTRAINT pk_addressees PRIMARY KEY (case_id, number, who, why),
        CONSTRAINT ck_addressees_why CHECK ({_one_of("why", Why)}),
        CONSTRAINT fk_addressees_case_id_comments FOREIGN KEY(case_id, number) REFERENCES comments (case_id, number)
    )""",
    # sha256: of the token's text; permissions: words with a space between; flow: empty for all of the account's
    """CREATE TABLE tokens (
        id TEXT NOT NULL, account TEXT NOT NULL, sha256 TEXT NOT NULL, name TEXT NOT NULL, permissions TEXT NOT NULL,
        flow TEXT NOT NULL, made_at TEXT NOT NULL, expires_at TEXT NOT NULL, used_at TEXT,
        CONSTRAINT pk_tokens PRIMARY KEY (id), CONSTRAINT uq_tokens_sha256 UNIQUE (sha256),
        CONSTRAINT fk_tokens_account_accounts FOREIGN KEY(account) REFERENCES accounts (id)
    )""",
    # who somebody is to a provider of OpenID Connect
    """CREATE TABLE identities (
        issuer TEXT NOT NULL, subject TEXT NOT NULL, account TEXT NOT NULL,
        CONSTRAINT pk_identities PRIMARY KEY (issuer, subject), CONSTRAINT uq_identities_account UNIQUE (account),
        CONSTRAINT fk_identities_account_accounts FOREIGN KEY(account) REFERENCES accounts (id)
    )""",
    # secret: what an authenticator shares, sealed; step: the last that was used, so that no code counts twice
    """CREATE TABLE factors (
        account TEXT NOT NULL, secret BLOB NOT NULL, made_at TEXT NOT NULL, step INTEGER NOT NULL,
        CONSTRAINT pk_factors PRIMARY KEY (account),
        CONSTRAINT fk_factors_account_accounts FOREIGN KEY(account) REFERENCES accounts (id)
    )""",
    """CREATE TABLE recovery_codes (
        account TEXT NOT NULL, sha256 TEXT NOT NULL, CONSTRAINT pk_recovery_codes PRIMARY KEY (account, sha256),
        CONSTRAINT fk_recovery_codes_account_accounts FOREIGN KEY(account) REFERENCES accounts (id)
    )""",
    # secret: the SHA-256 of what stands in the address; patterns: JSON
    """CREATE TABLE upload_links (
        id TEXT NOT NULL, secret TEXT NOT NULL, flow TEXT NOT NULL, label TEXT NOT NULL, patterns TEXT NOT NULL,
        most_files INTEGER NOT NULL, most_bytes INTEGER NOT NULL, made_by TEXT NOT NULL, made_at TEXT NOT NULL,
        expires_at TEXT NOT NULL, revoked_at TEXT,
        CONSTRAINT pk_upload_links PRIMARY KEY (id), CONSTRAINT uq_upload_links_secret UNIQUE (secret),
        CONSTRAINT ck_upload_links_limits CHECK (most_files > 0 AND most_bytes > 0)
    )""",
    # owner: account or upload link; what limits count, and what a link's page shows
    """CREATE TABLE sent_uploads (
        upload TEXT NOT NULL, owner TEXT NOT NULL, name TEXT NOT NULL, size_bytes INTEGER NOT NULL,
        begun_at TEXT NOT NULL, delivery TEXT,
        CONSTRAINT pk_sent_uploads PRIMARY KEY (upload),
        CONSTRAINT ck_sent_uploads_size_bytes CHECK (size_bytes >= 0),
        CONSTRAINT fk_sent_uploads_delivery_deliveries FOREIGN KEY(delivery) REFERENCES deliveries (id)
    )""",
    *alerts.TABLES,
    """CREATE TABLE alembic_version (
        version_num VARCHAR(32) NOT NULL, CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
    )""",
)

INDEXES = (
    # within a state in landing order, so that the oldest that wait are found without sorting
    "CREATE INDEX ix_deliveries_state_landing_number ON deliveries (state, landing_number)",
    "CREATE INDEX ix_deliveries_sha256 ON deliveries (sha256)",
    "CREATE INDEX ix_deliveries_name ON deliveries (name)",
    "CREATE INDEX ix_deliveries_run ON deliveries (run)",
    "CREATE INDEX ix_deliveries_landed_at ON deliveries (landed_at)",
    "CREATE INDEX ix_deliveries_claim ON deliveries (claim) WHERE claim IS NOT NULL",
    "CREATE INDEX ix_events_type_position ON events (type, position)",
    "CREATE INDEX ix_events_delivery_type ON events (delivery, type)",
    "CREATE UNIQUE INDEX uq_publications_open ON publications (flow) WHERE state = 'open'",
    "CREATE INDEX ix_contracts_digest ON contracts (digest)",
    "CREATE INDEX ix_runs_started_at ON runs (started_at)",
    "CREATE INDEX ix_sessions_account ON sessions (account)",
    "CREATE INDEX ix_cases_state_flow ON cases (state, flow)",
    "CREATE INDEX ix_cases_delivery ON cases (delivery)",
    # of a case only one is under way, whoever proposes
    "CREATE UNIQUE INDEX uq_decisions_under_way ON decisions (case_id) WHERE state IN ('decided', 'proposed')",
    "CREATE INDEX ix_addressees_who ON addressees (who) WHERE done_at IS NULL",
    "CREATE INDEX ix_addressees_untold ON addressees (case_id) WHERE done_at IS NULL AND told_at IS NULL",
    "CREATE INDEX ix_tokens_account ON tokens (account)",
    *alerts.INDEXES,
    "CREATE INDEX ix_sent_uploads_owner_begun_at ON sent_uploads (owner, begun_at)",
)

SCHEMA = (
    *TABLES,
    *INDEXES,
    *triggers(),
    *(f"INSERT INTO counters VALUES ('{name}', 0)" for name in COUNTERS),
    f"INSERT INTO alembic_version VALUES ('{HEAD}')",
)
"""All statements that make a ledger out of an empty database, and mark it as being at HEAD."""
