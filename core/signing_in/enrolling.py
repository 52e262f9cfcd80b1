"""Enrolling this device: make its key, show it to the centre under a one-time code, wait for a person's trust.

Used by the first start's page, by the command line and by the demo. Until a person at the centre has compared the
fingerprint, nothing comes of it; what was begun goes on after a restart.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from core.canonical import from_base64url
from core.clock import Clock
from core.device import Device, DeviceIdentity
from core.device.keys import DEVICE_KEY, device_key
from core.device.snapshots import Progress
from core.errors import CentreRefusal, EnvironmentProblem, IntegrityFault, Refusal
from core.ids import Randomness, system_randomness
from core.people.keys import KEY_BYTES, key_name
from core.secrets.store import SecretStore
from core.signing_in.line import EnrolmentLine, answer_of
from core.sync.enrolment import make_enrolment
from core.sync.messages import EnrolmentAnswer
from core.sync.transport import RequestSigner, Transport

LineTo = Callable[[str], EnrolmentLine]
"""A line to the centre at that address."""

_GROUP = 4


@dataclass(frozen=True, slots=True)
class Requested:
    """The centre knows the key. `fingerprint` is its RFC 7638 thumbprint, which a person there compares."""

    device: str
    epoch: int
    branch: str
    purpose: str
    fingerprint: str
    kid: str


def in_groups(fingerprint: str) -> str:
    """The fingerprint as it is read aloud: groups of four."""
    return " ".join(fingerprint[start : start + _GROUP] for start in range(0, len(fingerprint), _GROUP))


def enrol(
    line: EnrolmentLine, secret_store: SecretStore, code: str, randomness: Randomness = system_randomness
) -> Requested | Refusal:
    """Make the key (kept in the secret store first) and show it. The same code may be sent again with the same key.

    Code: `enrolment_code_wrong`. Raises `LineProblem`, `CentreRefusal`, `KeyringProblem`.
    """
    key = device_key(secret_store, randomness)
    try:
        answer = line.enrol(make_enrolment(spelled(code), key))
    except CentreRefusal as refused:
        return answer_of(refused)
    return _requested(answer, key_name(key))


def waiting(line: EnrolmentLine, secret_store: SecretStore) -> Requested | None:
    """An enrolment that was begun before, if the centre knows this device's key."""
    if secret_store.get(DEVICE_KEY) is None:
        return None
    kid = key_name(device_key(secret_store, system_randomness))
    try:
        requested = _requested(line.enrolment(kid), kid)
    except CentreRefusal as refused:
        if refused.code == "enrolment_unknown":
            return None
        raise
    return None if isinstance(requested, Refusal) else requested


def look_for_trust(line: EnrolmentLine, requested: Requested, centre_url: str) -> DeviceIdentity | Refusal | None:
    """Who this device is, once a person trusts it; None while nobody does.

    Codes: `enrolment_refused`, `enrolment_differs` (the centre speaks of another key).
    """
    answer = line.enrolment(requested.fingerprint)
    if answer.fingerprint != requested.kid:
        return Refusal("enrolment_differs")
    if answer.state == "refused":
        return Refusal("enrolment_refused")
    if answer.state != "trusted" or answer.centre_key is None:
        return None
    if len(from_base64url(answer.centre_key)) != KEY_BYTES:
        return Refusal("enrolment_differs")
    return DeviceIdentity(
        answer.device, answer.epoch, answer.branch, answer.purpose, requested.kid, answer.centre_key, centre_url
    )


def await_trust(
    line: EnrolmentLine, requested: Requested, centre_url: str, pause: Callable[[], bool]
) -> DeviceIdentity | Refusal | None:
    """Ask until a person has decided. `pause` waits between two questions and says whether to go on asking."""
    while True:
        answer = look_for_trust(line, requested, centre_url)
        if answer is not None or not pause():
            return answer


def create(
    path: Path,
    secret_store: SecretStore,
    clock: Clock,
    identity: DeviceIdentity,
    randomness: Randomness = system_randomness,
) -> Device:
    """The device's file, made and opened. Raises `StoreProblem`, `KeyringProblem`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return Device.create(path, secret_store, clock, randomness, identity=identity)


def start(
    path: Path,
    secret_store: SecretStore,
    clock: Clock,
    identity: DeviceIdentity,
    randomness: Randomness = system_randomness,
    *,
    progress: Progress | None = None,
) -> Device:
    """The device's file, made from the centre's snapshot and opened; `progress` is told how far it has come.

    Of a centre that has none to offer the feeds are read from their beginnings instead; a file that is there is
    opened. Raises what `create` and the line raise, and `EnvironmentProblem` with the code of a snapshot that can't be
    trusted: then there is no file, and it may be tried again.
    """
    if path.exists():
        return create(path, secret_store, clock, identity, randomness)
    signer = RequestSigner(identity.device, identity.epoch, device_key(secret_store, randomness))
    line = Transport(identity.centre_url, clock, signer)
    try:
        with line.snapshot() as lines:
            return Device.create_from_snapshot(
                path, secret_store, clock, randomness, identity=identity, lines=lines, progress=progress
            )
    except CentreRefusal as refused:
        if refused.code != "not_found":
            raise
        return create(path, secret_store, clock, identity, randomness)
    except IntegrityFault as fault:
        raise EnvironmentProblem(
            f"What the centre sent to start from does not hold ({fault}). Nothing of it was kept. Try again; if it "
            "happens again, call the bank's office.",
            code=fault.code,
        ) from fault
    finally:
        line.close()


def spelled(code: str) -> str:
    """A one-time code as the centre spells it, however it was typed: capitals, groups of four."""
    letters = "".join(code.split()).replace("-", "").upper()
    return "-".join(letters[start : start + _GROUP] for start in range(0, len(letters), _GROUP))


def _requested(answer: EnrolmentAnswer, kid: str) -> Requested | Refusal:
    if answer.fingerprint != kid:
        return Refusal("enrolment_differs")
    return Requested(answer.device, answer.epoch, answer.branch, answer.purpose, answer.fingerprint, kid)
