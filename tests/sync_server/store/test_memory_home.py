"""The centre in memory: whole or not at all at every crash, waiting as PostgreSQL waits, and quickly copied."""

import subprocess
import sys
import time
from collections.abc import Callable, Sequence

import pytest
from greenlet import getcurrent, greenlet

from core.book.rows import DepositAccount
from core.envelope import Signed
from core.operations.cash import CashDeposited
from core.sync.messages import Push, PushAnswer
from sync_server.ingest.settle import ChainHead, Settlement, settle
from sync_server.ingest.verifying import verify_run
from sync_server.ingest.writing import write_settled
from sync_server.store.home import IdentifierTaken, MetOthers
from sync_server.store.memory import MemoryDatabase
from sync_server.store.memory.tables import CHAINS, FEED_ITEMS
from tests.sync_server.home_bank import HomeBank, SeededDesk

LOGIC = (
    "store.memory",
    "ingest.push",
    "centre.devices",
    "centre.feed",
    "centre.rights",
    "exchange.operations",
    "exchange.giving",
    "exchange.incarnations",
    "exchange.partner_payments",
    "payments.inbound",
    "payments.steps",
)


class PowerCut(Exception):
    """The centre stops here."""


def bank_at_work() -> tuple[HomeBank, SeededDesk, MemoryDatabase]:
    database = MemoryDatabase()
    bank = HomeBank(database)
    return bank, bank.desk("nor-1", "nor"), database


def busy_push(desk: SeededDesk) -> None:
    """Operations that write everything a push can write: records, cases, payments, rows, balances, two feeds."""
    account = desk.account(deposit=100_00)
    desk.make(desk.withdrawal(account, 30_00))
    desk.make(desk.transfer(account, 20_00, "DK00"))
    desk.make(desk.withdrawal(account, 90_00))


def counting(database: MemoryDatabase, names: list[str]) -> None:
    database.on_statement = names.append


def cut_at(number: int) -> Callable[[str], None]:
    """A power cut at that statement, counted from 0."""
    seen: list[str] = []

    def at(name: str) -> None:
        seen.append(name)
        if len(seen) == number + 1:
            raise PowerCut(name)

    return at


def test_a_push_cut_off_at_any_statement_leaves_nothing_or_everything() -> None:
    bank, desk, database = bank_at_work()
    busy_push(desk)
    before, names = database.copy(), list[str]()
    empty = bank.contents()
    counting(database, names)
    answer = bank.push(desk)
    database.on_statement = lambda _name: None
    whole = bank.contents()
    assert names[-2:] == ["commit", "committed"]
    assert {"operations", "records", "payments", "cases", "feed_heads", "feed_items", "chains"} < set(names)
    for number, name in enumerate(names):
        database.restore(before)
        database.on_statement = cut_at(number)
        with pytest.raises(PowerCut):
            bank.push(desk)
        database.on_statement = lambda _name: None
        assert bank.contents() == (whole if name == "committed" else empty), name
        assert bank.push(desk) == answer
        assert bank.contents() == whole


def test_a_quarantine_cut_off_at_any_statement_is_done_by_the_next_push() -> None:
    bank, desk, database = bank_at_work()
    account = desk.account()
    bank.settle(desk)
    fork = desk.draft(desk.deposit(account, 1_00))
    desk.make(desk.deposit(account, 2_00))
    bank.settle(desk)
    before, names = database.copy(), list[str]()
    counting(database, names)
    answer = bank.push(desk, [fork])
    for number in range(len(names)):
        database.restore(before)
        database.on_statement = cut_at(number)
        with pytest.raises(PowerCut):
            bank.push(desk, [fork])
        database.on_statement = lambda _name: None
        assert bank.push(desk, [fork]) == answer


def test_what_is_written_is_seen_by_others_only_once_it_is_committed() -> None:
    _bank, _desk, database = bank_at_work()
    with database.transaction() as writing:
        writing.end_chain(("nor-1", 1))
        with database.transaction() as reading:
            row = reading.chain(("nor-1", 1))
            assert row is not None
            assert row.state == "living"
            with pytest.raises(MetOthers):
                reading.lock_chain(("nor-1", 1))
    assert database.committed(CHAINS)["nor-1", 1].state == "quarantined"


def test_who_waits_goes_on_with_what_the_other_has_written() -> None:
    bank, desk, database = bank_at_work()
    other = bank.desk("nor-2", "nor")
    account = desk.account(deposit=1_00)
    bank.settle(desk)
    answers: list[PushAnswer] = []
    for each in (desk, other):
        for _ in range(3):
            each.make(CashDeposited(account=account, account_branch="nor", currency="DKK", amount=10_00))
    main = getcurrent()
    database.on_statement = lambda _name: main.switch() if getcurrent() is not main else None
    database.wait = lambda _lock: main.switch()
    running = [greenlet(lambda each=each: answers.append(bank.settle(each))) for each in (desk, other)]
    while alive := [each for each in running if not each.dead]:
        for each in alive:
            each.switch()
    assert [verdict.verdict for answer in answers for verdict in answer.verdicts] == ["applied"] * 6
    row = database.rows(DepositAccount)[account,]
    assert (row.posted, row.rights) == (61_00, 61_00)
    positions = sorted(position for feed, position in database.committed(FEED_ITEMS) if feed == "nor")
    assert positions == list(range(1, len(positions) + 1))


def test_of_two_that_wait_for_one_another_one_gives_up() -> None:
    bank, _desk, database = bank_at_work()
    bank.enrol("nor-2", "nor")
    with database.transaction() as one, database.transaction() as two:
        one.lock_chain(("nor-1", 1))
        two.lock_chain(("nor-2", 1))

        def meanwhile(_lock: object) -> None:
            with pytest.raises(MetOthers, match="each waits"):
                two.lock_chain(("nor-1", 1))
            raise MetOthers

        database.wait = meanwhile
        with pytest.raises(MetOthers):
            one.lock_chain(("nor-2", 1))


def test_a_row_that_came_meanwhile_is_not_overwritten() -> None:
    bank, desk, database = bank_at_work()
    account = desk.account()
    with database.transaction() as home:
        book = home.book()
        assert book.get(DepositAccount, account) is None
        bank.settle(desk)
        book.put(database.rows(DepositAccount)[account,])
        with pytest.raises(MetOthers):
            home.write_rows(book)


def settled(bank: HomeBank, desk: SeededDesk, made: Sequence[Signed]) -> Settlement:
    """What the centre makes of these operations of a desk, not written."""
    message = Push(desk.chain.device, desk.chain.epoch, tuple(each.jws for each in made))
    first = made[0].operation
    with bank.database.transaction() as home:
        run = verify_run(bank.database, bank.known, message).run
        return settle(run, home.book(), ChainHead(first.seq - 1, first.prev), "2026-11-20T12:00:00.000Z")


def test_an_id_and_a_place_on_a_chain_are_each_taken_once() -> None:
    bank, desk, database = bank_at_work()
    account = desk.account()
    bank.settle(desk)
    beside = desk.draft(desk.deposit(account, 2_00))
    made = desk.make(desk.deposit(account, 1_00))
    again, other = settled(bank, desk, [made]).settled, settled(bank, desk, [beside]).settled
    bank.settle(desk)
    with pytest.raises(IdentifierTaken), database.transaction() as home:
        home.keep_operations(again)
    with pytest.raises(MetOthers), database.transaction() as home:
        home.keep_operations(other)


def test_a_copy_keeps_what_was_committed_and_is_restored_at_once() -> None:
    bank, desk, database = bank_at_work()
    busy_push(desk)
    backup, before = database.copy(), bank.contents()
    bank.push(desk)
    after = bank.contents()
    assert after != before
    with database.transaction(), pytest.raises(RuntimeError, match="open"):
        database.restore(backup)
    database.restore(backup)
    assert bank.contents() == before
    bank.push(desk)
    assert bank.contents() == after


def test_writing_what_was_settled_costs_little() -> None:
    """In memory, beside signatures and rules: less than a tenth of a millisecond for each operation."""
    bank, desk, database = bank_at_work()
    account = desk.account(deposit=1000_00)
    bank.settle(desk)
    made = [desk.make(desk.deposit(account, 1_00)) for _ in range(200)]
    message = Push(desk.chain.device, desk.chain.epoch, tuple(each.jws for each in made))
    verified = verify_run(database, bank.known, message)
    head = ChainHead(made[0].operation.seq - 1, made[0].operation.prev)
    begun = time.process_time()
    with database.transaction() as home:
        book = home.book()
        book.prefetch(key for keys in verified.touched for key in keys)
        loaded = time.process_time() - begun
        settlement = settle(verified.run, book, head, "2026-11-20T12:00:00.000Z")
        begun = time.process_time()
        write_settled(home, settlement.settled, book, {})
        home.move_chain((desk.chain.device, desk.chain.epoch), settlement.head.seq, settlement.head.hash)
    written = time.process_time() - begun
    assert (loaded + written) / len(made) < 0.0001


def test_the_centres_logic_over_memory_knows_nothing_of_postgresql() -> None:
    modules = ", ".join(f"sync_server.{module}" for module in LOGIC)
    program = f"import sys, {modules}; sys.exit('psycopg' in sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True)
