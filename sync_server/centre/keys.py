"""The centre's own secrets: the key it signs with, and the key that seals what it keeps for people."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from nacl.signing import SigningKey

from core.ids import Randomness, system_randomness
from core.people.keys import key_name, public_text
from core.secrets.vault import FileVault
from sync_server.environment import Secret

VAULT_NAME = "centre.vault"
_SIGNING = "centre-key"
_SEALING = "server-key"


@dataclass(frozen=True, slots=True)
class CentreKeys:
    """`signing` signs the centre's operations; `sealing` (32 bytes) seals one-time-code seeds at rest."""

    signing: SigningKey
    sealing: bytes

    @property
    def kid(self) -> str:
        """The thumbprint of the signing key."""
        return key_name(self.signing)

    @property
    def public(self) -> str:
        """The public half of the signing key, base64url."""
        return public_text(self.signing)

    def __repr__(self) -> str:
        return f"CentreKeys({self.kid})"


def make_centre_keys(directory: Path, passphrase: Secret, randomness: Randomness = system_randomness) -> CentreKeys:
    """Make the centre's keys in a vault of their own, once. Raises `KeyringProblem` where a vault exists already."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    vault = FileVault.create(directory / VAULT_NAME, passphrase.reveal(), randomness=randomness)
    vault.put(_SIGNING, randomness(32))
    vault.put(_SEALING, randomness(32))
    return _read(vault)


def open_centre_keys(directory: Path, passphrase: Secret) -> CentreKeys:
    """Open the centre's keys. Raises `KeyringProblem` with what to do."""
    return _read(FileVault.open(directory / VAULT_NAME, passphrase.reveal()))


def _read(vault: FileVault) -> CentreKeys:
    signing, sealing = vault.get(_SIGNING), vault.get(_SEALING)
    if signing is None or sealing is None:
        raise RuntimeError("the centre's vault lacks its keys")
    return CentreKeys(SigningKey(signing), sealing)
