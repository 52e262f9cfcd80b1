"""Concurrent effects commute: whatever order operations of different chains arrive in, the books end alike."""

from __future__ import annotations

import itertools
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from core.book import Book, DictStore
from core.book.rows import (
    DepositAccount,
    Drawer,
    DrawerCode,
    Freeze,
    LedgerBalance,
    ProfileValue,
    Request,
    Right,
    Row,
)
from core.canonical import digest
from core.operations import accounts, customers, drawers, rules
from core.operations.kind import Decoded
from core.operations.requests import RequestDeclined
from core.operations.rights import RightsGranted
from core.operations.transfers import TransferReceived, TransferRequested
from tests.bank import BRANCH, BranchDay, open_branch
from tests.core.operations.test_drawers import other_desk

Rows = dict[type[Row], dict[tuple[object, ...], Row]]


def rows_after(day: BranchDay, later: list[Decoded[Any]], *tables: type[Row]) -> Rows:
    """The rows once the desk's history and then `later`, in that order, are applied."""
    store = DictStore()
    history = itertools.chain(day.bank.chains["centre", 1].operations, day.desk.operations)
    for decoded in itertools.chain(map(rules.decode, history), later):
        book = Book(store)
        rules.apply(decoded, book)
        store.write(book)
    return {table: store.rows.get(table, {}) for table in tables}


def test_a_freeze_and_its_lift_commute(day: BranchDay) -> None:
    account = day.account()
    frozen = day.bank.draft_by_centre(accounts.AccountFrozen(account=account, reason="court-order"), BRANCH)
    other = day.bank.draft_by_centre(accounts.AccountFrozen(account=account, reason="lost-card"), BRANCH)
    lifted = day.bank.draft_by_centre(accounts.FreezeLifted(account=account, freeze=frozen.operation.id), BRANCH)
    ends = [rows_after(day, list(order), DepositAccount) for order in itertools.permutations((frozen, other, lifted))]
    assert all(end == ends[0] for end in ends)
    row = ends[0][DepositAccount][(account,)]
    assert isinstance(row, DepositAccount)
    assert row.freezes == 1
    lifts = [rows_after(day, list(order), Freeze)[Freeze] for order in ((frozen, lifted), (lifted, frozen))]
    assert [freeze.lifted_by for end in lifts for freeze in end.values() if isinstance(freeze, Freeze)] == [
        lifted.operation.id
    ] * 2


def test_a_freeze_lifted_by_two_at_once_ends_alike(day: BranchDay) -> None:
    account = day.account()
    frozen = day.bank.draft_by_centre(accounts.AccountFrozen(account=account, reason="court-order"), BRANCH)
    lift = accounts.FreezeLifted(account=account, freeze=frozen.operation.id)
    lifts = [day.bank.draft_by_centre(lift, BRANCH) for _ in range(2)]
    ends = [rows_after(day, list(order), DepositAccount, Freeze) for order in itertools.permutations((frozen, *lifts))]
    assert all(end == ends[0] for end in ends)
    assert ends[0][DepositAccount][(account,)].freezes == 0  # type: ignore[attr-defined]


def test_an_answer_heard_of_before_its_request_is_its_answer(day: BranchDay) -> None:
    account, payee = day.account(), day.account()
    body = TransferRequested(
        account=account, route="own", payee_account=payee, currency="DKK", amount=5_00, details=None
    )
    asked = day.bank.draft(day.teller, body)
    said = day.bank.draft_by_centre(RequestDeclined(request=asked.operation.id, reason="AM04"), BRANCH)
    ends = [rows_after(day, list(order), Request)[Request] for order in itertools.permutations((asked, said))]
    assert ends[0] == ends[1]
    (row,) = ends[0].values()
    assert isinstance(row, Request)
    assert (row.kind, row.state, row.reason, row.decided_by) == (
        "transfer.requested",
        "declined",
        "AM04",
        said.operation.id,
    )


@settings(max_examples=30, deadline=None, derandomize=True)
@given(data=st.data())
def test_a_grant_repeated_or_reordered_is_harmless(data: st.DataObject) -> None:
    day = open_branch()
    account = day.account()
    day.deposit(account, 9_000_00)
    sums = data.draw(st.lists(st.integers(0, 5_000_00), min_size=1, max_size=4, unique=True))
    grants = [
        day.bank.draft_by_centre(
            RightsGranted(account=account, device="odense-1", epoch=1, currency="DKK", granted=granted), BRANCH
        )
        for granted in sums
    ]
    once = rows_after(day, sorted(grants, key=lambda grant: int(grant.body.granted)), Right, DepositAccount)
    again = data.draw(st.permutations([*grants, *grants]))
    assert rows_after(day, again, Right, DepositAccount) == once
    right = once[Right][(account, "odense-1", 1)]
    assert isinstance(right, Right)
    assert right.granted == max(sums)


@settings(max_examples=30, deadline=None, derandomize=True)
@given(data=st.data())
def test_the_newest_value_of_a_field_counts_in_any_order(data: st.DataObject) -> None:
    day = open_branch()
    customer = day.customer()
    fields = data.draw(st.lists(st.sampled_from(["street", "city"]), min_size=2, max_size=5))
    amendments = [
        day.bank.draft(
            day.teller,
            customers.CustomerAmended(
                customer=customer,
                fields=(name,),  # type: ignore[arg-type]
                stamp=f"{data.draw(st.integers(1, 3)):013d}-0000-odense-1",
                record=digest(str(number).encode()),
            ),
        )
        for number, name in enumerate(fields)
    ]
    straight = rows_after(day, amendments, ProfileValue)
    assert rows_after(day, data.draw(st.permutations(amendments)), ProfileValue) == straight
    values = [row for row in straight[ProfileValue].values() if isinstance(row, ProfileValue)]
    assert len(values) == len(amendments) + len(customers.REQUIRED_FIELDS)


def test_one_drawer_code_at_two_desks_ends_alike_in_any_order(day: BranchDay) -> None:
    teller = other_desk(day)
    opened = drawers.DrawerOpened(currency="DKK", amount=1_000_00)
    closed = drawers.DrawerClosed(currency="DKK", counts={}, counted=0, expected=0)
    here = [day.bank.draft(day.teller, body, drawer="kasse-9") for body in (opened, closed)]
    there = day.bank.draft(teller, opened, drawer="kasse-9")
    day.desk.operations += day.bank.chains["odense-2", 1].operations
    orders = [(here[0], here[1], there), (here[0], there, here[1]), (there, here[0], here[1])]
    ends = [rows_after(day, list(order), Drawer, DrawerCode, LedgerBalance) for order in orders]
    assert all(end == ends[0] for end in ends)
    code = ends[0][DrawerCode][BRANCH, "kasse-9", "DKK"]
    assert isinstance(code, DrawerCode)
    assert code.open_at == "odense-2/1"
    rows = (row for row in ends[0][Drawer].values() if isinstance(row, Drawer) and row.drawer == "kasse-9")
    assert {row.device: row.state for row in rows} == {"odense-1": "closed", "odense-2": "open"}


def test_a_hybrid_clock_only_goes_forward() -> None:
    stamps = [customers.next_stamp("odense-1", 5000, None)]
    for now_ms in (5000, 4000, 5001, 5001, 10):
        stamps.append(customers.next_stamp("odense-1", now_ms, stamps[-1]))
    assert stamps == sorted(set(stamps))


def test_an_account_opened_after_others_have_heard_of_it_ends_alike() -> None:
    day = open_branch()
    customer = day.customer()
    before = list(day.desk.operations)
    account = day.account(customer)
    opened = rules.decode(day.desk.operations[-1])
    day.desk.operations[:] = before
    credit = TransferReceived(account=account, route="partner", transfer=None, currency="DKK", amount=900_00)
    others = [
        day.bank.draft_by_centre(credit, BRANCH),
        day.bank.draft_by_centre(accounts.AccountFrozen(account=account, reason="court-order"), BRANCH),
    ]
    orders = itertools.permutations([opened, *others])
    ends = [rows_after(day, list(order), DepositAccount)[DepositAccount] for order in orders]
    assert all(end == ends[0] for end in ends)
    row = ends[0][(account,)]
    assert isinstance(row, DepositAccount)
    assert (row.state, row.posted, row.freezes, row.customer) == ("open", 900_00, 1, customer)
