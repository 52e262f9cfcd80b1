"""Another branch in the memory centre's bank, with a customer of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.book.rows import DepositAccount
from core.clock import FixedClock
from core.operations.rights import RightsReturned
from tests.core.device.desk import Desk as DeskUnderTest
from tests.core.device.memory_centre import MemoryCentre


@contextmanager
def far_account(centre: MemoryCentre, clock: FixedClock, folder: Path) -> Iterator[tuple[str, str]]:
    """Ida Krogh's account in Aarhus with 900.00 that no desk holds rights on, and its IBAN."""
    centre.admit("karen", "supervisor", "aarhus")
    centre.admit("freja", "teller", "aarhus")
    bench = DeskUnderTest(folder, centre, clock, "aarhus-1", "aarhus")
    bench.read()
    bench.found("karen", "freja")
    supervisor, teller = bench.sign_in("karen"), bench.sign_in("freja")
    bench.open_day(teller, supervisor, "kasse-9")
    account = bench.account(teller, bench.customer(teller, supervisor, "Ida", "Krogh"))
    bench.perform(teller, bench.deposited(account, 900_00), drawer="kasse-9")
    bench.perform(teller, RightsReturned(account=account, currency="DKK", returned=900_00))
    bench.sync()
    row = centre.book.get(DepositAccount, account)
    assert row is not None
    yield account, row.iban
    bench.device.close()
