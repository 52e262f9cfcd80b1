"""A new device that starts from the centre's snapshot is the device that has read both feeds from their beginnings."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import astuple
from msgspec.structs import replace as replace_struct
from sqlalchemy import text

from core.book.rows import DepositAccount
from core.device import Device, DeviceIdentity
from core.device.keys import device_key
from core.device.snapshots import Known
from core.errors import EnvironmentProblem, IntegrityFault, KeyringProblem, LineProblem, StoreProblem
from core.ids import system_randomness
from core.operations import bank as bank_operations
from core.people.keys import new_signing_key, public_text
from core.people.stretching import CHEAPEST
from core.secrets.vault import FileVault
from core.signing_in import enrolling
from core.signing_in.enrolling import Requested
from core.snapshot import (
    LINE_BYTES_MAX,
    TABLES,
    Line,
    RunningDigest,
    SnapshotEnd,
    SnapshotHead,
    SnapshotOperation,
    SnapshotRows,
    compressed,
    decode_line,
    decode_rows,
    encode_line,
    encode_rows,
    expanded,
    sign_end,
    verify_end,
)
from core.store.queries import accounts, books, customers, drawers, journal, people, statements, transfers
from core.store.tables import ROW_TABLES
from core.sync.loop import SyncLoop
from core.sync.transport import CentreProblem, RequestSigner, Transport
from sync_server.api.snapshots import snapshots_router
from sync_server.app import ROUTERS, create_app
from sync_server.centre.devices import find_device
from sync_server.centre.snapshot import one_view, scope_of, snapshot_lines
from sync_server.environment import Secret
from sync_server.store.postgres import PostgresHome
from tests.core.signing_in.worked_desk import WorkedDesk
from tests.signing_bank import VAULT_PASSPHRASE, SigningBank
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


@dataclass
class Trusted:
    """A device that is trusted and has no file yet."""

    bank: SigningBank
    folder: Path
    vault: FileVault
    identity: DeviceIdentity

    @contextlib.contextmanager
    def line(self) -> Iterator[Transport]:
        """Its line to the centre, from before it has a file."""
        signer = RequestSigner(self.identity.device, self.identity.epoch, device_key(self.vault, system_randomness))
        made = Transport(self.bank.address, self.bank.clock, signer)
        try:
            yield made
        finally:
            made.close()

    def lines(self) -> list[bytes]:
        """The centre's snapshot for it."""
        with self.line() as line, line.snapshot() as lines:
            return list(lines)

    def start(self, lines: Sequence[bytes] | Iterator[bytes], name: str = "device.db", **more: Any) -> Device:
        """A device from these lines."""
        return Device.create_from_snapshot(
            self.folder / name, self.vault, self.bank.clock, identity=self.identity, lines=lines, **more
        )

    def refused(self, lines: Sequence[bytes], **more: Any) -> str:
        """The code with which these lines are refused; nothing of them is kept."""
        with pytest.raises(IntegrityFault) as fault:
            self.start(lines, **more)
        assert [path.name for path in self.folder.iterdir() if "device.db" in path.name] in ([], ["device.db.lock"])
        return fault.value.code


def trusted(bank: SigningBank, folder: Path, device: str, branch: str) -> Trusted:
    folder.mkdir(parents=True)
    vault = FileVault.create(folder / "secrets.vault", VAULT_PASSPHRASE, cost=CHEAPEST)
    line = Transport(bank.address, bank.clock)
    requested = enrolling.enrol(line, vault, bank.invite(device, branch))
    assert isinstance(requested, Requested)
    bank.trust(device, requested.fingerprint)
    identity = enrolling.look_for_trust(line, requested, bank.address)
    line.close()
    assert isinstance(identity, DeviceIdentity)
    return Trusted(bank, folder, vault, identity)


@dataclass
class Worked:
    """A branch with one desk that has worked a day, and another branch that has too."""

    bank: SigningBank
    branch: str
    desk: WorkedDesk
    accounts: tuple[str, ...]


@pytest.fixture(scope="module")
def worked(bank: SigningBank, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worked]:
    with contextlib.ExitStack() as stack:
        made = []
        for _ in range(2):
            branch = bank.found_branch()
            real = stack.enter_context(bank.desk(tmp_path_factory.mktemp("desk"), f"{branch}-1", branch))
            real.found(f"kb-{branch}", f"ah-{branch}", branch)
            desk = WorkedDesk(real, branch, f"kb-{branch}", f"ah-{branch}")
            made.append(Worked(bank, branch, desk, desk.work()))
        here = made[0]
        # Work that the centre books with an exception, and a clock that ran ahead: verdicts that say more.
        bank.centre.issue(None, bank_operations.StaffSuspended(person=here.desk.teller_code))
        here.desk.deposit(here.accounts[0], 55_00)
        here.desk.desk.sync()
        bank.centre.issue(None, bank_operations.StaffReinstated(person=here.desk.teller_code))
        here.desk.desk.sync()
        yield here


@pytest.fixture
def newcomer(worked: Worked, tmp_path: Path, request: pytest.FixtureRequest) -> Trusted:
    return trusted(worked.bank, tmp_path / "new", f"n{abs(hash(request.node.name)) % 10**8}", worked.branch)


def read_from_the_beginning(device: Device, address: str) -> None:
    line = Transport.of_device(device, address)
    state = SyncLoop(device, line).step()
    line.close()
    assert state.all_sent, state


def test_it_holds_what_the_feeds_lead_to(worked: Worked, newcomer: Trusted) -> None:
    told: list[tuple[int, int]] = []
    started = newcomer.start(newcomer.lines(), progress=lambda done, total: told.append((done, total)))
    read = Device.create(newcomer.folder / "read.db", newcomer.vault, worked.bank.clock, identity=newcomer.identity)
    read_from_the_beginning(read, worked.bank.address)
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
    with worked.bank.desk(tmp_path, f"{worked.branch}-2", worked.branch) as real:
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
    with one_view(Secret(centre.app_url)) as connection:
        row = find_device(PostgresHome(connection), newcomer.identity.device, newcomer.identity.epoch)
        assert row is not None
        lines = snapshot_lines(connection, centre.centre, row)
        begun = [next(lines)]
        worked.desk.deposit(worked.accounts[0], 5_00)
        worked.desk.desk.sync()
        device = newcomer.start([*begun, *lines])
    try:
        read_from_the_beginning(device, worked.bank.address)
        assert shown(device, worked.accounts)[0] == shown(worked.desk.desk.device, worked.accounts)[0]
    finally:
        device.close()


def test_a_branch_where_nothing_has_happened_gives_one_too(bank: SigningBank, tmp_path: Path) -> None:
    branch = bank.found_branch()
    device = trusted(bank, tmp_path / "new", f"{branch}-1", branch)
    started = enrolling.start(tmp_path / "device.db", device.vault, bank.clock, device.identity)
    assert started.feed_position(branch) == 0
    assert started.feed_position("bank") > 0
    started.close()


def test_a_device_that_has_worked_is_given_none(worked: Worked) -> None:
    with pytest.raises(CentreProblem) as refused, worked.desk.desk.transport.snapshot() as lines:
        next(lines)
    assert (refused.value.code, refused.value.retry) == ("device_at_work", False)


def test_only_so_many_are_streamed_at_once(newcomer: Trusted) -> None:
    with newcomer.line() as line, contextlib.ExitStack() as stack:
        for _ in range(2):
            next(stack.enter_context(line.snapshot()))
    # Both were let go half-way; their turns are free again.
    assert newcomer.lines()


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


def parts(lines: Sequence[bytes]) -> list[Line]:
    return [decode_line(line) for line in lines]


def resigned(bank: SigningBank, lines: Sequence[Line]) -> list[bytes]:
    """The lines as a centre would sign them that means what they say."""
    keys, digest = bank.centre.keys, RunningDigest()
    end = lines[-1]
    assert isinstance(end, SnapshotEnd)
    said = verify_end(end, bytes(keys.signing.verify_key))
    texts = [encode_line(line) for line in lines[:-1]]
    for line in texts:
        digest.add(line)
    head = lines[0]
    assert isinstance(head, SnapshotHead)
    statement = replace_struct(said, head=head, lines=digest.lines, digest=digest.value())
    return [*texts, encode_line(sign_end(statement, keys.signing, keys.kid))]


def place_of(lines: Sequence[Line], wanted: Callable[[Line], bool]) -> int:
    return next(place for place, line in enumerate(lines) if wanted(line))


def test_whatever_ends_before_its_end_is_incomplete(newcomer: Trusted) -> None:
    lines = newcomer.lines()
    for count in (0, 1, 5, len(lines) // 2, len(lines) - 1):
        assert newcomer.refused(lines[:count]) == "snapshot_incomplete"


def test_no_byte_can_be_another(newcomer: Trusted) -> None:
    lines = newcomer.lines()
    for place in (0, 3, len(lines) // 3, len(lines) // 2, len(lines) - 2, len(lines) - 1):
        for part in (3, 7):
            at = len(lines[place]) * part // 8
            flipped = lines[place][:at] + bytes([lines[place][at] ^ 1]) + lines[place][at + 1 :]
            code = newcomer.refused([*lines[:place], flipped, *lines[place + 1 :]])
            assert code in {"snapshot_malformed", "snapshot_differs", "snapshot_signature"}, (place, code)


def test_no_line_can_be_elsewhere_twice_or_missing(newcomer: Trusted) -> None:
    lines = newcomer.lines()
    half, last = len(lines) // 2, len(lines) - 2
    for changed in (
        [*lines[:half], lines[half + 1], lines[half], *lines[half + 2 :]],
        [*lines[:2], lines[3], lines[2], *lines[4:]],
        [*lines[:half], *lines[half + 1 :]],
        [*lines[:2], *lines[3:]],
        [*lines[:last], lines[last], lines[last], lines[-1]],
        [*lines[1:]],
        [lines[0], *lines],
        [*lines, lines[-1]],
        [*lines, lines[0]],
    ):
        assert newcomer.refused(changed) in {"snapshot_malformed", "snapshot_differs"}


def test_what_is_no_snapshot_is_malformed(newcomer: Trusted) -> None:
    lines = newcomer.lines()
    long = b'["rows","customers",[' + b" " * LINE_BYTES_MAX + b"]]"
    for line in (b"", b"{}", b"[]", b'["rows"]', b"\xff", b"[" * 100_000, b'["rows","nothing",[]]', long):
        assert newcomer.refused([lines[0], line]) == "snapshot_malformed"
    head = decode_line(lines[0])
    assert newcomer.refused([encode_line(replace_struct(head, v=2))]) == "snapshot_malformed"
    for pieces in ([b"no gzip at all"], list(compressed([b"x" * (LINE_BYTES_MAX + 2)]))):
        with pytest.raises(IntegrityFault, match="snapshot_malformed"):
            list(expanded(pieces))
    cut = list(expanded([b"".join(compressed(lines))[:-5000]]))
    assert cut == lines[: len(cut)]
    assert len(cut) < len(lines)


def test_it_is_for_one_device_of_one_branch_by_one_centre(worked: Worked, newcomer: Trusted, tmp_path: Path) -> None:
    lines = newcomer.lines()
    other = trusted(worked.bank, tmp_path / "other", f"{newcomer.identity.device}-b", worked.branch)
    assert other.refused(lines) == "snapshot_differs"
    away = replace(newcomer, identity=replace(newcomer.identity, branch="elsewhere"))
    assert away.refused(lines) == "snapshot_differs"
    key = public_text(new_signing_key(system_randomness))
    stranger = replace(newcomer, identity=replace(newcomer.identity, centre_key=key))
    assert stranger.refused(lines) == "snapshot_signature"
    again = replace(newcomer, identity=replace(newcomer.identity, kid="A" * 43))
    with pytest.raises(KeyringProblem):
        again.start(lines)


def test_it_is_not_older_than_what_is_known(newcomer: Trusted) -> None:
    lines = newcomer.lines()
    head = decode_line(lines[0])
    assert isinstance(head, SnapshotHead)
    reached = Known(head.bank_position, head.branch_position, head.incarnation)
    for known in (
        replace(reached, bank_position=reached.bank_position + 1),
        replace(reached, branch_position=reached.branch_position + 1),
        replace(reached, incarnation=reached.incarnation + 1),
    ):
        assert newcomer.refused(lines, known=known) == "snapshot_older"
    newcomer.start(lines, known=reached).close()


def _another_balance(lines: list[Line]) -> None:
    place = place_of(lines, lambda line: isinstance(line, SnapshotRows) and line.table == "deposit_accounts")
    line = lines[place]
    assert isinstance(line, SnapshotRows)
    _table, rows = decode_rows(line)
    first = DepositAccount(*rows[0])
    richer = astuple(replace_struct(first, posted=first.posted + 1))
    lines[place] = SnapshotRows(line.table, encode_rows([richer, *rows[1:]]))


def _an_account_less(lines: list[Line]) -> None:
    place = place_of(lines, lambda line: isinstance(line, SnapshotRows) and line.table == "deposit_accounts")
    line = lines[place]
    assert isinstance(line, SnapshotRows)
    _table, rows = decode_rows(line)
    lines[place] = SnapshotRows(line.table, encode_rows(rows[1:]))


def _an_operation_less(lines: list[Line]) -> None:
    last = lines[-2]
    head = lines[0]
    assert isinstance(last, SnapshotOperation)
    assert isinstance(head, SnapshotHead)
    del lines[-2]
    lines[0] = replace_struct(head, branch_position=head.branch_position - 1)


def _another_operation(lines: list[Line]) -> None:
    """A chain with another operation in place of one of its own."""
    places = [place for place, line in enumerate(lines) if isinstance(line, SnapshotOperation) and line.feed != "bank"]
    one, other = lines[places[3]], lines[places[4]]
    assert isinstance(one, SnapshotOperation)
    assert isinstance(other, SnapshotOperation)
    lines[places[3]] = replace_struct(one, jws=other.jws)


def _another_record(lines: list[Line]) -> None:
    place = place_of(lines, lambda line: isinstance(line, SnapshotOperation) and bool(line.records))
    line = lines[place]
    assert isinstance(line, SnapshotOperation)
    lines[place] = replace_struct(line, records=dict.fromkeys(line.records, "AAAA"))


def _rows_twice(lines: list[Line]) -> None:
    place = place_of(lines, lambda line: isinstance(line, SnapshotRows) and line.table == "ibans")
    lines.insert(place, lines[place])


def _not_this_device(lines: list[Line]) -> None:
    place = place_of(lines, lambda line: isinstance(line, SnapshotRows) and line.table == "devices")
    lines[place] = SnapshotRows("devices", encode_rows(decode_rows(lines[place])[1][:-1]))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "change",
    [
        _another_balance,
        _an_account_less,
        _an_operation_less,
        _another_operation,
        _another_record,
        _rows_twice,
        _not_this_device,
    ],
)
def test_signed_or_not_it_may_not_contradict_itself(
    worked: Worked, newcomer: Trusted, change: Callable[[list[Line]], None]
) -> None:
    lines = parts(newcomer.lines())
    change(lines)
    assert newcomer.refused(resigned(worked.bank, lines)) in {"snapshot_differs", "snapshot_incomplete"}


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
