"""A bank whose centre stands on any home, and is the same in every run: its keys, ids and clock come from a seed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any, cast

from core.book import ROWS, Row
from core.book.rows import DeviceEpoch, IbanBlock
from core.canonical import base64url
from core.clock import FixedClock, instant_ms
from core.envelope import Signed
from core.ids import Identifiers
from core.operations import bank, drawers
from core.people.keys import key_name, new_signing_key, public_text
from core.records import make_record
from core.sync.messages import FeedPage, Push, PushAnswer
from sync_server.centre.devices import EnrolmentState, invite_device, request_enrolment, trust_device
from sync_server.centre.feed import read_page
from sync_server.centre.issue import Centre, issue
from sync_server.centre.keys import CentreKeys
from sync_server.ingest.keys import KnownKeys
from sync_server.ingest.push import take_push
from sync_server.store.memory import MemoryDatabase
from sync_server.store.postgres import PostgresDatabase
from sync_server.store.rows import read_all
from tests.bank import BANK_CODE, DATE, BankInADict, Chain, counted_randomness
from tests.sync_server.centre_bank import CentreBank, Desk

AnyDatabase = MemoryDatabase | PostgresDatabase


class SeededMaker(BankInADict):
    """Makes operations as devices do, without a book of its own: what is made waits on its chain to be pushed."""

    def __init__(self, seed: str) -> None:
        self.clock = FixedClock(instant_ms(f"{DATE}T08:00:00.000Z"))
        self.randomness = counted_randomness(seed)
        self.ids = Identifiers(self.clock, self.randomness)
        self.chains = {}
        self._steps = count(1)

    def _accept(self, decoded: Any) -> None:
        operation = decoded.operation
        self.chains[operation.device, operation.epoch].operations.append(decoded.signed)


@dataclass
class SeededDesk(Desk):
    """A desk whose records have salts from the seed."""

    def record(self, **fields: str) -> str:
        """A record to go with the next push; its digest."""
        digest, data = make_record(fields, self.bank.maker.randomness)
        self.records[digest] = base64url(data)
        return digest


@dataclass
class HomeBank:
    """A founded bank with the branches `nor` and `syd` over that home."""

    database: AnyDatabase
    maker: SeededMaker = field(default_factory=lambda: SeededMaker("home"))
    known: KnownKeys = field(default_factory=KnownKeys)

    def __post_init__(self) -> None:
        keys = CentreKeys(new_signing_key(self.maker.randomness), bytes(32))
        self.centre = Centre(keys, self.maker.clock, Identifiers(self.maker.clock, self.maker.randomness))
        founded = bank.BankFounded(
            name="Counterfoil Bank",
            country="DK",
            bank_code=BANK_CODE,
            bic="CFOLDKKK",
            currency="DKK",
            centre_key=keys.public,
        )
        with self.database.transaction() as home:
            issue(home, self.centre, None, founded)
            for code in ("nor", "syd"):
                body = bank.BranchFounded(branch=code, name=code.title(), address="Torvet 1", currency="DKK")
                issue(home, self.centre, None, body)

    def enrol(self, device: str, branch: str) -> Chain:
        """A device in its next epoch, trusted, with nothing on its chain."""
        key = new_signing_key(self.maker.randomness)
        with self.database.transaction() as home:
            code = invite_device(
                home, self.centre, self.maker.randomness, device=device, branch=branch, purpose="desktop"
            )
            assert isinstance(code, str)
            assert isinstance(request_enrolment(home, self.centre, code, public_text(key)), EnrolmentState)
            state = trust_device(home, self.centre, device, key_name(key))
        assert isinstance(state, EnrolmentState)
        chain = self.maker.chains[device, state.epoch] = Chain(device, state.epoch, branch, key)
        return chain

    def desk(self, device: str, branch: str) -> SeededDesk:
        """A device at work, with its people signed in and a drawer open; all of it settled."""
        chain = self.enrol(device, branch)
        supervisor, teller = f"{device}-s", f"{device}-t"
        with self.database.transaction() as home:
            for person in (supervisor, teller):
                digest, record = make_record({"name": person.title()}, self.maker.randomness)
                body = bank.StaffAdmitted(
                    person=person,
                    branch=branch,
                    role="supervisor" if person == supervisor else "teller",
                    currency="DKK",
                    approval_limit=10**9,
                    record=digest,
                )
                issue(home, self.centre, None, body, records={digest: record})
        blocks = [row.first for row in self.rows(IbanBlock) if isinstance(row, IbanBlock) and row.device == device]
        self.maker.found_desk(chain, supervisor, teller)
        signed_in = self.maker.sign_in(chain, supervisor), self.maker.sign_in(chain, teller)
        made = SeededDesk(cast("CentreBank", self), chain, signed_in[1], signed_in[0], blocks)
        made.make(drawers.DayOpened(), at_drawer=False)
        made.make(drawers.VaultFunded(currency="DKK", amount=10**11), by=made.supervisor, at_drawer=False)
        made.make(drawers.DrawerOpened(currency="DKK", amount=10**10))
        self.settle(made)
        return made

    def push(self, desk: Desk, operations: Sequence[Signed] | None = None) -> PushAnswer:
        """Push operations with their records: those unsent if none are named."""
        run = desk.unsent if operations is None else operations
        message = Push(desk.chain.device, desk.chain.epoch, tuple(each.jws for each in run), dict(desk.records))
        return take_push(self.database, self.known, self.centre, message)

    def settle(self, desk: Desk) -> PushAnswer:
        """Push what is unsent; all of it is taken."""
        answer = self.push(desk)
        assert answer.refused is None, answer.refused
        desk.pushed += len(answer.verdicts)
        return answer

    def feed(self, feed: str) -> list[FeedPage]:
        """A whole feed, in small pages."""
        pages: list[FeedPage] = []
        after = 0
        while not pages or pages[-1].items:
            with self.database.transaction() as home:
                pages.append(read_page(home, feed, after, 7))
            after = pages[-1].items[-1].position if pages[-1].items else after
        return pages

    def device(self, desk: Desk) -> DeviceEpoch:
        """The desk's epoch as the book has it."""
        with self.database.transaction() as home:
            found = home.book().get(DeviceEpoch, desk.chain.device, desk.chain.epoch)
        assert found is not None
        return found

    def rows(self, table: type[Row]) -> list[Row]:
        """Every row of the book of that shape, in the order of keys."""
        if isinstance(self.database, MemoryDatabase):
            here = self.database.rows(table)
            return [here[key] for key in sorted(here)]
        with self.database.transaction() as home:
            return sorted(
                read_all(home.connection, table), key=lambda row: tuple(getattr(row, name) for name in row.KEY)
            )

    def contents(self) -> dict[str, object]:
        """Feeds and rows: what a home must not change."""
        feeds: dict[str, object] = {feed: self.feed(feed) for feed in ("bank", "nor", "syd")}
        return feeds | {table.TABLE: self.rows(table) for table in ROWS}
