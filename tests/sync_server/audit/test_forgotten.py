"""What a restored centre keeps of its own words is no fault, and the case of money among it is expected."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import psycopg

from core.audit.trust import Trust
from core.operations.kind import Decoded
from core.operations.rights import RightsReturned
from sync_server.audit import verify_view
from sync_server.centre.forgotten import FORGOTTEN, say_again
from sync_server.centre.incarnations import begin_incarnation
from sync_server.centre.terms import charge_fee, place_hold
from sync_server.database import connection_pool
from sync_server.environment import Secret
from sync_server.store.migrate import migrate
from sync_server.store.postgres import PostgresDatabase
from tests.sync_server.home_bank import HomeBank

ROLE = "counterfoil_forgetful"


class _Forgotten(Exception):
    """What a backup was made before."""


def _said(bank: HomeBank, account: str) -> list[Decoded[Any]]:
    """A fee and a hold, of which the database knows nothing any more."""
    said: list[Decoded[Any]] = []
    with suppress(_Forgotten), bank.database.transaction() as home:
        said.append(charge_fee(home, bank.centre, account, 10_00, "monthly").settled.decoded)
        said.append(place_hold(home, bank.centre, account, 50_00, "garnishment").settled.decoded)
        raise _Forgotten
    return said


def test_the_centres_own_words_that_are_kept_as_bytes_are_in_order(make_database: Callable[..., str]) -> None:
    url = make_database()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {ROLE} LOGIN".encode())
    migrate(Secret(url), Secret(f"postgresql://{ROLE}@127.0.0.1/{ROLE}"))
    with connection_pool(Secret(url), 2) as pool:
        bank = HomeBank(PostgresDatabase(pool))
        desk = bank.desk("nor-1", "nor")
        account = desk.account(deposit=900_00)
        desk.make(RightsReturned(account=account, currency="DKK", returned=400_00), at_drawer=False)
        bank.settle(desk)
        forgotten = _said(bank, account)
        with bank.database.transaction() as home:
            begin_incarnation(home, bank.centre)
            home.incarnations.report((desk.chain.device, desk.chain.epoch))
        for decoded in forgotten:
            with bank.database.transaction() as home:
                say_again(home, bank.centre, decoded)
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT code FROM cases").fetchall() == [(FORGOTTEN,)], "of the fee alone"
        assert verify_view(connection, Trust()).faults == ()
