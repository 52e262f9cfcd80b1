"""Keys that work no signature out twice, which is the larger part of a push: what has verified once verifies again."""

from __future__ import annotations

from dataclasses import dataclass, field

from nacl.encoding import Encoder, RawEncoder
from nacl.signing import VerifyKey

from core.canonical import from_base64url
from sync_server.ingest.keys import KnownKeys

Verified = set[tuple[str, bytes, bytes | None]]
"""Public key, message and signature of each that did."""


class _QuickKey(VerifyKey):
    def __init__(self, public_key: str, verified: Verified, kept: Verified) -> None:
        super().__init__(from_base64url(public_key))
        self._named, self._verified, self._kept = public_key, verified, kept

    def verify(self, smessage: bytes, signature: bytes | None = None, encoder: Encoder = RawEncoder) -> bytes:
        told = (self._named, smessage, signature)
        if told in self._verified or told in self._kept:
            return smessage
        message = super().verify(smessage, signature, encoder)
        self._verified.add(told)
        return message


@dataclass
class QuickKeys(KnownKeys):
    """What a server process remembers. `verified` is shared by those of one input, `kept` by all of a site."""

    verified: Verified = field(default_factory=set)
    kept: Verified = field(default_factory=set)

    def remember(self, chain: tuple[str, int], kid: str, public_key: str) -> VerifyKey:
        super().remember(chain, kid, public_key)
        key = self._keys[(*chain, kid)] = _QuickKey(public_key, self.verified, self.kept)
        return key

    def of_another(self) -> QuickKeys:
        """What another server process remembers: nothing."""
        return QuickKeys(verified=self.verified, kept=self.kept)
