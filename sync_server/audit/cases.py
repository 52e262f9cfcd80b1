"""What waits for people: operations that are kept in quarantine, and cases, held against what the replay has seen."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from nacl.signing import VerifyKey

from core.book.rows import Bank, DeviceEpoch, Session
from core.canonical import from_base64url
from core.envelope import check_signature, read_operation
from core.errors import IntegrityFault
from core.operations import rules
from core.operations.cases import about_case
from core.operations.kind import Decoded
from core.operations.money import is_centres
from sync_server.audit.reading import stream
from sync_server.audit.replay import CaseDecision, ChainName, Replay
from sync_server.centre.forgotten import FORGOTTEN
from sync_server.centre.given_back import TWICE
from sync_server.database import Connection
from sync_server.ingest.keys import opened_key
from sync_server.ingest.quarantine import BEHIND

_KEPT = (
    b"SELECT device, epoch, hash, seq, jws, reason, received_at FROM quarantined_operations "
    b"ORDER BY device, epoch, seq, hash"
)
_CASES = (
    b"SELECT no, opened_at, code, device, epoch, operation_id::text, detail, state, decided_by::text FROM cases "
    b"ORDER BY no"
)
_BESIDE_VERDICTS = frozenset(
    {"record_missing", "payment_needs_person", "chain_forked", "echo_of_unknown_account", FORGOTTEN, TWICE}
)
"""Codes of cases that are about no verdict and nothing in quarantine. What is there stands in no operation."""

_AGAIN = frozenset({"payment_needs_person"})
"""Codes of cases that are opened once more after one of the same was closed."""


@dataclass(slots=True)
class Kept:
    """What is in quarantine: its chains, its operations by id, the records that they name, and the cases (code,
    operation and when) that keeping them opened.
    """

    chains: set[ChainName] = field(default_factory=set)
    operations: dict[str, ChainName] = field(default_factory=dict)
    cases: dict[tuple[str, str], str] = field(default_factory=dict)
    records: set[str] = field(default_factory=set)


def compare_quarantined(connection: Connection, replay: Replay) -> Kept:
    """What is kept in quarantine is well signed still, and follows on something that is here."""
    kept, stopped = Kept(), set[ChainName]()
    sessions: dict[tuple[str, int, str], str] = {}
    hashes: dict[ChainName, set[str | None]] = {}
    seqs: dict[ChainName, set[int]] = {}
    for device, epoch, hash_, seq, jws, reason, received_at in stream(connection, "quarantined", _KEPT):
        chain, named = (device, epoch), f"{device}/{epoch}/{seq} {hash_}"
        if reason != FORGOTTEN:
            kept.chains.add(chain)
        try:
            decoded = rules.decode(read_operation(jws))
            opened = opened_key(decoded)
            if opened is not None:
                sessions[device, epoch, opened[0]] = opened[1]
            check_signature(jws, VerifyKey(from_base64url(_kept_key(decoded, replay, sessions))))
        except IntegrityFault as fault:
            replay.faults.add("quarantined_operations", named, fault.code, fault.where)
            continue
        operation = decoded.operation
        if (operation.device, operation.epoch, operation.seq, decoded.signed.hash) != (*chain, seq, hash_):
            replay.faults.add("quarantined_operations", named, "quarantined_differs")
        known = hashes.setdefault(chain, set())
        # What a restored centre was given lies beyond what it forgot.
        lacking = operation.prev not in known and not _is_booked(connection, chain, seq - 1, operation.prev)
        if lacking and received_at < replay.restored_at:
            replay.faults.add("quarantined_operations", named, "quarantined_missing", operation.prev or "")
        known.add(decoded.signed.hash)
        seqs.setdefault(chain, set()).add(seq)
        kept.operations[operation.id] = chain
        kept.records.update(rules.records_named(decoded))
        # The centre's own words stop no chain, and have a case only where money was moved.
        if reason not in (BEHIND, FORGOTTEN):
            kept.cases[reason, operation.id] = received_at
            stopped.add(chain)
    _compare_reasons(replay, kept.chains - stopped)
    for chain, last in sorted(replay.late):
        if last not in seqs.get(chain, ()):
            replay.faults.add("quarantined_operations", f"{chain[0]}/{chain[1]}/{last}", "quarantined_missing")
    return kept


def _is_booked(connection: Connection, chain: ChainName, seq: int, hash_: str | None) -> bool:
    query = b"SELECT 1 FROM operations WHERE device = %s AND epoch = %s AND seq = %s AND hash = %s"
    return (hash_ is None and seq == 0) or connection.execute(query, (*chain, seq, hash_)).fetchone() is not None


def _compare_reasons(replay: Replay, unexplained: set[ChainName]) -> None:
    """A chain that the centre did not end was stopped by something that is kept with its reason."""
    for device, epoch in sorted(unexplained):
        row = replay.book.get(DeviceEpoch, device, epoch)
        if row is None or row.state == "living":
            replay.faults.add("quarantined_operations", f"{device}/{epoch}", "quarantined_differs", "reason")


def _kept_key(decoded: Decoded[Any], replay: Replay, sessions: dict[tuple[str, int, str], str]) -> str:
    operation, kid = decoded.operation, decoded.signed.kid
    bank = replay.book.get(Bank, "bank")
    if is_centres(operation) and bank is not None:
        return bank.centre_key
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


def compare_cases(connection: Connection, replay: Replay, kept: Kept) -> int:
    """Each exception of a verdict, and whatever stopped a chain, has its case, and no other has; answers how many."""
    count = 0
    stopping, seen = dict(kept.cases), set[tuple[str, ...]]()
    for no, *said, state, decided_by in stream(connection, "cases", _CASES):
        count += 1
        _compare_decision(replay, no, about_case(*said), state, decided_by)
        opened_at, code, device, epoch, operation, detail = said
        device, epoch, operation = device or "", epoch or 0, operation or ""
        case = (code, device, epoch, operation, detail, opened_at)
        if replay.cases[case] > 0:
            replay.cases[case] -= 1
            continue
        known = kept.operations.get(operation)
        expected = known == (device, epoch) if known is not None else code in _BESIDE_VERDICTS
        repeated = code not in _AGAIN and (code, operation, detail) in seen
        if not expected or repeated or stopping.pop((code, operation), opened_at) != opened_at:
            replay.faults.add("cases", f"no {no}", "case_unexpected", f"{code} about {operation}")
        seen.add((code, operation, detail))
    for (code, device, epoch, operation, _detail, _at), missing in sorted(replay.cases.items()):
        if missing > 0:
            replay.faults.add("cases", f"{code} about {operation} ({device}/{epoch})", "case_missing")
    for code, operation in sorted(stopping):
        replay.faults.add("cases", f"{code} about {operation}", "case_missing")
    for no in sorted(replay.decisions):
        replay.faults.add("cases", f"no {no}", "case_missing")
    return count


def _compare_decision(replay: Replay, no: int, about: str, state: str, decided_by: str | None) -> None:
    """What people have decided over a case stands in operations, and is about the case that is here."""
    decided = replay.decisions.pop(no, None)
    if decided is None:
        if (state, decided_by) != ("open", None):
            replay.faults.add("cases", f"no {no}", "case_decision_differs", f"{state}, and nobody says so")
    elif decided != CaseDecision(state, decided_by or "", about):
        replay.faults.add("cases", f"no {no}", "case_decision_differs", f"{state}, not {decided.state}")
