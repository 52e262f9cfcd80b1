"""A desk under test: a real device with its real file, its people's staff keys, and a centre in memory to speak to."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Protocol

import pytest
from nacl.signing import SigningKey

from core.clock import FixedClock, instant
from core.device import Device, DeviceIdentity, Draft, OpenSession, Performed, Refusals
from core.device.anchor import MemoryAnchor, anchor_path
from core.device.keys import device_key
from core.ids import Randomness
from core.ledger import Posting
from core.operations.accounts import AccountOpened
from core.operations.cash import CashDeposited, CashWithdrawn
from core.operations.customers import CustomerRegistered, KycDecided
from core.operations.drawers import DayOpened, DrawerOpened, VaultFunded
from core.operations.kind import Body
from core.operations.registry import KINDS
from core.operations.sessions import KeyRegistered
from core.people.keys import key_name, new_signing_key, public_text
from core.people.registration import Registration, RegistrationStatement, make_registration, make_witness
from core.records import make_record
from core.store.memory import MemoryHome
from core.store.queries.books import entries
from tests.bank import DATE, counted_randomness
from tests.core.device.memory_centre import MemoryCentre

_NAMES = {kind.body: kind.name for kind in KINDS.values()}


def entries_of(desk: Desk) -> list[tuple[str, Posting]]:
    """Every posting that the desk holds, with the id of its operation, ordered."""
    if desk.home == "memory":
        return [(operation, one) for operation, all_ in sorted(desk.memory.log.postings.items()) for one in all_]
    with desk.device.reading() as connection:
        return list(entries(connection))


class MemorySecrets:
    """A secret store in a dict."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    def get(self, name: str) -> bytes | None:
        return self.kept.get(name)

    def put(self, name: str, secret: bytes) -> None:
        self.kept[name] = secret

    def remove(self, name: str) -> None:
        self.kept.pop(name, None)


class PutBack(Protocol):
    """Puts back what was kept."""

    def __call__(self, *, home: bool = True, anchor: bool = False) -> None: ...


HomeKind = Literal["file", "memory"]
both_homes = pytest.mark.parametrize("branch", ["file", "memory"], indirect=True)
"""The test is of the desk in its file, and of the same over a home in memory."""


class Desk:
    """A device, and what a person at it does. `memory` is its home where that is not the file at `path`."""

    def __init__(
        self,
        folder: Path,
        centre: MemoryCentre,
        clock: FixedClock,
        device: str,
        branch: str,
        home: HomeKind = "file",
    ) -> None:
        self.path = folder / f"{device}.db"
        self.home = home
        self.memory = MemoryHome()
        self.anchor = MemoryAnchor()
        self.centre = centre
        self.clock = clock
        self.branch = branch
        self.secrets = MemorySecrets()
        self.randomness: Randomness = counted_randomness(device)
        self.staff_keys: dict[str, SigningKey] = {}
        self._totp_step = 59_000_000
        key = device_key(self.secrets, self.randomness)
        centre.enrol(device, branch, public_text(key))
        identity = DeviceIdentity(
            device, 1, branch, "desktop", key_name(key), public_text(centre.key), "http://127.0.0.1:1"
        )
        if home == "file":
            self.device = Device.create(self.path, self.secrets, clock, self.randomness, identity=identity)
        else:
            self.device = Device.over(self.memory, key, clock, self.randomness, identity=identity, anchor=self.anchor)

    def reopen(self) -> None:
        """Start the program again."""
        self.device.close()
        self._open()

    def _open(self) -> None:
        if self.home == "file":
            self.device = Device.open(self.path, self.secrets, self.clock, self.randomness)
        else:
            self.device = Device.over(self.memory, self.device.key, self.clock, self.randomness, anchor=self.anchor)

    def kept_copy(self, *, starting: bool = True) -> PutBack:
        """Keep a copy of the home as it is now, and start again (or leave the machine off).

        Answers what puts the copy back and starts from it: the home, the anchor that was beside it, or both.
        """
        self.device.close()
        kept, remembered = self.memory.copy(), self.anchor.head
        files = [self.path, anchor_path(self.path)] if self.home == "file" else []
        contents = [file.read_bytes() for file in files]
        if starting:
            self._open()

        def put_back(*, home: bool = True, anchor: bool = False) -> None:
            self.device.close()
            if home:
                self.memory = kept.copy()
                for beside in self.path.parent.glob(f"{self.path.name}-*"):
                    beside.unlink()
            if anchor:
                self.anchor.head = remembered
            for file, content, wanted in zip(files, contents, (home, anchor), strict=False):
                if wanted:
                    file.write_bytes(content)
            self._open()

        return put_back

    def forget_anchor(self) -> None:
        """Lose the anchor, as when only the file is carried to another computer, and start again."""
        self.device.close()
        self.anchor.head = None
        anchor_path(self.path).unlink(missing_ok=True)
        self._open()

    def sync(self) -> None:
        """Push everything, then read both feeds to their ends."""
        while (run := self.device.next_run(500)) is not None:
            self.device.accept_push_answer(self.centre.push(run.device, run.epoch, run.operations, run.records))
        self.read()

    def read(self, limit: int = 500) -> None:
        """Read both feeds to their ends."""
        for feed in ("bank", self.branch):
            while True:
                page = self.centre.page(feed, self.device.feed_position(feed), limit)
                self.device.accept_feed_page(page)
                if self.device.feed_position(feed) == page.head:
                    break

    def found(self, first: str, second: str) -> None:
        """Register the first two keys, each the other's witness."""
        keys = {person: new_signing_key(self.randomness) for person in (first, second)}
        others = {first: second, second: first}
        registered = [self._registration(person, keys[person], keys[others[person]]) for person in (first, second)]
        self.staff_keys.update(keys)
        done = self.device.register_keys(registered)
        assert isinstance(done, Performed), done

    def _registration(self, person: str, key: SigningKey, witness: SigningKey) -> KeyRegistered:
        identity = self.device.identity
        said = RegistrationStatement(
            person=person,
            branch=identity.branch,
            device=identity.device,
            epoch=identity.epoch,
            key=public_text(key),
            at=instant(self.clock.now_ms()),
        )
        signatures = Registration(make_registration(said, key), make_witness(said, witness), None)
        return KeyRegistered(person=person, key=said.key, registration=signatures)

    def sign_in(self, person: str) -> OpenSession:
        """Open a session."""
        self._totp_step += 1
        session = self.device.open_session(person, self.staff_keys[person], self._totp_step)
        assert isinstance(session, OpenSession), session
        return session

    def draft(self, session: OpenSession, body: Body, **more: object) -> Draft:
        """A draft by the name of its body."""
        self.clock.advance(1000)
        return self.device.draft(_NAMES[type(body)], body, session=session, **more)  # type: ignore[arg-type]

    def perform(
        self, session: OpenSession, body: Body, approver: OpenSession | None = None, **more: object
    ) -> Performed:
        """Do it, and expect that it is done."""
        draft = self.draft(session, body, **more)
        approval = self.device.approve(draft, approver) if approver else None
        done = self.device.perform(draft, approval)
        assert isinstance(done, Performed), done
        return done

    def refused(
        self, session: OpenSession, body: Body, approver: OpenSession | None = None, **more: object
    ) -> list[str]:
        """Try it, and expect that it is not done; answers the codes."""
        draft = self.draft(session, body, **more)
        approval = self.device.approve(draft, approver) if approver else None
        done = self.device.perform(draft, approval)
        assert isinstance(done, Refusals), done
        return [finding.code for finding in done.findings]

    def customer(
        self, teller: OpenSession, supervisor: OpenSession, given: str = "Søren", family: str = "Ørsted", **more: str
    ) -> str:
        """Register a customer and approve who they are."""
        fields = {"given_name": given, "family_name": family, "born_on": "1970-01-31", **more}
        digest, data = make_record(fields, self.randomness)
        body = CustomerRegistered(fields=tuple(fields), stamp=self.device.next_stamp(), record=digest)  # type: ignore[arg-type]
        customer = self.perform(teller, body, records={digest: data}).id
        evidence, seen = make_record({"document": "passport"}, self.randomness)
        decided = KycDecided(customer=customer, decision="approved", term=1, evidence=evidence)
        self.perform(supervisor, decided, records={evidence: seen})
        return customer

    def account(self, teller: OpenSession, customer: str) -> str:
        """Open an account."""
        found = self.device.next_iban()
        assert found is not None
        body = AccountOpened(customer=customer, product="current", currency="DKK", iban=found[0], block=found[1])
        return self.perform(teller, body).id

    def deposited(self, account: str, amount: int, branch: str | None = None) -> CashDeposited:
        """The body of a deposit."""
        return CashDeposited(account=account, account_branch=branch or self.branch, currency="DKK", amount=amount)

    def withdrawn(self, account: str, amount: int) -> CashWithdrawn:
        """The body of a withdrawal."""
        return CashWithdrawn(account=account, account_branch=self.branch, currency="DKK", amount=amount)

    def open_day(self, teller: OpenSession, supervisor: OpenSession, drawer: str = "kasse-1") -> None:
        """Open the day, fund the vault, open the drawer."""
        self.perform(teller, DayOpened(), business_date=DATE)
        self.perform(supervisor, VaultFunded(currency="DKK", amount=50_000_00))
        self.perform(teller, DrawerOpened(currency="DKK", amount=10_000_00), drawer=drawer)
