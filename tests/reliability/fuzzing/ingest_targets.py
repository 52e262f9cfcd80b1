"""The target that pushes to the centre's ingest as it is, over its home in memory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from nacl.signing import SigningKey

from core.book.rows import DepositAccount, LedgerBalance
from core.envelope import OPERATION_TYPE, Operation, Signed, operation_hash, sign_compact
from core.errors import IntegrityFault, Refused
from core.ledger import reversed_postings
from core.operations import accounts, drawers, rights, rules, transfers
from core.operations.kind import Kind, Signer
from core.operations.registry import KINDS
from core.operations.reversals import EntryReversed, lines
from core.people.keys import key_name
from core.rights import free
from core.sync.messages import Push, PushAnswer
from sync_server.ingest.keys import KnownKeys
from sync_server.ingest.push import take_push
from sync_server.store.memory import MemoryDatabase
from sync_server.store.memory.tables import CHAINS, FEED_HEADS, FEED_ITEMS, OPERATIONS, UNBOOKED
from tests.reliability.fuzzing.authorising import authorised
from tests.reliability.fuzzing.choices import Choices
from tests.reliability.fuzzing.invented import invented
from tests.reliability.fuzzing.mutations import changed_spelling, changed_token, changed_value
from tests.sync_server.centre_bank import Desk
from tests.sync_server.home_bank import HomeBank

_BEHIND_MAX = 3
"""Operations that come in a push behind the one that is changed, at most."""


class IngestTargets:
    """The target over one bank, of which each input has a copy as it was when a part of the run had been taken."""

    def __init__(self) -> None:
        base = MemoryDatabase()
        self._bank = HomeBank(base)
        self._desk, self._neighbour = (self._bank.desk(f"nor-{number}", "nor") for number in (1, 2))
        account = self._neighbour.account(deposit=500_00)
        self._bank.settle(self._neighbour)
        self._neighbours = self._neighbour.make(self._neighbour.deposit(account, 1_00))
        self._run = _work(self._desk, account)
        self._place_behind = {signed.hash: number for number, signed in enumerate(self._run, 1)}
        self._fields = [msgspec.json.decode(msgspec.json.encode(signed.operation)) for signed in self._run]
        people = (self._desk.teller, self._desk.supervisor)
        self._keys = {key_name(key): key for key in (*(person.key for person in people), self._desk.chain.key)}
        self._kinds = {
            signer: [kind for kind in KINDS.values() if signer in kind.signers]
            for signer in (Signer.STAFF, Signer.DEVICE)
        }
        self.words = _words(self._desk, self._run, account, self._keys)
        self.pool: list[Any] = [value for values in self.words.values() for value in values]
        self.pool += [2, 10**12, 2**53, None, True, [], {}]
        self._taken = self._each_taken(base)

    def _each_taken(self, base: MemoryDatabase) -> list[MemoryDatabase]:
        """The centre when it had taken none of the run, the first, the first two, and so on."""
        taken = [base]
        for signed in self._run:
            database = taken[-1].copy()
            answer = take_push(database, KnownKeys(), self._bank.centre, self._push((signed.jws,), self._desk.records))
            (verdict,) = answer.verdicts
            assert verdict.verdict in {"applied", "recorded"}, (signed.operation.kind, verdict)
            taken.append(database)
        return taken

    def push(self, choices: Choices) -> str:
        """A push with something in it changed: what is answered is kept, once, and nobody else is stopped by it."""
        place = choices.below(len(self._run))
        known = choices.below(place + 2) if choices.one_in(6) else place
        before = self._taken[known]
        database, keys = before.copy(), KnownKeys()
        message = self._push(self._texts(choices, place, known), self._records(choices))
        try:
            answer = take_push(database, keys, self._bank.centre, message)
        except (IntegrityFault, Refused) as refusal:
            # Then nothing of the push is there, whoever else made the rest of it, and its device can never go on.
            raise AssertionError(f"a push that ends without an answer: {refusal!r}") from refusal
        # To the same server once more, or to another, which remembers no keys.
        asked = keys if choices.below(2) else KnownKeys()
        assert take_push(database, asked, self._bank.centre, message) == answer, "the same push has another answer"
        self._stands(before, database, answer)
        if choices.one_in(8):
            self._neighbour_goes_on(database, keys)
        if choices.one_in(4):
            self._goes_on(database, answer)
        return _said(answer)

    def _push(self, texts: tuple[str, ...], records: Mapping[str, str]) -> Push:
        return Push(self._desk.chain.device, 1, texts, dict(records))

    def _texts(self, choices: Choices, place: int, known: int) -> tuple[str, ...]:
        """From what the centre has yet to hear of, or something before it, to a little behind the changed one."""
        first = min(place, known)
        if choices.one_in(6):
            first = max(0, first - choices.below(3))
        last = place + 1 + choices.below(_BEHIND_MAX + 1)
        way = choices.below(8)
        if way > 1:
            return tuple(self._signed_again(choices, first, place, last, chained=choices.below(3) > 0))
        texts = [signed.jws for signed in self._run[first:last]]
        if way == 0:
            texts[place - first] = changed_token(choices, texts[place - first])
            return tuple(texts)
        other = choices.below(len(texts))
        texts[place - first], texts[other] = texts[other], texts[place - first]
        return tuple(texts[choices.below(3) :])

    def _signed_again(self, choices: Choices, first: int, place: int, last: int, *, chained: bool) -> list[str]:
        """One operation changed and signed; those behind it chained to it anew, or left as they were: a fork."""
        texts = [signed.jws for signed in self._run[first:place]]
        texts.append(self._changed(choices, place))
        for number, signed in enumerate(self._run[place + 1 : last], place + 1):
            if not chained:
                texts.append(signed.jws)
                continue
            payload = msgspec.json.encode({**self._fields[number], "prev": operation_hash(texts[-1])})
            texts.append(sign_compact(payload, self._keys[signed.kid], signed.kid, OPERATION_TYPE))
        return texts

    def _changed(self, choices: Choices, place: int) -> str:
        """Another operation at that place: something in it changed, or one of any kind; mostly with what it needs."""
        signed, fields = self._run[place], self._fields[place]
        kid, key = signed.kid, self._keys[signed.kid]
        if choices.one_in(3):
            kind = choices.pick(self._kinds[rules.signer_of(signed.operation)])
            fields = {**fields, **self._of_kind(choices, kind)}
        elif choices.below(3):
            fields = {**fields, "body": changed_value(choices, fields["body"], self.pool)}
        else:
            fields = changed_value(choices, fields, self.pool)
        payload = msgspec.json.encode(fields)
        if choices.one_in(16):
            payload = changed_spelling(choices, payload)
        text = sign_compact(payload, key, kid, OPERATION_TYPE)

        def approval(operation: Operation) -> str | None:
            if not operation.actor.startswith("staff:") or choices.below(3):
                return operation.approver
            return self._bank.maker.approval(operation, self._desk.supervisor)

        return authorised(text, key, approval) if choices.below(3) else text

    def _of_kind(self, choices: Choices, kind: Kind[Any]) -> dict[str, Any]:
        drawer = choices.pick((self._desk.drawer, self._desk.drawer, None))
        body = invented(choices, kind.body, self)
        return {"kind": kind.name, "kind_version": kind.version, "body": body, "drawer": drawer}

    def _records(self, choices: Choices) -> dict[str, str]:
        if choices.below(8):
            return self._desk.records
        changed = changed_value(choices, self._desk.records, self.pool)
        plain = isinstance(changed, dict) and all(isinstance(each, str) for each in changed.values())
        return changed if plain else {}

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
        chain = database.committed(CHAINS)[self._desk.chain.device, 1]
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

    def _goes_on(self, database: MemoryDatabase, answer: PushAnswer) -> None:
        """What was refused has not stopped the chain: the operation that belongs at its end is taken."""
        place = self._place_behind.get(answer.head_hash or "", len(self._run))
        living = database.committed(CHAINS)[self._desk.chain.device, 1].state == "living"
        for signed in self._run[place : place + 1] if living else ():
            message = self._push((signed.jws,), self._desk.records)
            (verdict,) = take_push(database, KnownKeys(), self._bank.centre, message).verdicts
            assert verdict.verdict != "quarantined", "the chain was stopped by what was refused"

    def _neighbour_goes_on(self, database: MemoryDatabase, known: KnownKeys) -> None:
        message = Push(self._neighbour.chain.device, 1, (self._neighbours.jws,))
        (verdict,) = take_push(database, known, self._bank.centre, message).verdicts
        assert verdict.verdict != "quarantined", "a neighbour was stopped"


def _words(desk: Desk, run: list[Signed], account: str, keys: Mapping[str, SigningKey]) -> dict[str, list[Any]]:
    """Not the id that the neighbour's next operation has: whoever could guess it would have it first, by design."""
    opened = [each.operation.id for each in run if each.operation.kind == "account.opened"]
    people = [f"staff:{person.person}" for person in (desk.teller, desk.supervisor)]
    return {
        "identifier": [account, *opened * 4, *(each.operation.id for each in run)],
        "digest": [*(each.hash for each in run), *keys, *desk.records],
        "key": [key_name(key) for key in keys.values()],
        "code": ["nor", "syd", "nor-1", "nor-2", "centre", "centre-nor", *(each[6:] for each in people)],
        "kind": sorted({each.operation.kind for each in run}),
        "currency": ["DKK", "DKK", "DKK", "EUR", "XXX"],
        "amount": [1, 100, 1_00, 10_00, 500_00, 900_00, 10**12, 2**53 - 1],
        "instant": [run[-1].operation.at, "2026-11-20T23:00:00.000Z", "2036-11-20T23:00:00.000Z"],
        "iban": list(desk.iban_of.values()),
        "number": [*desk.blocks, 0, 1, 2],
        "account": [*(f"deposit:{each}" for each in opened), "vault", f"drawer:{desk.drawer}", "clearing:partners"],
        "stamp": ["1795161600000-0000-nor-1", "9999999999999-9999-x", "0000000000000-0000--"],
        "token": [each.jws for each in run[-4:]],
        "actor": ["device", "centre", *people],
    }


def _work(desk: Desk, elsewhere: str) -> list[Signed]:
    """A run of many kinds that waits to be pushed."""
    account = desk.account(deposit=900_00)
    other = desk.account()
    paid = desk.make(desk.withdrawal(account, 50_00))
    desk.make(desk.transfer(account, 7_00, desk.iban_of[other]), at_drawer=False)
    made = transfers.TransferMade(account=account, payee_account=other, currency="DKK", amount=20_00)
    desk.make(made, at_drawer=False)
    desk.bank.maker.by_device(desk.chain, rights.RightsReturned(account=account, currency="DKK", returned=300_00))
    desk.make(desk.deposit(elsewhere, 3_00))
    frozen = desk.make(accounts.AccountFrozen(account=other, reason="lost-card"))
    desk.make(accounts.FreezeLifted(account=other, freeze=frozen.operation.id), approver=desk.supervisor)
    back = lines(reversed_postings(rules.decode(paid).postings))
    body = EntryReversed(reverses=paid.operation.id, reverses_hash=paid.hash, postings=back)
    desk.make(body, approver=desk.supervisor)
    asked = transfers.TransferRequested(
        account=account, route="own", payee_account=other, currency="DKK", amount=950_00, details=None
    )
    desk.make(asked, at_drawer=False)
    desk.make(drawers.VaultReturned(currency="DKK", amount=100_00), by=desk.supervisor, at_drawer=False)
    return list(desk.unsent)


def _said(answer: PushAnswer) -> str:
    if answer.refused is not None:
        return f"refused {answer.refused.code}"
    return answer.verdicts[-1].verdict if answer.verdicts else "gap"
