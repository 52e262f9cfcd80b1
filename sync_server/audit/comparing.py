"""What each operation and all of them together have made: postings, feed items, rows of state, heads of chains."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from core.book.columns import columns_of
from core.book.rows import ROWS, DeviceEpoch, LedgerBalance, Row
from sync_server.audit.faults import Faults
from sync_server.audit.reading import StoredOperation, stream
from sync_server.audit.replay import ChainName, Replay
from sync_server.database import Connection
from sync_server.ingest.settle import ChainHead, Settled

Stored = Sequence[tuple[Any, ...]]


def compare_postings(stored: StoredOperation, settled: Settled, rows: Stored, faults: Faults) -> None:
    """The postings of one operation: (line, branch, account, currency, amount)."""
    postings = settled.decoded.postings
    if rows == [(line, *posting) for line, posting in enumerate(postings)]:
        return
    here = {row[0]: tuple(row[1:]) for row in rows}
    made = {line: tuple(posting) for line, posting in enumerate(postings)}
    for line in sorted(here.keys() | made.keys()):
        row = f"{stored.named} line {line}"
        if line not in made:
            faults.add("postings", row, "posting_unexpected")
        elif line not in here:
            faults.add("postings", row, "posting_missing")
        elif here[line] != made[line]:
            faults.add("postings", row, "posting_differs", " ".join(map(str, made[line])))


def compare_feeds(stored: StoredOperation, settled: Settled, rows: Stored, faults: Faults) -> None:
    """The feeds in which one operation stands: (feed, position)."""
    if len(rows) == len(settled.feeds) and {row[0] for row in rows} == settled.feeds:
        return
    here = Counter(row[0] for row in rows)
    for feed in sorted(settled.feeds - here.keys()):
        faults.add("feed_items", f"{feed} {stored.named}", "feed_item_missing")
    for feed, position in rows:
        if feed not in settled.feeds or here[feed] > 1:
            faults.add("feed_items", f"{feed}/{position}", "feed_item_unexpected", stored.named)


def compare_rows(connection: Connection, replay: Replay) -> int:
    """Every row of state; answers how many there are."""
    count = 0
    for table in ROWS:
        made = replay.book.ledger() if table is LedgerBalance else replay.book.tables[table]
        count += _compare_table(connection, table, made, replay.faults)
    return count


def _compare_table(
    connection: Connection, table: type[Row], made: dict[tuple[object, ...], Row], faults: Faults
) -> int:
    count = 0
    names = ", ".join(column.name for column in columns_of(table))
    for values in stream(connection, "rows", f"SELECT {names} FROM {table.TABLE}".encode()):  # noqa: S608
        count += 1
        row = table(*values)
        key = tuple([getattr(row, name) for name in table.KEY])
        ours = made.pop(key, None)
        if ours == row or (ours is None and isinstance(row, LedgerBalance) and row.balance == 0):
            continue
        if ours is None:
            faults.add(table.TABLE, _key(key), "row_unexpected")
        else:
            differing = [name for name in table.__struct_fields__ if getattr(row, name) != getattr(ours, name)]
            said = "; ".join(f"{name} is {getattr(row, name)}, not {getattr(ours, name)}" for name in differing)
            faults.add(table.TABLE, _key(key), "row_differs", said)
    for key in sorted(made, key=repr):
        faults.add(table.TABLE, _key(key), "row_missing")
    return count


def _key(key: tuple[object, ...]) -> str:
    return "/".join(map(str, key))


def compare_chains(connection: Connection, replay: Replay, in_quarantine: set[ChainName]) -> int:
    """Every chain's head and state; answers how many chains there are."""
    devices = {(row.device, row.epoch): row for row in _devices(replay)}
    purposed = {name for name, row in devices.items() if row.purpose != "centre"}
    expected = {name: ChainHead(0, None) for name in purposed} | replay.heads
    count = 0
    for device, epoch, seq, hash_, state in stream(
        connection, "chains", b"SELECT device, epoch, seq, hash, state FROM chains"
    ):
        count += 1
        name = (device, epoch)
        head = expected.pop(name, None)
        if head is None and (name not in devices or seq):
            replay.faults.add("chains", f"{device}/{epoch}", "row_unexpected")
        elif head is not None and head != ChainHead(seq, hash_):
            replay.faults.add("chains", f"{device}/{epoch}", "head_differs", f"{seq}, not {head.seq}")
        ended = name in in_quarantine or (name in devices and devices[name].state != "living")
        if state != ("quarantined" if ended else "living"):
            replay.faults.add("chains", f"{device}/{epoch}", "chain_state_differs", state)
    for device, epoch in sorted(expected):
        replay.faults.add("chains", f"{device}/{epoch}", "row_missing")
    _compare_ends(replay)
    return count


def _compare_ends(replay: Replay) -> None:
    """An epoch that was ended has the end that the centre said."""
    for (device, epoch), seq in sorted(replay.ends.items()):
        head = replay.heads.get((device, epoch), ChainHead(0, None))
        if head.seq != seq:
            replay.faults.add("chains", f"{device}/{epoch}", "chain_end_differs", f"{head.seq}, not {seq}")


def _devices(replay: Replay) -> list[DeviceEpoch]:
    return [row for row in replay.book.tables[DeviceEpoch].values() if isinstance(row, DeviceEpoch)]
