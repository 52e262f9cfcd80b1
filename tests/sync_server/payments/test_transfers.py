"""Transfers taken to their end by real servers: credited at the other branch, paid at the partner bank, or given back.

The partner bank is a program of its own, and goes wrong in the ways that lose money elsewhere.
"""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from core.envelope import read_operation
from core.iban import make_iban
from core.operations.transfers import Route
from sync_server.partner_bank.customers import seeded_customers
from sync_server.partner_bank.messages import end_to_end_id
from sync_server.partner_bank.settings import partner_bank_settings
from tests.bank import BANK_CODE
from tests.sync_server.centre_bank import CentreBank, Desk
from tests.sync_server.payments.conftest import TOKEN
from tests.sync_server.serving import Program, program

INBOUND_TOKEN = "fjord-0123456789-abcdef"
_SECONDS_MAX = 30.0


@pytest.fixture(scope="module")
def environment(centre_bank: CentreBank, bank: Program) -> dict[str, str]:
    """A server whose one partner is the partner bank."""
    return centre_bank.environment(
        PARTNERS="skov",
        PARTNER_SKOV_BIC="SKOVDKKK",
        PARTNER_SKOV_BANK_CODE="9570",
        PARTNER_SKOV_URL=bank.address,
        PARTNER_SKOV_TOKEN=TOKEN,
        PARTNER_SKOV_INBOUND_TOKEN=INBOUND_TOKEN,
    )


@pytest.fixture(scope="module")
def servers(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Program, Program]]:
    """Two server processes on one database, both at work on payments."""
    folder = tmp_path_factory.mktemp("servers")
    with ExitStack() as stack:
        one = stack.enter_context(program("server", environment, folder / "one"))
        yield one, stack.enter_context(program("server", environment, folder / "two"))


@pytest.fixture(scope="module")
def desks(centre_bank: CentreBank, servers: tuple[Program, Program]) -> tuple[Desk, Desk]:
    """A device in each of two branches."""
    made = centre_bank.desk("nor-1", "nor"), centre_bank.desk("syd-1", "syd")
    for desk in made:
        desk.settle(servers[0].address)
    return made


@pytest.fixture
def payee(bank_environment: dict[str, str]) -> str:
    """An IBAN of the partner bank's."""
    return seeded_customers(partner_bank_settings(bank_environment))[0].iban


def wait_for(condition: Callable[[], bool]) -> None:
    """Wait until it holds."""
    deadline = time.monotonic() + _SECONDS_MAX
    pause = threading.Event()
    while not condition():
        assert time.monotonic() < deadline, "it does not come about"
        pause.wait(0.05)


def state_of(bank: CentreBank, transfer: str) -> tuple[str, str | None]:
    """Where the payment stands, and the reason if it was refused."""
    rows = bank.rows("SELECT state, reason FROM payments WHERE transfer_id = %s", transfer)
    return rows[0] if rows else ("none", None)


def wait_state(bank: CentreBank, transfer: str, *states: str) -> None:
    wait_for(lambda: state_of(bank, transfer)[0] in states)


def answers_to(bank: CentreBank, transfer: str) -> list[str]:
    """The kinds of the centre's operations that answer a transfer, in order."""
    statement = "SELECT kind, jws FROM operations WHERE device LIKE 'centre-%%' ORDER BY no"
    found = [(kind, bytes(read_operation(jws).operation.body).decode()) for kind, jws in bank.rows(statement)]
    return [kind for kind, body in found if transfer in body]


def send(desk: Desk, address: str, account: str, amount: int, iban: str, route: Route) -> str:
    """Make a transfer and settle it; its id."""
    made = desk.make(desk.transfer(account, amount, iban, route))
    assert desk.settle(address)[-1].verdict == "applied"
    return made.operation.id


def test_transfers_between_branches_in_both_directions_at_once_arrive_once(
    centre_bank: CentreBank, servers: tuple[Program, Program], desks: tuple[Desk, Desk]
) -> None:
    nor, syd = desks
    accounts = nor.account(deposit=1000_00), syd.account(deposit=1000_00)
    nor.settle(servers[0].address)
    syd.settle(servers[1].address)
    made: list[str] = []
    for _ in range(20):
        there = nor.make(nor.transfer(accounts[0], 10_00, syd.iban_of[accounts[1]]))
        back = syd.make(syd.transfer(accounts[1], 7_00, nor.iban_of[accounts[0]]))
        made += [there.operation.id, back.operation.id]
    nor.settle(servers[0].address)
    syd.settle(servers[1].address)
    for transfer in made:
        wait_state(centre_bank, transfer, "completed", "returned")
    assert {state_of(centre_bank, transfer) for transfer in made} == {("completed", None)}
    assert centre_bank.balance(accounts[0]) == 1000_00 - 20 * 3_00
    assert centre_bank.balance(accounts[1]) == 1000_00 + 20 * 3_00
    assert all(
        answers_to(centre_bank, transfer) == ["transfer.received", "transfer.completed"] for transfer in made[:4]
    )
    clearing = "SELECT coalesce(sum(balance), 0) FROM ledger_balances WHERE account = 'clearing:branches'"
    assert centre_bank.rows(clearing) == [(0,)]
    states = [row for (row,) in centre_bank.rows("SELECT state FROM transfers WHERE id = ANY(%s)", made)]
    assert states == ["completed"] * 40


@pytest.mark.parametrize(("payee_iban", "reason"), [(make_iban("DK", BANK_CODE, 9_999_999), "AC01"), ("", "AC01")])
def test_what_can_not_be_credited_is_given_back_with_the_reason(
    centre_bank: CentreBank, servers: tuple[Program, Program], desks: tuple[Desk, Desk], payee_iban: str, reason: str
) -> None:
    account = desks[0].account(deposit=50_00)
    transfer = send(desks[0], servers[0].address, account, 20_00, payee_iban, "branch")
    wait_state(centre_bank, transfer, "returned")
    assert state_of(centre_bank, transfer) == ("returned", reason)
    assert answers_to(centre_bank, transfer) == ["transfer.returned"]
    assert centre_bank.balance(account) == 50_00


def test_a_closed_account_gives_back_too(
    centre_bank: CentreBank, servers: tuple[Program, Program], desks: tuple[Desk, Desk]
) -> None:
    account, closed = desks[0].account(deposit=50_00), desks[1].account()
    desks[1].settle(servers[0].address)
    with centre_bank.connection() as connection:
        connection.execute(b"UPDATE deposit_accounts SET state = 'closed' WHERE id = %s", (closed,))
    transfer = send(desks[0], servers[0].address, account, 20_00, desks[1].iban_of[closed], "branch")
    wait_state(centre_bank, transfer, "returned")
    assert state_of(centre_bank, transfer)[1] == "AC04"
    assert centre_bank.balance(account) == 50_00


def test_money_that_should_not_have_left_its_account_waits_for_a_person(
    centre_bank: CentreBank, servers: tuple[Program, Program], desks: tuple[Desk, Desk], payee: str
) -> None:
    poor, rich = desks[0].account(deposit=50_00), desks[0].account(deposit=500_00)
    beyond = desks[0].make(desks[0].transfer(poor, 80_00, payee, "partner"))
    within = desks[0].make(desks[0].transfer(rich, 80_00, make_iban("DK", BANK_CODE, 9_999_999)))
    verdicts = {verdict.hash: verdict.verdict for verdict in desks[0].settle(servers[0].address)}
    assert verdicts[beyond.hash] == "applied_with_exception"
    wait_state(centre_bank, within.operation.id, "returned")
    assert state_of(centre_bank, beyond.operation.id) == ("queued", None)
    with centre_bank.transaction() as home:
        assert [each.transfer_id for each in home.payments.held()] == [beyond.operation.id]
        assert home.payments.release(beyond.operation.id)
    wait_state(centre_bank, beyond.operation.id, "accepted", "settled")


def test_a_payment_to_the_partner_bank_settles(
    centre_bank: CentreBank,
    servers: tuple[Program, Program],
    desks: tuple[Desk, Desk],
    admin: httpx.Client,
    payee: str,
) -> None:
    account = desks[0].account(deposit=50_00)
    transfer = send(desks[0], servers[0].address, account, 20_00, payee, "partner")
    wait_state(centre_bank, transfer, "accepted")
    admin.post("/admin/settle")
    wait_state(centre_bank, transfer, "settled")
    assert booked_there(admin, transfer) == 1
    assert answers_to(centre_bank, transfer) == ["transfer.settled"]
    assert centre_bank.balance(account) == 30_00
    centre_bank.assert_conserved()


def test_a_rejected_payment_is_given_back_with_the_partners_reason(
    centre_bank: CentreBank, servers: tuple[Program, Program], desks: tuple[Desk, Desk], admin: httpx.Client
) -> None:
    closed = next(each["iban"] for each in admin.get("/admin/accounts").json() if each["status"] == "closed")
    account = desks[0].account(deposit=50_00)
    transfer = send(desks[0], servers[0].address, account, 20_00, closed, "partner")
    wait_state(centre_bank, transfer, "returned")
    assert state_of(centre_bank, transfer) == ("returned", "AC04")
    assert centre_bank.balance(account) == 50_00


def test_a_bank_that_is_no_partner_gives_back(
    centre_bank: CentreBank, servers: tuple[Program, Program], desks: tuple[Desk, Desk]
) -> None:
    account = desks[0].account(deposit=50_00)
    transfer = send(desks[0], servers[0].address, account, 20_00, make_iban("DK", "1234", 1), "partner")
    wait_state(centre_bank, transfer, "returned")
    assert state_of(centre_bank, transfer) == ("returned", "RC01")


@pytest.mark.parametrize("fault", ["error_before_booking", "error_after_booking", "cut_off", "garbled"])
def test_whatever_goes_wrong_at_the_partner_it_is_paid_once_and_not_given_back(
    centre_bank: CentreBank,
    servers: tuple[Program, Program],
    desks: tuple[Desk, Desk],
    admin: httpx.Client,
    switch: Callable[..., None],
    payee: str,
    fault: str,
) -> None:
    switch(fault)
    if fault == "cut_off":
        switch("error_before_booking", at="ask")
    account = desks[0].account(deposit=50_00)
    transfer = send(desks[0], servers[0].address, account, 20_00, payee, "partner")
    wait_state(centre_bank, transfer, "accepted", "settled")
    admin.post("/admin/settle")
    wait_state(centre_bank, transfer, "settled")
    assert booked_there(admin, transfer) == 1
    assert answers_to(centre_bank, transfer) == ["transfer.settled"]
    assert centre_bank.balance(account) == 30_00


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_a_server_killed_between_sending_and_hearing_asks_when_it_is_back(
    centre_bank: CentreBank,
    desks: tuple[Desk, Desk],
    servers: tuple[Program, Program],
    environment: dict[str, str],
    admin: httpx.Client,
    switch: Callable[..., None],
    payee: str,
    tmp_path: Path,
) -> None:
    """The partner has booked and says nothing; the server dies; the one that comes after pays nothing twice."""
    account = desks[0].account(deposit=50_00)
    desks[0].settle(servers[0].address)
    # Only the one to be killed works on.
    for each in servers:
        each.process.send_signal(signal.SIGSTOP)
    try:
        switch("silent_after_booking")
        with program("server", environment, tmp_path / "killed") as killed:
            transfer = send(desks[0], killed.address, account, 20_00, payee, "partner")
            wait_for(lambda: booked_there(admin, transfer) == 1)
            assert state_of(centre_bank, transfer) == ("sent", None)
            killed.process.kill()
            killed.process.wait()
    finally:
        for each in servers:
            each.process.send_signal(signal.SIGCONT)
    assert state_of(centre_bank, transfer) == ("sent", None)
    with centre_bank.connection() as connection:
        # What the killed one had claimed is left to it for a minute.
        connection.execute(b"UPDATE payments SET next_attempt_ms = 0 WHERE transfer_id = %s", (transfer,))
    wait_state(centre_bank, transfer, "accepted")
    admin.post("/admin/settle")
    wait_state(centre_bank, transfer, "settled")
    assert booked_there(admin, transfer) == 1
    assert centre_bank.balance(account) == 30_00


def booked_there(admin: httpx.Client, transfer: str) -> int:
    """How often the partner bank has booked it."""
    wanted, found, after = end_to_end_id(transfer), 0, 0
    while True:
        page: dict[str, Any] = admin.get("/payments", params={"after": after, "limit": 500}).json()
        found += sum(report["end_to_end_id"] == wanted for report in page["payments"])
        if page["next_after"] is None:
            return int(found)
        after = page["next_after"]
