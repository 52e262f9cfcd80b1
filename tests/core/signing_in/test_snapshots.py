"""A new device that starts from the centre's snapshot is the device that has read both feeds from their beginnings."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from core.device import Device
from core.errors import EnvironmentProblem, LineProblem, StoreProblem
from core.signing_in import enrolling
from core.snapshot import (
    TABLES,
)
from core.store.queries import accounts, books, customers, drawers, journal, people, statements, transfers
from core.store.tables import ROW_TABLES
from core.sync.loop import SyncLoop
from core.sync.transport import CentreProblem, Transport
from sync_server.api import snapshots
from sync_server.api.snapshots import snapshots_router
from sync_server.app import ROUTERS, create_app
from sync_server.centre.devices import find_device
from sync_server.centre.snapshot import one_view, scope_of, snapshot_lines
from sync_server.environment import Secret
from tests.core.signing_in.new_devices import Trusted, Worked, trusted
from tests.core.signing_in.worked_desk import WorkedDesk
from tests.signing_bank import SigningBank
from tests.sync_server.serving import served

_OPERATIONS = "SELECT c.device, c.epoch, o.seq, o.id, o.kind, o.jws FROM operations o JOIN chains c ON c.no = o.chain"
_POSTINGS = (
    "SELECT o.id, p.line, a.branch, a.account, a.currency, p.amount, p.balance, p.booked_on FROM postings p "
    "JOIN operations o ON o.no = p.operation JOIN ledger_accounts a ON a.no = p.account"
)
_REST = {
    "chains": "SELECT device, epoch, seq, hash FROM chains",
    "operations": _OPERATIONS,
    "postings": _POSTINGS,
    "verdicts": "SELECT o.id, v.verdict, v.accounting_date, v.received_at, v.exceptions FROM verdicts v "
    "JOIN operations o ON o.no = v.operation",
    "records": "SELECT digest, data FROM records",
    "cards": "SELECT customer, name, born_on, city FROM search_cards",
    "terms": "SELECT c.customer, t.term FROM search_terms t JOIN search_cards c ON c.no = t.card",
    "hashes": "SELECT name, value FROM settings WHERE name LIKE 'feed_hashes:%' OR name = 'checkpoint'",
    "head": "SELECT device, epoch, branch, purpose, kid, centre_key, centre_url, acked_seq, bank_position, "
    "branch_position, incarnation, last_stamp FROM head",
}


def contents(device: Device) -> dict[str, list[tuple[Any, ...]]]:
    """All that a device's file says, but for the numbers that it gives by itself."""
    asked = {table.name: "SELECT * FROM " + table.name for table in ROW_TABLES.values()} | _REST  # noqa: S608
    with device.reading() as connection:
        return {
            name: sorted((tuple(row) for row in connection.execute(text(question))), key=repr)
            for name, question in asked.items()
        }


def shown(device: Device, account_ids: Sequence[str]) -> list[object]:
    """What screens and papers show of the branch."""
    with device.reading() as connection:
        found: list[object] = [books.trial_balance(connection), books.ledger(connection), people.staff(connection)]
        found += [sorted(books.chain_ends(connection), key=repr), drawers.drawers(connection)]
        found.append(transfers.transfers(connection))
        for account in account_ids:
            found.append(accounts.account_activity(connection, account).lines)
            found.append(statements.statement_data(connection, account, date(2020, 1, 1), date(2040, 1, 1)))
            summary = accounts.account_summary(connection, account)
            assert summary is not None
            found.append(customers.customer_file(connection, summary.customer))
        found.append(customers.find_customers(connection, "ors").hits)
        for line in accounts.account_activity(connection, account_ids[0]).lines:
            detail = journal.operation_detail(connection, line.operation)
            assert detail is not None
            found.append((detail.jws, detail.postings, detail.line.approver, detail.line.exceptions))
    return found


def read_on(device: Device, address: str) -> None:
    line = Transport.of_device(device, address)
    state = SyncLoop(device, line).step()
    line.close()
    assert state.all_sent, state


def test_it_holds_what_the_feeds_lead_to(worked: Worked, newcomer: Trusted) -> None:
    told: list[tuple[int, int]] = []
    started = newcomer.start(newcomer.lines(), progress=lambda done, total: told.append((done, total)))
    read = Device.create(newcomer.folder / "read.db", newcomer.vault, worked.bank.clock, identity=newcomer.identity)
    read_on(read, worked.bank.address)
    try:
        here, there = contents(started), contents(read)
        assert here.keys() == there.keys()
        for name, rows in there.items():
            assert here[name] == rows, name
        for filled in (
            "customers",
            "profile_values",
            "deposit_accounts",
            "freezes",
            "reversals",
            "transfers",
            "rights",
        ):
            assert here[filled], filled
        assert here["verdicts"]
        assert shown(started, worked.accounts) == shown(read, worked.accounts)
        assert told[-1] == (told[-1][1], told[-1][1])
    finally:
        started.close()
        read.close()


def test_it_goes_on_as_any_other_desk(worked: Worked, tmp_path: Path) -> None:
    first, second = worked.accounts
    with worked.bank.desk(tmp_path, worked.next_device(), worked.branch) as real:
        real.found(f"kb2-{worked.branch}", f"ah2-{worked.branch}", worked.branch)
        desk = WorkedDesk(real, worked.branch, f"kb2-{worked.branch}", f"ah2-{worked.branch}")
        desk.open()
        worked.desk.desk.device.hand_back_surplus(100_00)
        worked.desk.desk.sync()
        assert real.loop.ensure_rights(first, 200_00) >= 200_00
        desk.withdraw(first, 200_00)
        desk.reverse(desk.deposit(first, 33_00))
        desk.deposit(desk.account(desk.customer("Cai", "Lund")), 70_00)
        worked.desk.deposit(second, 11_00)
        for _ in range(2):
            real.sync()
            worked.desk.desk.sync()
        with real.device.reading() as here, worked.desk.desk.device.reading() as there:
            assert list(books.entries(here)) == list(books.entries(there))
            assert books.trial_balance(here) == books.trial_balance(there)
        here_, there_ = contents(real.device), contents(worked.desk.desk.device)
        for name in ("customers", "profile_values", "ibans", "sessions", "days", "drawers", "reversals", "chains"):
            assert here_[name] == there_[name], name


def test_it_is_one_view_however_long_it_takes(worked: Worked, newcomer: Trusted) -> None:
    centre = worked.bank.centre
    with centre.transaction() as home:
        row = find_device(home, newcomer.identity.device, newcomer.identity.epoch)
    assert row is not None
    with one_view(Secret(centre.app_url)) as connection:
        lines = snapshot_lines(connection, centre.centre, row)
        begun = [next(lines)]
        worked.desk.deposit(worked.accounts[0], 5_00)
        worked.desk.desk.sync()
        device = newcomer.start([*begun, *lines])
    try:
        read_on(device, worked.bank.address)
        assert shown(device, worked.accounts)[0] == shown(worked.desk.desk.device, worked.accounts)[0]
    finally:
        device.close()


def test_a_branch_where_nothing_has_happened_gives_one_too(bank: SigningBank, tmp_path: Path) -> None:
    branch = bank.found_branch()
    device = trusted(bank, tmp_path / "new", f"{branch}-1", branch)
    started = enrolling.start(tmp_path / "device.db", device.vault, bank.clock, device.identity)
    assert started.feed_position("bank") > 0
    read_on(started, bank.address)
    started.close()


def test_a_device_that_has_worked_is_given_none(worked: Worked) -> None:
    with pytest.raises(CentreProblem) as refused, worked.desk.desk.transport.snapshot() as lines:
        next(lines)
    assert (refused.value.code, refused.value.retry) == ("device_at_work", False)


def test_who_leaves_half_way_gives_the_turn_back(newcomer: Trusted) -> None:
    with newcomer.line() as line:
        for _ in range(5):
            with line.snapshot() as lines:
                next(lines)
    assert newcomer.lines()


def test_only_so_many_are_streamed_at_once(worked: Worked, newcomer: Trusted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshots, "_AT_ONCE", 0)
    with worked.bank.centre.served() as address:
        elsewhere = replace(newcomer, bank=replace(worked.bank, address=address))
        with pytest.raises(CentreProblem) as refused:
            elsewhere.lines()
    assert (refused.value.code, refused.value.retry) == ("snapshot_busy", True)


def test_of_an_older_centre_the_feeds_are_read(worked: Worked, newcomer: Trusted) -> None:
    centre = worked.bank.centre
    routers = [router for router in ROUTERS if router is not snapshots_router]
    app = create_app(centre.settings(), clock=centre.clock, keys=centre.keys, routers=routers, companions=())
    with served(app) as address:
        identity = replace(newcomer.identity, centre_url=address)
        device = enrolling.start(newcomer.folder / "read.db", newcomer.vault, worked.bank.clock, identity)
        assert device.feed_position("bank") == 0
        device.close()


def test_a_line_that_is_cut_leaves_nothing_and_it_begins_again(newcomer: Trusted) -> None:
    lines = newcomer.lines()

    def cut() -> Iterator[bytes]:
        yield from lines[: len(lines) // 2]
        raise LineProblem("The centre can't be reached.")

    with pytest.raises(LineProblem):
        newcomer.start(cut())
    assert not (newcomer.folder / "device.db").exists()
    newcomer.start(lines).close()
    with pytest.raises(StoreProblem) as there:
        newcomer.start(lines)
    assert there.value.code == "store_exists"


def test_a_person_is_told_what_does_not_hold(newcomer: Trusted, monkeypatch: pytest.MonkeyPatch) -> None:
    @contextlib.contextmanager
    def spoilt(_line: Transport) -> Iterator[Iterator[bytes]]:
        yield iter([b"[]"])

    monkeypatch.setattr(Transport, "snapshot", spoilt)
    with pytest.raises(EnvironmentProblem, match="Nothing of it was kept") as told:
        enrolling.start(newcomer.folder / "device.db", newcomer.vault, newcomer.bank.clock, newcomer.identity)
    assert told.value.code == "snapshot_malformed"


def test_every_row_has_a_place_in_a_snapshot() -> None:
    """A new type of row has to say to which branch it belongs."""
    for table in TABLES.values():
        scope_of(table)
