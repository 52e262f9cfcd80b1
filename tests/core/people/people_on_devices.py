"""People with their keys on a device, made from counted randomness, for the tests of what they sign."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from nacl.signing import SigningKey

from core.people.keys import new_signing_key, public_text


@dataclass(frozen=True)
class Person:
    """A person whose staff key is known on a device; the shape of a registered key."""

    person: str
    branch: str = "odense"
    device: str = "odense-1"
    epoch: int = 1
    life: int = 0

    @property
    def signing_key(self) -> SigningKey:
        """The staff key."""
        text = f"{self.person}/{self.device}/{self.epoch}/{self.life}"
        return new_signing_key(lambda count: hashlib.blake2b(text.encode(), digest_size=count).digest())

    @property
    def public_key(self) -> str:
        """Its public half."""
        return public_text(self.signing_key)
