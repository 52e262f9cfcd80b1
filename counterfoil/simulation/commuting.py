"""`feeds_commute`: what a branch comes to does not depend on the order in which its operations were heard of.

The operations of a branch's feed are applied once more, in another order that some desk might have had: the bank-wide
feed first, then each device's operation anywhere after what its maker had seen, and each of the centre's after all
that stood before it. The rows must be the centre's.
"""

from __future__ import annotations

from typing import Any

from core.book import Book, DictStore
from core.book.rows import DeviceEpoch
from core.device.feeds import BANK_FEED
from core.envelope import read_operation
from core.operations import rules
from core.operations.customers import with_stamp
from core.operations.incarnations import BEGUN, FIRST
from core.operations.kind import Decoded
from counterfoil.simulation.feeds import COMPARED, concerning, feed_of
from counterfoil.simulation.simulation import Simulation
from sync_server.store.memory.tables import OPERATIONS, Kept


def shuffle(simulation: Simulation, branch: str, since: dict[str, int]) -> None:
    """Apply the feeds of a branch in another order on what a founded desk of it holds. Raises `Violation`.

    `since` says up to where each feed is in that founded desk already.
    """
    founded = next(desk for desk in simulation.founded if desk.branch == branch)
    store = DictStore()
    store.rows = {table: dict(rows) for table, rows in founded.home.rows.tables.items()}
    store.operations = {kept.id: kept.jws for kept in simulation.centre.database.committed(OPERATIONS).values()}
    for kept in feed_of(simulation, BANK_FEED)[since[BANK_FEED] :]:
        _apply(kept, store)
    for kept in _another_order(simulation, branch, feed_of(simulation, branch)[since[branch] :], since[branch]):
        _apply(kept, store)
    accounts, there = concerning(simulation, branch)
    for table in COMPARED:
        here = {key: row for key, row in store.rows.get(table, {}).items() if accounts(row)}
        if here != there[table]:
            key = min(
                (key for key in here.keys() | there[table].keys() if here.get(key) != there[table].get(key)), key=repr
            )
            simulation.violated(
                "feeds_commute",
                f"in another order {branch} has {here.get(key)}, the centre has {there[table].get(key)}",
            )


def _apply(kept: Kept, store: DictStore) -> None:
    decoded: Decoded[Any] = rules.decode(read_operation(kept.jws))
    book = Book(store)
    known = kept.kind == BEGUN or book.get(DeviceEpoch, *kept.place[:2]) is not None
    if not known or kept.id in book.applied:
        return
    codes = [found.code for found in kept.verdict.exceptions]
    rules.apply(decoded if kept.verdict.stamp is None else with_stamp(decoded, kept.verdict.stamp), book, codes)
    store.write(book)


def _another_order(simulation: Simulation, branch: str, items: list[Kept], first: int) -> list[Kept]:
    """Each operation at a place chosen by chance among those that it may have."""
    chance = simulation.chance
    waiting: dict[tuple[str, int], list[tuple[int, Kept]]] = {}
    for position, kept in enumerate(items, start=first + 1):
        waiting.setdefault(kept.place[:2], []).append((position, kept))
    done: set[int] = set()
    reached = first
    order: list[Kept] = []
    while waiting:
        ready = [chain for chain in sorted(waiting) if _may_come(*waiting[chain][0], reached, branch, simulation)]
        chain = chance.one_of(ready)
        position, kept = waiting[chain].pop(0)
        if not waiting[chain]:
            del waiting[chain]
        order.append(kept)
        done.add(position)
        while reached + 1 in done:
            reached += 1
    return order


def _may_come(position: int, kept: Kept, reached: int, branch: str, simulation: Simulation) -> bool:
    """What a desk does beyond its rights counts up to what the centre then knew of them: nobody hears of it earlier."""
    operation = read_operation(kept.jws).operation
    away = operation.branch is not None and operation.branch != branch
    # What a desk says that it has seen is less than it knows, while it reads again what a restored centre has back.
    reads_again = operation.seen.incarnation > FIRST
    if operation.actor == "centre" or away or reads_again or kept.place[:2] in simulation.dishonest:
        return reached == position - 1
    return reached >= min(operation.seen.branch, position - 1)
