"""What a person with every power over the database could do to one row: the statement, and what is to be named."""

from __future__ import annotations

_NAMED = {
    "A_DEPOSIT": "(SELECT no FROM operations WHERE kind = 'cash.deposited' ORDER BY no LIMIT 1)",
    "AN_ACCOUNT": "(SELECT id FROM deposit_accounts ORDER BY id LIMIT 1)",
    "LAST_NO": "(SELECT max(no) FROM operations)",
}


def statement_of(harm: str) -> str:
    """The statement that does it."""
    statement = HARM[harm][0]
    for name, query in _NAMED.items():
        statement = statement.replace(name, query)
    return statement


HARM: dict[str, tuple[str, str, str]] = {
    "a removed operation": ("DELETE FROM operations WHERE no = A_DEPOSIT", "operations", "seq_not_contiguous"),
    "a removed last operation": ("DELETE FROM operations WHERE no = LAST_NO", "chains", "head_differs"),
    "an inserted operation": (
        (
            "INSERT INTO operations SELECT no + 1000, gen_random_uuid(), device, epoch, seq + 1000, hash, kind, "
            "business_date, accounting_date, received_at, verdict, exceptions, stamp, records, jws FROM operations "
            "WHERE no = A_DEPOSIT"
        ),
        "operations",
        "seq_not_contiguous",
    ),
    "a changed text": (
        "UPDATE operations SET jws = overlay(jws placing 'AA' from length(jws) - 20) WHERE no = A_DEPOSIT",
        "operations",
        "jws_signature",
    ),
    "a changed hash": (
        "UPDATE operations SET hash = overlay(hash placing 'A' from 3) WHERE no = A_DEPOSIT",
        "operations",
        "hash_differs",
    ),
    "a changed date": (
        "UPDATE operations SET business_date = business_date - 1 WHERE no = A_DEPOSIT",
        "operations",
        "column_differs",
    ),
    "exceptions that are none": (
        "UPDATE operations SET exceptions = '{' WHERE no = A_DEPOSIT",
        "operations",
        "column_differs",
    ),
    "reordered operations": (
        (
            "UPDATE operations SET no = -seq WHERE device = 'nor-1' AND seq IN (3, 4); "
            "UPDATE operations SET no = (SELECT no FROM operations WHERE device = 'nor-1' AND seq = 2) + 5 + no "
            "WHERE device = 'nor-1' AND seq IN (3, 4)"
        ),
        "operations",
        "seq_not_contiguous",
    ),
    "a changed verdict": (
        "UPDATE operations SET verdict = 'applied', exceptions = NULL WHERE exceptions LIKE '%rights_exceeded%'",
        "operations",
        "verdict_differs",
    ),
    "another accounting date": (
        "UPDATE operations SET accounting_date = accounting_date + 1 WHERE no = A_DEPOSIT",
        "operations",
        "verdict_differs",
    ),
    "a changed posting": (
        "UPDATE postings SET amount = amount * 2 WHERE operation_no = A_DEPOSIT",
        "postings",
        "posting_differs",
    ),
    "a removed posting": (
        "DELETE FROM postings WHERE operation_no = A_DEPOSIT AND line = 1",
        "postings",
        "posting_missing",
    ),
    "a posting beside the entry": (
        (
            "INSERT INTO postings SELECT operation_no, 7, branch, account, currency, amount FROM postings "
            "WHERE operation_no = A_DEPOSIT AND line = 0"
        ),
        "postings",
        "posting_unexpected",
    ),
    "a posting of nobody": (
        "INSERT INTO postings VALUES (999999, 0, 'nor', 'vault', 'DKK', 5)",
        "postings",
        "posting_unexpected",
    ),
    "a removed feed item": (
        "DELETE FROM feed_items WHERE feed = 'nor' AND position = 5",
        "feed_items",
        "feed_item_missing",
    ),
    "a removed last feed item": (
        (
            "DELETE FROM feed_items i USING feed_heads h WHERE h.feed = i.feed AND h.position = i.position "
            "AND i.feed = 'nor'"
        ),
        "feed_heads",
        "feed_head_differs",
    ),
    "an inserted feed item": (
        (
            "INSERT INTO feed_items SELECT 'syd', position + 1, (SELECT min(no) FROM operations) FROM feed_heads "
            "WHERE feed = 'syd'"
        ),
        "feed_items",
        "feed_item_unexpected",
    ),
    "reordered feed items": (
        (
            "UPDATE feed_items i SET operation_no = j.operation_no FROM feed_items j WHERE i.feed = 'nor' "
            "AND j.feed = 'nor' AND i.position IN (11, 12) AND j.position = 23 - i.position"
        ),
        "feed_heads",
        "feed_hash_differs",
    ),
    "a feed's running hash": (
        "UPDATE feed_heads SET hash = overlay(hash placing 'A' from 3) WHERE feed = 'nor'",
        "feed_heads",
        "feed_hash_differs",
    ),
    "a feed's head": (
        "UPDATE feed_heads SET position = position + 1 WHERE feed = 'nor'",
        "feed_heads",
        "feed_head_differs",
    ),
    "a chain's head": ("UPDATE chains SET seq = seq + 1 WHERE device = 'nor-1'", "chains", "head_differs"),
    "a chain let out of quarantine": (
        "UPDATE chains SET state = 'living' WHERE device = 'syd-1'",
        "chains",
        "chain_state_differs",
    ),
    "a removed chain": ("DELETE FROM chains WHERE device = 'centre-nor'", "chains", "row_missing"),
    "what was kept in quarantine": (
        "UPDATE quarantined_operations SET jws = overlay(jws placing 'AA' from length(jws) - 20)",
        "quarantined_operations",
        "jws_signature",
    ),
    "a removed case": ("DELETE FROM cases WHERE code = 'rights_exceeded'", "cases", "case_missing"),
    "a case about something else": (
        "UPDATE cases SET code = 'day_not_open' WHERE code = 'rights_exceeded'",
        "cases",
        "case_missing",
    ),
    "whom a payment is for": ("UPDATE payments SET details = 'x'", "payments", "payment_differs"),
    "a removed payment": ("DELETE FROM payments", "payments", "payment_missing"),
    "a changed record": (
        "UPDATE records SET data = data || 'x' WHERE digest = (SELECT min(digest) FROM records)",
        "records",
        "record_differs",
    ),
    "another key for a device": (
        "UPDATE enrolments SET public_key = reverse(public_key) WHERE device = 'nor-1'",
        "enrolments",
        "enrolment_differs",
    ),
    "an account's balance": (
        "UPDATE deposit_accounts SET posted = posted + 1 WHERE id = AN_ACCOUNT",
        "deposit_accounts",
        "row_differs",
    ),
    "a device's rights": ("UPDATE rights SET granted = granted + 1", "rights", "row_differs"),
    "a removed account": ("DELETE FROM deposit_accounts WHERE id = AN_ACCOUNT", "deposit_accounts", "row_missing"),
    "a balance of the books": (
        "UPDATE ledger_balances SET balance = balance + 1 WHERE account = 'vault'",
        "ledger_balances",
        "row_differs",
    ),
    "a person's limit": ("UPDATE staff SET approval_limit = 1", "staff", "row_differs"),
    "a person's key": ("UPDATE staff_keys SET ended_by = NULL, person = 'x'", "staff_keys", "row_differs"),
    "a person of nobody": (
        "INSERT INTO staff VALUES ('eve', 'nor', 'supervisor', 1, 'DKK', false, 'x')",
        "staff",
        "row_unexpected",
    ),
    "a session": ("UPDATE sessions SET ends_at = '2999-01-01T00:00:00.000Z'", "sessions", "row_differs"),
    "a device's key": ("UPDATE devices SET kid = 'x' WHERE device = 'nor-1'", "devices", "row_differs"),
    "a transfer": ("UPDATE transfers SET state = 'returned'", "transfers", "row_differs"),
    "a drawer": ("UPDATE drawers SET person = 'x'", "drawers", "row_differs"),
    "a customer": ("UPDATE customers SET kyc = 'refused'", "customers", "row_differs"),
    "a profile's history": ("DELETE FROM profile_values", "profile_values", "row_missing"),
    "an account number": ("UPDATE ibans SET account = 'x'", "ibans", "row_differs"),
}
