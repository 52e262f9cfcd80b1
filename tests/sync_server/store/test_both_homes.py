"""What happens at the centre gives the same answers, feeds and rows, whether its home is PostgreSQL or memory."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import msgspec
import psycopg
import pytest

from core.clock import instant
from core.envelope import Signed
from core.errors import Refusal
from core.iban import make_iban
from core.operations.accounts import AccountFrozen
from core.operations.cash import CashWithdrawn
from core.operations.rights import RightsReturned
from core.operations.transfers import TransferRequested
from core.rights import AllowancePolicy
from sync_server.centre.allowances import top_up_all
from sync_server.centre.devices import lease_if_few, revoke_device
from sync_server.centre.rights import grant_rights
from sync_server.centre.standing_jobs import step
from sync_server.centre.terms import set_limit
from sync_server.centre.visits import lend_file
from sync_server.database import connection_pool
from sync_server.environment import Secret
from sync_server.ingest.cases import open_payment_case
from sync_server.partner_bank.messages import Party, Payment
from sync_server.payments.inbound import take_payment
from sync_server.payments.partner_client import Accepted, Asked, NotFound, Rejected, Settled, Submitted, Unknown
from sync_server.payments.steps import Partner, PaymentDesk
from sync_server.store.memory import MemoryDatabase
from sync_server.store.memory.tables import CASES
from sync_server.store.migrate import migrate
from sync_server.store.postgres import PostgresDatabase
from tests.sync_server.branch import Branch, decide, late_run, settle_everything, write_off
from tests.sync_server.home_bank import AnyDatabase, HomeBank, SeededDesk

ROLE = "counterfoil_both_homes"
Answers = list[object]
Scenario = Callable[[HomeBank, SeededDesk], Answers]


def repeated(bank: HomeBank, desk: SeededDesk) -> Answers:
    account = desk.account(deposit=100_00)
    run = list(desk.unsent)
    first = bank.settle(desk)
    desk.make(desk.withdrawal(account, 30_00))
    longer = [*run, *desk.unsent]
    return [first, bank.push(desk, run), bank.push(desk, run[2:]), bank.push(desk, longer), bank.push(desk, longer)]


def forked(bank: HomeBank, desk: SeededDesk) -> Answers:
    account = desk.account(deposit=100_00)
    bank.settle(desk)
    other = desk.draft(desk.deposit(account, 7_00))
    desk.make(desk.deposit(account, 1_00))
    answers: Answers = [bank.settle(desk), bank.push(desk, [other]), bank.push(desk, [other])]
    desk.make(desk.deposit(account, 2_00))
    return [*answers, bank.push(desk), refusal_or_grant(bank, desk, account, 1)]


def with_a_gap(bank: HomeBank, desk: SeededDesk) -> Answers:
    account = desk.account()
    made = [desk.make(desk.deposit(account, amount)) for amount in (1_00, 2_00, 3_00)]
    return [bank.push(desk, made[1:]), bank.push(desk, [made[0], made[2]]), bank.push(desk), bank.push(desk, made)]


def not_verified(bank: HomeBank, desk: SeededDesk) -> Answers:
    account = desk.account()
    bank.settle(desk)
    good, bad = desk.make(desk.deposit(account, 1_00)), desk.make(desk.deposit(account, 2_00))
    spoilt = Signed(bad.jws[:-4] + "AAAA", bad.operation, bad.hash, bad.kid)
    return [bank.push(desk, [good, spoilt]), bank.push(desk, [spoilt]), bank.push(desk, [bad])]


def an_id_used_twice(bank: HomeBank, desk: SeededDesk) -> Answers:
    other = bank.desk("nor-2", "nor")
    account = desk.account()
    taken = desk.make(desk.deposit(account, 1_00))
    bank.settle(desk)
    other.make(other.deposit(account, 2_00))
    other.make(other.deposit(account, 3_00), id=taken.operation.id)
    other.make(other.deposit(account, 4_00))
    return [bank.push(other), bank.push(other)]


def carried_further(bank: HomeBank, desk: SeededDesk) -> Answers:
    branch = Branch(bank, desk)
    answers: Answers = [branch.want(branch.two, 400_00)]
    payee = branch.two.account()
    asked = TransferRequested(
        account=branch.account, route="own", payee_account=payee, currency="DKK", amount=300_00, details=None
    )
    transfer = branch.ask(branch.two, asked)
    answers.append(step(bank.database, bank.centre))
    branch.hand_back(desk, 400_00)
    settle_everything(branch)
    with bank.database.transaction() as home:
        set_limit(home, bank.centre, branch.account, 50_00)
        set_limit(home, bank.centre, branch.account, 0)
    answers += [branch.request(transfer), branch.row(), branch.want(branch.two, 100_00)]
    write_off(branch)
    settle_everything(branch)
    made, answer = late_run(branch)
    decided = decide(branch, made, accept=True)
    settle_everything(branch)
    with bank.database.transaction() as home:
        answers += [answer, branch.request(decided), home.lookups.late(("nor-1", 1)), home.lookups.devices_of("nor")]
    return answers


def granted(bank: HomeBank, desk: SeededDesk) -> Answers:
    account = desk.account(deposit=1000_00)
    desk.make(RightsReturned(account=account, currency="DKK", returned=1000_00))
    bank.settle(desk)
    answers = [refusal_or_grant(bank, desk, account, amount) for amount in (300_00, 300_00, 10**9)]
    desk.make(desk.withdrawal(account, 900_00))
    desk.make(desk.withdrawal(account, 900_00))
    answers += [bank.settle(desk), refusal_or_grant(bank, desk, account, 1), *bank.feed("nor")]
    with bank.database.transaction() as home:
        codes = home.open_case_codes((desk.chain.device, desk.chain.epoch))
        lease_if_few(home, bank.centre, desk.chain.device, desk.chain.epoch)
        numbers = home.account_numbers((desk.chain.device, desk.chain.epoch))
    return [*answers, sorted(codes), numbers]


def topped_up(bank: HomeBank, desk: SeededDesk) -> Answers:
    other, chain = bank.desk("nor-2", "nor"), ("nor-2", 1)
    accounts = [desk.account(deposit=amount) for amount in (20_000_00, 300_00, 5_00)]
    for account, amount in zip(accounts, (20_000_00, 300_00, 5_00), strict=True):
        desk.make(RightsReturned(account=account, currency="DKK", returned=amount))
    bank.settle(desk)
    device, wanted = bank.device(other), [(account, 0) for account in (*accounts, accounts[0])]
    answers: Answers = []
    for policy in (AllowancePolicy(), AllowancePolicy(cap=5_050_00)):
        with bank.database.transaction() as home:
            answers += [
                top_up_all(home, bank.centre, device, wanted, policy),
                home.lookups.allowance_held(chain, 100_00),
            ]
    return [*answers, *bank.feed("nor")]


def visited(bank: HomeBank, desk: SeededDesk) -> Answers:
    """A customer of `nor` goes to `syd`, where two desks ask for the file; the account is frozen, a desk revoked."""
    one, two = bank.desk("syd-1", "syd"), bank.desk("syd-2", "syd")
    account = desk.account(deposit=900_00)
    desk.make(RightsReturned(account=account, currency="DKK", returned=900_00), at_drawer=False)
    bank.settle(desk)
    answers: Answers = [refusal_or_grant(bank, one, account, 1), lent(bank, desk, desk.iban_of[account])]
    answers += [lent(bank, one, desk.iban_of[account]), refusal_or_grant(bank, one, account, 300_00)]
    paid = CashWithdrawn(account=account, account_branch="nor", currency="DKK", amount=200_00)
    one.make(paid)
    answers += [bank.settle(one), lent(bank, two, desk.iban_of[account]), refusal_or_grant(bank, two, account, 50_00)]
    one.make(msgspec.structs.replace(paid, amount=100_00))
    answers.append(bank.settle(one))
    desk.make(AccountFrozen(account=account, reason="lost-card"), at_drawer=False)
    answers += [bank.settle(desk), lent(bank, two, desk.iban_of[account])]
    with bank.database.transaction() as home:
        answers.append(home.lookups.loans_to_end(instant(bank.maker.clock.now_ms()), 10))
        revoke_device(home, bank.centre, "syd-2", 1)
    answers += [step(bank.database, bank.centre), step(bank.database, bank.centre)]
    with bank.database.transaction() as home:
        answers += [home.lookups.loans_of(account), home.lookups.open_sessions(("syd-1", 1))]
    return answers


def lent(bank: HomeBank, desk: SeededDesk, iban: str) -> object:
    device = bank.device(desk)
    with bank.database.transaction() as home:
        return lend_file(home, bank.centre, bank.maker.randomness, device, iban)


def without_its_record(bank: HomeBank, desk: SeededDesk) -> Answers:
    account = desk.account()
    bank.settle(desk)
    transfer = desk.transfer(account, 1_00, "DK00")
    desk.records.clear()
    desk.make(transfer)
    with bank.database.transaction() as home:
        held = home.payments.held()
    answer = bank.settle(desk)
    with bank.database.transaction() as home:
        return [held, answer, home.payments.held(), home.records_missing([transfer.details])]


def revoked_and_enrolled_again(bank: HomeBank, desk: SeededDesk) -> Answers:
    account = desk.account(deposit=100_00)
    bank.settle(desk)
    desk.make(desk.deposit(account, 1_00))
    with bank.database.transaction() as home:
        revoke = revoke_device(home, bank.centre, desk.chain.device, 1)
        unknown = revoke_device(home, bank.centre, "nor-9", 1)
    answers: Answers = [revoke, unknown, bank.push(desk), bank.enrol("nor-1", "nor").epoch]
    third = bank.enrol("nor-1", "nor")
    with bank.database.transaction() as home:
        living, waiting = home.living_epochs("nor-1"), home.enrolments.waiting()
        return [*answers, third.epoch, living, waiting, home.chain(("nor-1", 2)), home.last_account_number()]


@dataclass
class ScriptedLine:
    """A partner that answers what the scenario says."""

    submits: list[Submitted]
    asks: list[Asked]
    asked: list[str] = field(default_factory=list)

    def submit(self, payment: Payment) -> Submitted:
        self.asked.append(f"submit {payment.amount}")
        return self.submits.pop(0)

    def ask(self, end_to_end_id: str) -> Asked:
        self.asked.append(f"ask {end_to_end_id}")
        return self.asks.pop(0)


def payments(bank: HomeBank, desk: SeededDesk) -> Answers:
    """To the other branch, to nobody there, to a partner that hesitates, settles and rejects, and beyond rights."""
    far = bank.desk("syd-1", "syd")
    payee = far.account()
    bank.settle(far)
    account = desk.account(deposit=1000_00)
    abroad = make_iban("DK", "9570", 1234567)
    for amount, iban, route in (
        (1_00, far.iban_of[payee], "branch"),
        (2_00, make_iban("DK", "7654", 99), "branch"),
        (3_00, abroad, "partner"),
        (4_00, abroad, "partner"),
        (5_00, make_iban("DK", "1111", 1), "partner"),
        (5000_00, abroad, "partner"),
    ):
        desk.make(desk.transfer(account, amount, iban, route))  # type: ignore[arg-type]
    bank.settle(desk)
    line = ScriptedLine(
        [Accepted("x"), Unknown("timed_out"), Rejected("AC04", "closed")],
        [NotFound(), Settled("x", "y"), Unknown("refused", retry=False), NotFound(), Settled("x", "y")],
    )
    told: Answers = []
    partner = Partner("skov", "SKOVDKKK", "9570", line)
    jobs = PaymentDesk(bank.database, bank.centre, [partner], "CFOLDKKK", bytes)
    for _ in range(16):
        told.append(jobs.step(told.append))
        bank.maker.clock.advance(20 * 60_000)
    with bank.database.transaction() as home:
        held = home.payments.held()
        released = [home.payments.release(each.transfer_id) for each in (*held, *held)]
        open_payment_case(home, held[0].transfer_id, "looked_at", instant(0))
        open_payment_case(home, held[0].transfer_id, "looked_at", instant(0))
    return [told, line.asked, held, released, cases(bank)]


def paid_in(bank: HomeBank, desk: SeededDesk) -> Answers:
    account = desk.account()
    bank.settle(desk)
    given = Payment(
        end_to_end_id="e2e-1",
        amount=10_00,
        currency="DKK",
        debtor=Party(name="Bo Fjord", iban="DK1"),
        debtor_agent="SKOVDKKK",
        creditor=Party(name="Ane Holm", iban=desk.iban_of[account]),
        creditor_agent="CFOLDKKK",
        remittance="Rent",
    )
    answers: Answers = []
    for id_, amount in (("e2e-1", 10_00), ("e2e-1", 10_00), ("e2e-1", 11_00), ("e2e-2", 10_00)):
        payment = msgspec.structs.replace(given, end_to_end_id=id_, amount=amount)
        with bank.database.transaction() as home:
            report = take_payment(home, bank.centre, bank.maker.randomness, "skov", "CFOLDKKK", payment)
        answers.append(report)
    return answers


def refusal_or_grant(bank: HomeBank, desk: SeededDesk, account: str, amount: int) -> object:
    with bank.database.transaction() as home:
        answer = grant_rights(home, bank.centre, bank.device(desk), account, least=0, amount=amount)
    return answer.code if isinstance(answer, Refusal) else answer


def cases(bank: HomeBank) -> Sequence[object]:
    """Every case, in the order in which they were opened."""
    if isinstance(bank.database, PostgresDatabase):
        with bank.database.transaction() as home:
            rows = home.connection.execute(
                b"SELECT opened_at, code, device, epoch, operation_id::text, detail FROM cases ORDER BY no"
            )
            return rows.fetchall()
    found = bank.database.committed(CASES)
    return [tuple(found[number]) for number in sorted(found)]


SCENARIOS: tuple[Scenario, ...] = (
    carried_further,
    repeated,
    forked,
    with_a_gap,
    not_verified,
    an_id_used_twice,
    granted,
    topped_up,
    visited,
    without_its_record,
    revoked_and_enrolled_again,
    payments,
    paid_in,
)


@pytest.fixture(scope="module")
def template(make_database: Callable[..., str]) -> str:
    """A database with the centre's schema and nothing in it."""
    url = make_database()
    with psycopg.connect(url, autocommit=True) as connection:
        if connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (ROLE,)).fetchone() is None:
            connection.execute(f"CREATE ROLE {ROLE} LOGIN".encode())
    migrate(Secret(url), Secret(f"postgresql://{ROLE}@127.0.0.1/{ROLE}"))
    return url


@pytest.fixture
def in_postgres(make_database: Callable[..., str], template: str) -> Iterator[PostgresDatabase]:
    """The centre's home in an empty database."""
    url = make_database(template.rpartition("/")[2].partition("?")[0])
    with connection_pool(Secret(url), 2) as pool:
        yield PostgresDatabase(pool)


def played(scenario: Scenario, database: AnyDatabase) -> tuple[Answers, dict[str, object], Sequence[object]]:
    """What the scenario answers, and what it leaves behind."""
    bank = HomeBank(database)
    answers = scenario(bank, bank.desk("nor-1", "nor"))
    return answers, bank.contents(), cases(bank)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_centre_in_memory_answers_and_keeps_what_one_in_postgresql_does(
    scenario: Scenario, in_postgres: PostgresDatabase
) -> None:
    here, there = played(scenario, MemoryDatabase()), played(scenario, in_postgres)
    assert here[0] == there[0]
    assert here[1] == there[1]
    assert here[2] == there[2]
