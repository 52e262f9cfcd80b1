"""What must hold of whatever is accepted: books balance, rights never turn into money, the same input ends the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from nacl.signing import SigningKey

from core.book import Book, DictStore
from core.book.rows import DepositAccount, Right
from core.envelope import check_signature, encode_body, read_operation, sign_operation
from core.errors import IntegrityFault
from core.ledger import deposit_id, imbalances
from core.operations import rules
from core.operations.kind import Decoded
from core.operations.money import is_centres
from core.operations.rights import payable_by
from core.rights import free, reserved
from sync_server.ingest.settle import ChainHead, Settlement, settle

RECEIVED_AT = "2026-11-20T22:00:00.000Z"


def take(store: DictStore, texts: Sequence[str], keys: dict[str, SigningKey], head: ChainHead) -> str:
    """Read, verify and settle a run as the centre does, twice; answers what became of its last operation.

    Raises `IntegrityFault` for what is refused, and AssertionError for what may never be.
    """
    run = [_read(text, keys) for text in texts]
    books = Book(store), Book(store)
    first, second = (settle(run, book, head, RECEIVED_AT) for book in books)
    assert _told(first) == _told(second), "two verdicts on one input"
    assert books[0].changes == books[1].changes, "two effects of one input"
    assert books[0].differences == books[1].differences, "two entries of one input"
    _stand(store, books[0], first)
    if first.fault is not None:
        return f"quarantined {first.fault.code}"
    last = first.settled[-1].verdict if first.settled else None
    return last.verdict if last is not None else "nothing"


def _read(text: str, keys: dict[str, SigningKey]) -> Decoded[Any]:
    signed = read_operation(text)
    key = keys.get(signed.kid)
    if key is None:
        raise IntegrityFault("key_unknown")
    check_signature(text, key.verify_key)
    decoded = rules.decode(signed)
    touched = list(rules.touches(decoded, with_balances=True))
    assert all(len(key) == len(table.KEY) for table, key in touched), "a key of another table"
    assert imbalances(decoded.postings) == {}, "an entry that does not balance"
    assert encode_body(decoded.body) == bytes(signed.operation.body), "a body of two spellings"
    if text.count(".") == 2:
        assert sign_operation(signed.operation, key, signed.kid).jws.split(".")[1] == text.split(".")[1], (
            "two spellings"
        )
    return decoded


def _told(settlement: Settlement) -> bytes:
    fault = settlement.fault.code if settlement.fault else None
    told = [[item.verdict, sorted(item.feeds)] for item in settlement.settled]
    return msgspec.json.encode([told, settlement.head.seq, settlement.head.hash, fault])


def _stand(store: DictStore, book: Book, settlement: Settlement) -> None:
    """The books after it, beside the books before it."""
    for item in settlement.settled:
        if is_centres(item.decoded.operation) and item.verdict.exceptions:
            # The centre never makes what its own check speaks against.
            return
    _conserved(store, book)
    _counted(store, book)
    excepted = any(item.verdict.exceptions for item in settlement.settled)
    for row in book.changes.get(DepositAccount, {}).values():
        assert isinstance(row, DepositAccount)
        before = _row(store, DepositAccount, row.id)
        was = free(before.posted, before.overdraft_limit, before.rights) if before else 0
        left = free(row.posted, row.overdraft_limit, row.rights)
        assert left >= min(0, was) or excepted, f"free fell to {left} and nobody is told"
    _no_free_money(store, book, settlement)


def _conserved(store: DictStore, book: Book) -> None:
    sums: dict[tuple[str, str], int] = {}
    for (branch, _, currency), amount in book.differences.items():
        sums[branch, currency] = sums.get((branch, currency), 0) + amount
    for row in book.changes.get(DepositAccount, {}).values():
        assert isinstance(row, DepositAccount)
        before = _row(store, DepositAccount, row.id)
        moved = row.posted - (before.posted if before else 0)
        if moved:
            sums[row.branch, row.currency] = sums.get((row.branch, row.currency), 0) - moved
    assert not any(sums.values()), f"money was made or lost: {sums}"


def _counted(store: DictStore, book: Book) -> None:
    """Counters only grow and never fall below zero; an account's sum of rights is that of its rows."""
    moved: dict[str, int] = {}
    for row in book.changes.get(Right, {}).values():
        assert isinstance(row, Right)
        before = _right_before(store, row)
        now = (row.granted, row.minted, row.used, row.returned)
        was = (before.granted, before.minted, before.used, before.returned)
        assert all(0 <= old <= new for old, new in zip(was, now, strict=True)), f"a counter went back: {was} {now}"
        moved[row.account] = moved.get(row.account, 0) + reserved(*now) - reserved(*was)
    for account, difference in moved.items():
        after = book.get(DepositAccount, account)
        if after is not None:
            before_it = _row(store, DepositAccount, account)
            assert after.rights - (before_it.rights if before_it else 0) == difference, "rights that nobody counts"


def _no_free_money(store: DictStore, book: Book, settlement: Settlement) -> None:
    """A device may pay out more only where money came in by its own hand, or the centre granted it."""
    credited: dict[str, int] = {}
    for item in settlement.settled:
        for posting in item.decoded.postings:
            account = deposit_id(posting.account)
            if account is not None and posting.amount < 0:
                credited[account] = credited.get(account, 0) - posting.amount
    for row in book.changes.get(Right, {}).values():
        assert isinstance(row, Right)
        before = _right_before(store, row)
        gained = payable_by(row) - payable_by(before) - (row.granted - before.granted)
        assert gained <= credited.get(row.account, 0), "rights without money"


def _row(store: DictStore, table: type[Any], *key: object) -> Any:
    return store.rows.get(table, {}).get(key)


def _right_before(store: DictStore, row: Right) -> Right:
    found = _row(store, Right, row.account, row.device, row.epoch)
    return found if isinstance(found, Right) else Right(row.account, row.device, row.epoch, 0, 0, 0, 0)
