"""What must hold of a file that a crash has left: whole, in one of the states it may be in, and fit to go on with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from core.book.rows import DepositAccount
from core.device import Performed
from core.envelope import read_operation
from core.store.engine import connect
from core.store.queries.books import trial_balance
from tests.bank import counted_randomness
from tests.reliability.device_crash.case import Case
from tests.reliability.device_crash.scene import Scene

State = dict[str, tuple[Any, ...]]
"""Every line of every table."""

_LATER_MS = 6 * 60 * 60 * 1000
_SUMS = (
    "SELECT l.branch, l.account, sum(p.amount), (SELECT balance FROM postings WHERE account = l.no "
    "ORDER BY operation DESC, line DESC LIMIT 1) FROM ledger_accounts AS l JOIN postings AS p ON p.account = l.no "
    "GROUP BY l.no"
)


def state_of(path: Path, key: bytes) -> State:
    """What a copy of the file says, read by another opening of it than the device's; a broken one raises."""
    connection = connect(path, key)
    try:
        cursor = connection.cursor()
        # The check of the cipher looks past the log, at pages that the log may have newer ones of.
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        assert (found := cursor.execute("PRAGMA integrity_check").fetchall()) == [("ok",)], found
        assert not (found := cursor.execute("PRAGMA cipher_integrity_check").fetchall()), found
        names = [row[0] for row in cursor.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
        return {name: tuple(cursor.execute(f'SELECT * FROM "{name}"').fetchall()) for name in names}  # noqa: S608
    finally:
        connection.close()


def differences(one: State, other: State) -> list[str]:
    """The tables that differ."""
    return [name for name in sorted({*one, *other}) if one.get(name) != other.get(name)]


def shape(state: State) -> dict[str, int]:
    """How many lines each table has."""
    return {name: len(lines) for name, lines in state.items()}


def check_opens(_case: Case, scene: Scene) -> None:
    """Start the program on the file, and find everything in order."""
    _be_another(scene)
    scene.open()
    check_whole(scene)


def _be_another(scene: Scene) -> None:
    """Later, and with other randomness: whoever died has drawn from this one, and nothing of theirs may come twice."""
    scene.desk.randomness = counted_randomness("afterwards")
    scene.desk.clock.advance(_LATER_MS)
    scene.desk._totp_step += 1000


def check_fit(case: Case, scene: Scene) -> None:
    """Start the program on the file, and find everything in order; deliver it, go on working, and deliver that."""
    desk = scene.desk
    _be_another(scene)
    if case.restarts:
        case.arrange(scene)()
        if case.name == "the schema changed":
            return
    else:
        scene.open()
    check_whole(scene)
    desk.sync()
    if case.works_after:
        _go_on(scene)
        desk.sync()
        assert scene.device.outbox().length == 0
        _check_like_centre(scene)
    check_whole(scene)
    scene.device.close()


def _go_on(scene: Scene) -> None:
    desk, device = scene.desk, scene.device
    teller = desk.sign_in("jens")
    device.put_setting("afterwards", "works")
    # Not where the day or the drawer has been closed.
    if desk.draft(teller, desk.deposited(scene.account, 10_00)).may_be_performed:
        before = device.payable_here(scene.account)
        desk.perform(teller, desk.deposited(scene.account, 10_00))
        desk.perform(teller, desk.withdrawn(scene.account, 4_00))
        assert device.payable_here(scene.account) == before + 6_00
    assert isinstance(device.close_session(teller, "signed-out"), Performed)


def check_whole(scene: Scene) -> None:
    """The own chain holds together, every balance is the sum of its entries, and debits equal credits."""
    device = scene.device
    assert device.stopped in {None, "device_revoked"}, device.stopped
    identity = device.identity
    chain = [read_operation(jws) for jws in device.export_chain(identity.device, identity.epoch)]
    assert [one.operation.seq for one in chain] == list(range(1, len(chain) + 1))
    assert [one.operation.prev for one in chain] == [None, *(one.hash for one in chain)][: len(chain)]
    assert device.chain_head() == ((len(chain), chain[-1].hash) if chain else (0, None))
    with device.reading() as connection:
        lines = trial_balance(connection)
        rows = connection.exec_driver_sql(_SUMS).all()
        accounts = connection.exec_driver_sql("SELECT branch, id, posted FROM deposit_accounts").all()
    # Of another branch's books there is no more here than what a visitor has done, on top of what they were lent with.
    for line in lines:
        assert line.debits == line.credits or line.branch != identity.branch, line
    for branch, account, total, balance in rows:
        assert total == balance or branch != identity.branch, account
    held = {account: -balance for _, account, _, balance in rows}
    for branch, account, posted in accounts:
        untouched = 0 if branch == identity.branch else posted
        assert held.pop(f"deposit:{account}", untouched) == posted, account
    assert not [account for account in held if account.startswith("deposit:")], "money on an account that is not here"


def _check_like_centre(scene: Scene) -> None:
    """All is delivered, so the device and the centre hold the same (P9)."""
    with scene.device.reading() as connection:
        rows = connection.exec_driver_sql("SELECT id, posted FROM deposit_accounts").all()
    for account, posted in rows:
        row = scene.desk.centre.book.get(DepositAccount, account)
        assert row is not None
        assert row.posted == posted, account
    assert scene.device.feed_position("odense") == len(scene.desk.centre.feeds["odense"])
