"""Money between this bank and others: what goes out, what was credited elsewhere, and what came in once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, get_args

import msgspec

from core.book.rows import Transfer
from core.records import read_record
from sync_server.audit.reading import stream
from sync_server.audit.replay import Replay
from sync_server.database import Connection
from sync_server.partner_bank.messages import PaymentReport
from sync_server.store.values import PAYMENT_FINAL, PaymentState

_ON_THEIR_WAY = frozenset(get_args(PaymentState)) - PAYMENT_FINAL
_AT_ONCE = 1000


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
        if said != fixed or replay.payments.get(identifier, details) != details:
            replay.faults.add("payments", identifier, "payment_differs", "the money or whom it is for")
        elif not _ends_as(transfer, state, reason):
            replay.faults.add("payments", identifier, "payment_differs", f"{state}, not {transfer.state}")
    for identifier in sorted(replay.payments.keys() - seen):
        replay.faults.add("payments", identifier, "payment_missing")
    return count


def _ends_as(transfer: Transfer, state: str, reason: str | None) -> bool:
    """Whether the payment has the end that the transfer has, and is on its way where that has none."""
    if (transfer.route, state, transfer.state) == ("branch", "queued", "completed"):
        return True  # given back after a restore: the jobs look whether the other branch has its credit
    if transfer.state in PAYMENT_FINAL:
        return state == transfer.state and (state != "returned" or reason == transfer.reason)
    return state in _ON_THEIR_WAY


def compare_received(connection: Connection, replay: Replay) -> None:
    """What a restored centre keeps of transfers that were credited is what came back to it."""
    here = {str(row[0]) for row in connection.execute(b"SELECT transfer_id::text FROM received_transfers").fetchall()}
    for identifier in sorted(here - replay.received.keys()):
        replay.faults.add("received_transfers", identifier, "row_unexpected")
    for identifier in sorted(name for name, came_back in replay.received.items() if came_back and name not in here):
        replay.faults.add("received_transfers", identifier, "row_missing")


class _PaidIn(NamedTuple):
    content: str
    currency: str
    amount: int


def compare_inbound(connection: Connection, replay: Replay) -> None:
    """What a partner was told is credited is, once; what is credited stands here, so that it is not credited twice."""
    paid_in, erased = _paid_in(connection, replay)
    query = b"SELECT partner, end_to_end_id, content_digest, answer FROM inbound_payments"
    for partner, named, content, answer in stream(connection, "inbound", query):
        row = f"{partner} {named}"
        try:
            report = msgspec.json.decode(answer, type=PaymentReport)
        except msgspec.MsgspecError:
            replay.faults.add("inbound_payments", row, "inbound_differs", "the answer")
            continue
        credited = paid_in.pop((partner, named), None)
        said = _PaidIn(content, report.currency, report.amount) if report.status == "ACSC" else None
        if credited is None and said is None:
            continue
        if credited is None:
            if not erased:
                replay.faults.add("inbound_payments", row, "inbound_unexpected")
        elif credited != said or report.end_to_end_id != named:
            replay.faults.add("inbound_payments", row, "inbound_differs")
    for partner, named in sorted(paid_in):
        replay.faults.add("inbound_payments", f"{partner} {named}", "inbound_missing")


def _paid_in(connection: Connection, replay: Replay) -> tuple[dict[tuple[str, str], _PaidIn], int]:
    """By partner and end-to-end id what was credited, and how much of it can't be named: its record was erased."""
    found: dict[tuple[str, str], _PaidIn] = {}
    digests, erased = list(replay.paid_in), len(replay.paid_in)
    for first in range(0, len(digests), _AT_ONCE):
        for digest, data in _records(connection, digests[first : first + _AT_ONCE]):
            try:
                fields = read_record(data)
            except (msgspec.MsgspecError, ValueError):
                continue  # named where records are compared
            erased -= 1
            partner, named, content = (fields.get(name, "") for name in ("partner", "end_to_end_id", "content"))
            if partner and named and content:
                found[partner, named] = _PaidIn(content, *replay.paid_in[digest])
    return found, erased


def _records(connection: Connection, digests: Sequence[str]) -> list[tuple[str, bytes]]:
    rows = connection.execute(b"SELECT digest, data FROM records WHERE digest = ANY(%s)", (list(digests),))
    return [(digest, bytes(data)) for digest, data in rows]
