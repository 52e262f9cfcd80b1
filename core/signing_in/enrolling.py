"""Enrolling this device: make its key, show it to the centre under a one-time code, wait for a person's trust.

Used by the first start's page, by the command line and by the demo. Until a person at the centre has compared the
fingerprint, nothing comes of it; what was begun goes on after a restart.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from nacl.signing import SigningKey

from core.canonical import from_base64url
from core.clock import Clock
from core.device import Device, DeviceIdentity, lives
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
    line: EnrolmentLine,
    secret_store: SecretStore,
    code: str,
    randomness: Randomness = system_randomness,
    *,
    name: str = DEVICE_KEY,
) -> Requested | Refusal:
    """Make the key (kept in the secret store first) and show it. The same code may be sent again with the same key.

    `name` is what the key is called in the secret store. Code: `enrolment_code_wrong`. Raises `LineProblem`,
    `CentreRefusal`, `KeyringProblem`.
    """
    key = device_key(secret_store, randomness, name)
    try:
        answer = line.enrol(make_enrolment(spelled(code), key))
    except CentreRefusal as refused:
        return answer_of(refused)
    return _requested(answer, key_name(key))


def waiting(line: EnrolmentLine, secret_store: SecretStore, name: str = DEVICE_KEY) -> Requested | None:
    """An enrolment that was begun before, if the centre knows the key of that name."""
    if secret_store.get(name) is None:
        return None
    kid = key_name(device_key(secret_store, system_randomness, name))
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
    try:
        with snapshot_of(identity, device_key(secret_store, randomness), clock) as lines:
            return Device.create_from_snapshot(
                path, secret_store, clock, randomness, identity=identity, lines=lines, progress=progress
            )
    except CentreRefusal as refused:
        if refused.code != "not_found":
            raise
        return create(path, secret_store, clock, identity, randomness)


def prepare_next(
    path: Path,
    secret_store: SecretStore,
    clock: Clock,
    identity: DeviceIdentity,
    randomness: Randomness = system_randomness,
    *,
    progress: Progress | None = None,
) -> None:
    """The file of the device's next life, made from the centre's snapshot beside the one at `path` and not taken up.

    It may be in use meanwhile. Raises as `start` does; one that is there already is left as it is.
    """
    if lives.is_ready(path):
        return
    known = lives.seen_before(path, secret_store)
    with snapshot_of(identity, lives.next_key(secret_store, randomness), clock) as lines:
        lives.prepare(path, secret_store, identity, randomness, lines=lines, known=known, progress=progress)


@contextlib.contextmanager
def snapshot_of(identity: DeviceIdentity, key: SigningKey, clock: Clock) -> Iterator[Iterable[bytes]]:
    """The lines of the centre's snapshot for this device, whose key the centre trusts.

    What does not hold among them, wherever it is found, is an `EnvironmentProblem` with its code.
    """
    line = Transport(identity.centre_url, clock, RequestSigner(identity.device, identity.epoch, key))
    try:
        with line.snapshot() as lines:
            yield lines
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
