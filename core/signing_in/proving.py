"""Proving who one is with password and one-time code, offline: growing delays, and no code works twice."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace

import msgspec
from nacl.signing import SigningKey

from core.device import Device
from core.errors import Refusal
from core.ids import Randomness, is_code
from core.people.delays import last_failure_anchor, wait_ms
from core.people.sealing import SealedContents, seal, stretching_of, unseal
from core.people.stretching import Stretching
from core.people.totp import DIGITS, verify_code
from core.store.sign_in import LocalPerson


@dataclass(frozen=True, slots=True)
class Proven:
    """A person who has just shown password and code. Their staff key is here, in memory; `totp_step` is used up."""

    person: str
    name: str
    totp_step: int
    staff_key: SigningKey = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Sealing:
    """What people's secrets on this device are sealed with besides their passwords, and at which cost."""

    device_secret: bytes = field(repr=False)
    randomness: Randomness
    cost: Stretching

    def sealed(self, contents: SealedContents, person: str, password: str) -> bytes:
        """The contents under that password."""
        return seal(
            contents,
            password=password,
            device_secret=self.device_secret,
            person=person,
            randomness=self.randomness,
            cost=self.cost,
        )


class Proving:
    """Checks passwords and codes against what this device keeps. Tries wait for one another."""

    def __init__(self, device: Device, sealing: Sealing) -> None:
        self._device = device
        self._sealing = sealing
        self._lock = threading.Lock()

    def prove(self, person: str, password: str, code: str) -> Proven | Refusal:
        """Both right, and the code not used before.

        Codes: `staff_code_malformed`, `sign_in_first_here`, `sign_in_too_soon`, `password_wrong`, `totp_malformed`,
        `totp_wrong`, `totp_reused`; with `wait_ms` where the next try must wait.
        """
        if not is_well_formed(code):
            return Refusal("totp_malformed", "totp", {"digits": DIGITS})
        with self._lock:
            opened = self._open(person, password)
            if isinstance(opened, Refusal):
                return opened
            local, contents = opened
            now_ms = self._device.clock.now_ms()
            step = verify_code(contents.totp_seed, code, now_ms, local.last_totp_step)
            if isinstance(step, Refusal):
                return _with_wait(step, local)
            self._keep(local, contents, password, step)
            return Proven(person, local.name, step, SigningKey(contents.staff_signing_key_seed))

    def open_with_password(self, person: str, password: str) -> tuple[LocalPerson, SealedContents] | Refusal:
        """The sealed secrets by the password alone, under the same delays. It signs nobody in."""
        with self._lock:
            opened = self._open(person, password)
            if not isinstance(opened, Refusal):
                self._device.save_local_person(msgspec.structs.replace(opened[0], failures=0))
            return opened

    def _open(self, person: str, password: str) -> tuple[LocalPerson, SealedContents] | Refusal:
        if not is_code(person):
            return Refusal("staff_code_malformed", "person")
        local = self._device.local_person(person)
        if local is None or local.sealed is None:
            return Refusal("sign_in_first_here", "person")
        now_ms = self._device.clock.now_ms()
        anchor = last_failure_anchor(local.last_failure_ms, now_ms)
        waiting = wait_ms(local.failures, anchor, now_ms)
        if waiting:
            if anchor != local.last_failure_ms:
                self._device.save_local_person(msgspec.structs.replace(local, last_failure_ms=anchor))
            return Refusal("sign_in_too_soon", None, {"wait_ms": waiting})
        # Counted on the disk before the try, and taken back after a good one: ending the program in between
        # gives nobody a free guess.
        local = msgspec.structs.replace(local, failures=local.failures + 1, last_failure_ms=now_ms)
        self._device.save_local_person(local)
        contents = unseal(
            local.sealed or b"", password=password, device_secret=self._sealing.device_secret, person=person
        )
        return _with_wait(contents, local) if isinstance(contents, Refusal) else (local, contents)

    def _keep(self, local: LocalPerson, contents: SealedContents, password: str, step: int) -> None:
        sealed = local.sealed
        if sealed is not None and stretching_of(sealed) != self._sealing.cost:
            sealed = self._sealing.sealed(contents, local.person, password)
        self._device.save_local_person(
            msgspec.structs.replace(local, sealed=sealed, last_totp_step=step, failures=0, last_failure_ms=0)
        )


def _with_wait(refusal: Refusal, local: LocalPerson) -> Refusal:
    """The refusal with how long this failure makes the person wait (`wait_ms`), where it does."""
    waiting = wait_ms(local.failures, local.last_failure_ms, local.last_failure_ms)
    return replace(refusal, detail={**refusal.detail, "wait_ms": waiting}) if waiting else refusal


def is_well_formed(code: str) -> bool:
    """Whether it can be a one-time code at all; what can't is refused without counting as a try."""
    digits = code.replace(" ", "")
    return len(digits) == DIGITS and digits.isascii() and digits.isdigit()
