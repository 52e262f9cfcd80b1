"""The device: the one door through which a screen changes anything, and through which the line's news come in."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from nacl.signing import SigningKey
from sqlalchemy import Connection

from core.book.rows import Lease, LentFile, Spending
from core.clock import Clock
from core.device import (
    evidence,
    numbers,
    performing,
    sessions,
    snapshots,
    surplus,
    visits,
)
from core.device.allowances import Allowances
from core.device.anchor import Anchor, FileAnchor, anchor_path
from core.device.door import Door
from core.device.evidence import PastDiffers
from core.device.feed_hashes import CheckpointSeen, newest_checkpoint
from core.device.keys import DATABASE_KEY, DEVICE_KEY, database_key, secret
from core.device.line_door import LineDoor
from core.device.sessions import CloseReason
from core.device.values import (
    Changed,
    DeviceIdentity,
    Draft,
    OpenSession,
    Performed,
    Refusals,
)
from core.device.workings import Listener, Workings
from core.errors import KeyringProblem
from core.ids import Randomness, system_randomness
from core.operations.kind import Body
from core.operations.leases import lease_of, spending_of
from core.operations.sessions import KeyRegistered
from core.people.keys import key_name
from core.secrets.store import SecretStore
from core.store.home import DeviceHome
from core.store.sign_in import LocalPerson
from core.store.state import Head
from core.store.store import Store

SESSION_MS = 12 * 60 * 60 * 1000


class Device(LineDoor):
    """Safe to use from several threads: changes wait for one another, reads (`reading`) wait for nobody."""

    def __init__(self, workings: Workings) -> None:
        self._workings = workings
        self._ibans = numbers.IbanGiver()

    @classmethod
    def create(
        cls,
        path: Path,
        secret_store: SecretStore,
        clock: Clock,
        randomness: Randomness = system_randomness,
        *,
        identity: DeviceIdentity,
    ) -> Device:
        """Make the file of a device whose key (`core.device.keys.device_key`) the centre has just come to trust.

        Raises `StoreProblem`, and `KeyringProblem` if the secret store has no device key or another one.
        """
        _check_key(SigningKey(secret(secret_store, DEVICE_KEY)), identity.kid)
        store = Store.open(path, database_key(secret_store, randomness), create=True)
        try:
            _write_identity(store, identity)
        finally:
            store.close()
        return cls.open(path, secret_store, clock, randomness)

    @classmethod
    def create_from_snapshot(
        cls,
        path: Path,
        secret_store: SecretStore,
        clock: Clock,
        randomness: Randomness = system_randomness,
        *,
        identity: DeviceIdentity,
        lines: Iterable[bytes],
        known: snapshots.Known | None = None,
        progress: snapshots.Progress | None = None,
    ) -> Device:
        """As `create`, with all that the branch's feeds have led to: see `snapshots.fill_from_snapshot`.

        Raises `IntegrityFault` (`snapshot_...`) besides; then, as when the lines break off, there is no file.
        """
        _check_key(SigningKey(secret(secret_store, DEVICE_KEY)), identity.kid)
        key = database_key(secret_store, randomness)
        snapshots.fill_from_snapshot(path, key, identity, lines, known=known, progress=progress)
        return cls.open(path, secret_store, clock, randomness)

    @classmethod
    def open(
        cls, path: Path, secret_store: SecretStore, clock: Clock, randomness: Randomness = system_randomness
    ) -> Device:
        """Open the file with the keys from the secret store; sessions that a crash left open are closed.

        Raises `StoreProblem` (see `Store.open`) and `KeyringProblem` (`device_key_missing`, `device_key_other`).
        """
        database_key_ = secret(secret_store, DATABASE_KEY)
        store = Store.open(path, database_key_)
        anchor = FileAnchor(anchor_path(path), database_key_)
        try:
            return cls.over(store, SigningKey(secret(secret_store, DEVICE_KEY)), clock, randomness, anchor=anchor)
        except BaseException:
            anchor.close()
            store.close()
            raise

    @classmethod
    def over(
        cls,
        home: DeviceHome,
        key: SigningKey,
        clock: Clock,
        randomness: Randomness = system_randomness,
        *,
        identity: DeviceIdentity | None = None,
        anchor: Anchor | None = None,
    ) -> Device:
        """A device over any home, as after a start of the program; `identity` is for a home that is empty yet.

        A home that is not what its anchor remembers stops the device (`stopped`: `rolled_back`, `anchor_missing`).
        Raises `StoreProblem("store_empty")`, `KeyringProblem("device_key_other")`.
        """
        with Door(home.explained):
            if identity is not None:
                _write_identity(home, identity)
            workings = Workings(home, key, clock, randomness, anchor)
            _check_key(workings.key, workings.head.kid)
            sessions.close_left_open(workings)
            return cls(workings)

    def close(self) -> None:
        """Let go of the file; what was performed is in it."""
        with self._workings.lock:
            self._workings.mooring.close()
            self._workings.store.close()

    @property
    def identity(self) -> DeviceIdentity:
        """Device, epoch, branch, purpose, the name of its key, the centre's key and address."""
        return self._workings.identity

    @property
    def key(self) -> SigningKey:
        """The device's key, which signs its requests."""
        return self._workings.key

    @property
    def stopped(self) -> str | None:
        """Why this device may do nothing any more until it is enrolled anew, if it may not."""
        return self._workings.stopped

    def stop(self, why: str) -> None:
        """Stop for good: the centre said that it no longer trusts this device."""
        with self._workings.lock:
            self._workings.stop(why)

    @property
    def clock(self) -> Clock:
        """Where this device has its time from."""
        return self._workings.clock

    def on_change(self, listener: Callable[[Changed], None]) -> Callable[[], None]:
        """Be told what changed, in the thread that changed it. Answers a call that ends it."""
        listeners: list[Listener] = self._workings.listeners
        listeners.append(listener)

        def end() -> None:
            with contextlib.suppress(ValueError):
                listeners.remove(listener)

        return end

    @contextlib.contextmanager
    def reading(self) -> Iterator[Connection]:
        """A consistent view of the file for `core.store.queries`, from any thread, beside whatever is written."""
        with self._workings.store.reading() as connection:
            yield connection

    # Changing

    def draft(
        self,
        kind: str,
        body: Body,
        *,
        session: OpenSession | None = None,
        drawer: str | None = None,
        business_date: str | None = None,
        records: Mapping[str, bytes] | None = None,
        standin: bool = False,
    ) -> Draft:
        """What would be performed, and what speaks against it now. Nothing is written. See `performing.draft`."""
        with self._workings.lock:
            return performing.draft(
                self._workings,
                kind,
                body,
                session=session,
                drawer=drawer,
                business_date=business_date,
                records=records,
                standin=standin,
            )

    def approve(self, draft: Draft, approver: OpenSession) -> str:
        """The second person's signature over this draft, for `perform`."""
        with self._workings.lock:
            return performing.approve(self._workings, draft, approver)

    def perform(self, draft: Draft, approver: str | None = None) -> Performed | Refusals:
        """Do it: when this returns `Performed`, it is signed, durable and in the outbox. Raises `StoreProblem`."""
        with self._workings.lock:
            return performing.perform(self._workings, draft, approver)

    def act(
        self,
        kind: str,
        body: Body,
        *,
        session: OpenSession | None = None,
        drawer: str | None = None,
        business_date: str | None = None,
        records: Mapping[str, bytes] | None = None,
    ) -> Performed | Refusals:
        """Draft and perform in one, for whatever nobody looks at or approves before it is done."""
        with self._workings.lock:
            return performing.act(
                self._workings,
                kind,
                body,
                session=session,
                drawer=drawer,
                business_date=business_date,
                records=records,
            )

    # People

    def open_session(
        self, person: str, staff_key: SigningKey, totp_step: int, *, lasting_ms: int = SESSION_MS
    ) -> OpenSession | Refusals:
        """Sign the person in; password and one-time code were checked by whoever has the staff key unsealed."""
        with self._workings.lock:
            return sessions.open_session(self._workings, person, staff_key, totp_step, lasting_ms=lasting_ms)

    def close_session(self, session: OpenSession, reason: CloseReason) -> Performed | Refusals | None:
        """End the session; None if it had ended already."""
        with self._workings.lock:
            return sessions.close_session(self._workings, session, reason)

    def register_keys(self, keys: Iterable[KeyRegistered]) -> Performed | Refusals:
        """Register one staff key before its witness, or the first two of this device."""
        with self._workings.lock:
            return sessions.register_keys(self._workings, keys)

    def local_person(self, person: str) -> LocalPerson | None:
        """What signing in keeps of the person on this device."""
        with self._workings.lock:
            return self._workings.store.person(person)

    def local_people(self) -> tuple[LocalPerson, ...]:
        """Everybody of whom this device keeps something."""
        with self._workings.lock:
            return self._workings.store.people()

    def save_local_person(self, person: LocalPerson) -> None:
        """Keep that, durably: sealed secrets, failures, the last code's step."""
        with self._workings.lock, self._workings.store.transaction():
            self._workings.store.put_person(person)

    def forget_local_person(self, person: str) -> None:
        """Forget what was kept of the person here."""
        with self._workings.lock, self._workings.store.transaction():
            self._workings.store.remove_person(person)

    @property
    def newest_checkpoint(self) -> CheckpointSeen | None:
        """The centre's newest checkpoint that this device has read, and that agreed with what it had read before."""
        with self._workings.lock:
            return newest_checkpoint(self._workings)

    @property
    def past_differs(self) -> PastDiffers | None:
        """What shows that the centre's past is not the one that was read here, if it ever was another."""
        with self._workings.lock:
            return evidence.kept(self._workings.store)

    def setting(self, name: str) -> str | None:
        """A setting of this device."""
        with self._workings.lock:
            return self._workings.store.setting(name)

    def put_setting(self, name: str, value: str) -> None:
        """Keep a setting, durably."""
        with self._workings.lock, self._workings.store.transaction():
            self._workings.store.put_setting(name, value)

    # Rights, numbers, stamps

    def payable_here(self, account: str) -> int:
        """What this device may pay out of the account without asking, in minor units."""
        with self._workings.lock:
            return performing.payable_here(self._workings, account)

    def granted_here(self, account: str) -> int:
        """What the centre has granted this device on the account altogether, as far as is known here."""
        with self._workings.lock:
            return performing.granted_here(self._workings, account)

    def hand_back_surplus(
        self, allowance: int, *, tolerated: int | None = None, keeping: frozenset[str] = frozenset()
    ) -> int:
        """Return rights beyond `allowance` where more than `tolerated` are held; see `surplus.hand_back`."""
        with self._workings.lock:
            least = allowance if tolerated is None else tolerated
            return surplus.hand_back(self._workings, allowance, tolerated=least, keeping=keeping)

    @property
    def allowances(self) -> Allowances:
        """What is held of accounts before anybody asks."""
        return Allowances(self._workings)

    def answer_recalls(self) -> int:
        """Return the rights that the centre has recalled; answers from how many accounts."""
        with self._workings.lock:
            return surplus.answer_recalls(self._workings)

    def loan(self, account: str) -> LentFile | None:
        """The loan of another branch's account to this device, if its file is lent to it now."""
        with self._workings.lock:
            return visits.loan_here(self._workings, account)

    def give_back(self, account: str) -> Performed | Refusals:
        """Give a visiting customer's file back, and with it all rights on the account."""
        with self._workings.lock:
            return visits.give_back(self._workings, account)

    def give_back_what_is_over(self) -> int:
        """Give back files whose loans have ended; answers from how many accounts anything was given back."""
        with self._workings.lock:
            return visits.give_back_what_is_over(self._workings)

    def lease(self) -> Lease | None:
        """Until when, and up to what, this device may pay out; None before the centre has said so."""
        with self._workings.lock:
            head = self._workings.head
            return lease_of(head.device, head.epoch, self._workings.book)

    def spending(self) -> Spending:
        """What this device has paid out so far, against its lease's ceilings."""
        with self._workings.lock:
            head = self._workings.head
            return spending_of(head.device, head.epoch, self._workings.book)

    def next_iban(self) -> tuple[str, int] | None:
        """A free IBAN and its block's first number, for `account.opened`; None if the line must bring a block first."""
        with self._workings.lock:
            return self._ibans.next(self._workings)

    def wants_iban_block(self) -> bool:
        """Whether the leased numbers are nearly used up."""
        with self._workings.lock:
            return self._ibans.left(self._workings) < numbers.NUMBERS_LEFT_MIN

    def next_stamp(self) -> str:
        """The stamp for what a customer's fields are given now."""
        with self._workings.lock:
            return numbers.stamp(self._workings)

    def open_day(self) -> str | None:
        """The business date that is open on this device."""
        with self._workings.lock:
            return performing.open_day(self._workings)


def _write_identity(home: DeviceHome, identity: DeviceIdentity) -> None:
    with home.transaction():
        if home.head() is None:
            home.put_head(_head_of(identity))


def _head_of(identity: DeviceIdentity) -> Head:
    return Head(
        identity.device,
        identity.epoch,
        identity.branch,
        identity.purpose,
        identity.kid,
        identity.centre_key,
        identity.centre_url,
    )


def _check_key(key: SigningKey, kid: str) -> None:
    if key_name(key) != kid:
        raise KeyringProblem(
            "The secret store of this computer holds the key of another device. Choose the right profile, or enrol "
            "anew.",
            code="device_key_other",
        )
