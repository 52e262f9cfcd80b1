"""Two desks of one branch at a centre over any home, for what the centre carries further by itself."""

from __future__ import annotations

from core.book.rows import DepositAccount, Request
from core.envelope import Signed
from core.errors import Refusal
from core.operations.bank import StaffAdmitted
from core.operations.ended import DeviceWriteOffRequested, LateDecided
from core.operations.kind import Body
from core.operations.rights import RightsReturned
from core.records import make_record
from core.sync.messages import PushAnswer
from sync_server.centre.issue import issue
from sync_server.centre.rights import Grant, grant_rights
from sync_server.centre.standing_jobs import step
from sync_server.centre.write_offs import exposure_of
from tests.bank import SignedIn
from tests.sync_server.home_bank import HomeBank, SeededDesk


class Branch:
    """Two desks of one branch, and an account that the first of them opened."""

    def __init__(self, bank: HomeBank, one: SeededDesk) -> None:
        self.bank, self.one = bank, one
        self.two = self.bank.desk("nor-2", "nor")
        self.account = self.one.account(deposit=1_000_00)
        self.bank.settle(self.one)

    def row(self) -> DepositAccount:
        with self.bank.database.transaction() as home:
            row = home.book(locking=False).get(DepositAccount, self.account)
        assert row is not None
        return row

    def hand_back(self, desk: SeededDesk, amount: int) -> None:
        body = RightsReturned(account=self.account, currency="DKK", returned=amount)
        desk.make(body, at_drawer=False)
        self.bank.settle(desk)

    def want(self, desk: SeededDesk, least: int) -> Grant | Refusal:
        device = self.bank.device(desk)
        with self.bank.database.transaction() as home:
            return grant_rights(home, self.bank.centre, device, self.account, least=least, amount=least)

    def ask(self, desk: SeededDesk, body: Body, by_two: bool = False) -> str:
        """A request of the desk, settled; its id."""
        if by_two:
            decoded = self.bank.maker.draft(desk.supervisor, body, approver=self.second(desk))
            desk.chain.operations.append(decoded.signed)
            made = decoded.signed
        else:
            made = desk.make(body, at_drawer=False)
        self.bank.settle(desk)
        return made.operation.id

    def second(self, desk: SeededDesk) -> SignedIn:
        """A second supervisor at that desk."""
        person = f"{desk.chain.device}-b"
        digest, record = make_record({"name": "Bo"}, self.bank.maker.randomness)
        with self.bank.database.transaction() as home:
            body = StaffAdmitted(
                person=person,
                branch=desk.branch,
                role="supervisor",
                currency="DKK",
                approval_limit=0,
                record=digest,
            )
            issue(home, self.bank.centre, None, body, records={digest: record})
        self.bank.maker.join_desk(desk.chain, person, desk.supervisor.person)
        return self.bank.maker.sign_in(desk.chain, person)

    def step(self) -> bool:
        return step(self.bank.database, self.bank.centre)

    def request(self, identifier: str) -> Request:
        with self.bank.database.transaction() as home:
            row = home.book(locking=False).get(Request, identifier)
        assert row is not None
        return row


def write_off(branch: Branch) -> str:
    with branch.bank.database.transaction() as home:
        shown = exposure_of(home, "nor-1", 1)
    assert shown is not None
    body = DeviceWriteOffRequested(
        device="nor-1", epoch=1, head_seq=shown.head_seq, currency=shown.currency, exposure=shown.amount
    )
    return branch.ask(branch.two, body, by_two=True)


def settle_everything(branch: Branch) -> None:
    while branch.step():
        pass


def late_run(branch: Branch) -> tuple[list[Signed], PushAnswer]:
    """What the lost desk had done and never sent, sent once it was found again."""
    desk = branch.one
    made = [desk.make(desk.withdrawal(branch.account, 600_00)), desk.make(desk.deposit(branch.account, 50_00))]
    return made, branch.bank.push(desk)


def decide(branch: Branch, made: list[Signed], *, accept: bool) -> str:
    body = LateDecided(
        device="nor-1",
        epoch=1,
        first_seq=made[0].operation.seq,
        last_seq=made[-1].operation.seq,
        last_hash=made[-1].hash,
        accept=accept,
    )
    decoded = branch.bank.maker.draft(
        branch.two.supervisor, body, approver=branch.bank.maker.sign_in(branch.two.chain, "nor-2-b")
    )
    branch.two.chain.operations.append(decoded.signed)
    branch.bank.settle(branch.two)
    return decoded.operation.id
