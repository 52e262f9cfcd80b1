"""Wrong rules about what the centre writes in one transaction, and in which order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, cast

from core.operations import rules
from core.operations.kind import Decoded
from core.sync.messages import Push, PushAnswer
from counterfoil.simulation.replacing import replaced, swapped
from counterfoil.simulation.variants.variant import Variant
from sync_server.centre import issue as issuing
from sync_server.centre.issue import Centre
from sync_server.ingest import push as pushing
from sync_server.ingest.keys import KnownKeys
from sync_server.store.home import CentreBook, Database, Home
from sync_server.store.incarnations import Incarnations, is_recovering
from sync_server.store.memory import MemoryHome
from sync_server.store.memory.tables import FEED_HEADS
from sync_server.store.values import ChainName


class _HeadLater:
    """An open transaction that leaves the head of one chain for later."""

    def __init__(self, home: Home, chain: ChainName, later: list[tuple[int, str | None]]) -> None:
        self._home = home
        self._chain = chain
        self._later = later

    def __getattr__(self, name: str) -> Any:
        return getattr(self._home, name)

    def move_chain(self, chain: ChainName, seq: int, hash_: str | None) -> None:
        if chain == self._chain:
            self._later.append((seq, hash_))
        else:
            self._home.move_chain(chain, seq, hash_)


class _InTwo:
    """A database whose transactions write the head of one chain once they have been committed."""

    def __init__(self, database: Database, chain: ChainName) -> None:
        self._database = database
        self._chain = chain

    @contextmanager
    def transaction(self) -> Iterator[Home]:
        later: list[tuple[int, str | None]] = []
        with self._database.transaction() as home:
            yield cast("Home", _HeadLater(home, self._chain, later))
        for seq, hash_ in later:
            with self._database.transaction() as home:
                home.move_chain(self._chain, seq, hash_)


@contextmanager
def verdict_outside() -> Iterator[None]:
    """A batch is booked in one transaction; that it was, and how it was judged, is written in the next."""
    true = pushing.take_push

    def take(database: Database, keys: KnownKeys, centre: Centre, push: Push) -> PushAnswer:
        return true(_InTwo(database, (push.device, push.epoch)), keys, centre, push)

    with replaced(true, take):
        yield


@contextmanager
def feed_by_sequence() -> Iterator[None]:
    """A position is taken from a sequence when a transaction writes, not held until it commits."""

    def advance(home: MemoryHome, feed: str, count: int) -> int:
        overlay = home._overlay  # noqa: SLF001 - the rule itself
        overlay.statement("feed_heads")
        given = overlay.reading("feed sequences")
        given[feed] = max(given.get(feed, 0), home.feed_head(feed)) + count
        overlay.put(FEED_HEADS, feed, given[feed])
        return cast("int", given[feed])

    with swapped(MemoryHome, "advance_feed", advance):
        yield


@contextmanager
def applied_twice() -> Iterator[None]:
    """What a device sends again, because the answer was lost, is booked again."""
    true = pushing._known_verdicts  # noqa: SLF001 - the rule itself

    def again(home: Home, chain: ChainName, known: Sequence[Decoded[Any]]) -> Any:
        book = home.book()
        for decoded in known:
            rules.apply(decoded, book)
        home.write_rows(book)
        home.write_balances(book)
        return true(home, chain, known)

    with replaced(true, again):
        yield


@contextmanager
def granted_unreported() -> Iterator[None]:
    """A centre that was restored grants, draws and sends at once, as if it had forgotten nothing."""

    def unguarded(_home: Home, _draft: Decoded[Any], _book: CentreBook) -> None:
        pass

    with replaced(is_recovering, _never), replaced(issuing._must_not_gather, unguarded):  # noqa: SLF001 - the rule
        yield


def _never(_incarnations: Incarnations, _branch: str | None = None) -> bool:
    return False


VARIANTS = (
    Variant(
        "verdict-outside", "verdicts and the device's head are saved outside the transaction", 200, verdict_outside
    ),
    Variant("feed-by-sequence", "feed positions come from a sequence", 200, feed_by_sequence),
    Variant("applied-twice", "an operation that is sent again is applied again", 60, applied_twice),
    Variant(
        "granted-unreported",
        "a centre that was restored grants before devices have reported",
        100,
        granted_unreported,
    ),
)
