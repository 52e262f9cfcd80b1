"""A bank over any home of the centre's, and a desk of it with a run of many kinds that waits to be pushed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nacl.signing import SigningKey

from core.envelope import Signed
from core.ledger import reversed_postings
from core.operations import accounts, drawers, rights, rules, transfers
from core.operations.reversals import EntryReversed, lines
from core.people.keys import key_name
from core.sync.messages import Push, PushAnswer
from sync_server.ingest.keys import KnownKeys
from sync_server.ingest.push import take_push
from sync_server.store.home import Database
from tests.sync_server.centre_bank import Desk
from tests.sync_server.home_bank import AnyDatabase, HomeBank


@dataclass(frozen=True)
class IngestSite:
    """The same in every home. `neighbours` is what a second desk of the branch will push next."""

    bank: HomeBank
    desk: Desk
    neighbour: Desk
    neighbours: Signed
    run: tuple[Signed, ...]
    keys: Mapping[str, SigningKey]
    words: Mapping[str, list[Any]]

    def push(self, *texts: str, records: Mapping[str, str] | None = None) -> Push:
        """The desk's push of these, with the records of its whole run unless others are given."""
        return Push(self.desk.chain.device, 1, texts, dict(self.desk.records if records is None else records))

    def take(self, database: Database, keys: KnownKeys, push: Push) -> PushAnswer:
        """What the centre answers."""
        return take_push(database, keys, self.bank.centre, push)

    def take_next(self, database: Database, keys: KnownKeys, place: int) -> None:
        """Have the centre take the run's operation at that place, as it was made."""
        signed = self.run[place]
        (verdict,) = self.take(database, keys, self.push(signed.jws)).verdicts
        assert verdict.verdict in {"applied", "recorded"}, (signed.operation.kind, verdict)


def found_site(database: AnyDatabase) -> IngestSite:
    """Found the bank; none of the run is there yet."""
    bank = HomeBank(database)
    desk, neighbour = (bank.desk(f"nor-{number}", "nor") for number in (1, 2))
    account = neighbour.account(deposit=500_00)
    bank.settle(neighbour)
    neighbours = neighbour.make(neighbour.deposit(account, 1_00))
    run = _work(desk, account)
    keys = {key_name(key): key for key in (desk.teller.key, desk.supervisor.key, desk.chain.key)}
    return IngestSite(bank, desk, neighbour, neighbours, tuple(run), keys, _words(desk, run, account, keys))


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
