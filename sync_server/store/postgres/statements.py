"""The longer statements of the centre's home in PostgreSQL."""

from __future__ import annotations

BEGIN_CHAIN = (
    b"INSERT INTO chains AS old (device, epoch, seq, hash, state) VALUES (%s, %s, 0, NULL, 'living') "
    b"ON CONFLICT (device, epoch) DO UPDATE SET seq = old.seq RETURNING seq, hash, state"
)
NOTE_HEARD = (
    b"INSERT INTO heard (device, epoch, heard_at) VALUES (%s, %s, %s) "
    b"ON CONFLICT (device, epoch) DO UPDATE SET heard_at = greatest(heard.heard_at, excluded.heard_at)"
)
KEY_OF = (
    b"SELECT public_key FROM devices WHERE device = %s AND epoch = %s AND kid = %s "
    b"UNION ALL SELECT public_key FROM sessions WHERE device = %s AND epoch = %s AND kid = %s"
)
OPERATIONS = (
    b"COPY operations (no, id, device, epoch, seq, hash, kind, business_date, accounting_date, received_at, verdict, "
    b"exceptions, stamp, records, jws) FROM STDIN"
)
POSTINGS = b"COPY postings (operation_no, line, branch, account, currency, amount) FROM STDIN"
VERDICTS = (
    b"SELECT seq, hash, verdict, accounting_date::text, received_at, exceptions, stamp FROM operations "
    b"WHERE device = %s AND epoch = %s AND seq BETWEEN %s AND %s ORDER BY seq"
)
KEEP_UNBOOKED = (
    b"INSERT INTO quarantined_operations (device, epoch, received_at, seq, hash, jws, reason) "
    b"SELECT %s, %s, %s, * FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[]) ON CONFLICT DO NOTHING"
)
RECORDS = (
    b"INSERT INTO records (digest, data) SELECT * FROM unnest(%s::text[], %s::bytea[]) ON CONFLICT (digest) DO NOTHING"
)
CASES = (
    b"INSERT INTO cases (opened_at, code, device, epoch, operation_id, detail) "
    b"SELECT * FROM unnest(%s::text[], %s::text[], %s::text[], %s::bigint[], %s::uuid[], %s::text[])"
)
CASE_ONCE = (
    b"INSERT INTO cases (opened_at, code, device, epoch, operation_id, detail) SELECT new.* FROM "
    b"(VALUES (%s::text, %s::text, %s::text, %s::bigint, %s::uuid, %s::text)) "
    b"AS new (opened_at, code, device, epoch, operation_id, detail) "
    b"WHERE NOT EXISTS (SELECT 1 FROM cases c WHERE c.operation_id = new.operation_id AND c.code = new.code "
    b"AND c.detail = new.detail AND c.state = 'open')"
)
CASE = (
    b"SELECT opened_at, code, device, epoch, operation_id::text, detail FROM cases "
    b"WHERE no = %s AND state = %s FOR UPDATE"
)
DECIDE_CASE = b"UPDATE cases SET state = %s, decided_by = %s WHERE no = %s AND state = %s"
ADVANCE_FEED = (
    b"INSERT INTO feed_heads AS old (feed, position) VALUES (%s, %s) "
    b"ON CONFLICT (feed) DO UPDATE SET position = old.position + excluded.position RETURNING position, hash"
)
PUT_FEED_HASHES = (
    b"UPDATE feed_heads h SET hash = new.hash FROM unnest(%s::text[], %s::text[]) AS new (feed, hash) "
    b"WHERE h.feed = new.feed"
)
NEWEST_OF_KIND = (
    b"SELECT o.jws FROM operations o JOIN chains c ON (c.device, c.epoch) = (o.device, o.epoch) "
    b"WHERE o.device = %s AND o.kind = %s ORDER BY o.epoch DESC, o.seq DESC LIMIT %s"
)
FEED_ITEMS = b"COPY feed_items (feed, position, operation_no) FROM STDIN"
FEED_ROWS = (
    b"SELECT i.position, o.jws, o.records, o.seq, o.hash, o.verdict, o.accounting_date::text, o.received_at, "
    b"o.exceptions, o.stamp FROM feed_items i JOIN operations o ON o.no = i.operation_no "
    b"WHERE i.feed = %s AND i.position > %s ORDER BY i.position LIMIT %s"
)
ACCOUNT_NUMBERS = (
    b"SELECT (SELECT coalesce(sum(last - first + 1), 0) FROM iban_blocks WHERE device = %s AND epoch = %s), "
    b"(SELECT count(*) FROM operations WHERE device = %s AND epoch = %s AND kind = 'account.opened')"
)
ENROLMENT = b"SELECT code_digest, device, epoch, branch, purpose, expires_at, public_key, state FROM enrolments "
INVITE = (
    b"INSERT INTO enrolments (code_digest, device, epoch, branch, purpose, expires_at, public_key, state) "
    b"VALUES (%s, %s, %s, %s, %s, %s, %s, %s)"
)
QUEUE_PAYMENTS = (
    b"INSERT INTO payments (transfer_id, branch, account, route, currency, amount, details, updated_at, state, "
    b"next_attempt_ms) SELECT transfer_id, branch, account, route, currency, amount, details, updated_at, state, "
    b"due FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::text[], %s::text[], %s::bigint[], %s::text[], "
    b"%s::text[], %s::bigint[], %s::text[]) "
    b"AS sent (transfer_id, branch, account, route, currency, amount, details, updated_at, due, state)"
)
CLAIM_PAYMENT = (
    b"UPDATE payments SET attempts = attempts + 1, next_attempt_ms = %s WHERE transfer_id = ("
    b"SELECT transfer_id FROM payments WHERE next_attempt_ms <= %s "
    b"AND state IN ('queued', 'sent', 'unknown', 'accepted', 'rejected') "
    b"ORDER BY next_attempt_ms LIMIT 1 FOR UPDATE SKIP LOCKED) "
    b"RETURNING transfer_id::text, branch, account, route, currency, amount, details, partner, state, reason, attempts"
)
UPDATE_PAYMENT = (
    b"UPDATE payments SET state = %s, reason = coalesce(%s, reason), partner = coalesce(%s, partner), "
    b"next_attempt_ms = %s, updated_at = %s WHERE transfer_id = %s AND attempts = %s AND NOT (state = ANY(%s))"
)
DOUBT_PAYMENTS = (
    b"UPDATE payments SET attempts = attempts + 1, updated_at = %s, "
    b"state = CASE WHEN route = 'partner' AND state = ANY(%s) THEN 'unknown' ELSE state END "
    b"WHERE NOT (state = ANY(%s))"
)
CONCLUDE_PAYMENT = (
    b"UPDATE payments SET state = %s, reason = coalesce(%s, reason), updated_at = %s "
    b"WHERE transfer_id = %s AND NOT (state = ANY(%s))"
)
HELD_PAYMENTS = (
    b"SELECT transfer_id::text, branch, currency, amount FROM payments WHERE next_attempt_ms = %s ORDER BY transfer_id"
)
TAKE_INBOUND = (
    b"INSERT INTO inbound_payments (partner, end_to_end_id, content_digest, answer) VALUES (%s, %s, %s, '') "
    b"ON CONFLICT DO NOTHING RETURNING true"
)
