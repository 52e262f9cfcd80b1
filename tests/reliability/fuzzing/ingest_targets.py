"""The target that pushes to the centre's ingest as it is, over its home in memory."""

from __future__ import annotations

from core.book.rows import DepositAccount, LedgerBalance
from core.errors import IntegrityFault, Refused
from core.rights import free
from core.sync.messages import Push, PushAnswer
from sync_server.ingest.keys import KnownKeys
from sync_server.store.memory import MemoryDatabase
from sync_server.store.memory.tables import CHAINS, FEED_HEADS, FEED_ITEMS, OPERATIONS, UNBOOKED
from tests.reliability.fuzzing.changed_pushes import ChangedPushes
from tests.reliability.fuzzing.choices import Choices
from tests.reliability.fuzzing.ingest_site import found_site
from tests.reliability.fuzzing.quick_keys import QuickKeys


class IngestTargets:
    """The target over one bank, of which each input has a copy as it was when a part of the run had been taken."""

    def __init__(self) -> None:
        base = MemoryDatabase()
        self._site = found_site(base)
        self._pushes = ChangedPushes(self._site)
        self._place_behind = {signed.hash: number for number, signed in enumerate(self._site.run, 1)}
        self._taken, keys = [base], QuickKeys()
        for place in range(len(self._site.run)):
            self._taken.append(self._taken[-1].copy())
            self._site.take_next(self._taken[-1], keys, place)
        self._verified = keys.verified

    def push(self, choices: Choices) -> str:
        """A push with something in it changed: what is answered is kept, once, and nobody else is stopped by it."""
        known, message = self._pushes.make(choices)
        before = self._taken[known]
        database, keys = before.copy(), QuickKeys(kept=self._verified)
        try:
            answer = self._site.take(database, keys, message)
        except (IntegrityFault, Refused) as refusal:
            # Then nothing of the push is there, whoever else made the rest of it, and its device can never go on.
            raise AssertionError(f"a push that ends without an answer: {refusal!r}") from refusal
        # To the same server once more, or to another, which remembers no keys.
        asked = keys if choices.below(2) else keys.of_another()
        assert self._site.take(database, asked, message) == answer, "the same push has another answer"
        self._stands(before, database, answer)
        if choices.one_in(8):
            self._neighbour_goes_on(database, keys)
        if choices.one_in(4):
            self._goes_on(database, keys.of_another(), answer)
        return said_of_push(answer)

    def _stands(self, before: MemoryDatabase, database: MemoryDatabase, answer: PushAnswer) -> None:
        sums: dict[tuple[str, str], int] = {}
        for row in database.rows(LedgerBalance).values():
            sums[row.branch, row.currency] = sums.get((row.branch, row.currency), 0) + row.balance
        for account in database.rows(DepositAccount).values():
            named = (account.branch, account.currency)
            sums[named] = sums.get(named, 0) - account.posted
        assert not any(sums.values()), f"money was made or lost: {sums}"
        for feed, head in database.committed(FEED_HEADS).items():
            positions = sorted(position for named, position in database.committed(FEED_ITEMS) if named == feed)
            assert positions == list(range(1, head + 1)), f"the feed {feed} has a gap"
        chain = database.committed(CHAINS)[self._site.desk.chain.device, 1]
        assert (chain.seq, chain.hash) == (answer.head_seq, answer.head_hash), "a head that was not answered"
        here = {kept.verdict.hash for kept in database.committed(OPERATIONS).values()}
        beside = {hash_ for _, _, hash_ in database.committed(UNBOOKED)}
        for verdict in answer.verdicts:
            assert verdict.hash in (beside if verdict.verdict == "quarantined" else here), "something was dropped"
        quarantined = any(verdict.verdict == "quarantined" for verdict in answer.verdicts)
        assert (chain.state == "living") is not quarantined, "a chain stopped without a reason, or not stopped"
        excepted = any(verdict.exceptions for verdict in answer.verdicts)
        for key, account in database.rows(DepositAccount).items():
            was, now = (
                before.rows(DepositAccount).get(key),
                free(account.posted, account.overdraft_limit, account.rights),
            )
            least = min(0, free(was.posted, was.overdraft_limit, was.rights)) if was is not None else 0
            assert now >= least or excepted, f"free fell to {now} and nobody is told"

    def _goes_on(self, database: MemoryDatabase, keys: KnownKeys, answer: PushAnswer) -> None:
        """What was refused has not stopped the chain: the operation that belongs at its end is taken."""
        run = self._site.run
        place = self._place_behind.get(answer.head_hash or "", len(run))
        living = database.committed(CHAINS)[self._site.desk.chain.device, 1].state == "living"
        for signed in run[place : place + 1] if living else ():
            (verdict,) = self._site.take(database, keys, self._site.push(signed.jws)).verdicts
            assert verdict.verdict != "quarantined", "the chain was stopped by what was refused"

    def _neighbour_goes_on(self, database: MemoryDatabase, keys: KnownKeys) -> None:
        message = Push(self._site.neighbour.chain.device, 1, (self._site.neighbours.jws,))
        (verdict,) = self._site.take(database, keys, message).verdicts
        assert verdict.verdict != "quarantined", "a neighbour was stopped"


def said_of_push(answer: PushAnswer) -> str:
    """What became of its last operation."""
    if answer.refused is not None:
        return f"refused {answer.refused.code}"
    return answer.verdicts[-1].verdict if answer.verdicts else "gap"
