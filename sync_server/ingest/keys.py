"""The keys that may sign on a chain, remembered by each server process: a key never changes what it belongs to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from nacl.signing import VerifyKey

from core.canonical import from_base64url
from core.errors import IntegrityFault
from core.operations.kind import Decoded
from core.operations.sessions import SessionOpened, key_thumbprint
from sync_server.store.home import Database
from sync_server.store.values import ChainName

_REMEMBERED_MAX = 20_000


@dataclass
class KnownKeys:
    """Public keys by chain (device, epoch) and thumbprint."""

    _keys: dict[tuple[str, int, str], VerifyKey] = field(default_factory=dict)

    def find(self, database: Database, chain: ChainName, kid: str) -> VerifyKey:
        """The key of that name on that chain. Raises `IntegrityFault("key_unknown")`."""
        known = self._keys.get((*chain, kid))
        if known is None:
            with database.transaction() as home:
                public_key = home.key_of(chain, kid)
            if public_key is None:
                raise IntegrityFault("key_unknown", kid)
            known = self.remember(chain, kid, public_key)
        return known

    def remember(self, chain: ChainName, kid: str, public_key: str) -> VerifyKey:
        """Keep a key that the database has, or that an operation before this one on the same chain has opened."""
        if len(self._keys) >= _REMEMBERED_MAX:
            self._keys.clear()
        key = VerifyKey(from_base64url(public_key))
        self._keys[(*chain, kid)] = key
        return key


def opened_key(decoded: Decoded[Any]) -> tuple[str, str] | None:
    """The session key that an operation opens: its thumbprint and itself, for those behind it in the same run."""
    body = decoded.body
    if isinstance(body, SessionOpened):
        return key_thumbprint(body.session_key), body.session_key
    return None
