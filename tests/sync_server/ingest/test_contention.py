"""Ingest while everybody wants the same rows, PostgreSQL under two server processes: nothing lost, nothing twice.

`COUNTERFOIL_CONTENTION_ROUNDS` makes the crowds so many times larger; the suite's is 1.
"""

import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from typing import Any

import psycopg

from core.envelope import Signed
from core.operations.cash import CashDeposited
from core.sync.messages import PushAnswer
from tests.sync_server.centre_bank import CentreBank, Desk, answer_of, at_once

ROUNDS = int(os.environ.get("COUNTERFOIL_CONTENTION_ROUNDS", "1"))
SECONDS_MAX = 60.0 * ROUNDS
_numbers = count(1)


def new_desk(bank: CentreBank, address: str, branch: str = "nor", deposit: int = 1_000_00) -> Desk:
    """A device of the branch with money in an account, all that it made settled."""
    made = bank.desk(f"{branch}-c{next(_numbers)}", branch)
    made.account(deposit=deposit)
    assert {verdict.verdict for verdict in made.settle(address)} == {"applied"}
    return made


def own_account(desk: Desk) -> str:
    return next(iter(desk.iban_of))


def wait_for(condition: Callable[[], bool], what: str) -> None:
    """Wait until it holds."""
    deadline, pause = time.monotonic() + SECONDS_MAX, threading.Event()
    while not condition():
        assert time.monotonic() < deadline, what
        pause.wait(0.02)


def push_all(desk: Desk, *addresses: str, size: int = 25) -> list[str]:
    """Push what is unsent in small batches, to each server in turn; the verdicts' names."""
    names: list[str] = []
    for place in count():
        run = desk.unsent[:size]
        if not run:
            return names
        answer = answer_of(desk.push(addresses[place % len(addresses)], run))
        assert answer.refused is None
        desk.pushed += len(answer.verdicts)
        names += [verdict.verdict for verdict in answer.verdicts]
    raise AssertionError


def deadlocks(bank: CentreBank) -> int:
    """How many deadlocks PostgreSQL has broken in this database."""
    statement = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
    return int(bank.rows(statement)[0][0])


@contextmanager
def holding(bank: CentreBank, statement: bytes, *values: object) -> Iterator[psycopg.Connection[Any]]:
    """Hold a lock, and be the last one to give way in a deadlock, until the block ends."""
    with bank.connection(as_owner=True) as connection:
        connection.execute(b"SET LOCAL deadlock_timeout = '60s'")
        connection.execute(statement, values)
        yield connection


def waiting(bank: CentreBank, many: int) -> Callable[[], bool]:
    """Whether so many of the application's statements wait for a lock."""
    statement = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' "
        "AND usename = current_user"
    )
    return lambda: bool(bank.rows(statement)[0][0] >= many)


def test_many_devices_on_one_hot_account(bank: CentreBank, two_addresses: tuple[str, str]) -> None:
    owner = new_desk(bank, two_addresses[0])
    hot, crowd, each = own_account(owner), 6, 40 * ROUNDS
    desks = [new_desk(bank, two_addresses[0]) for _ in range(crowd)]
    for desk in desks:
        for _ in range(each):
            desk.make(desk.deposit(hot, 3))
            desk.make(desk.withdrawal(hot, 1))
    verdicts = at_once(*(lambda desk=desk: push_all(desk, *two_addresses) for desk in desks))
    assert {name for names in verdicts for name in names} == {"applied"}
    assert bank.balance(hot) == 1_000_00 + crowd * each * 2
    held = bank.rows("SELECT granted + minted - used - returned FROM rights WHERE account = %s ORDER BY 1", hot)
    assert held == [(each * 2,)] * crowd + [(1_000_00,)]


def test_transfers_between_branches_in_both_directions_at_once(
    bank: CentreBank, two_addresses: tuple[str, str]
) -> None:
    north = [new_desk(bank, two_addresses[0], "nor") for _ in range(2)]
    south = [new_desk(bank, two_addresses[0], "syd") for _ in range(2)]
    each = 8 * ROUNDS
    sent: list[Signed] = []
    for one, two in zip(north, south, strict=True):
        for _ in range(each):
            sent.append(one.make(one.transfer(own_account(one), 7, two.iban_of[own_account(two)]), at_drawer=False))
            sent.append(two.make(two.transfer(own_account(two), 5, one.iban_of[own_account(one)]), at_drawer=False))
    verdicts = at_once(*(lambda desk=desk: push_all(desk, *two_addresses, size=5) for desk in (*north, *south)))
    assert {name for names in verdicts for name in names} == {"applied"}
    ids = [signed.operation.id for signed in sent]
    open_ones = "SELECT count(*) FROM payments WHERE transfer_id = ANY(%s::uuid[]) AND state <> 'completed'"
    wait_for(lambda: bank.rows(open_ones, ids) == [(0,)], "not every transfer is completed")
    received = "SELECT count(*) FROM operations WHERE kind = 'transfer.received'"
    completed = "SELECT count(*) FROM operations WHERE kind = 'transfer.completed'"
    assert bank.rows(received) == bank.rows(completed) == [(len(sent),)]
    assert [bank.balance(own_account(desk)) for desk in north] == [1_000_00 - each * 2] * 2
    assert [bank.balance(own_account(desk)) for desk in south] == [1_000_00 + each * 2] * 2
    clearing = "SELECT coalesce(sum(balance), 0) FROM ledger_balances WHERE account = 'clearing:branches'"
    assert bank.rows(clearing) == [(0,)]


def test_batches_that_overlap_are_one_set_of_entries(bank: CentreBank, two_addresses: tuple[str, str]) -> None:
    desk = new_desk(bank, two_addresses[0])
    account, length = own_account(desk), 90 * ROUNDS
    run = [desk.make(desk.deposit(account, 1)) for _ in range(length)]
    windows = [run[start : start + 60] for start in range(0, length, 15)]

    def push(place: int) -> PushAnswer:
        """Again until the head has come to this window, as a loop that was told of a gap does."""
        window = windows[place]
        for turn in count():
            answer = answer_of(desk.push(two_addresses[(place + turn) % 2], window))
            if answer.head_seq >= window[-1].operation.seq:
                return answer
        raise AssertionError

    answers = at_once(*(lambda place=place: push(place) for place in range(len(windows))))
    told: dict[int, set[object]] = {}
    for answer in answers:
        for verdict in answer.verdicts:
            assert verdict.verdict == "applied"
            told.setdefault(verdict.seq, set()).add((verdict.hash, verdict.received_at))
    assert sorted(told) == [signed.operation.seq for signed in run]
    assert {len(answers_of_one) for answers_of_one in told.values()} == {1}
    assert bank.balance(account) == 1_000_00 + length
    desk.pushed += length


def test_a_deadlock_that_the_database_breaks_is_tried_again(bank: CentreBank, two_addresses: tuple[str, str]) -> None:
    """The push holds the first account and waits for the second, which somebody holds who then wants the first."""
    one, two = (new_desk(bank, two_addresses[0]) for _ in range(2))
    first, second = sorted(own_account(desk) for desk in (one, two))
    one.make(one.deposit(first, 1))
    one.make(one.deposit(second, 2))
    before = deadlocks(bank)
    lock = b"SELECT 1 FROM deposit_accounts WHERE id = %s FOR UPDATE"
    with ThreadPoolExecutor(1) as pool:
        with holding(bank, lock, second) as holder:
            pushed = pool.submit(one.push, two_addresses[0])
            wait_for(waiting(bank, 1), "the push does not wait")
            # Comes back once the database has broken the push off.
            holder.execute(lock, (first,))
        answer = answer_of(pushed.result(SECONDS_MAX))
    assert [verdict.verdict for verdict in answer.verdicts] == ["applied"] * 2
    wait_for(lambda: deadlocks(bank) > before, "no deadlock was broken")
    assert (bank.balance(first), bank.balance(second)) == (1_000_01, 1_000_02)


def test_a_row_that_two_transactions_make_at_once_is_made_once(
    bank: CentreBank, two_addresses: tuple[str, str]
) -> None:
    """Money for an account that nobody has heard of yet: each push finds no row, the second must look again."""
    one, two = (new_desk(bank, address) for address in two_addresses)
    unheard = bank.maker.ids.new()
    for desk, amount in ((one, 3), (two, 4)):
        desk.make(CashDeposited(account=unheard, account_branch="nor", currency="DKK", amount=amount))
    with ThreadPoolExecutor(2) as pool:
        with holding(bank, b"SELECT 1 FROM feed_heads WHERE feed = 'nor' FOR UPDATE"):
            pushes = [pool.submit(desk.push, to) for desk, to in zip((one, two), two_addresses, strict=True)]
            wait_for(waiting(bank, 2), "the pushes do not wait")
        answers = [answer_of(pushed.result(SECONDS_MAX)) for pushed in pushes]
    for answer in answers:
        (verdict,) = answer.verdicts
        assert verdict.verdict == "applied_with_exception"
        assert verdict.exceptions[0].code == "account_unknown"
    assert bank.balance(unheard) == 7


def test_followers_at_two_servers_see_every_position_in_the_order_of_commits(
    bank: CentreBank, two_addresses: tuple[str, str]
) -> None:
    """Once a position was seen to be the feed's last, nothing appears at it or before it any more."""
    writers = [new_desk(bank, two_addresses[0]) for _ in range(4)]
    followers = [new_desk(bank, two_addresses[0]) for _ in range(3)]
    each = 50 * ROUNDS
    for desk in writers:
        for _ in range(each):
            desk.make(desk.deposit(own_account(writers[0]), 1))
    begun = followers[0].feed(two_addresses[0], limit=1).head
    end = begun + len(writers) * each

    def follow(desk: Desk, address: str, limit: int) -> list[str]:
        after, read, last_head = begun, list[str](), begun
        while after < end:
            page = desk.feed(address, after=after, limit=limit)
            positions = [item.position for item in page.items]
            assert positions == list(range(after + 1, after + 1 + len(positions))), "a gap"
            # All up to the head that an earlier page named could be read by now.
            assert len(positions) >= min(limit, last_head - after), "a head without its items"
            assert page.head >= last_head, "a head that went back"
            last_head = page.head
            after += len(positions)
            read += [item.jws for item in page.items]
        return read

    limits = (7, 31, 500)
    reading = [lambda desk=desk, n=n: follow(desk, two_addresses[n % 2], limits[n]) for n, desk in enumerate(followers)]
    writing = [lambda desk=desk: push_all(desk, *two_addresses, size=6) for desk in writers]
    told = at_once(*reading, *writing)
    assert told[0] == told[1] == told[2]
    assert sorted(told[0]) == sorted(signed.jws for desk in writers for signed in desk.chain.operations[-each:])
    assert bank.rows("SELECT position FROM feed_heads WHERE feed = 'nor'") == [(end,)]
