"""A branch to measure with: founded in memory by the centre's key, worked through a real device on a real file."""

from __future__ import annotations

from itertools import cycle
from pathlib import Path

import msgspec

from core.canonical import digest
from core.clock import SystemClock, instant
from core.device import Device, DeviceIdentity, OpenSession, Performed
from core.device.keys import device_key
from core.envelope import Operation, Seen, encode_body, sign_operation
from core.ids import Identifiers, system_randomness
from core.operations import bank
from core.operations.accounts import AccountOpened
from core.operations.bank import centre_chain
from core.operations.cash import CashDeposited, CashWithdrawn
from core.operations.customers import CustomerRegistered, KycDecided
from core.operations.drawers import DayOpened, DrawerOpened, VaultFunded
from core.operations.kind import Body
from core.operations.leases import LeaseRenewed
from core.operations.registry import KINDS
from core.operations.sessions import KeyRegistered
from core.people.keys import key_name, new_signing_key, public_text
from core.people.registration import Registration, RegistrationStatement, make_registration, make_witness
from core.records import make_record
from core.secrets.store import SecretStore
from core.sync.messages import FeedItem, FeedPage, Verdict

_KINDS = {kind.body: kind for kind in KINDS.values()}
_BRANCH, _DEVICE, _DRAWER = "odense", "odense-1", "kasse-1"


class MemorySecrets:
    """A secret store for the length of a measurement."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def get(self, name: str) -> bytes | None:
        """The secret of that name."""
        return self._kept.get(name)

    def put(self, name: str, secret: bytes) -> None:
        """Keep it."""
        self._kept[name] = secret

    def remove(self, name: str) -> None:
        """Forget it."""
        self._kept.pop(name, None)


class BenchBranch:
    """A device whose day and drawer are open, with customers' accounts; `post` works at it."""

    def __init__(
        self, folder: Path, *, accounts: int, secrets: SecretStore | None = None, file_name: str = "device.db"
    ) -> None:
        self.clock = SystemClock()
        self.centre_key = new_signing_key(system_randomness)
        secrets = secrets or MemorySecrets()
        key = device_key(secrets, system_randomness)
        identity = DeviceIdentity(
            _DEVICE, 1, _BRANCH, "desktop", key_name(key), public_text(self.centre_key), "http://127.0.0.1:1"
        )
        self.device = Device.create(folder / file_name, secrets, self.clock, identity=identity)
        self.device.accept_feed_page(self._bank_feed(public_text(key)))
        self.device.accept_feed_page(self._lease())
        self.teller, self.supervisor = self._staff()
        self._open_day()
        self._accounts = cycle([self._account() for _ in range(accounts)])
        self._deposit_next = True
        self._account_id = next(self._accounts)

    def close(self) -> None:
        """Let go of the file."""
        self.device.close()

    def post(self, units: int) -> int:
        """Cash in and out in turn, through the one door, each durable before the next."""
        for _ in range(units):
            if self._deposit_next:
                self._account_id = next(self._accounts)
                body: Body = CashDeposited(
                    account=self._account_id, account_branch=_BRANCH, currency="DKK", amount=250_00
                )
            else:
                body = CashWithdrawn(account=self._account_id, account_branch=_BRANCH, currency="DKK", amount=200_00)
            self._deposit_next = not self._deposit_next
            self._perform(self.teller, body)
        return units

    def _perform(
        self,
        session: OpenSession,
        body: Body,
        *,
        drawer: str | None = None,
        business_date: str | None = None,
        records: dict[str, bytes] | None = None,
    ) -> str:
        name = _KINDS[type(body)].name
        done = self.device.act(name, body, session=session, drawer=drawer, business_date=business_date, records=records)
        assert isinstance(done, Performed), done
        return done.id

    def _bank_feed(self, device_public: str) -> FeedPage:
        record = digest(b"name")
        bodies: list[Body] = [
            bank.BankFounded(
                name="Fjordbanken",
                country="DK",
                bank_code="7654",
                bic="FJORDK22",
                currency="DKK",
                centre_key=public_text(self.centre_key),
            ),
            bank.BranchFounded(branch=_BRANCH, name="Odense", address="Vestergade 1", currency="DKK"),
            bank.DeviceEnrolled(device=_DEVICE, epoch=1, branch=_BRANCH, purpose="desktop", key=device_public),
            bank.IbanBlockLeased(device=_DEVICE, epoch=1, first=1_000_000, last=1_099_999),
        ]
        bodies += [
            bank.StaffAdmitted(
                person=person, branch=_BRANCH, role=role, currency="DKK", approval_limit=500_000_00, record=record
            )
            for person, role in _people()
        ]
        return self._page("bank", None, bodies)

    def _lease(self) -> FeedPage:
        """A lease that is in nobody's way."""
        year_ms = 365 * 24 * 60 * 60 * 1000
        body = LeaseRenewed(
            device=_DEVICE,
            epoch=1,
            number=1,
            ends_at=instant(self.clock.now_ms() + year_ms),
            currency="DKK",
            per_payment=10**12,
            payments_to=10**9,
            sum_to=10**15,
            standin_per_payment=0,
            standin_payments_to=0,
            standin_sum_to=0,
        )
        return self._page(_BRANCH, _BRANCH, [body])

    def _page(self, feed: str, branch: str | None, bodies: list[Body]) -> FeedPage:
        items, ids = [], Identifiers(self.clock)
        seq, prev = 0, None
        for body in bodies:
            seq += 1
            operation = Operation(
                v=1,
                id=ids.new(),
                device=centre_chain(branch),
                epoch=1,
                seq=seq,
                prev=prev,
                kind=_KINDS[type(body)].name,
                kind_version=1,
                at=instant(self.clock.now_ms()),
                seen=Seen(0, 0, 1),
                business_date=None,
                branch=branch,
                drawer=None,
                actor="centre",
                approver=None,
                authority=None,
                body=msgspec.Raw(encode_body(body)),
            )
            signed = sign_operation(operation, self.centre_key, key_name(self.centre_key))
            prev = signed.hash
            items.append(FeedItem(seq, signed.jws, Verdict(seq, signed.hash, "applied")))
        return FeedPage(feed, tuple(items), seq, seq, 1)

    def _staff(self) -> tuple[OpenSession, OpenSession]:
        keys = {person: new_signing_key(system_randomness) for person, _ in _people()}
        (teller, _), (supervisor, _) = _people()
        registered = []
        for person, witness in ((teller, supervisor), (supervisor, teller)):
            said = RegistrationStatement(
                person=person,
                branch=_BRANCH,
                device=_DEVICE,
                epoch=1,
                key=public_text(keys[person]),
                at=instant(self.clock.now_ms()),
            )
            signatures = Registration(make_registration(said, keys[person]), make_witness(said, keys[witness]), None)
            registered.append(KeyRegistered(person=person, key=said.key, registration=signatures))
        self.device.register_keys(registered)
        sessions = [self.device.open_session(person, keys[person], 1) for person in (teller, supervisor)]
        first, second = sessions
        assert isinstance(first, OpenSession), first
        assert isinstance(second, OpenSession), second
        return first, second

    def _open_day(self) -> None:
        today = instant(self.clock.now_ms())[:10]
        self._perform(self.teller, DayOpened(), business_date=today)
        self._perform(self.supervisor, VaultFunded(currency="DKK", amount=10_000_000_00))
        self._perform(self.teller, DrawerOpened(currency="DKK", amount=1_000_000_00), drawer=_DRAWER)

    def _account(self) -> str:
        fields = {"given_name": "Ida", "family_name": "Holm", "born_on": "1980-05-05"}
        name, data = make_record(fields, system_randomness)
        registered = CustomerRegistered(
            fields=("given_name", "family_name", "born_on"), stamp=self.device.next_stamp(), record=name
        )
        customer = self._perform(self.teller, registered, records={name: data})
        evidence, seen = make_record({"document": "passport"}, system_randomness)
        decided = KycDecided(customer=customer, decision="approved", term=1, evidence=evidence)
        self._perform(self.supervisor, decided, records={evidence: seen})
        iban = self.device.next_iban()
        if iban is None:
            raise RuntimeError("the block of account numbers is used up")
        opened = AccountOpened(customer=customer, product="current", currency="DKK", iban=iban[0], block=iban[1])
        return self._perform(self.teller, opened)


def _people() -> tuple[tuple[str, bank.Role], tuple[str, bank.Role]]:
    return ("jens", "teller"), ("mette", "supervisor")
