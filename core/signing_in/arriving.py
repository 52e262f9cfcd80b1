"""A person's first time at a desk: their seed comes over the line, a key is made, and a colleague is its witness."""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec
from nacl.signing import SigningKey

from core.canonical import from_base64url
from core.clock import instant
from core.device import Device, Refusals
from core.errors import CentreRefusal, Refusal
from core.ids import is_code
from core.operations.sessions import KeyRegistered
from core.people.keys import key_name, new_signing_key, public_text
from core.people.passwords import password_refusal
from core.people.registration import Registration, RegistrationStatement, make_registration, make_witness
from core.people.sealing import SealedContents
from core.people.totp import provisioning_uri, verify_code
from core.signing_in.line import StaffLine, answer_of
from core.signing_in.people_here import Stage, is_founded, person_standing, staff_member
from core.signing_in.proving import Proven, Proving, Sealing, is_well_formed
from core.store.queries import people as queries
from core.store.sign_in import LocalPerson
from core.sync.messages import Activation, SeedAnswer, SignIn


@dataclass(frozen=True, slots=True)
class NewSeed:
    """A seed to be put into an authenticator: `uri` is what its QR code says. Secret until the page is left."""

    person: str
    name: str
    uri: str = field(repr=False)
    contents: SealedContents = field(repr=False, compare=False)


class Arriving:
    """The steps of a first time, each of which can be taken up again after the program was ended."""

    def __init__(self, device: Device, sealing: Sealing, proving: Proving, line: StaffLine) -> None:
        self._device = device
        self._sealing = sealing
        self._proving = proving
        self._line = line

    def activate(self, person: str, activation_code: str, password: str) -> NewSeed | Refusal:
        """Choose the password with the activation code; the seed is sealed here at once.

        Codes: `staff_code_malformed`, `activation_wrong`, `staff_elsewhere`, `staff_suspended`, those of
        `password_refusal` and `password_refused`. Raises `LineProblem`.
        """
        if not is_code(person):
            return Refusal("staff_code_malformed", "person")
        refusal = password_refusal(password, code=person, name=self._name(person))
        if refusal is not None:
            return refusal
        try:
            answer = self._line.activate(Activation(person, activation_code.strip(), password))
        except CentreRefusal as refused:
            return answer_of(refused)
        contents = self._keep(answer, password, None)
        return self._new_seed(person, answer.name, contents)

    def show_again(self, person: str, password: str) -> NewSeed | Refusal:
        """The seed once more, by the password alone, for who never confirmed it. Codes of `Proving`, `seed_confirmed`.

        Nothing is at risk: without a witness the key that is sealed with it can do nothing.
        """
        with self._device.reading() as connection:
            local = self._device.local_person(person)
            standing = person_standing(connection, self._device.identity, person, local)
        if standing.stage is not Stage.UNCONFIRMED:
            return Refusal("seed_confirmed", "person")
        opened = self._proving.open_with_password(person, password)
        return opened if isinstance(opened, Refusal) else self._new_seed(person, opened[0].name, opened[1])

    def confirm(self, seed: NewSeed, code: str) -> Proven | Refusal:
        """The authenticator shows the right codes. Codes: `totp_malformed`, `totp_wrong`, `totp_reused`."""
        local = self._device.local_person(seed.person)
        if local is None:
            return Refusal("sign_in_first_here", "person")
        step = verify_code(seed.contents.totp_seed, code, self._device.clock.now_ms(), local.last_totp_step)
        if isinstance(step, Refusal):
            return step
        self._device.save_local_person(msgspec.structs.replace(local, last_totp_step=step, failures=0))
        return Proven(seed.person, seed.name, step, SigningKey(seed.contents.staff_signing_key_seed))

    def fetch_seed(self, person: str, password: str, code: str) -> Proven | Refusal:
        """Sign in at the centre from a desk that is new to the person, who has an authenticator already.

        Codes: `staff_code_malformed`, `totp_malformed`, `sign_in_wrong`, `sign_in_too_soon`, `totp_reused`,
        `staff_elsewhere`, `staff_suspended`. Raises `LineProblem`.
        """
        if not is_code(person):
            return Refusal("staff_code_malformed", "person")
        if not is_well_formed(code):
            return Refusal("totp_malformed", "totp")
        try:
            answer = self._line.sign_in(SignIn(person, password, code.replace(" ", "")))
        except CentreRefusal as refused:
            return answer_of(refused)
        step = answer.last_step or 0
        contents = self._keep(answer, password, step)
        return Proven(person, answer.name, step, SigningKey(contents.staff_signing_key_seed))

    def register(self, newcomer: Proven, witness: Proven) -> Refusal | None:
        """Register the newcomer's key before the witness; at a desk without any keys, both, each the other's witness.

        Codes: `witness_same_person`, `witness_unknown`, `introduction_missing` and others of the rules, with the
        person. Raises `LineProblem` only if an introduction has to be fetched.
        """
        if newcomer.person == witness.person:
            return Refusal("witness_same_person", "person")
        people = [newcomer] if self._is_registered(witness) else [newcomer, witness]
        if len(people) == 2 and self._is_founded():
            return Refusal("witness_unknown", "person", {"person": witness.person})
        introductions = self._introductions(people)
        if isinstance(introductions, Refusal):
            return introductions
        others = {newcomer.person: witness, witness.person: newcomer}
        keys = [self._signed(each, others[each.person], introductions.get(each.person)) for each in people]
        done = self._device.register_keys(keys)
        return done.first if isinstance(done, Refusals) else None

    def _signed(self, newcomer: Proven, witness: Proven, introduction: str | None) -> KeyRegistered:
        identity = self._device.identity
        statement = RegistrationStatement(
            person=newcomer.person,
            branch=identity.branch,
            device=identity.device,
            epoch=identity.epoch,
            key=public_text(newcomer.staff_key),
            at=instant(self._device.clock.now_ms()),
        )
        registration = Registration(
            make_registration(statement, newcomer.staff_key),
            make_witness(statement, witness.staff_key),
            introduction,
        )
        return KeyRegistered(person=newcomer.person, key=statement.key, registration=registration)

    def _introductions(self, people: list[Proven]) -> dict[str, str] | Refusal:
        with self._device.reading() as connection:
            here = self._device.identity
            needed = [
                each for each in people if person_standing(connection, here, each.person, None).introduction_needed
            ]
        if not needed:
            return {}
        waiting = self._line.introductions()
        missing = next((each for each in needed if each.person not in waiting), None)
        if missing is not None:
            return Refusal("introduction_missing", None, {"person": missing.person})
        return {each.person: waiting[each.person] for each in needed}

    def _is_registered(self, proven: Proven) -> bool:
        with self._device.reading() as connection:
            keys = queries.keys_of(connection, proven.person)
        return any(key.kid == key_name(proven.staff_key) and not key.ended for key in keys)

    def _is_founded(self) -> bool:
        with self._device.reading() as connection:
            return is_founded(connection, self._device.identity)

    def _keep(self, answer: SeedAnswer, password: str, last_step: int | None) -> SealedContents:
        """Seal the seed with a new key, durably, before anything else is done with it."""
        key = new_signing_key(self._sealing.randomness)
        contents = SealedContents(from_base64url(answer.seed), bytes(key))
        sealed = self._sealing.sealed(contents, answer.person, password)
        self._device.save_local_person(LocalPerson(answer.person, answer.name, sealed, last_step))
        return contents

    def _new_seed(self, person: str, name: str, contents: SealedContents) -> NewSeed:
        with self._device.reading() as connection:
            bank = queries.bank(connection)
        issuer = bank.name if bank is not None else "Counterfoil"
        return NewSeed(person, name, provisioning_uri(contents.totp_seed, person, issuer), contents)

    def _name(self, person: str) -> str:
        with self._device.reading() as connection:
            staff = staff_member(connection, person)
        return staff.name if staff is not None else ""
