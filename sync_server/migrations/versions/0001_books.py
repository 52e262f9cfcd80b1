"""The centre's first schema: books that only grow, the state that follows from them, and who may do what.

Revision ID: 0001
"""

from alembic import context, op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

APPEND_ONLY = ("operations", "postings", "feed_items", "quarantined_operations")

BOOKS = """
CREATE SEQUENCE operation_numbers;
CREATE TABLE chains (
    device text NOT NULL,
    epoch bigint NOT NULL,
    seq bigint NOT NULL,
    hash text,
    state text NOT NULL CHECK (state IN ('living', 'quarantined')),
    PRIMARY KEY (device, epoch)
);
CREATE TABLE operations (
    no bigint NOT NULL PRIMARY KEY,
    id uuid NOT NULL UNIQUE,
    device text NOT NULL,
    epoch bigint NOT NULL,
    seq bigint NOT NULL,
    hash text NOT NULL,
    kind text NOT NULL,
    business_date date,
    accounting_date date,
    received_at text NOT NULL,
    verdict text NOT NULL,
    exceptions text,
    stamp text,
    records text[],
    jws text NOT NULL,
    UNIQUE (device, epoch, seq)
);
CREATE TABLE postings (
    operation_no bigint NOT NULL,
    line smallint NOT NULL,
    branch text NOT NULL,
    account text NOT NULL,
    currency text NOT NULL,
    amount bigint NOT NULL,
    PRIMARY KEY (operation_no, line)
);
CREATE INDEX postings_by_account ON postings (account, operation_no);
CREATE TABLE feed_heads (
    feed text NOT NULL PRIMARY KEY,
    position bigint NOT NULL
);
CREATE TABLE feed_items (
    feed text NOT NULL,
    position bigint NOT NULL,
    operation_no bigint NOT NULL,
    PRIMARY KEY (feed, position)
);
CREATE TABLE quarantined_operations (
    device text NOT NULL,
    epoch bigint NOT NULL,
    hash text NOT NULL,
    seq bigint NOT NULL,
    reason text NOT NULL,
    received_at text NOT NULL,
    jws text NOT NULL,
    PRIMARY KEY (device, epoch, hash)
);
CREATE TABLE records (
    digest text NOT NULL PRIMARY KEY,
    data bytea NOT NULL
);
CREATE TABLE cases (
    no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    opened_at text NOT NULL,
    code text NOT NULL,
    device text,
    epoch bigint,
    operation_id uuid,
    detail text NOT NULL,
    state text NOT NULL DEFAULT 'open'
);
CREATE INDEX cases_open ON cases (device, epoch) WHERE state = 'open';
CREATE TABLE enrolments (
    code_digest text NOT NULL PRIMARY KEY,
    device text NOT NULL,
    epoch bigint NOT NULL,
    branch text NOT NULL,
    purpose text NOT NULL,
    expires_at text NOT NULL,
    public_key text UNIQUE,
    fingerprint text UNIQUE,
    state text NOT NULL DEFAULT 'issued' CHECK (state IN ('issued', 'waiting', 'trusted', 'refused')),
    UNIQUE (device, epoch)
);
CREATE TABLE credentials (
    person text NOT NULL PRIMARY KEY,
    name text NOT NULL,
    activation_digest text,
    activation_expires_at text,
    password_hash text,
    sealed_seed bytea,
    last_step bigint,
    failures bigint NOT NULL DEFAULT 0,
    last_failure_ms bigint NOT NULL DEFAULT 0
);
CREATE TABLE introductions (
    person text NOT NULL,
    device text NOT NULL,
    epoch bigint NOT NULL,
    token text NOT NULL,
    PRIMARY KEY (person, device, epoch)
);
CREATE TABLE payments (
    transfer_id uuid NOT NULL PRIMARY KEY,
    branch text NOT NULL,
    account text NOT NULL,
    route text NOT NULL,
    currency text NOT NULL,
    amount bigint NOT NULL,
    details text NOT NULL,
    partner text,
    state text NOT NULL CHECK (
        state IN ('queued', 'sent', 'unknown', 'accepted', 'settled', 'rejected', 'returned', 'completed')
    ),
    reason text,
    attempts bigint NOT NULL DEFAULT 0,
    next_attempt_ms bigint NOT NULL,
    updated_at text NOT NULL
);
CREATE INDEX payments_due ON payments (next_attempt_ms)
    WHERE state IN ('queued', 'sent', 'unknown', 'accepted', 'rejected');
CREATE TABLE inbound_payments (
    partner text NOT NULL,
    end_to_end_id text NOT NULL,
    content_digest text NOT NULL,
    answer text NOT NULL,
    PRIMARY KEY (partner, end_to_end_id)
);
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING
        ERRCODE = 'CF001', MESSAGE = 'what is booked is never changed or removed: ' || TG_TABLE_NAME;
END $$;
CREATE FUNCTION refuse_imbalance() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT 1 FROM inserted GROUP BY operation_no, branch, currency HAVING sum(amount) <> 0
    ) THEN
        RAISE EXCEPTION 'an entry does not balance' USING ERRCODE = 'CF002';
    END IF;
    IF EXISTS (
        SELECT 1 FROM (
            SELECT operation_no, min(line) AS first, max(line) AS last, count(*) AS lines
            FROM inserted GROUP BY operation_no
        ) entry LEFT JOIN public.operations o ON o.no = entry.operation_no
        WHERE first <> 0 OR lines <> last + 1 OR o.no IS NULL OR o.xmin <> CAST(pg_current_xact_id() AS xid)
    ) THEN
        RAISE EXCEPTION 'an entry is written whole, in one transaction with its operation' USING ERRCODE = 'CF003';
    END IF;
    RETURN NULL;
END $$;
-- Its plan is kept from when the tables were small: it must look operations up, never read them all.
ALTER FUNCTION refuse_imbalance() SET enable_seqscan = off;
ALTER FUNCTION refuse_imbalance() SET enable_hashjoin = off;
ALTER FUNCTION refuse_imbalance() SET enable_mergejoin = off;
CREATE TRIGGER balanced AFTER INSERT ON postings REFERENCING NEW TABLE AS inserted
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_imbalance();
CREATE TRIGGER only_onward BEFORE UPDATE ON chains FOR EACH ROW WHEN (
    (NEW.device, NEW.epoch) <> (OLD.device, OLD.epoch) OR NEW.seq < OLD.seq
    OR NEW.seq = OLD.seq AND NEW.hash IS DISTINCT FROM OLD.hash
    OR OLD.state = 'quarantined' AND NEW.state <> OLD.state
) EXECUTE FUNCTION refuse_change();
CREATE TRIGGER only_onward BEFORE UPDATE ON feed_heads FOR EACH ROW
    WHEN (NEW.feed <> OLD.feed OR NEW.position < OLD.position) EXECUTE FUNCTION refuse_change();
CREATE TRIGGER only_onward BEFORE UPDATE ON payments FOR EACH ROW WHEN (
    (NEW.transfer_id, NEW.account, NEW.currency, NEW.amount) <>
        (OLD.transfer_id, OLD.account, OLD.currency, OLD.amount)
    OR OLD.state IN ('settled', 'returned', 'completed') AND NEW.state <> OLD.state
) EXECUTE FUNCTION refuse_change();
CREATE TRIGGER trusted_stays BEFORE DELETE ON enrolments FOR EACH ROW
    WHEN (OLD.state = 'trusted') EXECUTE FUNCTION refuse_change();
"""

STATE = """
CREATE TABLE bank (
    code text NOT NULL,
    name text NOT NULL,
    country text NOT NULL,
    bank_code text NOT NULL,
    bic text NOT NULL,
    currency text NOT NULL,
    centre_key text NOT NULL,
    PRIMARY KEY (code)
);
CREATE TABLE branches (
    code text NOT NULL,
    name text NOT NULL,
    address text NOT NULL,
    currency text NOT NULL,
    PRIMARY KEY (code)
);
CREATE TABLE staff (
    code text NOT NULL,
    branch text NOT NULL,
    role text NOT NULL,
    approval_limit bigint NOT NULL,
    currency text NOT NULL,
    suspended boolean NOT NULL,
    name text NOT NULL,
    PRIMARY KEY (code)
);
CREATE TABLE staff_keys (
    kid text NOT NULL,
    person text NOT NULL,
    branch text NOT NULL,
    device text NOT NULL,
    epoch bigint NOT NULL,
    public_key text NOT NULL,
    registered_by text NOT NULL,
    registered_at text NOT NULL,
    witness text NOT NULL,
    ended_by text,
    PRIMARY KEY (kid)
);
CREATE TABLE person_keys (
    person text NOT NULL,
    kids text NOT NULL,
    PRIMARY KEY (person)
);
CREATE TABLE desk_keys (
    device text NOT NULL,
    epoch bigint NOT NULL,
    founded_by text NOT NULL,
    PRIMARY KEY (device, epoch)
);
CREATE TABLE last_steps (
    person text NOT NULL,
    device text NOT NULL,
    epoch bigint NOT NULL,
    step bigint NOT NULL,
    PRIMARY KEY (person, device, epoch)
);
CREATE TABLE devices (
    device text NOT NULL,
    epoch bigint NOT NULL,
    branch text,
    purpose text NOT NULL,
    kid text NOT NULL,
    public_key text NOT NULL,
    state text NOT NULL,
    PRIMARY KEY (device, epoch)
);
CREATE TABLE sessions (
    kid text NOT NULL,
    device text NOT NULL,
    epoch bigint NOT NULL,
    person text NOT NULL,
    public_key text NOT NULL,
    opened_seq bigint NOT NULL,
    opened_by text NOT NULL,
    opened_hash text NOT NULL,
    staff_key text NOT NULL,
    ends_at text NOT NULL,
    closed_seq bigint,
    PRIMARY KEY (kid)
);
CREATE TABLE customers (
    id text NOT NULL,
    branch text NOT NULL,
    registered_on text NOT NULL,
    kyc text NOT NULL,
    kyc_term bigint NOT NULL,
    kyc_keeper text NOT NULL,
    kyc_decided_by text,
    PRIMARY KEY (id)
);
CREATE TABLE profile_values (
    customer text NOT NULL,
    field text NOT NULL,
    operation text NOT NULL,
    stamp text NOT NULL,
    record text NOT NULL,
    PRIMARY KEY (customer, field, operation)
);
CREATE TABLE deposit_accounts (
    id text NOT NULL,
    branch text NOT NULL,
    currency text NOT NULL,
    customer text NOT NULL,
    product text NOT NULL,
    iban text NOT NULL,
    opened_on text NOT NULL,
    state text NOT NULL,
    posted bigint NOT NULL,
    rights bigint NOT NULL,
    overdraft_limit bigint NOT NULL,
    holds bigint NOT NULL,
    freezes bigint NOT NULL,
    PRIMARY KEY (id)
);
CREATE TABLE ibans (
    iban text NOT NULL,
    account text NOT NULL,
    PRIMARY KEY (iban)
);
CREATE TABLE rights (
    account text NOT NULL,
    device text NOT NULL,
    epoch bigint NOT NULL,
    granted bigint NOT NULL,
    minted bigint NOT NULL,
    used bigint NOT NULL,
    returned bigint NOT NULL,
    PRIMARY KEY (account, device, epoch)
);
CREATE TABLE freezes (
    id text NOT NULL,
    account text NOT NULL,
    reason text NOT NULL,
    lifted_by text,
    PRIMARY KEY (id)
);
CREATE TABLE drawers (
    branch text NOT NULL,
    drawer text NOT NULL,
    currency text NOT NULL,
    device text NOT NULL,
    epoch bigint NOT NULL,
    person text NOT NULL,
    state text NOT NULL,
    business_date text NOT NULL,
    opened_by text NOT NULL,
    counted bigint,
    PRIMARY KEY (branch, drawer, currency)
);
CREATE TABLE days (
    device text NOT NULL,
    epoch bigint NOT NULL,
    business_date text NOT NULL,
    branch text NOT NULL,
    state text NOT NULL,
    PRIMARY KEY (device, epoch, business_date)
);
CREATE TABLE iban_blocks (
    first bigint NOT NULL,
    last bigint NOT NULL,
    device text NOT NULL,
    epoch bigint NOT NULL,
    PRIMARY KEY (first)
);
CREATE TABLE reversals (
    reverses text NOT NULL,
    reversed_by text NOT NULL,
    PRIMARY KEY (reverses)
);
CREATE TABLE transfers (
    id text NOT NULL,
    branch text NOT NULL,
    account text NOT NULL,
    route text NOT NULL,
    currency text NOT NULL,
    amount bigint NOT NULL,
    state text NOT NULL,
    reason text,
    answered_by text,
    PRIMARY KEY (id)
);
CREATE TABLE ledger_balances (
    branch text NOT NULL,
    account text NOT NULL,
    currency text NOT NULL,
    balance bigint NOT NULL,
    PRIMARY KEY (branch, account, currency)
);
CREATE INDEX deposit_accounts_by_customer ON deposit_accounts (customer);
"""

NEVER_CHANGED = """
CREATE TRIGGER never_changed BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""


def upgrade() -> None:
    """Make the tables, the triggers that guard them, and give the application's role what it needs."""
    op.execute(BOOKS)
    op.execute(STATE)
    for table in APPEND_ONLY:
        op.execute(NEVER_CHANGED.format(table=table))
    role = context.config.attributes["application_role"]
    quoted = '"' + role.replace('"', '""') + '"'
    op.execute(f"GRANT USAGE ON SCHEMA public TO {quoted}")
    op.execute(f"GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA public TO {quoted}")
    # An invitation that nobody has taken up makes room for another.
    op.execute(f"GRANT DELETE ON enrolments TO {quoted}")
    op.execute(f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {quoted}")
    for table in APPEND_ONLY:
        op.execute(f"REVOKE UPDATE ON {table} FROM {quoted}")
    op.execute(f"REVOKE INSERT, UPDATE ON alembic_version FROM {quoted}")


def downgrade() -> None:
    """There is no way back: what is booked stays."""
    raise RuntimeError("the books are never taken down")
