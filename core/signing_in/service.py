"""Signing in at this desk: the one service that screens, the command line and the demo use. It works offline.

Only a first time here and an introduction to another desk need the line.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.book.rows import DeviceEpoch
from core.clock import instant
from core.device import Device, Draft, OpenSession, Refusals
from core.device.keys import device_secret
from core.device.sessions import CloseReason
from core.errors import CentreRefusal, Refusal
from core.ids import Randomness, system_randomness
from core.people.registration import IntroductionStatement, make_introduction
from core.people.stretching import MODERATE, Stretching
from core.secrets.store import SecretStore
from core.signing_in import people_here
from core.signing_in.approving import Approval, Approving
from core.signing_in.arriving import Arriving, NewSeed
from core.signing_in.line import StaffLine, answer_of
from core.signing_in.people_here import KeyShown, KnownPerson, Stage, Standing
from core.signing_in.proving import Proven, Proving, Sealing

HOUR_MS = 60 * 60 * 1000
OFFLINE_MS = 72 * HOUR_MS
"""How long after the centre was last heard people may sign in: whom it has suspended since is not known here."""

INTRODUCTION_MS = 3 * 24 * 60 * 60 * 1000
"""How long a person has to arrive at the other desk."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A person at work, and every key ever registered in their name, which each sign-in shows them."""

    session: OpenSession
    name: str
    keys: tuple[KeyShown, ...]


class SigningIn:
    """Safe to use from several threads. Checking a password takes most of a second, so never in the UI thread.

    Refusals are values with stable codes; `LineProblem` is raised only by what needs the line, `StoreProblem` and
    `KeyringProblem` by anything.
    """

    def __init__(
        self,
        device: Device,
        secrets: SecretStore,
        line: StaffLine,
        *,
        randomness: Randomness = system_randomness,
        cost: Stretching = MODERATE,
        offline_ms: int = OFFLINE_MS,
    ) -> None:
        sealing = Sealing(device_secret(secrets, randomness), randomness, cost)
        self._device = device
        self._line = line
        self._proving = Proving(device, sealing)
        self._arriving = Arriving(device, sealing, self._proving, line)
        self._approving = Approving(device, self._proving)
        self._offline_ms = offline_ms

    # Who is known

    def known_people(self) -> tuple[KnownPerson, ...]:
        """Everybody with secrets on this device, by name."""
        people = self._device.local_people()
        with self._device.reading() as connection:
            return people_here.known_people(connection, self._device.identity, people)

    def standing(self, person: str) -> Standing:
        """How far that person has come here."""
        local = self._device.local_person(person)
        with self._device.reading() as connection:
            return people_here.person_standing(connection, self._device.identity, person, local)

    def keys_of(self, person: str) -> tuple[KeyShown, ...]:
        """Every key ever registered in the person's name, the newest first."""
        with self._device.reading() as connection:
            return people_here.keys_of(connection, self._device.identity, person)

    # At work

    def prove(self, person: str, password: str, code: str) -> Proven | Refusal:
        """Password and one-time code of somebody whose secrets are here. See `Proving.prove` for the codes.

        Besides: `staff_unknown`, `staff_suspended`, `staff_elsewhere`, `sign_in_offline_too_long`.
        """
        return self._may_not(person) or self._silent_too_long() or self._proving.prove(person, password, code)

    def sign_in(self, person: str, password: str, code: str) -> SignedIn | Refusal:
        """Open a session. Codes of `prove`, and `witness_needed` for a key that is not registered yet."""
        proven = self.prove(person, password, code)
        return proven if isinstance(proven, Refusal) else self.open(proven)

    def open(self, proven: Proven) -> SignedIn | Refusal:
        """Open the session of somebody who has just shown who they are: also right after a registration."""
        if self.standing(proven.person).stage is not Stage.READY:
            return Refusal("witness_needed", None, {"person": proven.person})
        session = self._device.open_session(proven.person, proven.staff_key, proven.totp_step)
        if isinstance(session, Refusals):
            return session.first
        return SignedIn(session, self.standing(proven.person).name, self.keys_of(proven.person))

    def end(self, session: OpenSession, reason: CloseReason) -> None:
        """Sign out (`signed-out`), lock (`locked`, `idle`): the session is closed on the chain, its key of no more use.

        Whoever holds the `OpenSession` drops it.
        """
        self._device.close_session(session, reason)

    def approve(self, draft: Draft, person: str, password: str, code: str) -> Approval | Refusal:
        """A second person signs for the draft: first `perform(draft, approval.jws)`, then `conclude(approval)`.

        See `Approving.approve` for the codes; besides `sign_in_offline_too_long`.
        """
        return self._silent_too_long() or self._approving.approve(draft, person, password, code)

    def conclude(self, approval: Approval) -> None:
        """End the approver's session after the operation was performed or given up."""
        self._approving.conclude(approval)

    # The first time here

    def activate(self, person: str, activation_code: str, password: str) -> NewSeed | Refusal:
        """A new member of staff chooses a password. Needs the line; see `Arriving.activate`."""
        return self._arriving.activate(person, activation_code, password)

    def show_again(self, person: str, password: str) -> NewSeed | Refusal:
        """The QR code once more, for who never confirmed it."""
        return self._arriving.show_again(person, password)

    def confirm(self, seed: NewSeed, code: str) -> Proven | Refusal:
        """The authenticator shows the right codes."""
        return self._arriving.confirm(seed, code)

    def fetch_seed(self, person: str, password: str, code: str) -> Proven | Refusal:
        """Somebody who works at another desk already. Needs the line; see `Arriving.fetch_seed`."""
        return self._arriving.fetch_seed(person, password, code)

    def register(self, newcomer: Proven, witness: Proven) -> Refusal | None:
        """Register the newcomer's key before the witness, or found this desk's keys with both."""
        return self._arriving.register(newcomer, witness)

    # At another desk

    def other_desks(self) -> tuple[DeviceEpoch, ...]:
        """The desks of this branch that one may introduce oneself to."""
        with self._device.reading() as connection:
            return people_here.desks_of_branch(connection, self._device.identity)

    def introduce(self, person: str, password: str, code: str, *, device: str, epoch: int) -> Refusal | None:
        """Say, signed by one's key here, that one means to work at that desk too. Needs the line.

        Codes of `prove`, `introduction_unknown_key`, `introduction_malformed`.
        """
        proven = self.prove(person, password, code)
        if isinstance(proven, Refusal):
            return proven
        statement = IntroductionStatement(
            person=person,
            device=device,
            epoch=epoch,
            expires_at=instant(self._device.clock.now_ms() + INTRODUCTION_MS),
        )
        try:
            self._line.introduce(make_introduction(statement, proven.staff_key))
        except CentreRefusal as refused:
            return answer_of(refused)
        return None

    def _silent_too_long(self) -> Refusal | None:
        if self._device.silent_ms() <= self._offline_ms:
            return None
        return Refusal("sign_in_offline_too_long", None, {"hours": self._offline_ms // HOUR_MS})

    def _may_not(self, person: str) -> Refusal | None:
        with self._device.reading() as connection:
            staff = people_here.staff_member(connection, person)
        if staff is None:
            return Refusal("staff_unknown", "person")
        if staff.suspended:
            return Refusal("staff_suspended", "person")
        if staff.branch != self._device.identity.branch:
            return Refusal("staff_elsewhere", "person", {"branch": staff.branch})
        return None
