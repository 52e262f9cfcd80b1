"""Account numbers from the blocks that the centre leased to this device, and stamps of its hybrid logical clock."""

from __future__ import annotations

from core.book.rows import Bank, Iban
from core.device.workings import Workings
from core.iban import make_iban
from core.operations.customers import next_stamp

NUMBERS_LEFT_MIN = 20
"""With fewer left, a new block is asked for."""


class IbanGiver:
    """Remembers where in each block the next free number is, so that it is looked for only once."""

    def __init__(self) -> None:
        self._next: dict[int, int] = {}

    def next(self, workings: Workings) -> tuple[str, int] | None:
        """A free IBAN and the first number of its block (the body's `block`); None if no number is left."""
        bank = workings.book.get(Bank, "bank")
        if bank is None:
            return None
        for first, last in workings.store.rows.iban_blocks():
            number = self._first_free(workings, bank, first, last)
            if number is not None:
                return make_iban(bank.country, bank.bank_code, number), first
        return None

    def left(self, workings: Workings) -> int:
        """How many numbers are left, at most (those looked at are known to be taken)."""
        return sum(last + 1 - self._next.get(first, first) for first, last in workings.store.rows.iban_blocks())

    def _first_free(self, workings: Workings, bank: Bank, first: int, last: int) -> int | None:
        number = self._next.get(first) or _guess(workings, bank, first, last)
        while number <= last and workings.book.get(Iban, make_iban(bank.country, bank.bank_code, number)) is not None:
            number += 1
        self._next[first] = number
        return number if number <= last else None


def _guess(workings: Workings, bank: Bank, first: int, last: int) -> int:
    """Numbers are given in order, so the first free one is found by halves; a gap only leaves a number unused."""
    low, high = first, last + 1
    while low < high:
        middle = (low + high) // 2
        if workings.book.get(Iban, make_iban(bank.country, bank.bank_code, middle)) is not None:
            low = middle + 1
        else:
            high = middle
    return low


def stamp(workings: Workings) -> str:
    """The next stamp of this device's hybrid logical clock, greater than any it has seen."""
    head = workings.head
    return next_stamp(head.device, workings.clock.now_ms(), head.last_stamp)
