"""Making a desk of the demo: its secrets, its key, its enrolment over the line, its file, and its people's keys."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from core.clock import Clock, SharedClock, instant
from core.device import Device, OpenSession, Performed, Refusals
from core.errors import Refusal, Refused
from core.ids import system_randomness
from core.operations.sessions import KeyRegistered
from core.people.keys import new_signing_key, public_text
from core.people.registration import Registration, RegistrationStatement, make_registration, make_witness
from core.people.stretching import CHEAPEST
from core.people.totp import code_at, step_at
from core.secrets.opening import VAULT_FILE_NAME
from core.secrets.vault import FileVault
from core.signing_in import NewSeed, SigningIn
from core.signing_in.enrolling import enrol, look_for_trust, start
from core.sync.loop import SyncLoop
from core.sync.transport import Transport
from counterfoil.demo import world
from counterfoil.demo.bank import DemoBank
from counterfoil.demo.world import DeskPlan, PersonPlan
from desktop.settings import STORE_FILE

VAULT_PASSPHRASE = "the demo keeps no secrets"  # noqa: S105 - made-up people and made-up money
TOTP_STEP_MS = 30_000
Given = TypeVar("Given")


@dataclass
class MadeDesk:
    """A desk that is enrolled and has read the feeds. `directory` holds its file and its vault."""

    plan: DeskPlan
    directory: Path
    device: Device
    secrets: FileVault
    transport: Transport
    loop: SyncLoop

    def close(self) -> None:
        """Let go of the file and the line."""
        self.loop.close()
        self.transport.close()
        self.device.close()


def make_desk(bank: DemoBank, plan: DeskPlan, directory: Path, clock: Clock, url: str) -> MadeDesk:
    """Enrol the desk as a person would: code, key, fingerprint compared, trust; then read what there is."""
    directory.mkdir(parents=True)
    secrets = FileVault.create(directory / VAULT_FILE_NAME, VAULT_PASSPHRASE)
    line = Transport(url, clock)
    requested = given(enrol(line, secrets, bank.invite(plan)))
    bank.trust(plan.device, requested.fingerprint)
    identity = look_for_trust(line, requested, url)
    line.close()
    if identity is None or isinstance(identity, Refusal):
        raise Refused(identity or Refusal("enrolment_refused"))
    device = start(directory / STORE_FILE, secrets, clock, identity)
    transport = Transport.of_device(device)
    loop = SyncLoop(device, transport)
    loop.step()
    return MadeDesk(plan, directory, device, secrets, transport, loop)


def found_by_hand(desk: MadeDesk, clock: Clock) -> Callable[[str], OpenSession]:
    """Keys for the two people of a back office, kept in memory only; answers what opens a session for one of them.

    The seeded history is made with these: nobody ever signs in there again.
    """
    identity = desk.device.identity
    keys = {person: new_signing_key(system_randomness) for person in desk.plan.people}
    statements = {
        person: RegistrationStatement(
            person=person,
            branch=identity.branch,
            device=identity.device,
            epoch=identity.epoch,
            key=public_text(key),
            at=instant(clock.now_ms()),
        )
        for person, key in keys.items()
    }
    first, second = desk.plan.people
    registered = [
        KeyRegistered(
            person=person,
            key=public_text(keys[person]),
            registration=Registration(
                make_registration(statements[person], keys[person]),
                make_witness(statements[person], keys[other]),
                None,
            ),
        )
        for person, other in ((first, second), (second, first))
    ]
    done(desk.device.register_keys(registered))

    def open_session(person: str) -> OpenSession:
        session = desk.device.open_session(person, keys[person], step_at(clock.now_ms()))
        if isinstance(session, Refusals):
            raise Refused(session.first)
        return session

    return open_session


class People:
    """The demo's staff as they come to their desks: activation codes, authenticators, passwords."""

    def __init__(self, bank: DemoBank, clock: Clock) -> None:
        self._bank = bank
        self._clock = clock
        self._seeds: dict[str, bytes] = {}
        self._codes: dict[str, str] = {}

    def admit(self, people: Iterable[PersonPlan]) -> None:
        """Admit people at the centre."""
        for person in people:
            self._codes[person.code] = self._bank.admit(person)

    def code(self, person: str) -> str:
        """What the person's authenticator shows at this moment."""
        return code_at(self._seeds[person], self._clock.now_ms())

    def seeds(self) -> dict[str, bytes]:
        """Every authenticator's seed, for those who play the people."""
        return dict(self._seeds)

    def arrive(self, desk: MadeDesk, introduced_at: MadeDesk | None) -> None:
        """The desk's two people come there for the first time, and found its keys together."""
        service = SigningIn(desk.device, desk.secrets, desk.transport, cost=CHEAPEST)
        proven = []
        desk.loop.step()
        for person in desk.plan.people:
            plan = world.PEOPLE[person]
            if person in self._seeds:
                self._introduce(person, introduced_at, desk)
                desk.loop.step()
                self._next_step()
                proven.append(given(service.fetch_seed(person, plan.password, self.code(person))))
            else:
                seed = given(service.activate(person, self._codes[person], plan.password))
                self._remember(seed)
                proven.append(given(service.confirm(seed, self.code(person))))
        refusal = service.register(proven[0], proven[1])
        if refusal is not None:
            raise Refused(refusal)
        desk.loop.step()

    def _introduce(self, person: str, at: MadeDesk | None, to: MadeDesk) -> None:
        if at is None:
            return
        at.loop.step()
        self._next_step()
        service = SigningIn(at.device, at.secrets, at.transport, cost=CHEAPEST)
        identity = to.device.identity
        refusal = service.introduce(
            person,
            world.PEOPLE[person].password,
            self.code(person),
            device=identity.device,
            epoch=identity.epoch,
        )
        if refusal is not None:
            raise Refused(refusal)

    def _remember(self, seed: NewSeed) -> None:
        self._seeds[seed.person] = seed.contents.totp_seed

    def _next_step(self) -> None:
        """A code serves once: the next one is half a minute away."""
        if isinstance(self._clock, SharedClock):
            self._clock.advance(TOTP_STEP_MS)


def given(value: Given | Refusal) -> Given:
    """The value, or `Refused` raised with why there is none."""
    if isinstance(value, Refusal):
        raise Refused(value)
    return value


def done(outcome: Performed | Refusals) -> Performed:
    """What was performed, or `Refused` raised with why it was not."""
    if isinstance(outcome, Refusals):
        raise Refused(outcome.first)
    return outcome
