"""What is booked can't be changed: not by the application's role, and not by the owner's slip of the hand."""

import psycopg
import pytest

from tests.sync_server.centre_bank import CentreBank

_COPY = b"COPY postings (operation_no, line, branch, account, currency, amount) FROM STDIN"
BOOKED = ("operations", "postings", "feed_items", "quarantined_operations")


@pytest.fixture(scope="module", autouse=True)
def something_booked(bank: CentreBank, address: str) -> None:
    desk = bank.desk("nor-1", "nor")
    account = desk.account(deposit=100_00)
    desk.settle(address)
    forked = desk.draft(desk.deposit(account, 1))
    desk.make(desk.deposit(account, 2))
    desk.settle(address)
    desk.push(address, [forked])
    assert all(bank.rows(f"SELECT count(*) FROM {table}")[0][0] for table in BOOKED)  # noqa: S608 - our own tables


@pytest.mark.parametrize("table", BOOKED)
@pytest.mark.parametrize("attempt", ["DELETE FROM {}", "TRUNCATE {}", "UPDATE {} SET {}"])
def test_the_servers_role_may_not_change_what_is_booked(bank: CentreBank, table: str, attempt: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege), bank.connection() as connection:
        connection.execute(statement(attempt, table))


@pytest.mark.parametrize("table", BOOKED)
@pytest.mark.parametrize("attempt", ["DELETE FROM {}", "TRUNCATE {}", "UPDATE {} SET {}"])
def test_a_trigger_stops_even_the_owner(bank: CentreBank, table: str, attempt: str) -> None:
    with pytest.raises(psycopg.Error, match="never changed") as caught, bank.connection(as_owner=True) as connection:
        connection.execute(statement(attempt, table))
    assert caught.value.sqlstate == "CF001"


def statement(attempt: str, table: str) -> bytes:
    column = {"operations": "verdict = verdict", "postings": "amount = amount + 1"}
    return attempt.format(table, column.get(table, "device = device" if table[0] == "q" else "feed = feed")).encode()


@pytest.mark.parametrize(
    "lines",
    [
        [("nor", "vault", "DKK", 100)],
        [("nor", "vault", "DKK", 100), ("nor", "drawer:x", "DKK", -99)],
        [("nor", "vault", "DKK", 100), ("syd", "vault", "DKK", -100)],
        [("nor", "vault", "DKK", 100), ("nor", "vault", "EUR", -100)],
    ],
)
def test_an_entry_that_does_not_balance_is_refused_by_the_database(
    bank: CentreBank, lines: list[tuple[str, str, str, int]]
) -> None:
    def post() -> None:
        with bank.connection() as connection, connection.cursor().copy(_COPY) as copy:
            for number, line in enumerate(lines):
                copy.write_row((10**12, number, *line))

    with pytest.raises(psycopg.Error, match="does not balance") as caught:
        post()
    assert caught.value.sqlstate == "CF002"


def test_the_servers_role_may_not_touch_the_schema(bank: CentreBank) -> None:
    for attempt in (
        b"DROP TRIGGER balanced ON postings",
        b"ALTER TABLE postings DISABLE TRIGGER ALL",
        b"CREATE TABLE mine (a int)",
        b"UPDATE alembic_version SET version_num = '0'",
        b"SET session_replication_role = replica",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege), bank.connection() as connection:
            connection.execute(attempt)


def _copied(bank: CentreBank, *lines: tuple[int, int, int]) -> None:
    with bank.connection() as connection, connection.cursor().copy(_COPY) as copy:
        for number, line, amount in lines:
            copy.write_row((number, line, "nor", "vault", "DKK", amount))


def test_nothing_is_added_to_an_entry_that_stands_nor_to_an_operation_without_one(bank: CentreBank) -> None:
    with_entry = bank.rows("SELECT operation_no, max(line) + 1 FROM postings GROUP BY 1 LIMIT 1")[0]
    without = bank.rows("SELECT no FROM operations WHERE no NOT IN (SELECT operation_no FROM postings) LIMIT 1")[0][0]
    for lines in (
        [(with_entry[0], with_entry[1], 5), (with_entry[0], with_entry[1] + 1, -5)],
        [(without, 0, 5), (without, 1, -5)],
        [(10**12, 0, 5), (10**12, 1, -5)],
    ):
        with pytest.raises(psycopg.Error, match="written whole") as caught:
            _copied(bank, *lines)
        assert caught.value.sqlstate == "CF003"


@pytest.mark.parametrize("table", ["chains", "feed_heads", "cases", "payments", "records", "deposit_accounts"])
@pytest.mark.parametrize("attempt", ["DELETE FROM {}", "TRUNCATE {}"])
def test_the_servers_role_removes_nothing(bank: CentreBank, table: str, attempt: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege), bank.connection() as connection:
        connection.execute(attempt.format(table).encode())


@pytest.mark.parametrize(
    "attempt",
    [
        "UPDATE chains SET seq = seq - 1 WHERE device = 'nor-1'",
        "UPDATE chains SET hash = 'another' WHERE device = 'nor-1'",
        "UPDATE chains SET state = 'living' WHERE device = 'nor-1'",
        "UPDATE feed_heads SET position = position - 1",
        "DELETE FROM enrolments WHERE device = 'nor-1'",
    ],
)
def test_chains_and_feeds_only_go_onward(bank: CentreBank, attempt: str) -> None:
    with pytest.raises(psycopg.Error, match="never changed") as caught, bank.connection() as connection:
        connection.execute(attempt.encode())
    assert caught.value.sqlstate == "CF001"


def test_a_payment_at_its_end_stays_there(bank: CentreBank, address: str) -> None:
    desk = bank.desk("nor-2", "nor")
    account = desk.account(deposit=100_00)
    made = desk.make(desk.transfer(account, 1_00, "")).operation.id
    desk.settle(address)
    with bank.connection() as connection:
        connection.execute(b"UPDATE payments SET state = 'completed' WHERE transfer_id = %s", (made,))
    with pytest.raises(psycopg.Error, match="never changed"), bank.connection() as connection:
        connection.execute(b"UPDATE payments SET state = 'queued' WHERE transfer_id = %s", (made,))
