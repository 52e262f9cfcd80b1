"""What is kept of a person so that a stolen disk yields neither their TOTP seed nor their staff key.

On a device both are sealed by XChaCha20-Poly1305 under Argon2id(password) keyed (BLAKE2b) with a secret that
only the device's secret store holds; opening it is the password check, there is no other verifier. At the
centre the TOTP seed alone is sealed under a key of the server.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from nacl.exceptions import CryptoError
from nacl.secret import Aead

from core.errors import IntegrityFault, Refusal
from core.ids import Randomness
from core.people.stretching import MODERATE, PACKED_BYTES, SALT_BYTES, Stretching, stretch, unpacked
from core.people.totp import SEED_BYTES

DEVICE_SECRET_BYTES = 32
SERVER_KEY_BYTES = 32
SIGNING_SEED_BYTES = 32

_DEVICE_MAGIC = b"CFPS\x01"
_CENTRE_MAGIC = b"CFTS\x01"
_DEVICE_PURPOSE = b"cf-person-seal-1"
_CENTRE_PURPOSE = b"cf-centre-seal-1"
_COST_AT = len(_DEVICE_MAGIC)
_SALT_AT = _COST_AT + PACKED_BYTES
_NONCE_AT = _SALT_AT + SALT_BYTES
_BOX_AT = _NONCE_AT + Aead.NONCE_SIZE
_DEVICE_LENGTH = _BOX_AT + SEED_BYTES + SIGNING_SEED_BYTES + Aead.MACBYTES
_CENTRE_LENGTH = len(_CENTRE_MAGIC) + Aead.NONCE_SIZE + SEED_BYTES + Aead.MACBYTES


@dataclass(frozen=True, slots=True)
class SealedContents:
    """A person's secrets on one device: the TOTP seed (20 bytes) and their staff key's seed (32 bytes)."""

    totp_seed: bytes = field(repr=False)
    staff_signing_key_seed: bytes = field(repr=False)

    def __post_init__(self) -> None:
        _of_length(self.totp_seed, SEED_BYTES, "the TOTP seed")
        _of_length(self.staff_signing_key_seed, SIGNING_SEED_BYTES, "the staff key's seed")


def seal(
    contents: SealedContents,
    *,
    password: str,
    device_secret: bytes,
    person: str,
    randomness: Randomness,
    cost: Stretching = MODERATE,
) -> bytes:
    """The contents sealed for that person (staff code) on the device with that secret (32 bytes)."""
    head = _DEVICE_MAGIC + cost.packed() + randomness(SALT_BYTES)
    key = _device_key(password, device_secret, head)
    nonce = randomness(Aead.NONCE_SIZE)
    plain = contents.totp_seed + contents.staff_signing_key_seed
    return head + bytes(Aead(key).encrypt(plain, aad=_bound(head, person), nonce=nonce))


def unseal(sealed: bytes, *, password: str, device_secret: bytes, person: str) -> SealedContents | Refusal:
    """The contents, or a refusal with `password_wrong`.

    A wrong password, another device's secret, another person and damage can't be told apart, by design.
    Raises `IntegrityFault("seal_malformed")` if the bytes do not even have the form of a seal.
    """
    if len(sealed) != _DEVICE_LENGTH or not sealed.startswith(_DEVICE_MAGIC):
        raise IntegrityFault("seal_malformed", person)
    head = sealed[:_NONCE_AT]
    try:
        key = _device_key(password, device_secret, head)
    except ValueError as problem:
        raise IntegrityFault("seal_malformed", person) from problem
    try:
        plain = Aead(key).decrypt(sealed[_NONCE_AT:], aad=_bound(head, person))
    except CryptoError:
        return Refusal("password_wrong", "password")
    return SealedContents(plain[:SEED_BYTES], plain[SEED_BYTES:])


def stretching_of(sealed: bytes) -> Stretching:
    """At what cost the seal was made, so that a sign-in can seal again when the bank raises it.

    Raises `IntegrityFault("seal_malformed")`.
    """
    try:
        return unpacked(sealed[_COST_AT:_SALT_AT])
    except ValueError as problem:
        raise IntegrityFault("seal_malformed") from problem


def seal_for_centre(seed: bytes, *, server_key: bytes, person: str, randomness: Randomness) -> bytes:
    """The TOTP seed as the centre keeps it, under the server's key (32 bytes, from its settings)."""
    _of_length(seed, SEED_BYTES, "the TOTP seed")
    box = Aead(_centre_key(server_key))
    nonce = randomness(Aead.NONCE_SIZE)
    return _CENTRE_MAGIC + bytes(box.encrypt(seed, aad=_bound(_CENTRE_MAGIC, person), nonce=nonce))


def unseal_at_centre(sealed: bytes, *, server_key: bytes, person: str) -> bytes:
    """The TOTP seed.

    Raises `IntegrityFault` with `seal_malformed`, or `seal_not_opened` for another key or person, or damage.
    """
    if len(sealed) != _CENTRE_LENGTH or not sealed.startswith(_CENTRE_MAGIC):
        raise IntegrityFault("seal_malformed", person)
    try:
        box = Aead(_centre_key(server_key))
        return box.decrypt(sealed[len(_CENTRE_MAGIC) :], aad=_bound(_CENTRE_MAGIC, person))
    except CryptoError as problem:
        raise IntegrityFault("seal_not_opened", person) from problem


def _device_key(password: str, device_secret: bytes, head: bytes) -> bytes:
    # A wrong length here is a bug of the caller, not a damaged seal: it must not be answered as one.
    if len(device_secret) != DEVICE_SECRET_BYTES:
        raise TypeError(f"the device secret takes {DEVICE_SECRET_BYTES} bytes")
    stretched = stretch(password, head[_SALT_AT:], unpacked(head[_COST_AT:_SALT_AT]))
    return hashlib.blake2b(stretched, key=device_secret, digest_size=Aead.KEY_SIZE, person=_DEVICE_PURPOSE).digest()


def _centre_key(server_key: bytes) -> bytes:
    _of_length(server_key, SERVER_KEY_BYTES, "the server's key")
    return hashlib.blake2b(key=server_key, digest_size=Aead.KEY_SIZE, person=_CENTRE_PURPOSE).digest()


def _bound(head: bytes, person: str) -> bytes:
    """What stands outside the box and can't be exchanged: format version, cost, salt, and whose it is."""
    return head + person.encode("utf-8")


def _of_length(value: bytes, length: int, what: str) -> None:
    if len(value) != length:
        raise ValueError(f"{what} takes {length} bytes")
