"""What the centre keeps of its database's lives, of who has reported to this one, and of what they gave back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple, Protocol

from core.book.rows import DeviceEpoch
from core.sync.messages import ChainEnd
from sync_server.store.values import ChainName

EVERY_BRANCH = None
"""The whole bank."""

Purpose = Literal["item", "grant", "doubt", "left"]
"""Why it is kept: it stood in a feed and is to stand there again; a device holds this grant; a hold may be lacking for
it; its maker sends it again, if anybody does."""


class Given(NamedTuple):
    """What devices gave back, until it has been dealt with. `feed` is `bank` or a branch's code."""

    feed: str
    purpose: Purpose
    position: int
    hash: str
    jws: str


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

        A device epoch that had ended counts as reported, unless the last incarnation never heard what it held.

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

    def give_up(self, chain: ChainName) -> None:
        """Nobody waits for the device epoch any more, and it reports no more: it is to be revoked."""
        ...

    def given_up(self) -> Sequence[ChainName]:
        """Whom `give_up` was said of in this incarnation."""
        ...

    def awaited(self, branch: str | None) -> Sequence[DeviceEpoch]:
        """The living device epochs of a branch (None: of the bank) that have not, by device and epoch.

        Those of other branches that a file of the branch was ever lent to are among them, who was given up is not.
        """
        ...

    def unaccounted(self, branch: str | None) -> Sequence[DeviceEpoch]:
        """As `awaited`, with who was given up or revoked before they reported: what they hold is not known either."""
        ...

    def keep_given(self, given: Sequence[Given]) -> None:
        """Keep what was given back; what is kept already stays as it is."""
        ...

    def given(self, feed: str, purpose: Purpose, limit: int) -> Sequence[Given]:
        """The first that are kept, by position."""
        ...

    def given_feeds(self) -> Sequence[str]:
        """The feeds that something is kept for, by name."""
        ...

    def remove_given(self, given: Sequence[Given]) -> None:
        """They have been dealt with."""
        ...

    def has_given(self, branch: str | None) -> bool:
        """Whether something is kept for a branch's feed (None: for any) that its devices may wait for."""
        ...

    def chain_ends(self, branch: str) -> Sequence[ChainEnd]:
        """Where each chain that has an operation stands: of the branch's devices, the branch, and the bank-wide one."""
        ...


def is_recovering(incarnations: Incarnations) -> bool:
    """Whether it is not known yet what was promised: nothing is granted, drawn or sent until then, at any branch.

    Any device may hold rights on any account: the file may have been lent to it by words that nobody else has heard.
    """
    if incarnations.number() == 1:
        return False
    return bool(incarnations.unaccounted(EVERY_BRANCH)) or incarnations.has_given(EVERY_BRANCH)


def is_gathering(incarnations: Incarnations, branch: str) -> bool:
    """Whether it is not known yet what stood in the branch's feed, or not there again: nothing comes in its place."""
    if incarnations.number() == 1:
        return False
    return bool(incarnations.awaited(branch)) or bool(incarnations.given(branch, "item", 1))
