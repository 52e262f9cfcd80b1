"""The tables beside the operations held against what the replay made of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from nacl.signing import VerifyKey

from core.book.columns import columns_of
from core.book.rows import ROWS, DeviceEpoch, LedgerBalance, Row, Session, Transfer
from core.canonical import from_base64url
from core.envelope import check_signature, read_operation
from core.errors import IntegrityFault
from core.operations import rules
from core.operations.kind import Decoded
from core.records import record_digest
from sync_server.audit.faults import Faults
from sync_server.audit.reading import StoredOperation, stream
from sync_server.audit.replay import ChainName, Replay
from sync_server.database import Connection
from sync_server.ingest.keys import opened_key
from sync_server.ingest.settle import ChainHead, Settled

Stored = Sequence[tuple[Any, ...]]
_FINAL = frozenset({"settled", "returned", "completed"})


def compare_postings(stored: StoredOperation, settled: Settled, rows: Stored, faults: Faults) -> None:
    """The postings of one operation: (line, branch, account, currency, amount)."""
    postings = settled.decoded.postings
    if rows == [(line, *posting) for line, posting in enumerate(postings)]:
        return
    here = {row[0]: tuple(row[1:]) for row in rows}
    made = {line: tuple(posting) for line, posting in enumerate(postings)}
    for line in sorted(here.keys() | made.keys()):
        row = f"{stored.named} line {line}"
        if line not in made:
            faults.add("postings", row, "posting_unexpected")
        elif line not in here:
            faults.add("postings", row, "posting_missing")
        elif here[line] != made[line]:
            faults.add("postings", row, "posting_differs", " ".join(map(str, made[line])))


def compare_feeds(stored: StoredOperation, settled: Settled, rows: Stored, faults: Faults) -> None:
    """The feeds in which one operation stands: (feed, position)."""
    if len(rows) == len(settled.feeds) and {row[0] for row in rows} == settled.feeds:
        return
    here = Counter(row[0] for row in rows)
    for feed in sorted(settled.feeds - here.keys()):
        faults.add("feed_items", f"{feed} {stored.named}", "feed_item_missing")
    for feed, position in rows:
        if feed not in settled.feeds or here[feed] > 1:
            faults.add("feed_items", f"{feed}/{position}", "feed_item_unexpected", stored.named)


def compare_rows(connection: Connection, replay: Replay) -> int:
    """Every row of state; answers how many there are."""
    count = 0
    for table in ROWS:
        made = replay.book.ledger() if table is LedgerBalance else replay.book.tables[table]
        count += _compare_table(connection, table, made, replay.faults)
    return count


def _compare_table(
    connection: Connection, table: type[Row], made: dict[tuple[object, ...], Row], faults: Faults
) -> int:
    count = 0
    names = ", ".join(column.name for column in columns_of(table))
    for values in stream(connection, "rows", f"SELECT {names} FROM {table.TABLE}".encode()):  # noqa: S608
        count += 1
        row = table(*values)
        key = tuple([getattr(row, name) for name in table.KEY])
        ours = made.pop(key, None)
        if ours == row or (ours is None and isinstance(row, LedgerBalance) and row.balance == 0):
            continue
        if ours is None:
            faults.add(table.TABLE, _key(key), "row_unexpected")
        else:
            differing = [name for name in table.__struct_fields__ if getattr(row, name) != getattr(ours, name)]
            said = "; ".join(f"{name} is {getattr(row, name)}, not {getattr(ours, name)}" for name in differing)
            faults.add(table.TABLE, _key(key), "row_differs", said)
    for key in sorted(made, key=repr):
        faults.add(table.TABLE, _key(key), "row_missing")
    return count


def _key(key: tuple[object, ...]) -> str:
    return "/".join(map(str, key))


def compare_chains(connection: Connection, replay: Replay, in_quarantine: set[ChainName]) -> int:
    """Every chain's head and state; answers how many chains there are."""
    devices = {(row.device, row.epoch): row for row in _devices(replay)}
    purposed = {name for name, row in devices.items() if row.purpose != "centre"}
    expected = {name: ChainHead(0, None) for name in purposed} | replay.heads
    count = 0
    for device, epoch, seq, hash_, state in stream(
        connection, "chains", b"SELECT device, epoch, seq, hash, state FROM chains"
    ):
        count += 1
        name = (device, epoch)
        head = expected.pop(name, None)
        if head is None and (name not in devices or seq):
            replay.faults.add("chains", f"{device}/{epoch}", "row_unexpected")
        elif head is not None and head != ChainHead(seq, hash_):
            replay.faults.add("chains", f"{device}/{epoch}", "head_differs", f"{seq}, not {head.seq}")
        ended = name in in_quarantine or (name in devices and devices[name].state != "living")
        if (state == "quarantined") is not ended:
            replay.faults.add("chains", f"{device}/{epoch}", "chain_state_differs", state)
    for device, epoch in sorted(expected):
        replay.faults.add("chains", f"{device}/{epoch}", "row_missing")
    _compare_ends(replay)
    return count


def _compare_ends(replay: Replay) -> None:
    """An epoch that was ended has the end that the centre said."""
    for (device, epoch), seq in sorted(replay.ends.items()):
        head = replay.heads.get((device, epoch), ChainHead(0, None))
        if head.seq != seq:
            replay.faults.add("chains", f"{device}/{epoch}", "chain_end_differs", f"{head.seq}, not {seq}")


def _devices(replay: Replay) -> list[DeviceEpoch]:
    return [row for row in replay.book.tables[DeviceEpoch].values() if isinstance(row, DeviceEpoch)]


def compare_quarantined(connection: Connection, replay: Replay) -> set[ChainName]:
    """What is kept in quarantine is well signed still; answers the chains that have any."""
    chains: set[ChainName] = set()
    sessions: dict[tuple[str, int, str], str] = {}
    query = b"SELECT device, epoch, hash, seq, jws FROM quarantined_operations ORDER BY device, epoch, seq, hash"
    for device, epoch, hash_, seq, jws in stream(connection, "quarantined", query):
        chains.add((device, epoch))
        try:
            decoded = rules.decode(read_operation(jws))
            opened = opened_key(decoded)
            if opened is not None:
                sessions[device, epoch, opened[0]] = opened[1]
            check_signature(jws, VerifyKey(from_base64url(_kept_key(decoded, replay, sessions))))
            operation = decoded.operation
            if (operation.device, operation.epoch, operation.seq, decoded.signed.hash) != (device, epoch, seq, hash_):
                replay.faults.add("quarantined_operations", f"{device}/{epoch}/{seq} {hash_}", "quarantined_differs")
        except IntegrityFault as fault:
            row = f"{device}/{epoch}/{seq} {hash_}"
            replay.faults.add("quarantined_operations", row, fault.code, fault.where)
    return chains


def _kept_key(decoded: Decoded[Any], replay: Replay, sessions: dict[tuple[str, int, str], str]) -> str:
    operation, kid = decoded.operation, decoded.signed.kid
    device = replay.book.get(DeviceEpoch, operation.device, operation.epoch)
    session = replay.book.get(Session, kid)
    if device is not None and device.kid == kid:
        return device.public_key
    if session is not None and (session.device, session.epoch) == (operation.device, operation.epoch):
        return session.public_key
    key = sessions.get((operation.device, operation.epoch, kid))
    if key is None:
        raise IntegrityFault("key_unknown", kid)
    return key


def compare_cases(connection: Connection, replay: Replay) -> int:
    """Each exception of a verdict has its case; answers how many cases there are."""
    count = 0
    query = (
        b"SELECT code, coalesce(device, ''), coalesce(epoch, 0), coalesce(operation_id::text, ''), detail FROM cases"
    )
    for code, device, epoch, operation, detail in stream(connection, "cases", query):
        count += 1
        replay.cases[code, device, epoch, operation, detail] -= 1
    for (code, device, epoch, operation, _detail), missing in sorted(replay.cases.items()):
        if missing > 0:
            replay.faults.add("cases", f"{code} about {operation} ({device}/{epoch})", "case_missing")
    return count


def compare_payments(connection: Connection, replay: Replay) -> int:
    """Each transfer has its payment, with the same money, payee's record and end; answers how many there are."""
    count, seen = 0, set()
    query = b"SELECT transfer_id::text, branch, account, route, currency, amount, details, state, reason FROM payments"
    for identifier, *said, details, state, reason in stream(connection, "payments", query):
        count += 1
        seen.add(identifier)
        transfer = replay.book.get(Transfer, identifier)
        if transfer is None:
            replay.faults.add("payments", identifier, "payment_unexpected")
            continue
        fixed = [transfer.branch, transfer.account, transfer.route, transfer.currency, transfer.amount]
        ended = transfer.state if transfer.state in _FINAL else None
        if said != fixed or replay.payments.get(identifier, details) != details:
            replay.faults.add("payments", identifier, "payment_differs", "the money or whom it is for")
        elif (transfer.route, state, ended) == ("branch", "queued", "completed"):
            continue  # given back after a restore: the jobs look whether the other branch has its credit
        elif (state if state in _FINAL else None) != ended or (ended == "returned" and reason != transfer.reason):
            replay.faults.add("payments", identifier, "payment_differs", f"{state}, not {transfer.state}")
    for identifier in sorted(replay.payments.keys() - seen):
        replay.faults.add("payments", identifier, "payment_missing")
    return count


def compare_records(connection: Connection, faults: Faults) -> int:
    """Each record is what its digest says; one may be missing, since records can be erased by law."""
    count = 0
    for digest, data in stream(connection, "records", b"SELECT digest, data FROM records"):
        count += 1
        if record_digest(bytes(data)) != digest:
            faults.add("records", digest, "record_differs")
    return count


def compare_enrolments(connection: Connection, replay: Replay) -> None:
    """The key that a person compared and trusted is the device's."""
    query = b"SELECT device, epoch, branch, public_key, fingerprint FROM enrolments WHERE state = 'trusted'"
    for device, epoch, branch, public_key, fingerprint in stream(connection, "enrolments", query):
        row = replay.book.get(DeviceEpoch, device, epoch)
        said = (branch, public_key, fingerprint)
        if row is None or (row.branch, row.public_key, row.kid) != said:
            replay.faults.add("enrolments", f"{device}/{epoch}", "enrolment_differs")
