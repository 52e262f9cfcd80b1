"""What the centre keeps of its database's lives, and of who has given back what the last one forgot."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from core.book.rows import DeviceEpoch
from core.sync.messages import ChainEnd
from sync_server.store.values import ChainName

EVERY_BRANCH = None
"""Where it is not known which branch it concerns."""


class Incarnations(Protocol):
    """Inside an open transaction. In the first incarnation nobody is awaited."""

    def number(self) -> int:
        """The incarnation that this transaction is in."""
        ...

    def hold(self) -> int:
        """The same; and none begins until this transaction has ended."""
        ...

    def begin(self, number: int, begun_at: str, numbers_from: int) -> None:
        """Be in that incarnation from here on, once every other transaction that holds the last one has ended.

        Account numbers before `numbers_from` may have been given out by what is forgotten.
        """
        ...

    def numbers_from(self) -> int:
        """The first account number that may be leased in this incarnation."""
        ...

    def begun_at(self) -> str:
        """When the incarnation began; empty for the first."""
        ...

    def report(self, chain: ChainName) -> None:
        """The device epoch has said all that it knows to this incarnation, or was enrolled in it."""
        ...

    def has_reported(self, chain: ChainName) -> bool:
        """Whether it has, in this incarnation."""
        ...

    def awaited(self, branch: str | None) -> Sequence[DeviceEpoch]:
        """The living device epochs of a branch (None: of the bank) that have not, by device and epoch.

        Those of other branches that a file of the branch was ever lent to are among them.
        """
        ...

    def chain_ends(self, branch: str) -> Sequence[ChainEnd]:
        """Where each chain that has an operation stands: of the branch's devices, the branch, and the bank-wide one."""
        ...


def is_recovering(incarnations: Incarnations, branch: str | None) -> bool:
    """Whether a device of the branch (or of any, `EVERY_BRANCH`) has yet to say what the centre forgot."""
    return incarnations.number() > 1 and bool(incarnations.awaited(branch))
