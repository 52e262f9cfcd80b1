"""Visiting customers at a real centre: real desks of two branches, their files, and the line between."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from core.audit.device_file import check_device_file
from core.audit.report import Report
from core.audit.trust import Trust
from core.audit.verification import verify_chains
from core.audit.work import WorkReport, verify_work, write_work
from core.book.rows import LentFile, Right
from core.clock import SystemClock, instant
from core.device import Device, DeviceIdentity, Performed
from core.device.keys import DATABASE_KEY, device_key
from core.envelope import read_operation
from core.errors import CentreRefusal
from core.ids import system_randomness
from core.operations.accounts import AccountFrozen
from core.operations.cash import CashDeposited, CashWithdrawn
from core.operations.customers import CustomerAmended
from core.operations.ended import DeviceWriteOffRequested
from core.operations.kind import Body
from core.people.keys import key_name, public_text
from core.store.queries.accounts import account_by_iban, account_summary
from core.store.queries.books import entries, ledger
from core.store.queries.customers import customer_file, find_customers
from core.sync.loop import SyncLoop
from core.sync.transport import RequestSigner, Transport
from sync_server.audit import verify_database
from sync_server.centre.devices import revoke_device
from sync_server.centre.exporting import export
from sync_server.centre.rights import Grant
from sync_server.centre.standing_jobs import step
from sync_server.centre.visits import Visit, lend_file
from sync_server.centre.work import CentreWork
from sync_server.centre.write_offs import exposure_of
from sync_server.database import connection_pool
from sync_server.policies import VISIT_MS
from sync_server.store.memory import MemoryDatabase
from sync_server.store.postgres import PostgresDatabase
from tests.core.device.desk import MemorySecrets, entries_of
from tests.reliability.real_desk import AtCentre, RealDesk, real_desk
from tests.sync_server.branch import Branch, settle_everything
from tests.sync_server.centre_bank import CentreBank
from tests.sync_server.home_bank import HomeBank


@dataclass
class Town:
    """Two desks of `nor` and two of `syd`; a customer of `nor` with 900.00, of which no desk holds any rights."""

    bank: CentreBank
    home: RealDesk
    beside: RealDesk
    away: RealDesk
    other: RealDesk
    account: str
    iban: str

    @property
    def desks(self) -> tuple[RealDesk, ...]:
        """All of them."""
        return self.home, self.beside, self.away, self.other

    def sync(self, *desks: RealDesk) -> None:
        """Send and read everything."""
        for desk in desks or (*self.desks, *self.desks):
            state = desk.loop.step()
            assert state.all_sent, state

    def carry_on(self) -> None:
        """What the centre does by itself."""
        pool = connection_pool(self.bank.settings().database_url, 2)
        pool.open()
        try:
            while step(PostgresDatabase(pool), self.bank.centre):
                pass
        finally:
            pool.close()

    def withdrawal(self, amount: int) -> CashWithdrawn:
        """Cash out of the account, anywhere."""
        return CashWithdrawn(account=self.account, account_branch="nor", currency="DKK", amount=amount)

    def deposit(self, amount: int) -> CashDeposited:
        """Cash into the account, anywhere."""
        return CashDeposited(account=self.account, account_branch="nor", currency="DKK", amount=amount)

    def do(self, desk: RealDesk, body: Body) -> Performed:
        """Have the teller do it."""
        return desk.desk.perform(desk.teller, body)

    def posted(self, desk: RealDesk) -> int:
        """What the account holds, as far as that desk knows."""
        with desk.desk.device.reading() as connection:
            summary = account_summary(connection, self.account)
        assert summary is not None
        return summary.posted

    def lent(self) -> LentFile | None:
        """The loan as the desk sees it."""
        return self.away.desk.device.loan(self.account)

    def at_centre(self, what: str) -> int:
        """A figure of the account's."""
        return int(self.bank.rows(f"SELECT {what} FROM deposit_accounts WHERE id = %s", self.account)[0][0])  # noqa: S608

    def exceptions(self, made: Performed) -> list[str]:
        """What the centre found against it."""
        return self.bank.cases(made.id)


@pytest.fixture(scope="module")
def desks(bank: CentreBank, address: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[RealDesk]]:
    """Two desks of `nor` and two of `syd`, at work."""
    folder, port = tmp_path_factory.mktemp("desks"), urlsplit(address).port or 0
    with ExitStack() as stack:
        named = (("nor-1", "nor"), ("nor-2", "nor"), ("syd-1", "syd"), ("syd-2", "syd"))
        yield [stack.enter_context(real_desk(bank, folder, port, device, branch)) for device, branch in named]


@pytest.fixture
def town(bank: CentreBank, desks: list[RealDesk]) -> Town:
    account = desks[0].account(deposit=900_00)
    desks[0].desk.device.hand_back_surplus(0)
    with desks[0].desk.device.reading() as connection:
        summary = account_summary(connection, account)
    assert summary is not None
    home, beside, away, other = desks
    town = Town(bank, home, beside, away, other, account, summary.iban)
    town.sync()
    return town


def test_a_visiting_customer_is_served_and_both_branches_know_it(town: Town) -> None:
    away, device = town.away, town.away.desk.device
    assert away.loop.ask_for_file(town.iban) == town.account
    loan = town.lent()
    assert loan is not None
    assert (loan.branch, loan.visited) == ("nor", "syd")
    with device.reading() as connection:
        by_iban = account_by_iban(connection, town.iban)
        assert by_iban is not None
        file = customer_file(connection, by_iban.customer)
        found = find_customers(connection, "Ørsted")
    assert file is not None
    assert by_iban.customer in {hit.customer for hit in found.hits}
    assert (file.name, file.branch, by_iban.posted, by_iban.payable_here) == ("Søren Ørsted", "nor", 900_00, 0)

    assert away.loop.fetch_rights(town.account, 200_00, 300_00).payable_here == 300_00
    town.do(away, town.withdrawal(200_00))
    town.do(away, town.deposit(50_00))
    assert device.payable_here(town.account) == 100_00  # what was taken in there mints nothing
    town.sync()
    assert {town.posted(desk) for desk in town.desks} == {750_00}
    assert (town.at_centre("posted"), town.at_centre("rights")) == (750_00, 100_00)

    assert isinstance(device.give_back(town.account), Performed)
    town.sync()
    assert (town.at_centre("rights"), town.lent()) == (0, None)
    assert town.at_centre("length(lent_to)") == 0
    assert town.do(town.home, town.deposit(1_00)).signed.operation.branch == "nor"
    for one, two in ((town.home, town.beside), (town.away, town.other)):
        town.sync()
        assert entries_of(one.desk) == entries_of(two.desk)
    town.bank.assert_conserved()


def test_the_line_goes_down_during_a_visit(town: Town) -> None:
    """What was granted may be paid out until the loan ends, and what lies beyond waits for the line."""
    away = town.away
    away.loop.ask_for_file(town.iban)
    away.loop.fetch_rights(town.account, 300_00, 300_00)
    away.line.cut()
    assert not away.loop.step().online
    made = town.do(away, town.withdrawal(250_00))
    assert "rights_exceeded" in away.desk.refused(away.teller, town.withdrawal(100_00))
    away.line.mend()
    town.sync()
    assert town.exceptions(made) == []
    assert {town.posted(desk) for desk in town.desks} == {650_00}


def test_a_loan_ends_by_itself_and_gives_its_rights_back(
    town: Town, address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now_ms = SystemClock().now_ms()
    with real_desk(town.bank, tmp_path, urlsplit(address).port or 0, "syd-4", "syd") as alone:
        alone.loop.ask_for_file(town.iban)
        alone.loop.fetch_rights(town.account, 100_00, 100_00)
        alone.line.cut()
        with monkeypatch.context() as later:
            later.setattr(alone.desk.clock, "now_ms", lambda: now_ms + VISIT_MS + 60_000)
            assert "visit_ended" in alone.desk.refused(alone.teller, town.withdrawal(50_00))
            assert alone.desk.device.loan(town.account) is None
            assert alone.desk.device.give_back_what_is_over() == 1
            assert alone.desk.device.give_back_what_is_over() == 0
        alone.line.mend()
        town.sync(alone, *town.desks)
        assert (town.at_centre("rights"), town.at_centre("length(lent_to)")) == (0, 0)


def test_what_comes_late_of_a_loan_that_was_taken_back_is_booked_with_a_finding(town: Town) -> None:
    away = town.away
    away.loop.ask_for_file(town.iban)
    away.loop.fetch_rights(town.account, 300_00, 300_00)
    away.line.cut()
    assert not away.loop.step().online
    made = town.do(away, town.withdrawal(100_00))
    town.do(town.home, AccountFrozen(account=town.account, reason="lost-card"))
    town.sync(town.home)
    town.carry_on()
    assert town.at_centre("length(lent_to)") == 0
    # Who signs in there after the end is known to the keeping branch all the same.
    again = away.desk.sign_in(away.teller.person)
    late = away.desk.perform(again, town.withdrawal(50_00))
    away.line.mend()
    town.sync()
    found = ["visit_ended", "account_frozen"]
    assert [sorted(town.exceptions(each), reverse=True) for each in (made, late)] == [found] * 2
    assert {town.posted(desk) for desk in town.desks} == {750_00}
    assert (town.lent(), town.at_centre("rights")) == (None, 0)
    town.bank.assert_conserved()


@pytest.mark.parametrize("code", ["account_unknown", "visit_not_needed", "visit_refused"])
def test_a_file_that_can_not_be_lent_is_refused_with_the_reason(town: Town, code: str) -> None:
    iban, desk = town.iban, town.away
    if code == "account_unknown":
        iban = "DK5000400440116243"
    elif code == "visit_not_needed":
        desk = town.beside
    else:
        town.do(town.home, AccountFrozen(account=town.account, reason="lost-card"))
        town.sync(town.home)
    with pytest.raises(CentreRefusal) as refused:
        desk.loop.ask_for_file(iban)
    assert refused.value.code == code
    assert town.lent() is None


def test_a_file_that_another_desk_asks_for_leaves_the_first_one(town: Town) -> None:
    town.away.loop.ask_for_file(town.iban)
    town.away.loop.fetch_rights(town.account, 100_00, 100_00)
    town.other.loop.ask_for_file(town.iban)
    town.sync()
    assert town.lent() is None
    assert town.other.desk.device.loan(town.account) is not None
    assert (town.away.desk.device.payable_here(town.account), town.at_centre("rights")) == (0, 0)
    assert town.other.loop.fetch_rights(town.account, 900_00, 900_00).granted == 900_00


def test_a_visited_desk_that_is_revoked_holds_no_file(town: Town, address: str, tmp_path: Path) -> None:
    with real_desk(town.bank, tmp_path, urlsplit(address).port or 0, "syd-3", "syd") as lost:
        lost.loop.ask_for_file(town.iban)
        lost.loop.fetch_rights(town.account, 100_00, 100_00)
        with town.bank.transaction() as home:
            revoke_device(home, town.bank.centre, "syd-3", 1)
        town.carry_on()
        town.sync()
        assert town.at_centre("length(lent_to)") == 0
        # What it holds stays aside until it reports or is written off.
        assert town.at_centre("rights") == 100_00
        with pytest.raises(CentreRefusal):
            lost.loop.ask_for_file(town.iban)


def test_everything_else_is_done_where_the_account_is_kept(town: Town) -> None:
    town.away.loop.ask_for_file(town.iban)
    with town.away.desk.device.reading() as connection:
        summary = account_summary(connection, town.account)
    assert summary is not None
    for body in (
        AccountFrozen(account=town.account, reason="lost-card"),
        CustomerAmended(customer=summary.customer, fields=("city",), stamp="1" * 13 + "-0000-x", record="A" * 43),
    ):
        assert town.away.desk.refused(town.away.teller, body) == ["branch_differs"]


@contextmanager
def newcomer(town: Town, address: str, folder: Path, device: str, branch: str) -> Iterator[Device]:
    """A device that starts from a snapshot of the branch."""
    secrets, clock = MemorySecrets(), SystemClock()
    key = device_key(secrets, system_randomness)
    AtCentre(town.bank, branch).enrol(device, branch, public_text(key))
    centre_key = public_text(town.bank.keys.signing)
    identity = DeviceIdentity(device, 1, branch, "desktop", key_name(key), centre_key, address)
    line = Transport(address, clock, RequestSigner(device, 1, key))
    with line.snapshot() as lines:
        made = Device.create_from_snapshot(folder / device, secrets, clock, identity=identity, lines=lines)
    try:
        yield made
    finally:
        line.close()
        made.close()


def test_a_device_that_starts_during_a_visit_verifies_what_follows(town: Town, address: str, tmp_path: Path) -> None:
    away = town.away
    away.loop.ask_for_file(town.iban)
    away.loop.fetch_rights(town.account, 300_00, 300_00)
    town.do(away, town.withdrawal(50_00))
    town.sync()
    with (
        newcomer(town, address, tmp_path, "nor-9", "nor") as at_home,
        newcomer(town, address, tmp_path, "syd-9", "syd") as beside,
    ):
        town.do(away, town.withdrawal(60_00))
        away.desk.perform(away.desk.sign_in(away.teller.person), town.deposit(10_00))
        assert isinstance(away.desk.device.give_back(town.account), Performed)
        town.sync()
        for device, desk in ((at_home, town.home), (beside, town.other)):
            transport = Transport.of_device(device)
            assert SyncLoop(device, transport).step().all_sent
            transport.close()
            with device.reading() as here, desk.desk.device.reading() as there:
                assert list(entries(here)) == list(entries(there))
                mine = [[row for row in ledger(one) if row.branch == desk.desk.branch] for one in (here, there)]
            assert mine[0] == mine[1]


def test_a_written_off_visitors_desk_frees_the_account_where_it_is_kept() -> None:
    """What it held there is released on that branch's chain, and both branches hear of it."""
    bank = HomeBank(MemoryDatabase())
    branch = Branch(bank, bank.desk("nor-1", "nor"))
    far = bank.desk("syd-1", "syd")
    own = far.account(deposit=70_00)
    bank.settle(far)
    branch.hand_back(branch.one, 1_000_00)
    iban = branch.one.iban_of[branch.account]
    with bank.database.transaction() as home:
        lent = lend_file(home, bank.centre, bank.maker.randomness, bank.device(far), iban)
    assert isinstance(lent, Visit)
    assert isinstance(branch.want(far, 400_00), Grant)
    assert branch.row().rights == 400_00
    with bank.database.transaction() as home:
        shown = exposure_of(home, "syd-1", 1)
    assert shown is not None
    assert shown.amount == 470_00
    gone = DeviceWriteOffRequested(
        device="syd-1", epoch=1, head_seq=shown.head_seq, currency="DKK", exposure=shown.amount
    )
    branch.ask(bank.desk("syd-2", "syd"), gone, by_two=True)
    settle_everything(branch)
    assert (branch.row().rights, branch.row().lent_to) == (0, "")
    rights = {row.account: row.released for row in bank.rows(Right) if isinstance(row, Right) and row.device == "syd-1"}
    assert rights == {own: True, branch.account: True}
    assert [released(bank, feed) for feed in ("nor", "syd")] == [{"nor"}, {"nor", "syd"}]


def released(bank: HomeBank, feed: str) -> set[str | None]:
    """On which branches' chains rights were released, as that feed says."""
    found = (read_operation(item.jws).operation for page in bank.feed(feed) for item in page.items)
    return {operation.branch for operation in found if operation.kind == "rights.released"}


def test_a_visit_stands_in_no_file_and_no_database_unchecked(town: Town, tmp_path: Path) -> None:
    town.away.loop.ask_for_file(town.iban)
    town.away.loop.fetch_rights(town.account, 300_00, 300_00)
    town.do(town.away, town.withdrawal(200_00))
    town.sync()
    assert isinstance(town.away.desk.device.give_back(town.account), Performed)
    town.sync()
    with town.bank.connection() as connection:
        report = verify_database(connection, Trust())
        assert report.faults == ()
        export(connection, town.bank.centre, tmp_path / "chains")
        person, now = town.away.teller.person, instant(SystemClock().now_ms())
        period = {"first_day": None, "last_day": None, "made_at": now, "made_from": "the centre"}
        write_work(tmp_path / "work", CentreWork(connection, person), person=person, **period)  # type: ignore[arg-type]
    assert isinstance(verify_chains(tmp_path / "chains"), Report)
    assert isinstance(verify_work(tmp_path / "work", Trust()), WorkReport)
    for desk in town.desks:
        desk.desk.device.close()
        checked = check_device_file(desk.desk.path, desk.desk.secrets.kept[DATABASE_KEY])
        assert checked.postings > 0
        desk.desk.reopen()
