"""A bank whose people really sign in: a served centre, desks with encrypted files and vaults, and phones with codes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from urllib.parse import unquote

import pyotp

from core.clock import FixedClock
from core.device import Device, DeviceIdentity
from core.ids import system_randomness
from core.operations import bank
from core.people.stretching import CHEAPEST
from core.secrets.vault import FileVault
from core.signing_in import NewSeed, Proven, SignedIn, SigningIn, enrolling
from core.sync.loop import SyncLoop
from core.sync.transport import Transport
from sync_server.centre.devices import invite_device, trust_device
from sync_server.centre.people import admit_staff
from tests.sync_server.centre_bank import CentreBank

PASSWORD = "the gulls are loud today"
VAULT_PASSPHRASE = "a passphrase for the tests"
STEP_MS = 30_000
NOBODY = "http://127.0.0.1:9"


@dataclass
class Phone:
    """An authenticator that has read a QR code; another program's arithmetic than the desk's."""

    uri: str
    clock: FixedClock

    def code(self) -> str:
        """What it shows."""
        parsed = pyotp.parse_uri(self.uri)
        assert isinstance(parsed, pyotp.TOTP)
        return parsed.at(self.clock.now_ms() // 1000)

    def next_code(self) -> str:
        """The next one, once it is shown."""
        self.clock.advance(STEP_MS)
        return self.code()


def issuer_of(uri: str) -> str:
    """Whose account it is called in the authenticator."""
    found = re.search(r"issuer=([^&]+)", uri)
    return unquote(found[1]) if found else ""


@dataclass
class SigningBank:
    """The centre and its address, and what a person at the bank's office does."""

    centre: CentreBank
    address: str
    clock: FixedClock
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def found_branch(self) -> str:
        """One more branch, so that tests do not meet."""
        code = f"b{next(self._numbers)}"
        self.centre.issue(
            None, bank.BranchFounded(branch=code, name=f"Branch {code}", address="Torvet 1", currency="DKK")
        )
        return code

    def admit(self, person: str, branch: str, role: str = "teller", name: str = "") -> str:
        """Admit somebody; their activation code."""
        with self.centre.transaction() as home:
            return admit_staff(
                home,
                self.centre.centre,
                system_randomness,
                person=person,
                name=name or person.title(),
                branch=branch,
                role=role,
                currency="DKK",
                approval_limit=5_000_00 if role == "teller" else 10**9,
            )

    def invite(self, device: str, branch: str) -> str:
        """A one-time code for a desk."""
        with self.centre.transaction() as home:
            code = invite_device(
                home, self.centre.centre, system_randomness, device=device, branch=branch, purpose="desktop"
            )
        assert isinstance(code, str)
        return code

    def trust(self, device: str, fingerprint: str) -> None:
        """Somebody has compared the fingerprint."""
        with self.centre.transaction() as home:
            state = trust_device(home, self.centre.centre, device, fingerprint)
        assert getattr(state, "state", "") == "trusted", state

    @contextmanager
    def desk(self, folder: Path, device: str, branch: str) -> Iterator[RealDesk]:
        """An enrolled desk that has read the bank's books."""
        made = RealDesk(self, folder / device, device)
        made.enrol(self.invite(device, branch))
        made.sync()
        try:
            yield made
        finally:
            made.close()


class RealDesk:
    """A desk as the program opens it, without its window."""

    def __init__(self, bank: SigningBank, folder: Path, code: str) -> None:
        self.bank, self.folder, self.code = bank, folder, code
        self.path = folder / "device.db"
        folder.mkdir(parents=True)
        self.vault = FileVault.create(folder / "secrets.vault", VAULT_PASSPHRASE, cost=CHEAPEST)
        self.phones: dict[str, Phone] = {}
        self.device: Device

    def enrol(self, code: str) -> None:
        """Show the key, be trusted, make the file."""
        line = Transport(self.bank.address, self.bank.clock)
        requested = enrolling.enrol(line, self.vault, code)
        assert isinstance(requested, enrolling.Requested), requested
        assert enrolling.look_for_trust(line, requested, self.bank.address) is None
        self.bank.trust(self.code, requested.fingerprint)
        identity = enrolling.look_for_trust(line, requested, self.bank.address)
        assert isinstance(identity, DeviceIdentity)
        line.close()
        self.device = enrolling.start(self.path, self.vault, self.bank.clock, identity)
        self._connect()

    def reopen(self) -> None:
        """End the program and start it again."""
        self.close()
        self.device = Device.open(self.path, self.vault, self.bank.clock)
        self._connect()

    def close(self) -> None:
        """End the program."""
        self.transport.close()
        self.device.close()

    def sync(self) -> None:
        """Send and read everything."""
        state = self.loop.step()
        assert state.all_sent, state

    def arrive(self, person: str, activation: str) -> Proven:
        """A new member of staff up to the confirmed authenticator."""
        seed = self.signing_in.activate(person, activation, PASSWORD)
        assert isinstance(seed, NewSeed), seed
        self.phones[person] = Phone(seed.uri, self.bank.clock)
        proven = self.signing_in.confirm(seed, self.phones[person].next_code())
        assert isinstance(proven, Proven), proven
        return proven

    def prove(self, person: str) -> Proven:
        """Password and the next code."""
        proven = self.signing_in.prove(person, PASSWORD, self.phones[person].next_code())
        assert isinstance(proven, Proven), proven
        return proven

    def sign_in(self, person: str) -> SignedIn:
        """Sign in with the next code."""
        signed_in = self.signing_in.sign_in(person, PASSWORD, self.phones[person].next_code())
        assert isinstance(signed_in, SignedIn), signed_in
        return signed_in

    def found(self, supervisor: str, teller: str, branch: str) -> None:
        """Two people arrive together, each the other's witness."""
        activations = {supervisor: "supervisor", teller: "teller"}
        codes = {person: self.bank.admit(person, branch, role) for person, role in activations.items()}
        self.sync()
        first, second = (self.arrive(person, codes[person]) for person in (supervisor, teller))
        assert self.signing_in.register(first, second) is None
        self.sync()

    def cut_the_line(self) -> None:
        """From here on nobody answers at the centre's address."""
        self.transport.close()
        self._connect(NOBODY)

    def _connect(self, address: str | None = None) -> None:
        self.transport = Transport.of_device(self.device, address)
        self.loop = SyncLoop(self.device, self.transport)
        self.signing_in = SigningIn(self.device, self.vault, self.transport, cost=CHEAPEST)
