"""The target that pushes to the centre's ingest as it is, over its home in memory."""

from __future__ import annotations

from typing import Any

import msgspec

from core.book.rows import DepositAccount, LedgerBalance
from core.envelope import OPERATION_TYPE, Signed, operation_hash, sign_compact
from core.ledger import reversed_postings
from core.operations import accounts, rules
from core.operations.reversals import EntryReversed, lines
from core.people.keys import key_name
from core.sync.messages import BATCH_MAX, Push, PushAnswer
from sync_server.ingest.keys import KnownKeys
from sync_server.ingest.push import take_push
from sync_server.store.memory import MemoryDatabase
from sync_server.store.memory.tables import CHAINS, FEED_HEADS, FEED_ITEMS, OPERATIONS, UNBOOKED
from tests.reliability.fuzzing.choices import Choices
from tests.reliability.fuzzing.mutations import changed_spelling, changed_token, changed_value
from tests.sync_server.centre_bank import Desk
from tests.sync_server.home_bank import HomeBank


class IngestTargets:
    """The target over one bank, of which each input has a copy."""

    def __init__(self) -> None:
        self._base = MemoryDatabase()
        self._bank = HomeBank(self._base)
        self._desk, self._neighbour = (self._bank.desk(f"nor-{number}", "nor") for number in (1, 2))
        account = self._neighbour.account(deposit=500_00)
        self._bank.settle(self._neighbour)
        self._neighbours = self._neighbour.make(self._neighbour.deposit(account, 1_00))
        self._run = _work(self._desk, account)
        self._fields = [msgspec.json.decode(msgspec.json.encode(signed.operation)) for signed in self._run]
        people = (self._desk.teller, self._desk.supervisor)
        self._keys = {key_name(person.key): person.key for person in people}
        self._keys[key_name(self._desk.chain.key)] = self._desk.chain.key
        self._pool = self._words(account)

    def push(self, choices: Choices) -> str:
        """A push with something in it changed: what is answered is kept, once, and nobody else is stopped by it."""
        database, known = self._base.copy(), KnownKeys()
        message = Push(self._desk.chain.device, 1, self._texts(choices), self._records(choices))
        answer = take_push(database, known, self._bank.centre, message)
        assert take_push(database, known, self._bank.centre, message) == answer, "the same push has another answer"
        assert take_push(database, KnownKeys(), self._bank.centre, message) == answer, (
            "another server answers otherwise"
        )
        self._stands(database, answer)
        if choices.one_in(8):
            self._neighbour_goes_on(database, known)
        return _said(answer)

    def _texts(self, choices: Choices) -> tuple[str, ...]:
        way = choices.below(4)
        texts = [signed.jws for signed in self._run]
        place = choices.below(len(texts))
        if way == 0:
            texts[place] = changed_token(choices, texts[place])
        elif way == 1:
            other = choices.below(len(texts))
            texts[place], texts[other] = texts[other], texts[place]
            texts = texts[choices.below(3) :]
        else:
            texts = self._signed_again(choices, place, chained=way == 3)
        return tuple(texts[:BATCH_MAX])

    def _signed_again(self, choices: Choices, place: int, *, chained: bool) -> list[str]:
        """One operation changed and signed; those behind it chained to it anew, or left as they were: a fork."""
        texts = [signed.jws for signed in self._run[:place]]
        prev = self._fields[place]["prev"]
        for number in range(place, len(self._run)):
            fields = {**self._fields[number], "prev": prev}
            if number == place:
                whole = choices.one_in(3)
                fields = (
                    changed_value(choices, fields, self._pool)
                    if whole
                    else {**fields, "body": changed_value(choices, fields["body"], self._pool)}
                )
            payload = msgspec.json.encode(fields)
            if number == place and choices.one_in(10):
                payload = changed_spelling(choices, payload)
            kid = self._run[number].kid
            texts.append(sign_compact(payload, self._keys[kid], kid, OPERATION_TYPE))
            prev = operation_hash(texts[-1])
            if not chained:
                return texts + [signed.jws for signed in self._run[number + 1 :]]
        return texts

    def _records(self, choices: Choices) -> dict[str, str]:
        if choices.below(4):
            return self._desk.records
        changed = changed_value(choices, self._desk.records, self._pool)
        plain = isinstance(changed, dict) and all(isinstance(each, str) for each in changed.values())
        return changed if plain else {}

    def _stands(self, database: MemoryDatabase, answer: PushAnswer) -> None:
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
        chain = database.committed(CHAINS)[self._desk.chain.device, 1]
        assert (chain.seq, chain.hash) == (answer.head_seq, answer.head_hash), "a head that was not answered"
        here = {kept.verdict.hash for kept in database.committed(OPERATIONS).values()}
        beside = {hash_ for _, _, hash_ in database.committed(UNBOOKED)}
        for verdict in answer.verdicts:
            assert verdict.hash in (beside if verdict.verdict == "quarantined" else here), "something was dropped"
        quarantined = any(verdict.verdict == "quarantined" for verdict in answer.verdicts)
        assert (chain.state == "living") is not quarantined, "a chain stopped without a reason, or not stopped"

    def _neighbour_goes_on(self, database: MemoryDatabase, known: KnownKeys) -> None:
        message = Push(self._neighbour.chain.device, 1, (self._neighbours.jws,))
        (verdict,) = take_push(database, known, self._bank.centre, message).verdicts
        assert verdict.verdict != "quarantined", "a neighbour was stopped"

    def _words(self, account: str) -> list[Any]:
        """Not the id that the neighbour's next operation has: whoever could guess it would have it first, by design."""
        own = [signed.operation.id for signed in self._run]
        hashes = [signed.hash for signed in self._run]
        meant = [account, *self._desk.iban_of, *own, *hashes, *self._desk.records]
        return [*meant, "nor", "syd", "nor-1", "nor-2", "DKK", "EUR", "centre", "device", 1, 2, 10**12, 2**53, None, {}]


def _work(desk: Desk, elsewhere: str) -> list[Signed]:
    """A run of many kinds that waits to be pushed."""
    account = desk.account(deposit=900_00)
    other = desk.account()
    paid = desk.make(desk.withdrawal(account, 50_00))
    desk.make(desk.transfer(account, 7_00, desk.iban_of[other]), at_drawer=False)
    desk.make(desk.deposit(elsewhere, 3_00))
    desk.make(accounts.AccountFrozen(account=other, reason="lost-card"))
    back = lines(reversed_postings(rules.decode(paid).postings))
    body = EntryReversed(reverses=paid.operation.id, reverses_hash=paid.hash, postings=back)
    desk.make(body, approver=desk.supervisor)
    return list(desk.unsent)


def _said(answer: PushAnswer) -> str:
    if answer.refused is not None:
        return f"refused {answer.refused.code}"
    return answer.verdicts[-1].verdict if answer.verdicts else "gap"
