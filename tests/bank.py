"""A bank in a dict: founded, staffed and worked with real keys, signatures and rules."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import msgspec
from nacl.signing import SigningKey

from core.book import Book, DictStore
from core.book.rows import Iban, IbanBlock
from core.canonical import digest
from core.clock import FixedClock, instant, instant_ms
from core.envelope import Authority, Operation, Seen, Signed, body_hash, encode_body, read_operation, sign_operation
from core.iban import make_iban
from core.ids import Identifiers, Randomness
from core.operations import accounts, bank, cash, customers, drawers, leases, rules, sessions
from core.operations.bank import centre_chain
from core.operations.kind import Body, Decoded
from core.operations.money import authority_for
from core.operations.registry import KINDS
from core.people.approvals import ApprovalStatement, make_approval
from core.people.keys import key_name, new_signing_key, public_text
from core.people.registration import Registration, RegistrationStatement, make_registration, make_witness
from core.people.sessions import SessionStatement, make_session

BRANCH = "odense"
DATE = "2026-11-20"
BANK_CODE = "7654"
_KIND_OF_BODY = {kind.body: kind for kind in KINDS.values()}
_HOUR_MS = 60 * 60 * 1000


def counted_randomness(seed: str) -> Randomness:
    """Bytes that look random and are the same in every run."""
    numbers = count()
    return lambda length: hashlib.shake_256(f"{seed}/{next(numbers)}".encode()).digest(length)


@dataclass
class Chain:
    """A device epoch's chain with the key that signs for the device (or the centre's key)."""

    device: str
    epoch: int
    branch: str | None
    key: SigningKey
    operations: list[Signed] = field(default_factory=list)
    staff_keys: dict[str, SigningKey] = field(default_factory=dict)

    @property
    def place(self) -> tuple[int, str | None]:
        """The next operation's `seq` and `prev`."""
        head = self.operations[-1] if self.operations else None
        return (head.operation.seq + 1, head.hash) if head else (1, None)


@dataclass(frozen=True)
class SignedIn:
    """A person's session on a chain."""

    chain: Chain
    person: str
    key: SigningKey
    opened: Signed


class BankInADict:
    """Founds a bank with one branch (`odense`); every operation is signed, read back, verified, checked and applied."""

    def __init__(self, seed: str = "bank", now: str = f"{DATE}T08:00:00.000Z") -> None:
        self.clock = FixedClock(instant_ms(now))
        self.randomness = counted_randomness(seed)
        self.ids = Identifiers(self.clock, self.randomness)
        self.centre_key = new_signing_key(self.randomness)
        self.store = DictStore()
        self.book = Book(self.store)
        self.chains: dict[tuple[str, int], Chain] = {}
        self._steps = count(59_833_333)
        self._account_numbers = count(1_000_000)
        founded = bank.BankFounded(
            name="Fjordbanken",
            country="DK",
            bank_code=BANK_CODE,
            bic="FJORDK22",
            currency="DKK",
            centre_key=public_text(self.centre_key),
        )
        self.by_centre(founded)
        self.found_branch(BRANCH)

    def found_branch(self, code: str, currency: str = "DKK") -> None:
        """A further branch."""
        self.by_centre(bank.BranchFounded(branch=code, name=code.title(), address="Vestergade 1", currency=currency))

    def enrol(self, device: str, branch: str = BRANCH, epoch: int = 1) -> Chain:
        """A device with a key of its own, and a block of account numbers."""
        chain = Chain(device, epoch, branch, new_signing_key(self.randomness))
        self.chains[device, epoch] = chain
        key = public_text(chain.key)
        self.by_centre(bank.DeviceEnrolled(device=device, epoch=epoch, branch=branch, purpose="desktop", key=key))
        first = next(self._account_numbers) * 1000
        self.by_centre(bank.IbanBlockLeased(device=device, epoch=epoch, first=first, last=first + 999))
        self.by_centre(leases.LeaseRenewed(device=device, epoch=epoch, number=1, **self.wide_lease()), branch)
        return chain

    def wide_lease(self) -> dict[str, Any]:
        """A lease of eight hours that allows much, and no stand-in."""
        return {
            "ends_at": instant(self.clock.now_ms() + 8 * _HOUR_MS),
            "currency": "DKK",
            "per_payment": 10**12,
            "payments_to": 10**6,
            "sum_to": 10**14,
            "standin_per_payment": 0,
            "standin_payments_to": 0,
            "standin_sum_to": 0,
        }

    def admit(self, person: str, role: bank.Role = "teller", branch: str = BRANCH, limit: int = 5_000_00) -> None:
        """A member of staff, known to the centre; their keys are registered on each device."""
        record = digest(person.encode())
        self.by_centre(
            bank.StaffAdmitted(
                person=person, branch=branch, role=role, currency="DKK", approval_limit=limit, record=record
            )
        )

    def registration(
        self, chain: Chain, person: str, witness: SigningKey, key: SigningKey, introduction: str | None = None
    ) -> sessions.KeyRegistered:
        """The signatures that register `key` for the person on the chain's device."""
        said = RegistrationStatement(
            person=person,
            branch=chain.branch or "",
            device=chain.device,
            epoch=chain.epoch,
            key=public_text(key),
            at=instant(self.clock.now_ms()),
        )
        signatures = Registration(make_registration(said, key), make_witness(said, witness), introduction)
        return sessions.KeyRegistered(person=person, key=said.key, registration=signatures)

    def found_desk(self, chain: Chain, first: str, second: str, introductions: Iterable[str | None] = ()) -> Signed:
        """The first two keys of a device, each the witness of the other."""
        keys = {person: new_signing_key(self.randomness) for person in (first, second)}
        introduced = [*introductions, None, None]
        body = sessions.StaffKeysRegistered(
            keys=(
                self.registration(chain, first, keys[second], keys[first], introduced[0]),
                self.registration(chain, second, keys[first], keys[second], introduced[1]),
            )
        )
        chain.staff_keys.update(keys)
        return self.by_device(chain, body).signed

    def join_desk(self, chain: Chain, person: str, witness: str, introduction: str | None = None) -> Signed:
        """One more person's key, witnessed by somebody who has a key there."""
        key = new_signing_key(self.randomness)
        registered = self.registration(chain, person, chain.staff_keys[witness], key, introduction)
        chain.staff_keys[person] = key
        return self.by_device(chain, sessions.StaffKeysRegistered(keys=(registered,))).signed

    def sign_in(self, chain: Chain, person: str, hours: int = 9) -> SignedIn:
        """Open a session."""
        key = new_signing_key(self.randomness)
        seq, prev = chain.place
        statement = SessionStatement(
            person=person,
            device=chain.device,
            epoch=chain.epoch,
            seq=seq,
            prev=prev,
            session_key=public_text(key),
            ends_at=instant(self.clock.now_ms() + hours * _HOUR_MS),
            totp_step=next(self._steps),
            checkpoint=None,
        )
        body = sessions.SessionOpened(
            person=person,
            staff_key=key_name(chain.staff_keys[person]),
            session_key=statement.session_key,
            ends_at=statement.ends_at,
            totp_step=statement.totp_step,
            statement=make_session(statement, chain.staff_keys[person]),
        )
        return SignedIn(chain, person, key, self.by_device(chain, body).signed)

    def sign_out(self, session: SignedIn) -> Signed:
        """Close the session."""
        body = sessions.SessionClosed(session=key_name(session.key), reason="signed-out")
        return self.perform(session, body)

    def by_centre(self, body: Body, branch: str | None = None) -> Decoded[Any]:
        """An operation of the centre that nothing speaks against."""
        decoded = self.draft_by_centre(body, branch)
        self._accept(decoded)
        return decoded

    def draft_by_centre(self, body: Body, branch: str | None = None) -> Decoded[Any]:
        """An operation of the centre, signed and not yet applied."""
        device = centre_chain(branch)
        chain = self.chains.setdefault((device, 1), Chain(device, 1, branch, self.centre_key))
        return self.sign(chain, body, "centre", self.centre_key)

    def by_device(self, chain: Chain, body: Body) -> Decoded[Any]:
        """An operation that the device makes by itself."""
        decoded = self.sign(chain, body, "device", chain.key)
        self._accept(decoded)
        return decoded

    def perform(
        self, session: SignedIn, body: Body, *, drawer: str | None = None, approver: SignedIn | None = None
    ) -> Signed:
        """An operation of the person signed in, that nothing speaks against."""
        decoded = self.draft(session, body, drawer=drawer, approver=approver)
        self._accept(decoded)
        return decoded.signed

    def draft(
        self,
        session: SignedIn,
        body: Body,
        *,
        drawer: str | None = None,
        approver: SignedIn | None = None,
        **changes: Any,
    ) -> Decoded[Any]:
        """An operation of the person signed in, signed and not yet applied; `changes` are fields of its envelope."""
        actor = f"staff:{session.person}"
        return self.sign(session.chain, body, actor, session.key, drawer=drawer, approver=approver, **changes)

    def sign(
        self,
        chain: Chain,
        body: Body,
        actor: str,
        key: SigningKey,
        *,
        drawer: str | None = None,
        approver: SignedIn | None = None,
        approval: str | None = None,
        **changes: Any,
    ) -> Decoded[Any]:
        """Any operation at the chain's next place, read back from its compact form."""
        self.clock.advance(1000)
        seq, prev = chain.place
        kind = _KIND_OF_BODY[type(body)]
        operation = Operation(
            v=1,
            id=self.ids.new(),
            device=chain.device,
            epoch=chain.epoch,
            seq=seq,
            prev=prev,
            kind=kind.name,
            kind_version=kind.version,
            at=instant(self.clock.now_ms()),
            seen=Seen(bank=0, branch=0, incarnation=1),
            business_date=DATE,
            branch=chain.branch,
            drawer=drawer,
            actor=actor,
            approver=approval,
            authority=None,
            body=msgspec.Raw(encode_body(body)),
        )
        authority = authority_for(kind.entries(operation, body), by_centre=actor == "centre", lease=1)
        operation = msgspec.structs.replace(operation, **{"authority": authority or Authority(), **changes})
        if approver is not None:
            operation = msgspec.structs.replace(operation, approver=self.approval(operation, approver))
        signed = sign_operation(operation, key, key_name(key))
        return rules.decode(read_operation(signed.jws))

    def approval(self, operation: Operation, approver: SignedIn) -> str:
        """The approver's signature over exactly this operation."""
        statement = ApprovalStatement(
            id=operation.id,
            kind=operation.kind,
            body_hash=body_hash(bytes(operation.body)),
            maker=operation.actor.removeprefix("staff:"),
            device=operation.device,
            epoch=operation.epoch,
            expires_at=instant(self.clock.now_ms() + 60_000),
            session_opened=approver.opened.jws,
        )
        return make_approval(statement, approver.key)

    def findings(self, decoded: Decoded[Any]) -> list[str]:
        """What speaks against an operation, by code; signatures that do not hold raise `IntegrityFault`."""
        rules.verify(decoded, self.book)
        return [refusal.code for refusal in rules.check(decoded, self.book)]

    def take(self, decoded: Decoded[Any]) -> list[str]:
        """Apply an operation whatever speaks against it, as the centre does; answers the codes of its exceptions."""
        found = self.findings(decoded)
        free = rules.frees_of(decoded, self.book)
        rules.apply(decoded, self.book)
        found += [refusal.code for refusal in rules.after(decoded, self.book, free)]
        self.store.write(self.book)
        operation = decoded.operation
        self.chains[operation.device, operation.epoch].operations.append(decoded.signed)
        return found

    def _accept(self, decoded: Decoded[Any]) -> None:
        found = self.findings(decoded)
        assert found == [], f"{decoded.operation.kind}: {found}"
        self.take(decoded)


@dataclass
class BranchDay:
    """A branch at work: a device, its day, an open drawer, a teller and a supervisor signed in."""

    bank: BankInADict
    desk: Chain
    teller: SignedIn
    supervisor: SignedIn
    drawer: str = "kasse-1"

    def by_teller(self, body: Body) -> Signed:
        """What the teller does at the open drawer."""
        return self.bank.perform(self.teller, body, drawer=self.drawer)

    def customer(self) -> str:
        """A customer whose identity is approved; answers their id."""
        record = digest(self.bank.randomness(16))
        stamp = customers.next_stamp(self.desk.device, self.bank.clock.now_ms(), None)
        names = customers.CustomerRegistered(fields=customers.REQUIRED_FIELDS, stamp=stamp, record=record)  # type: ignore[arg-type]
        customer = self.bank.perform(self.teller, names).operation.id
        decided = customers.KycDecided(customer=customer, decision="approved", term=1, evidence=record)
        self.bank.perform(self.supervisor, decided)
        return customer

    def account(self, customer: str | None = None) -> str:
        """An open account; answers its id."""
        blocks = (row for row in self.bank.store.rows[IbanBlock].values() if isinstance(row, IbanBlock))
        block = next(row.first for row in blocks if row.device == self.desk.device)
        number = block + len(self.bank.store.rows.get(Iban, {}))
        body = accounts.AccountOpened(
            customer=customer or self.customer(),
            product="current",
            currency="DKK",
            iban=make_iban("DK", BANK_CODE, number),
            block=block,
        )
        return self.bank.perform(self.teller, body).operation.id

    def deposit(self, account: str, amount: int) -> Signed:
        """Cash over the counter, in minor units."""
        return self.by_teller(cash.CashDeposited(account=account, account_branch=BRANCH, currency="DKK", amount=amount))

    def withdrawal(self, account: str, amount: int) -> cash.CashWithdrawn:
        """The body of cash paid out."""
        return cash.CashWithdrawn(account=account, account_branch=BRANCH, currency="DKK", amount=amount)


def open_branch(seed: str = "bank") -> BranchDay:
    """A bank whose one branch has opened: 50,000.00 DKK in the vault before a float of 10,000.00 in the drawer."""
    made = BankInADict(seed)
    desk = made.enrol("odense-1")
    made.admit("mette", "supervisor")
    made.admit("jens")
    made.found_desk(desk, "mette", "jens")
    supervisor, teller = made.sign_in(desk, "mette"), made.sign_in(desk, "jens")
    made.perform(teller, drawers.DayOpened())
    made.perform(supervisor, drawers.VaultFunded(currency="DKK", amount=50_000_00))
    made.perform(teller, drawers.DrawerOpened(currency="DKK", amount=10_000_00), drawer="kasse-1")
    return BranchDay(made, desk, teller, supervisor)
