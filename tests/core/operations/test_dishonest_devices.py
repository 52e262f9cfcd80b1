"""What one dishonest device signs stops nobody else, and gives nobody a power that is not theirs."""

from __future__ import annotations

import pytest

from core.book.rows import Iban, IbanBlock, StaffKey
from core.errors import IntegrityFault
from core.iban import make_iban
from core.operations import accounts, sessions
from core.operations.reversals import EntryReversed, Line
from core.people.keys import key_name, new_signing_key
from tests.bank import BANK_CODE, BranchDay


def test_a_branch_is_never_named_by_another_branchs_device(day: BranchDay) -> None:
    """Else it would enter that branch's feed (or the bank's), whose readers could not verify it."""
    mine = day.deposit(day.account(), 100_00)
    lines = (Line("bank", "vault", "DKK", 100), Line("bank", "over-short", "DKK", -100))
    body = EntryReversed(reverses=mine.operation.id, reverses_hash=mine.hash, postings=lines)
    with pytest.raises(IntegrityFault, match="branch_differs"):
        day.bank.findings(day.bank.draft(day.teller, body, approver=day.supervisor))


def test_an_account_is_frozen_only_where_it_is_kept(day: BranchDay) -> None:
    account = day.account()
    day.bank.found_branch("aarhus")
    desk = day.bank.enrol("aarhus-1", "aarhus")
    day.bank.admit("freja", branch="aarhus")
    day.bank.admit("karen", "supervisor", branch="aarhus")
    day.bank.found_desk(desk, "freja", "karen")
    freja = day.bank.sign_in(desk, "freja")
    with pytest.raises(IntegrityFault, match="branch_differs"):
        day.bank.findings(day.bank.draft(freja, accounts.AccountFrozen(account=account, reason="theft")))


def test_a_key_that_nobody_introduced_is_good_for_nothing(day: BranchDay) -> None:
    """A device alone can write a registration in the name of somebody who works elsewhere; it proves nothing."""
    evil = day.bank.enrol("odense-9")
    forged = {person: new_signing_key(day.bank.randomness) for person in ("jens", "mette")}
    body = sessions.StaffKeysRegistered(
        keys=(
            day.bank.registration(evil, "jens", forged["mette"], forged["jens"]),
            day.bank.registration(evil, "mette", forged["jens"], forged["mette"]),
        )
    )
    registered = day.bank.sign(evil, body, "device", evil.key)
    assert day.bank.take(registered) == ["introduction_missing", "introduction_missing"]
    for key in forged.values():
        row = day.bank.book.get(StaffKey, key_name(key))
        assert row is not None
        assert row.ended_by == registered.operation.id


def test_nobody_takes_a_number_from_another_desks_block(day: BranchDay) -> None:
    other = day.bank.enrol("odense-2")
    customer = day.customer()
    rows = (row for row in day.bank.store.rows[IbanBlock].values() if isinstance(row, IbanBlock))
    block = next(row.first for row in rows if row.device == other.device)
    iban = make_iban("DK", BANK_CODE, block)
    body = accounts.AccountOpened(customer=customer, product="current", currency="DKK", iban=iban, block=block)
    assert day.bank.take(day.bank.draft(day.teller, body)) == ["iban_not_leased"]
    assert day.bank.book.get(Iban, iban) is None
