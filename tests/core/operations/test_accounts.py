"""Accounts: opened for a known customer under an IBAN of the device's own; frozen by anybody, freed by two."""

from __future__ import annotations

import pytest

from core.book.rows import DepositAccount, IbanBlock
from core.canonical import digest
from core.errors import IntegrityFault
from core.iban import make_iban
from core.operations import accounts, cash, customers, transfers
from tests.bank import BANK_CODE, BRANCH, BranchDay


def block_of(day: BranchDay, device: str) -> int:
    rows = day.bank.store.rows[IbanBlock].values()
    return next(row.first for row in rows if isinstance(row, IbanBlock) and row.device == device)


def opening(day: BranchDay, number: int, customer: str, block: int | None = None) -> list[str]:
    body = accounts.AccountOpened(
        customer=customer,
        product="current",
        currency="DKK",
        iban=make_iban("DK", BANK_CODE, number),
        block=block_of(day, "odense-1") if block is None else block,
    )
    return day.bank.findings(day.bank.draft(day.teller, body))


def test_an_account_number_comes_from_the_devices_own_block(day: BranchDay) -> None:
    customer, first = day.customer(), block_of(day, "odense-1")
    assert opening(day, first + 999, customer) == []
    assert opening(day, first + 1000, customer) == ["iban_not_leased"]
    day.bank.enrol("odense-2")
    other = block_of(day, "odense-2")
    assert opening(day, other, customer, other) == ["iban_not_leased"]


def test_money_that_came_before_its_account_keeps_its_currency(day: BranchDay) -> None:
    customer, block = day.customer(), block_of(day, "odense-1")
    body = accounts.AccountOpened(
        customer=customer, product="current", currency="DKK", iban=make_iban("DK", BANK_CODE, block), block=block
    )
    opened = day.bank.draft(day.teller, body)
    early = cash.CashDeposited(account=opened.operation.id, account_branch=BRANCH, currency="EUR", amount=10_00)
    day.bank.take(day.bank.draft(day.teller, early, drawer="kasse-1"))
    with pytest.raises(IntegrityFault, match="account_differs"):
        day.bank.findings(opened)


def test_no_iban_belongs_to_two_accounts(day: BranchDay) -> None:
    customer = day.customer()
    row = day.bank.book.get(DepositAccount, day.account(customer))
    assert row is not None
    assert opening(day, block_of(day, "odense-1"), customer) == ["iban_taken"]


def test_an_account_waits_for_the_identity_check(day: BranchDay) -> None:
    record = digest(b"names")
    stamp = customers.next_stamp("odense-1", day.bank.clock.now_ms(), None)
    body = customers.CustomerRegistered(fields=("given_name", "family_name", "born_on"), stamp=stamp, record=record)
    customer = day.bank.perform(day.teller, body).operation.id
    assert opening(day, block_of(day, "odense-1"), customer) == ["kyc_not_approved"]
    decided = customers.KycDecided(customer=customer, decision="approved", term=1, evidence=record)
    assert day.bank.findings(day.bank.draft(day.teller, decided)) == ["role_not_allowed"]
    day.bank.perform(day.supervisor, decided)
    assert opening(day, block_of(day, "odense-1"), customer) == []
    assert day.bank.findings(day.bank.draft(day.supervisor, decided)) == ["kyc_already_decided"]


def test_a_frozen_account_takes_money_in_and_gives_none_out(day: BranchDay) -> None:
    account = day.account()
    day.deposit(account, 500_00)
    day.bank.perform(day.teller, accounts.AccountFrozen(account=account, reason="lost-card"))
    day.deposit(account, 100)
    for body in (
        day.withdrawal(account, 100),
        transfers.TransferMade(account=account, payee_account=day.account(), currency="DKK", amount=100),
        transfers.TransferSent(account=account, route="partner", currency="DKK", amount=100, details="A" * 43),
    ):
        assert day.bank.findings(day.bank.draft(day.teller, body, drawer=day.drawer)) == ["account_frozen"]


def test_a_freeze_is_lifted_by_two_people_and_by_its_name(day: BranchDay) -> None:
    account = day.account()
    day.deposit(account, 500_00)
    freezes = [
        day.bank.perform(day.teller, accounts.AccountFrozen(account=account, reason="lost-card")).operation.id
        for _ in range(2)
    ]
    lift = accounts.FreezeLifted(account=account, freeze=freezes[0])
    assert day.bank.findings(day.bank.draft(day.teller, lift)) == ["approval_needed"]
    day.bank.perform(day.teller, lift, approver=day.supervisor)
    again = day.bank.draft(day.teller, lift, approver=day.supervisor)
    assert day.bank.findings(again) == ["freeze_already_lifted"]
    draft = day.bank.draft(day.teller, day.withdrawal(account, 100), drawer=day.drawer)
    assert day.bank.findings(draft) == ["account_frozen"]
    day.bank.perform(day.teller, accounts.FreezeLifted(account=account, freeze=freezes[1]), approver=day.supervisor)
    day.by_teller(day.withdrawal(account, 100))


def test_a_transfer_is_answered_once(day: BranchDay) -> None:
    account = day.account()
    day.deposit(account, 500_00)
    sent = transfers.TransferSent(account=account, route="partner", currency="DKK", amount=100, details="A" * 43)
    transfer = day.bank.perform(day.teller, sent).operation.id
    returned = transfers.TransferReturned(
        account=account, route="partner", transfer=transfer, currency="DKK", amount=100, reason="AC04"
    )
    settled = transfers.TransferSettled(transfer=transfer, currency="DKK", amount=100)
    wrong = transfers.TransferSettled(transfer=transfer, currency="DKK", amount=99)
    assert day.bank.findings(day.bank.draft_by_centre(wrong, BRANCH)) == ["transfer_differs"]
    day.bank.by_centre(returned, BRANCH)
    assert day.bank.findings(day.bank.draft_by_centre(settled, BRANCH)) == ["transfer_already_answered"]
    row = day.bank.book.get(DepositAccount, account)
    assert row is not None
    assert row.posted == 500_00
    assert day.bank.book.balance(BRANCH, "clearing:partners", "DKK") == 0
