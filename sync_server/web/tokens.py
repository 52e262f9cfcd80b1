"""Bearer tokens (RFC 6750), compared in constant time."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import Annotated

from fastapi import Depends
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from sync_server.environment import Secret
from sync_server.problems import Problem

_SCHEME = HTTPBearer(auto_error=False, scheme_name="token", description="The token agreed with the other bank.")
Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(_SCHEME)]
_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="counterfoil"'}


class BearerTokens:
    """A dependency that answers who holds the token: `who: str = Depends(BearerTokens({"skovbank": token}))`."""

    def __init__(self, tokens: Mapping[str, Secret]) -> None:
        self._digests = {who: _digest(token.reveal()) for who, token in tokens.items() if token.reveal()}

    def __call__(self, credentials: Credentials) -> str:
        """The holder's name. Raises `Problem` with `token_missing` or `token_wrong`."""
        if credentials is None:
            raise Problem("token_missing", headers=_CHALLENGE)
        given = _digest(credentials.credentials)
        # All are compared, so that the time taken names nobody.
        holders = [who for who, digest in self._digests.items() if hmac.compare_digest(digest, given)]
        if not holders:
            raise Problem("token_wrong", headers=_CHALLENGE)
        return holders[0]


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
