"""A day at a bank over PostgreSQL that leaves something in every table of what an auditor looks at."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import msgspec

from core.clock import instant
from core.ledger import reversed_postings
from core.operations import rules
from core.operations.accounts import AccountFrozen
from core.operations.kind import Decoded
from core.operations.reversals import EntryReversed, lines
from core.operations.rights import RightsReturned
from core.operations.transfers import TransferReceived, TransferRequested
from sync_server.centre.cases import Decision, close_case, reopen_case
from sync_server.centre.checkpoints import make_checkpoint
from sync_server.centre.incarnations import begin_incarnation
from sync_server.centre.issue import issue
from sync_server.centre.terms import charge_fee, place_hold
from sync_server.centre.visits import lend_file
from sync_server.ingest.settle import settle_one
from sync_server.ingest.writing import write_settled
from sync_server.partner_bank.messages import Party, Payment
from sync_server.payments.inbound import take_payment
from sync_server.payments.partner_client import Asked, NotFound, Rejected, Settled, Submitted
from sync_server.payments.steps import Partner, PaymentDesk
from sync_server.store.postgres import PostgresDatabase
from tests.sync_server.branch import Branch, decide, late_run, settle_everything, write_off
from tests.sync_server.home_bank import HomeBank, SeededDesk

AT = "2026-11-20T09:00:00.000Z"
PARTNER_IBAN = "DK5000400440116243"
TO_CLOSED = 40_00


class _Forgotten(Exception):
    """What a backup was made before."""


class SettlesAtOnce:
    """A partner bank that has settled whatever it is sent, save for an account that is closed."""

    def submit(self, payment: Payment) -> Submitted:
        """Take it."""
        return Rejected("AC04", "closed") if payment.amount == TO_CLOSED else Settled(AT, AT)

    def ask(self, end_to_end_id: str) -> Asked:
        """It is never asked."""
        del end_to_end_id
        return NotFound()


def played_day(database: PostgresDatabase) -> HomeBank:
    """The bank, after a day, the loss and return of a desk, and a restore of the centre."""
    bank = HomeBank(database)
    desk, far, forked = bank.desk("nor-1", "nor"), bank.desk("syd-1", "syd"), bank.desk("syd-2", "syd")
    _at_the_counter(bank, desk)
    _money_in_and_out(bank, desk, far)
    _visit(bank, desk, far)
    _two_copies(bank, forked)
    _lost_and_found(bank, desk)
    _looked_into(bank)
    with database.transaction() as home:
        make_checkpoint(home, bank.centre)
    _restored(bank, far, _forgotten_credit(bank, far))
    return bank


def _at_the_counter(bank: HomeBank, desk: SeededDesk) -> None:
    account, other = desk.account(deposit=900_00), desk.account(deposit=100_00)
    undone = rules.decode(desk.make(desk.deposit(account, 5_00)))
    body = EntryReversed(
        reverses=undone.operation.id,
        reverses_hash=undone.signed.hash,
        postings=lines(reversed_postings(undone.postings)),
    )
    desk.make(body)
    desk.make(desk.withdrawal(other, 5_000_00))  # beyond everything: a fact, with cases
    desk.make(AccountFrozen(account=other, reason="lost-card"), at_drawer=False)
    desk.make(RightsReturned(account=account, currency="DKK", returned=400_00), at_drawer=False)
    bank.settle(desk)
    with bank.database.transaction() as home:
        place_hold(home, bank.centre, account, 50_00, "garnishment")
        charge_fee(home, bank.centre, account, 10_00, "monthly")


def _money_in_and_out(bank: HomeBank, desk: SeededDesk, far: SeededDesk) -> None:
    payee, account = far.account(deposit=10_00), desk.account(deposit=500_00)
    bank.settle(far)
    desk.make(desk.transfer(account, 20_00, far.iban_of[payee]))
    for amount in (30_00, TO_CLOSED):
        desk.make(desk.transfer(account, amount, PARTNER_IBAN, "partner"))
    bank.settle(desk)
    partner = Partner("skov", "SKOVDKKK", "0040", SettlesAtOnce())
    jobs = PaymentDesk(bank.database, bank.centre, [partner], "CFOLDKKK", bytes)
    for _ in range(8):
        jobs.step(lambda _stepped: None)
        bank.maker.clock.advance(61_000)
    paid_in = Payment(
        end_to_end_id="e2e-1",
        amount=10_00,
        currency="DKK",
        debtor=Party(name="Bo Fjord", iban="DK1"),
        debtor_agent="SKOVDKKK",
        creditor=Party(name="Ane Holm", iban=desk.iban_of[account]),
        creditor_agent="CFOLDKKK",
        remittance="Rent",
    )
    wrong = msgspec.structs.replace(paid_in, end_to_end_id="e2e-0", creditor_agent="OTHRDKKK")
    for payment in (wrong, paid_in):
        with bank.database.transaction() as home:
            take_payment(home, bank.centre, bank.maker.randomness, "skov", "CFOLDKKK", payment)


def _visit(bank: HomeBank, desk: SeededDesk, far: SeededDesk) -> None:
    account = desk.account(deposit=50_00)
    bank.settle(desk)
    device = bank.device(far)
    with bank.database.transaction() as home:
        lend_file(home, bank.centre, bank.maker.randomness, device, desk.iban_of[account])


def _two_copies(bank: HomeBank, forked: SeededDesk) -> None:
    account = forked.account(deposit=10_00)
    bank.settle(forked)
    other = forked.draft(forked.deposit(account, 1))
    forked.make(forked.deposit(account, 2))
    bank.settle(forked)
    bank.push(forked, [other])
    for amount in (3, 4):
        forked.make(forked.deposit(account, amount))
    bank.push(forked)


def _looked_into(bank: HomeBank) -> None:
    """Whatever can be closed is; one of them is opened again."""
    with bank.database.transaction() as home:
        numbers = [number for number in range(1, 20) if home.open_case(number) is not None]
        looked = Decision("nor-1-s", "asked the teller")
        refused = [close_case(home, bank.centre, bytes, number, looked) for number in numbers]
        assert (refused[0], refused[-1]) == (None, None)
        assert reopen_case(home, bank.centre, bytes, numbers[0], Decision("nor-1-s", "the customer says no")) is None


def _lost_and_found(bank: HomeBank, desk: SeededDesk) -> None:
    branch = Branch(bank, desk)
    branch.want(branch.two, 400_00)
    payee = branch.two.account()
    asked = TransferRequested(
        account=branch.account, route="own", payee_account=payee, currency="DKK", amount=300_00, details=None
    )
    branch.ask(branch.two, asked)
    settle_everything(branch)
    write_off(branch)
    settle_everything(branch)
    made, _ = late_run(branch)
    decide(branch, made, accept=True)
    settle_everything(branch)


def _forgotten_credit(bank: HomeBank, far: SeededDesk) -> Decoded[Any]:
    """What the centre said after its backup: a transfer between branches that it has credited."""
    one, two = far.account(deposit=9_00), bank.desk("nor-3", "nor")
    payee = two.account()
    bank.settle(two)
    transfer = far.make(far.transfer(one, 3_00, two.iban_of[payee])).operation.id
    bank.settle(far)
    said: list[Decoded[Any]] = []
    with suppress(_Forgotten), bank.database.transaction() as home:
        body = TransferReceived(account=payee, route="branch", transfer=transfer, currency="DKK", amount=3_00)
        said.append(issue(home, bank.centre, "nor", body).settled.decoded)
        raise _Forgotten
    return said[0]


def _restored(bank: HomeBank, far: SeededDesk, forgotten: Decoded[Any]) -> None:
    """The next life of the centre: it has back what it forgot, and one desk has reported."""
    with bank.database.transaction() as home:
        begin_incarnation(home, bank.centre)
    operation = forgotten.operation
    with bank.database.transaction() as home:
        book = home.book()
        back = settle_one(forgotten, book, instant(bank.maker.clock.now_ms()), stands=True)
        write_settled(home, [back], book, {})
        home.move_chain((operation.device, operation.epoch), operation.seq, forgotten.signed.hash)
        home.payments.note_received(forgotten.body.transfer)
        home.incarnations.report((far.chain.device, far.chain.epoch))
