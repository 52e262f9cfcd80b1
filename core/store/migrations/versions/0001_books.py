"""The device's first schema: the rows of the book, the chains of operations and their postings, and sign-in.

Revision ID: 0001
"""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

BOOKS = """
CREATE TABLE bank (
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    country TEXT NOT NULL,
    bank_code TEXT NOT NULL,
    bic TEXT NOT NULL,
    currency TEXT NOT NULL,
    centre_key TEXT NOT NULL,
    PRIMARY KEY (code)
)
 WITHOUT ROWID;
CREATE TABLE branches (
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    address TEXT NOT NULL,
    currency TEXT NOT NULL,
    PRIMARY KEY (code)
)
 WITHOUT ROWID;
CREATE TABLE chains (
    no INTEGER NOT NULL,
    device TEXT NOT NULL,
    epoch BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    hash TEXT,
    PRIMARY KEY (no),
    UNIQUE (device, epoch)
);
CREATE TABLE customers (
    id TEXT NOT NULL,
    branch TEXT NOT NULL,
    registered_on TEXT NOT NULL,
    kyc TEXT NOT NULL,
    kyc_term BIGINT NOT NULL,
    kyc_keeper TEXT NOT NULL,
    kyc_decided_by TEXT,
    PRIMARY KEY (id)
)
 WITHOUT ROWID;
CREATE TABLE days (
    device TEXT NOT NULL,
    epoch BIGINT NOT NULL,
    business_date TEXT NOT NULL,
    branch TEXT NOT NULL,
    state TEXT NOT NULL,
    PRIMARY KEY (device, epoch, business_date)
)
 WITHOUT ROWID;
CREATE TABLE deposit_accounts (
    id TEXT NOT NULL,
    branch TEXT NOT NULL,
    currency TEXT NOT NULL,
    customer TEXT NOT NULL,
    product TEXT NOT NULL,
    iban TEXT NOT NULL,
    opened_on TEXT NOT NULL,
    state TEXT NOT NULL,
    posted BIGINT NOT NULL,
    rights BIGINT NOT NULL,
    overdraft_limit BIGINT NOT NULL,
    holds BIGINT NOT NULL,
    freezes BIGINT NOT NULL,
    granted BIGINT DEFAULT 0 NOT NULL,
    minted BIGINT DEFAULT 0 NOT NULL,
    used BIGINT DEFAULT 0 NOT NULL,
    returned BIGINT DEFAULT 0 NOT NULL,
    PRIMARY KEY (id)
)
 WITHOUT ROWID;
CREATE INDEX deposit_accounts_of_customer ON deposit_accounts (customer);
CREATE TABLE desk_keys (
    device TEXT NOT NULL,
    epoch BIGINT NOT NULL,
    founded_by TEXT NOT NULL,
    PRIMARY KEY (device, epoch)
)
 WITHOUT ROWID;
CREATE TABLE devices (
    device TEXT NOT NULL,
    epoch BIGINT NOT NULL,
    branch TEXT,
    purpose TEXT NOT NULL,
    kid TEXT NOT NULL,
    public_key TEXT NOT NULL,
    state TEXT NOT NULL,
    PRIMARY KEY (device, epoch)
)
 WITHOUT ROWID;
CREATE TABLE drawers (
    branch TEXT NOT NULL,
    drawer TEXT NOT NULL,
    currency TEXT NOT NULL,
    device TEXT NOT NULL,
    epoch BIGINT NOT NULL,
    person TEXT NOT NULL,
    state TEXT NOT NULL,
    business_date TEXT NOT NULL,
    opened_by TEXT NOT NULL,
    counted BIGINT,
    PRIMARY KEY (branch, drawer, currency)
)
 WITHOUT ROWID;
CREATE TABLE freezes (
    id TEXT NOT NULL,
    account TEXT NOT NULL,
    reason TEXT NOT NULL,
    lifted_by TEXT,
    PRIMARY KEY (id)
)
 WITHOUT ROWID;
CREATE TABLE head (
    no INTEGER NOT NULL,
    device TEXT NOT NULL,
    epoch BIGINT NOT NULL,
    branch TEXT NOT NULL,
    purpose TEXT NOT NULL,
    kid TEXT NOT NULL,
    centre_key TEXT NOT NULL,
    centre_url TEXT NOT NULL,
    acked_seq BIGINT NOT NULL,
    acked_no BIGINT NOT NULL,
    bank_position BIGINT NOT NULL,
    branch_position BIGINT NOT NULL,
    incarnation BIGINT NOT NULL,
    last_stamp TEXT,
    PRIMARY KEY (no)
);
CREATE TABLE iban_blocks (
    first BIGINT NOT NULL,
    last BIGINT NOT NULL,
    device TEXT NOT NULL,
    epoch BIGINT NOT NULL,
    PRIMARY KEY (first)
)
 WITHOUT ROWID;
CREATE TABLE ibans (
    iban TEXT NOT NULL,
    account TEXT NOT NULL,
    PRIMARY KEY (iban)
)
 WITHOUT ROWID;
CREATE TABLE last_steps (
    person TEXT NOT NULL,
    device TEXT NOT NULL,
    epoch BIGINT NOT NULL,
    step BIGINT NOT NULL,
    PRIMARY KEY (person, device, epoch)
)
 WITHOUT ROWID;
CREATE TABLE ledger_accounts (
    no INTEGER NOT NULL,
    branch TEXT NOT NULL,
    account TEXT NOT NULL,
    currency TEXT NOT NULL,
    PRIMARY KEY (no),
    UNIQUE (branch, account, currency)
);
CREATE TABLE people (
    person TEXT NOT NULL,
    name TEXT NOT NULL,
    sealed BLOB,
    last_totp_step BIGINT,
    failures INTEGER NOT NULL,
    last_failure_ms BIGINT NOT NULL,
    PRIMARY KEY (person)
)
 WITHOUT ROWID;
CREATE TABLE person_keys (
    person TEXT NOT NULL,
    kids TEXT NOT NULL,
    PRIMARY KEY (person)
)
 WITHOUT ROWID;
CREATE TABLE profile_values (
    customer TEXT NOT NULL,
    field TEXT NOT NULL,
    operation TEXT NOT NULL,
    stamp TEXT NOT NULL,
    record TEXT NOT NULL,
    PRIMARY KEY (customer, field, operation)
)
 WITHOUT ROWID;
CREATE TABLE records (
    digest TEXT NOT NULL,
    data BLOB NOT NULL,
    PRIMARY KEY (digest)
)
 WITHOUT ROWID;
CREATE TABLE reversals (
    reverses TEXT NOT NULL,
    reversed_by TEXT NOT NULL,
    PRIMARY KEY (reverses)
)
 WITHOUT ROWID;
CREATE TABLE rights (
    account TEXT NOT NULL,
    device TEXT NOT NULL,
    epoch BIGINT NOT NULL,
    granted BIGINT NOT NULL,
    minted BIGINT NOT NULL,
    used BIGINT NOT NULL,
    returned BIGINT NOT NULL,
    PRIMARY KEY (account, device, epoch)
)
 WITHOUT ROWID;
CREATE TABLE sessions (
    kid TEXT NOT NULL,
    device TEXT NOT NULL,
    epoch BIGINT NOT NULL,
    person TEXT NOT NULL,
    public_key TEXT NOT NULL,
    opened_seq BIGINT NOT NULL,
    opened_by TEXT NOT NULL,
    opened_hash TEXT NOT NULL,
    staff_key TEXT NOT NULL,
    ends_at TEXT NOT NULL,
    closed_seq BIGINT,
    PRIMARY KEY (kid)
)
 WITHOUT ROWID;
CREATE TABLE settings (
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (name)
)
 WITHOUT ROWID;
CREATE TABLE staff (
    code TEXT NOT NULL,
    branch TEXT NOT NULL,
    role TEXT NOT NULL,
    approval_limit BIGINT NOT NULL,
    currency TEXT NOT NULL,
    suspended BOOLEAN NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (code)
)
 WITHOUT ROWID;
CREATE TABLE staff_keys (
    kid TEXT NOT NULL,
    person TEXT NOT NULL,
    branch TEXT NOT NULL,
    device TEXT NOT NULL,
    epoch BIGINT NOT NULL,
    public_key TEXT NOT NULL,
    registered_by TEXT NOT NULL,
    registered_at TEXT NOT NULL,
    witness TEXT NOT NULL,
    ended_by TEXT,
    PRIMARY KEY (kid)
)
 WITHOUT ROWID;
CREATE TABLE transfers (
    id TEXT NOT NULL,
    branch TEXT NOT NULL,
    account TEXT NOT NULL,
    route TEXT NOT NULL,
    currency TEXT NOT NULL,
    amount BIGINT NOT NULL,
    state TEXT NOT NULL,
    reason TEXT,
    answered_by TEXT,
    PRIMARY KEY (id)
)
 WITHOUT ROWID;
CREATE TABLE operations (
    no INTEGER NOT NULL,
    chain INTEGER NOT NULL,
    seq BIGINT NOT NULL,
    id BLOB NOT NULL,
    kind TEXT NOT NULL,
    jws TEXT NOT NULL,
    PRIMARY KEY (no),
    FOREIGN KEY(chain) REFERENCES chains (no),
    UNIQUE (id)
);
CREATE TABLE postings (
    account INTEGER NOT NULL,
    operation INTEGER NOT NULL,
    line INTEGER NOT NULL,
    amount BIGINT NOT NULL,
    balance BIGINT NOT NULL,
    booked_on INTEGER NOT NULL,
    PRIMARY KEY (account, operation, line),
    FOREIGN KEY(account) REFERENCES ledger_accounts (no),
    FOREIGN KEY(operation) REFERENCES operations (no)
)
 WITHOUT ROWID;
CREATE TABLE verdicts (
    operation INTEGER NOT NULL,
    verdict TEXT NOT NULL,
    accounting_date TEXT,
    received_at TEXT NOT NULL,
    exceptions TEXT NOT NULL,
    PRIMARY KEY (operation),
    FOREIGN KEY(operation) REFERENCES operations (no)
);
"""


def upgrade() -> None:
    """Make the tables, in text that stays as it is when the program's tables move on."""
    for statement in BOOKS.split(";\n"):
        if statement.strip():
            op.execute(statement)
