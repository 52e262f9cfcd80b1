"""A case is closed and opened again by a named person with a reason, in the centre's signed words."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import psycopg
import pytest

from core.envelope import read_operation
from core.errors import Refusal, Refused
from core.operations import rules
from core.operations.bank import StaffSuspended
from core.operations.cases import CaseClosed, about_case
from core.records import read_record
from sync_server.centre.cases import Decision, close_case, reopen_case
from sync_server.centre.issue import issue
from sync_server.database import connection_pool
from sync_server.environment import Secret
from sync_server.ingest.cases import open_payment_case
from sync_server.store.memory import MemoryDatabase
from sync_server.store.migrate import migrate
from sync_server.store.postgres import PostgresDatabase
from tests.sync_server.home_bank import HomeBank

ROLE = "counterfoil_cases"
OPENED = "2026-11-20T09:00:00.000Z"
ASKED = Decision("nor-1-s", "the partner bank has been asked by telephone")


@pytest.fixture(scope="module")
def in_postgres(make_database: Callable[..., str]) -> Iterator[PostgresDatabase]:
    url = make_database()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {ROLE} LOGIN".encode())
    migrate(Secret(url), Secret(f"postgresql://{ROLE}@127.0.0.1/{ROLE}"))
    with connection_pool(Secret(url), 2) as pool:
        yield PostgresDatabase(pool)


@pytest.fixture(scope="module", params=["memory", "postgres"])
def bank(request: pytest.FixtureRequest) -> HomeBank:
    """A bank with people, over either home."""
    in_memory = request.param == "memory"
    made = HomeBank(MemoryDatabase() if in_memory else request.getfixturevalue("in_postgres"))
    made.desk("nor-1", "nor")
    return made


@pytest.fixture
def case(bank: HomeBank) -> int:
    """A case that nobody has looked into; its number."""
    transfer = bank.maker.ids.new()
    with bank.database.transaction() as home:
        open_payment_case(home, transfer, "unknown", OPENED)
        return next(
            number
            for number in range(1, 10_000)
            if (found := home.open_case(number)) is not None and found.operation_id == transfer
        )


def refusal_of(bank: HomeBank, number: int, *, again: bool = False, by: Decision = ASKED) -> Refusal | None:
    decide = reopen_case if again else close_case
    with bank.database.transaction() as home:
        return decide(home, bank.centre, bytes, number, by)


def test_who_closed_it_when_and_why_is_an_operation_that_every_desk_reads(bank: HomeBank, case: int) -> None:
    with bank.database.transaction() as home:
        about = about_case(*(home.open_case(case) or ()))
    assert refusal_of(bank, case) is None
    item = bank.feed("bank")[-2].items[-1]
    decoded = rules.decode(read_operation(item.jws))
    assert isinstance(decoded.body, CaseClosed)
    assert (decoded.body.case, decoded.body.about, decoded.body.person) == (case, about, "nor-1-s")
    assert ASKED.reason not in item.jws
    with bank.database.transaction() as home:
        (record,) = home.records([decoded.body.record]).values()
        assert home.open_case(case) is None
    assert read_record(record) == {"reason": ASKED.reason}


def test_it_is_closed_once_and_opened_again_once(bank: HomeBank, case: int) -> None:
    not_open, not_closed = Refusal("case_not_open", "number"), Refusal("case_not_closed", "number")
    assert refusal_of(bank, case, again=True) == not_closed
    assert refusal_of(bank, case) is None
    assert refusal_of(bank, case) == not_open
    assert refusal_of(bank, case, again=True) is None
    assert refusal_of(bank, case, again=True) == not_closed
    assert refusal_of(bank, case) is None


def test_only_somebody_who_works_here_can_say_so(bank: HomeBank, case: int) -> None:
    with pytest.raises(Refused, match="staff_unknown"):
        refusal_of(bank, case, by=Decision("nobody", "why not"))
    with bank.database.transaction() as home:
        issue(home, bank.centre, None, StaffSuspended(person="nor-1-t"))
    with pytest.raises(Refused, match="staff_suspended"):
        refusal_of(bank, case, by=Decision("nor-1-t", "why not"))
    assert refusal_of(bank, case) is None
