"""The demo's closing account is an account: each of its promises fails when what it promises does not hold."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from core.audit import Fault, verify_chains
from core.clock import SystemClock
from core.device import Device, DeviceIdentity
from core.ids import system_randomness
from core.people.stretching import CHEAPEST
from core.secrets.vault import FileVault
from core.signing_in.enrolling import Requested, create, enrol, look_for_trust
from core.sync.loop import SyncLoop
from core.sync.transport import Transport
from counterfoil.demo.accounting import (
    Promises,
    centre_figures,
    check_books,
    check_chains,
    check_partner,
    check_replicas,
    device_figures,
    entries_at_centre,
    entries_at_device,
    partner_payments,
)
from counterfoil.demo.world import DeskPlan
from sync_server.centre.devices import invite_device, trust_device
from sync_server.centre.exporting import export
from sync_server.store.postgres import PostgresHome
from tests.sync_server.centre_bank import CentreBank, Desk, found_bank

BALANCES, STORED, CLEARING, RIGHTS, CLEAN = range(5)
SPOILT = {
    BALANCES: "UPDATE postings SET amount = amount + 1 WHERE ctid = (SELECT ctid FROM postings LIMIT 1)",
    STORED: "UPDATE deposit_accounts SET posted = posted + 1",
    CLEARING: "UPDATE postings SET account = 'clearing:branches' WHERE ctid = (SELECT ctid FROM postings LIMIT 1)",
    RIGHTS: "UPDATE deposit_accounts SET rights = posted + 1",
    CLEAN: "UPDATE operations SET verdict = 'applied_with_exception' WHERE no = (SELECT max(no) FROM operations)",
}


@pytest.fixture(scope="module")
def bank(make_database: Callable[..., str], tmp_path_factory: pytest.TempPathFactory) -> CentreBank:
    """A bank where money was moved."""
    return found_bank(make_database(), tmp_path_factory.mktemp("centre") / "secrets", ("nor",))


@pytest.fixture(scope="module")
def worked(bank: CentreBank) -> Desk:
    """A desk that has worked and sent all."""
    desk = bank.desk("nor-1", "nor")
    with bank.served() as address:
        desk.account(deposit=500_00)
        desk.account(deposit=700_00)
        desk.settle(address)
    return desk


@pytest.fixture
def spoiling(bank: CentreBank, worked: Desk) -> Iterator[psycopg.Connection]:
    """The owner's hand in the books, with every guard asleep; nothing of it stays."""
    with psycopg.connect(bank.owner_url) as connection:
        connection.execute("SET session_replication_role = replica")
        yield connection
        connection.rollback()


def test_sound_books_keep_every_promise(spoiling: psycopg.Connection) -> None:
    promises = Promises()
    check_books(promises, spoiling)
    assert len(promises.kept) == len(SPOILT)
    assert promises.broken == []


@pytest.mark.parametrize("promise", SPOILT)
def test_each_promise_about_the_books_can_fail(spoiling: psycopg.Connection, promise: int) -> None:
    promises = Promises()
    spoiling.execute(SPOILT[promise].encode())
    check_books(promises, spoiling)
    assert promises.kept[promise][1] is False
    assert promises.broken


def test_the_centres_figures_are_counted_not_assumed(bank: CentreBank, spoiling: psycopg.Connection) -> None:
    figures = centre_figures(spoiling)
    assert figures["operations"] == bank.rows("SELECT count(*) FROM operations")[0][0]
    assert sum(figures["verdicts"].values()) == figures["operations"]
    assert {head["device"] for head in figures["chain_heads"]} == {"centre", "centre-nor", "nor-1"}
    (line,) = figures["trial_balance"]
    assert line["debits"] == line["credits"] > 0
    assert figures["outbox"] == 0
    spoiling.execute(SPOILT[BALANCES].encode())
    (line,) = centre_figures(spoiling)["trial_balance"]
    assert line["debits"] != line["credits"]
    assert partner_payments(spoiling) == {}


@dataclass
class Seen:
    """A desk that can be looked into."""

    plan: DeskPlan
    device: Device


@pytest.fixture
def seen(bank: CentreBank, worked: Desk, tmp_path: Path) -> Iterator[Seen]:
    """A second desk of the branch, which has read everything."""
    desk = read_along(bank, tmp_path)
    yield desk
    desk.device.close()


def read_along(bank: CentreBank, folder: Path) -> Seen:
    """A device with its own file that has read both feeds from the bank's server."""
    number = bank.rows("SELECT count(*) FROM devices")[0][0]
    name = f"nor-seen-{number}"
    secrets = FileVault.create(folder / "vault", "gulls over the harbour", cost=CHEAPEST)
    with bank.served() as address, bank.connection() as connection:
        code = invite_device(
            PostgresHome(connection), bank.centre, system_randomness, device=name, branch="nor", purpose="desktop"
        )
        connection.commit()
        assert isinstance(code, str)
        line = Transport(address, SystemClock())
        requested = enrol(line, secrets, code)
        assert isinstance(requested, Requested)
        trust_device(PostgresHome(connection), bank.centre, name, requested.fingerprint)
        connection.commit()
        identity = look_for_trust(line, requested, address)
        line.close()
        assert isinstance(identity, DeviceIdentity)
        device = create(folder / "device.db", secrets, SystemClock(), identity)
        transport = Transport.of_device(device)
        loop = SyncLoop(device, transport)
        loop.step()
        loop.close()
        transport.close()
    return Seen(DeskPlan(name, "nor", ("a", "b")), device)


def test_a_desk_that_has_read_everything_holds_the_same_entries(bank: CentreBank, seen: Seen) -> None:
    promises = Promises()
    with bank.connection() as connection:
        assert check_replicas(promises, connection, [seen])
        assert entries_at_device(seen) == entries_at_centre(connection, "nor") != {}
    assert promises.broken == []
    figures = device_figures(seen)
    assert (figures["branch"], figures["outbox"]) == ("nor", 0)
    assert all(line["debits"] == line["credits"] for line in figures["trial_balance"])


@pytest.mark.parametrize(
    "difference",
    [
        "UPDATE postings SET amount = amount + 1 WHERE ctid = (SELECT ctid FROM postings LIMIT 1)",
        "DELETE FROM postings WHERE ctid = (SELECT ctid FROM postings LIMIT 1)",
        "UPDATE postings SET account = 'vault' WHERE account LIKE 'deposit:%%'",
    ],
)
def test_one_entry_that_differs_is_no_convergence(spoiling: psycopg.Connection, seen: Seen, difference: str) -> None:
    promises = Promises()
    spoiling.execute(difference.replace("%%", "%").encode())
    assert not check_replicas(promises, spoiling, [seen])
    assert promises.broken


def test_a_partner_that_booked_twice_or_not_at_all_is_noticed() -> None:
    settled, rejected = {"status": "ACSC"}, {"status": "RJCT"}
    for theirs, broken in (
        ([settled, rejected], 0),
        ([settled, settled, rejected], 1),
        ([rejected], 1),
        ([settled], 1),
        ([], 2),
    ):
        promises = Promises()
        check_partner(promises, {"settled": 1, "returned": 1}, theirs)
        assert len(promises.broken) == broken, theirs


def test_an_export_with_a_changed_byte_breaks_its_promise(bank: CentreBank, worked: Desk, tmp_path: Path) -> None:
    with bank.connection() as connection:
        export(connection, bank.centre, tmp_path / "chains")
    sound, spoilt = Promises(), Promises()
    check_chains(sound, verify_chains(tmp_path / "chains", bank.keys.kid))
    assert sound.broken == []
    path = tmp_path / "chains" / "nor-1-1.jws"
    path.write_bytes(path.read_bytes()[:-200] + b"A" + path.read_bytes()[-199:])
    outcome = verify_chains(tmp_path / "chains", bank.keys.kid)
    assert isinstance(outcome, Fault)
    check_chains(spoilt, outcome)
    assert len(spoilt.broken) == 1
