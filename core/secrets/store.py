"""What a secret store promises: small named secrets, kept by the operating system or under a passphrase."""

from __future__ import annotations

import re
from typing import Protocol

SECRET_BYTES_MAX = 512
"""Credentials of Windows hold little more, as text."""

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")


class SecretStore(Protocol):
    """Keeps secrets by name (`database-key`, `device-key`) for one profile.

    Every call may raise `KeyringProblem`, and may block while a person is asked to unlock the keyring.
    """

    def get(self, name: str) -> bytes | None:
        """The secret of that name, or None."""
        ...

    def put(self, name: str, secret: bytes) -> None:
        """Keep the secret under that name, in place of an older one; durable on return."""
        ...

    def remove(self, name: str) -> None:
        """Forget the secret of that name, if there is one."""
        ...


def check_name(name: str) -> None:
    """Raise ValueError unless the name is 1 to 64 of `a-z 0-9 -`."""
    if _NAME.fullmatch(name) is None:
        raise ValueError(f"a secret can't be called {name!r}")


def check_secret(name: str, secret: bytes) -> None:
    """Raise ValueError unless name and length (1 to 512 bytes) will do."""
    check_name(name)
    if not 1 <= len(secret) <= SECRET_BYTES_MAX:
        raise ValueError(f"a secret takes 1 to {SECRET_BYTES_MAX} bytes")
