"""The lives of the centre's database, in memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar, cast

from core.book import Row
from core.book.rows import DeviceEpoch, LentFile
from core.operations.bank import centre_chain
from core.sync.messages import ChainEnd
from sync_server.store.incarnations import Given, Purpose
from sync_server.store.memory.overlay import Overlay
from sync_server.store.memory.tables import CHAINS, GIVEN, INCARNATIONS, REPORTS, KeptIncarnation, KeptReport
from sync_server.store.values import ChainName

R = TypeVar("R", bound=Row)
_FIRST = KeptIncarnation("", 0)


class MemoryIncarnations:
    """Inside an open transaction. Whoever begins an incarnation is alone at the database: that is for its caller."""

    def __init__(self, overlay: Overlay) -> None:
        self._overlay = overlay

    def number(self) -> int:
        """The incarnation that this transaction is in."""
        return max((number for number, _ in self._overlay.items(INCARNATIONS)), default=1)

    def hold(self) -> int:
        """The same."""
        return self.number()

    def begin(self, number: int, begun_at: str, numbers_from: int) -> None:
        """Be in that incarnation from here on."""
        unaccounted = {(row.device, row.epoch) for row in self.unaccounted(None)}
        self._overlay.statement("incarnations")
        self._overlay.lock(INCARNATIONS, number)
        self._overlay.put(INCARNATIONS, number, KeptIncarnation(begun_at, numbers_from))
        for row in list(self._all(DeviceEpoch)):
            is_known = (row.device, row.epoch) not in unaccounted
            if row.purpose != "centre" and row.state != "living" and is_known:
                self._overlay.put(REPORTS, (row.device, row.epoch), KeptReport(number))

    def numbers_from(self) -> int:
        """The first account number that may be leased in this incarnation."""
        return self._kept().numbers_from

    def begun_at(self) -> str:
        """When the incarnation began; empty for the first."""
        return self._kept().begun_at

    def _kept(self) -> KeptIncarnation:
        return self._overlay.get(INCARNATIONS, self.number()) or _FIRST

    def report(self, chain: ChainName) -> None:
        """The device epoch has said all that it knows to this incarnation, or was enrolled in it."""
        self._overlay.statement("incarnation_reports")
        self._overlay.lock(REPORTS, chain)
        self._overlay.put(REPORTS, chain, KeptReport(self.number()))

    def has_reported(self, chain: ChainName) -> bool:
        """Whether it has, in this incarnation."""
        return self._overlay.get(REPORTS, chain) == KeptReport(self.number())

    def give_up(self, chain: ChainName) -> None:
        """Nobody waits for the device epoch any more, and it reports no more: it is to be revoked."""
        self._overlay.statement("incarnation_reports")
        self._overlay.lock(REPORTS, chain)
        self._overlay.put(REPORTS, chain, KeptReport(self.number(), given_up=True))

    def given_up(self) -> Sequence[ChainName]:
        """Whom `give_up` was said of in this incarnation."""
        said = KeptReport(self.number(), given_up=True)
        return sorted(chain for chain, report in self._overlay.items(REPORTS) if report == said)

    def awaited(self, branch: str | None) -> Sequence[DeviceEpoch]:
        """The living device epochs of a branch (None: of the bank) that have not, by device and epoch."""
        unaccounted = self.unaccounted(branch)
        given_up = set(self.given_up()) if unaccounted else set()
        return [row for row in unaccounted if row.state == "living" and (row.device, row.epoch) not in given_up]

    def unaccounted(self, branch: str | None) -> Sequence[DeviceEpoch]:
        """As `awaited`, with those that were revoked before they reported."""
        if self.number() == 1:
            return ()
        visited = {(loan.device, loan.epoch) for loan in self._all(LentFile) if loan.branch == branch}
        waiting = (
            row
            for row in self._all(DeviceEpoch)
            if row.purpose != "centre"
            and row.state != "written_off"
            and (branch in (None, row.branch) or (row.device, row.epoch) in visited)
            and not self.has_reported((row.device, row.epoch))
        )
        return sorted(waiting, key=lambda row: (row.device, row.epoch))

    def keep_given(self, given: Sequence[Given]) -> None:
        """Keep what was given back; what is kept already stays as it is."""
        self._overlay.statement("given_back")
        for one in given:
            key = (one.feed, one.purpose, one.hash)
            self._overlay.lock(GIVEN, key)
            if self._overlay.get(GIVEN, key) is None:
                self._overlay.put(GIVEN, key, one)

    def given(self, feed: str, purpose: Purpose, limit: int) -> Sequence[Given]:
        """The first that are kept, by position."""
        found = [one for _, one in self._overlay.items(GIVEN) if (one.feed, one.purpose) == (feed, purpose)]
        return sorted(found, key=lambda one: (one.position, one.hash))[:limit]

    def given_feeds(self) -> Sequence[str]:
        """The feeds that something is kept for, by name."""
        return sorted({one.feed for _, one in self._overlay.items(GIVEN)})

    def remove_given(self, given: Sequence[Given]) -> None:
        """They have been dealt with."""
        self._overlay.statement("given_back")
        for one in given:
            self._overlay.lock(GIVEN, (one.feed, one.purpose, one.hash))
            self._overlay.remove(GIVEN, (one.feed, one.purpose, one.hash))

    def has_given(self, branch: str | None) -> bool:
        """Whether something is kept for a branch's feed (None: for any) that its devices may wait for."""
        return any(one.purpose != "left" and branch in (None, one.feed) for _, one in self._overlay.items(GIVEN))

    def chain_ends(self, branch: str) -> Sequence[ChainEnd]:
        """Where each chain that has an operation stands: of the branch's devices, the branch, and the bank-wide one."""
        here = {(row.device, row.epoch) for row in self._all(DeviceEpoch) if row.branch == branch}
        return [
            ChainEnd(device, epoch, row.seq, row.hash)
            for (device, epoch), row in sorted(self._overlay.items(CHAINS))
            if row.seq and ((device, epoch) in here or device == centre_chain(None))
        ]

    def _all(self, table: type[R]) -> Iterable[R]:
        here, mine = self._overlay.reading(table), self._overlay.changed.get(table, {})
        return cast("Iterable[R]", ({**here, **mine} if mine else here).values())
