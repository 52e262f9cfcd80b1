"""The same operations leave the same rows in each home of the book: a dict, a device's file, the centre's database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import psycopg
import pytest

from core.book import ROWS, Book, DictStore, Row
from core.book.rows import DepositAccount, LedgerBalance, Right
from core.canonical import digest
from core.envelope import Signed, read_operation
from core.ledger import drawer, reversed_postings
from core.operations import rules
from core.operations.accounts import AccountFrozen, FreezeLifted
from core.operations.drawers import DayClosed, DrawerClosed
from core.operations.kind import Decoded
from core.operations.reversals import EntryReversed, lines
from core.operations.transfers import TransferMade, TransferReturned, TransferSent
from core.store.store import Store
from sync_server.environment import Secret
from sync_server.store.migrate import migrate
from sync_server.store.rows import PostgresStore, read_all, write_balances, write_rows
from tests.bank import BRANCH, BranchDay, open_branch

Rows = dict[str, list[Row]]
ROLE = "counterfoil_homes"


def busy_day(seed: int) -> BranchDay:
    """A day on which all that touches rows happens, in an order that the seed chooses."""
    random, day = Random(seed), open_branch(f"homes-{seed}")
    accounts = [day.account() for _ in range(3)]
    for account in accounts:
        day.deposit(account, 1_000_00)
    for _ in range(12):
        account, payee = random.sample(accounts, 2)
        serve(day, random, account, payee)
    expected = day.bank.book.balance(BRANCH, drawer(day.drawer), "DKK")
    day.by_teller(
        DrawerClosed(
            currency="DKK", counts={1: expected % 10**6, 10**6: expected // 10**6}, counted=expected, expected=expected
        )
    )
    day.by_teller(DayClosed())
    day.bank.sign_out(day.supervisor)
    return day


def serve(day: BranchDay, random: Random, account: str, payee: str) -> None:
    """One of the things that happen at a counter."""
    amount = random.randrange(1, 20_00)
    match random.randrange(6):
        case 0:
            day.deposit(account, amount)
        case 1:
            day.by_teller(day.withdrawal(account, amount))
        case 2:
            day.by_teller(TransferMade(account=account, payee_account=payee, currency="DKK", amount=amount))
        case 3:
            freeze_and_lift(day, account)
        case 4:
            undo(day, day.deposit(account, amount))
        case _:
            send_and_return(day, account)


def freeze_and_lift(day: BranchDay, account: str) -> None:
    """An account is frozen, and free again."""
    frozen = day.bank.perform(day.supervisor, AccountFrozen(account=account, reason="court-order"))
    day.bank.perform(day.teller, FreezeLifted(account=account, freeze=frozen.operation.id), approver=day.supervisor)


def undo(day: BranchDay, deposited: Signed) -> None:
    """A deposit is taken back."""
    postings = reversed_postings(rules.decode(deposited).postings)
    body = EntryReversed(reverses=deposited.operation.id, reverses_hash=deposited.hash, postings=lines(postings))
    day.bank.perform(day.teller, body, drawer=day.drawer, approver=day.supervisor)


def send_and_return(day: BranchDay, account: str) -> None:
    """Money goes to a partner bank, and comes back."""
    body = TransferSent(account=account, route="partner", currency="DKK", amount=3_00, details=digest(b"payee"))
    sent = day.by_teller(body).operation.id
    returned = TransferReturned(
        account=account, route="partner", transfer=sent, currency="DKK", amount=3_00, reason="AC04"
    )
    day.bank.by_centre(returned, BRANCH)


def operations(day: BranchDay) -> list[Decoded[Any]]:
    """Every operation of the bank in the order in which it was made, read back from its signed text."""
    signed = [each for chain in day.bank.chains.values() for each in chain.operations]
    return [rules.decode(read_operation(each.jws)) for each in sorted(signed, key=lambda each: each.operation.id)]


def in_a_dict(made: list[Decoded[Any]]) -> Rows:
    store = DictStore()
    for decoded in made:
        book = Book(store)
        rules.apply(decoded, book)
        store.write(book)
    return {table.TABLE: sorted(store.rows.get(table, {}).values(), key=repr) for table in ROWS}


def in_a_devices_file(made: list[Decoded[Any]], path: Path) -> Rows:
    """As a device keeps them that stays open all day: one book, written after each operation."""
    store = Store.open(path, bytes(32), create=True)
    try:
        book = Book(store.rows)
        for decoded in made:
            operation = decoded.operation
            with store.transaction():
                rules.apply(decoded, book)
                store.log.append(
                    store.log.chain(operation.device, operation.epoch).no, decoded.signed, decoded.postings, book
                )
                store.rows.write(book)
            book.written()
        found = {table.TABLE: sorted(store.rows.all(table), key=repr) for table in ROWS if table is not LedgerBalance}
        keys = store.cursor.execute("SELECT branch, account, currency FROM ledger_accounts").fetchall()
        found[LedgerBalance.TABLE] = sorted(store.rows.load(LedgerBalance, keys), key=repr)
        assert {store.rows.operation(decoded.operation.id) for decoded in made} == {each.signed.jws for each in made}
    finally:
        store.close()
    return found


def at_the_centre(made: list[Decoded[Any]], url: str, batch: int) -> Rows:
    """As the centre keeps them: batches, each with a book of its own, all rows of a batch fetched at once."""
    with psycopg.connect(url) as connection:
        for start in range(0, len(made), batch):
            book = Book(PostgresStore(connection))
            run = made[start : start + batch]
            book.prefetch(key for decoded in run for key in rules.touches(decoded, with_balances=True))
            for decoded in run:
                rules.apply(decoded, book)
            write_rows(connection, book)
            write_balances(connection, book.differences.items())
            connection.commit()
        return {table.TABLE: sorted(read_all(connection, table), key=repr) for table in ROWS}


@pytest.fixture(scope="module")
def database(make_database: Callable[..., str]) -> Iterator[str]:
    """An empty database with the centre's schema."""
    url = make_database()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {ROLE} LOGIN".encode())
        migrate(Secret(url), Secret(f"postgresql://{ROLE}@127.0.0.1/{ROLE}"))
        yield url


def emptied(url: str) -> str:
    """The database without any row of the book."""
    with psycopg.connect(url) as connection:
        for table in ROWS:
            connection.execute(f"DELETE FROM {table.TABLE}".encode())  # noqa: S608 - our own tables
    return url


def by_customers(rows: Rows) -> Rows:
    """What a device, which keeps no ledger row for them, says of customers' accounts is in their own row."""
    books = [row for row in rows[LedgerBalance.TABLE] if isinstance(row, LedgerBalance)]
    kept = [row for row in books if not row.account.startswith("deposit:") and row.balance]
    return {**rows, LedgerBalance.TABLE: list(kept)}


@pytest.mark.parametrize("seed", range(3))
def test_a_day_leaves_the_same_rows_in_every_home(seed: int, tmp_path: Path, database: str) -> None:
    day = busy_day(seed)
    made = operations(day)
    expected = by_customers(in_a_dict(made))
    assert len(expected[DepositAccount.TABLE]) == 3
    assert expected[Right.TABLE]
    assert by_customers(in_a_devices_file(made, tmp_path / "device.db")) == expected
    assert by_customers(at_the_centre(made, emptied(database), batch=1)) == expected
    assert by_customers(at_the_centre(made, emptied(database), batch=len(made))) == expected
    kept = {table.TABLE: sorted(day.bank.store.rows.get(table, {}).values(), key=repr) for table in ROWS}
    assert by_customers(kept) == expected
