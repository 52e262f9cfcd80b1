"""The three kinds of Ed25519 key that sign: a device's, a person's on it (staff key), and a session's."""

from __future__ import annotations

from typing import Protocol

from nacl.signing import SigningKey

from core.canonical import base64url, from_base64url, thumbprint
from core.errors import IntegrityFault
from core.ids import Randomness

KEY_BYTES = 32


class RegisteredKey(Protocol):
    """A staff key as it was registered; `public_key` is base64url. The book's row of staff keys is one."""

    @property
    def person(self) -> str:
        """Whose it is."""
        ...

    @property
    def branch(self) -> str:
        """Where the person works."""
        ...

    @property
    def device(self) -> str:
        """The only device that it signs on."""
        ...

    @property
    def epoch(self) -> int:
        """The only life of that device's chain that it signs in."""
        ...

    @property
    def public_key(self) -> str:
        """The public half, base64url."""
        ...


def new_signing_key(randomness: Randomness) -> SigningKey:
    """A key from 32 random bytes."""
    return SigningKey(randomness(KEY_BYTES))


def public_text(key: SigningKey) -> str:
    """The public half as base64url, the `x` of its JWK (RFC 8037)."""
    return base64url(bytes(key.verify_key))


def key_name(key: SigningKey) -> str:
    """The RFC 7638 thumbprint, by which signatures name the key."""
    return thumbprint(bytes(key.verify_key))


def public_bytes(text: str) -> bytes:
    """The 32 bytes of a public key.

    Raises `IntegrityFault` with `base64url_not_canonical` or `key_malformed`.
    """
    key = from_base64url(text)
    if len(key) != KEY_BYTES:
        raise IntegrityFault("key_malformed")
    return key
