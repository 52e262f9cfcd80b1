"""A branch whose devices have all reported to a restored centre: what is still open is settled, and work goes on.

Nothing that was given back is dropped. What nobody can place any more is said again where somebody counts on it (a
file that is lent, money from a partner), or kept as bytes; grants that devices hold are counted; what came with an
exception is held back.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from core.clock import instant
from core.envelope import read_operation
from core.ledger import deposit_id
from core.operations import rules
from core.operations.incarnations import FIRST
from core.operations.kind import Decoded
from core.operations.rights import RightsGranted
from sync_server.centre.devices import revoke_given_up
from sync_server.centre.forgotten import count_grant
from sync_server.centre.given_back import PLACED_AT_ONCE, place_some
from sync_server.centre.issue import Centre, Gathering
from sync_server.ingest.doubting import hold
from sync_server.ingest.quarantine import quarantine
from sync_server.store.home import Database, Home, IdentifierTaken, MetOthers
from sync_server.store.incarnations import Given, Purpose, is_gathering
from sync_server.store.values import ChainName

_ATTEMPTS = 5


def gather(database: Database, centre: Centre, *, most: int | None = None) -> bool:
    """Place what was given back and settle what is open, a short transaction at a time; False if nothing moved.

    At most so many of them.

    Raises `MetOthers`, and what the database raises when it is in trouble.
    """
    done, misses = 0, 0
    while done != most:
        try:
            with database.transaction() as home:
                if not _step(home, centre):
                    break
            done += 1
        except (MetOthers, IdentifierTaken) as met:
            misses += 1
            if misses == _ATTEMPTS:
                raise MetOthers("what was given back met others too often") from met
    return done > 0


def _step(home: Home, centre: Centre) -> bool:
    if home.incarnations.number() == FIRST:
        return False
    if place_some(home, centre):
        return True
    feeds = [feed for feed in home.incarnations.given_feeds() if not is_gathering(home.incarnations, feed)]
    return any(_Closing(home, centre, feed).close() for feed in feeds) or revoke_given_up(home, centre)


class _Closing:
    """One branch's feed, in which everything that came back has its place or never will."""

    def __init__(self, home: Home, centre: Centre, feed: str) -> None:
        self._home = home
        self._centre = centre
        self._feed = feed
        self._at = instant(centre.clock.now_ms())

    def close(self) -> bool:
        """Do some of what is to be done; False if nothing is."""
        return self._deal("grant", self._count) or self._deal("doubt", self._hold) or self._deal("left", self._end)

    def _deal(self, purpose: Purpose, deal: Callable[[Decoded[Any]], bool]) -> bool:
        """Deal with each and remove it, but those for which another branch's feed has to be whole; False for none."""
        done: list[Given] = []
        for given in self._home.incarnations.given(self._feed, purpose, PLACED_AT_ONCE):
            try:
                if deal(rules.decode(read_operation(given.jws))):
                    done.append(given)
            except Gathering:
                continue
        if done:
            self._home.incarnations.remove_given(done)
        return bool(done)

    def _count(self, decoded: Decoded[RightsGranted]) -> bool:
        count_grant(self._home, self._centre, decoded.body)
        return True

    def _hold(self, decoded: Decoded[Any]) -> bool:
        for posting in decoded.postings:
            if posting.amount < 0 and posting.branch == self._feed and deposit_id(posting.account) is not None:
                hold(self._home, self._centre, self._home.book(), posting, decoded.operation.id)
        return True

    def _end(self, decoded: Decoded[Any]) -> bool:
        """What its maker can send no more is kept as bytes, for two people to decide over."""
        chain: ChainName = (decoded.operation.device, decoded.operation.epoch)
        row = self._home.lock_chain(chain)
        if self._home.hashes_of([decoded.operation.id]):
            return True
        if row is None or row.state == "living":
            return False
        quarantine(self._home, chain, [decoded], None, self._at)
        return True
