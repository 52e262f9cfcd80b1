"""What customers were handed at counters, written down where it happened: no part of the bank sees it.

`receipt_kept`: whatever a customer has a receipt for is at the centre with the same cash, once, or kept there as bytes;
unless the machine that gave it is gone, or its file is another by now.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from core.envelope import operation_hash
from core.ledger import Posting
from sync_server.store.memory.tables import NUMBERS, OPERATIONS, UNBOOKED

if TYPE_CHECKING:
    from counterfoil.simulation.desk import Desk
    from counterfoil.simulation.simulation import Simulation


class Receipt(NamedTuple):
    """An operation that a desk said was done; `cash` is what came into its drawers by it, in minor units."""

    id: str
    hash: str
    title: str
    file: int
    cash: int


def receipt_of(desk: Desk, jws: str, operation_id: str, postings: tuple[Posting, ...]) -> Receipt:
    """What is handed over when a desk has done something."""
    return Receipt(operation_id, operation_hash(jws), desk.title, desk.file, _cash(postings))


def _cash(postings: tuple[Posting, ...]) -> int:
    return sum(posting.amount for posting in postings if posting.account.startswith("drawer:"))


def look_at_receipts(simulation: Simulation) -> None:
    """Hold every receipt against the centre, once all is delivered. Raises `Violation`."""
    database = simulation.centre.database
    numbers, operations = database.committed(NUMBERS), database.committed(OPERATIONS)
    unbooked = {hash_ for _device, _epoch, hash_ in database.committed(UNBOOKED)}
    desks = {desk.title: desk for desk in simulation.machines}
    for receipt in simulation.receipts:
        number = numbers.get(receipt.id)
        if number is not None and operations[number].verdict.hash == receipt.hash:
            if _cash(operations[number].postings) != receipt.cash:
                simulation.violated("receipt_kept", f"{receipt.id} moved other cash than {receipt.title} did")
        elif receipt.hash not in unbooked and _speaks(desks[receipt.title], receipt):
            simulation.violated("receipt_kept", f"the centre has nothing of {receipt.id}, done at {receipt.title}")


def _speaks(desk: Desk, receipt: Receipt) -> bool:
    """Whether the machine that gave it is still there with all that it had, and sends it."""
    return not desk.is_lost and desk.file == receipt.file and desk.device is not None and desk.device.stopped is None
