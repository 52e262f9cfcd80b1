"""Which secret store a profile uses: the keyring, or the file vault if asked for; never one for the other."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from core.errors import KeyringProblem
from core.secrets.store import SecretStore

STORE_VARIABLE = "COUNTERFOIL_SECRETS"
PASSPHRASE_VARIABLE = "COUNTERFOIL_VAULT_PASSPHRASE"  # noqa: S105 - the name of a setting
PASSPHRASE_FILE_VARIABLE = "COUNTERFOIL_VAULT_PASSPHRASE_FILE"  # noqa: S105 - the name of a setting
VAULT_PATH_VARIABLE = "COUNTERFOIL_VAULT"
VAULT_FILE_NAME = "secrets.vault"

StoreChoice = Literal["keyring", "vault"]


@dataclass(frozen=True, slots=True)
class SecretSettings:
    """What was chosen. `profile` tells a machine's devices apart; path and passphrase are for the vault."""

    profile: str
    store: StoreChoice = "keyring"
    vault_path: Path | None = None
    passphrase: str | None = field(default=None, repr=False)


def profile_of(data_directory: Path) -> str:
    """A profile for a device's data directory: its name, and a digest of where it is."""
    place = data_directory.resolve()
    name = "".join(character for character in place.name if character.isascii() and character.isalnum())[:32]
    return f"{name or 'device'}-{hashlib.sha256(str(place).encode()).hexdigest()[:16]}"


def secret_settings(data_directory: Path, environment: Mapping[str, str]) -> SecretSettings:
    """The settings for the device in that directory, from the environment.

    Raises `KeyringProblem` with `secret_store_unknown`, `vault_passphrase_missing` or
    `vault_passphrase_unreadable`.
    """
    profile = profile_of(data_directory)
    chosen = environment.get(STORE_VARIABLE, "keyring")
    if chosen not in {"keyring", "vault"}:
        raise KeyringProblem(
            f"{STORE_VARIABLE} must be 'keyring' or 'vault', not {chosen!r}.", code="secret_store_unknown"
        )
    if chosen == "keyring":
        return SecretSettings(profile)
    path = Path(environment.get(VAULT_PATH_VARIABLE) or data_directory / VAULT_FILE_NAME)
    return SecretSettings(profile, "vault", path, _passphrase(environment))


def open_secret_store(settings: SecretSettings) -> SecretStore:
    """The store that the settings name, and no other; a `KeyringProblem` says what to do where it fails."""
    if settings.store == "keyring":
        from core.secrets.keyring_store import KeyringStore

        return KeyringStore(settings.profile)
    from core.secrets.vault import FileVault

    if settings.vault_path is None or not settings.passphrase:
        raise _passphrase_missing()
    return FileVault.open(settings.vault_path, settings.passphrase)


def _passphrase(environment: Mapping[str, str]) -> str:
    file = environment.get(PASSPHRASE_FILE_VARIABLE)
    if not file:
        passphrase = environment.get(PASSPHRASE_VARIABLE, "")
    else:
        try:
            passphrase = Path(file).read_text("utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as problem:
            raise KeyringProblem(
                f"The file that {PASSPHRASE_FILE_VARIABLE} names can't be read: {problem}.",
                code="vault_passphrase_unreadable",
            ) from problem
    if not passphrase:
        raise _passphrase_missing()
    return passphrase


def _passphrase_missing() -> KeyringProblem:
    return KeyringProblem(
        f"The file vault needs its passphrase: set {PASSPHRASE_FILE_VARIABLE} (the path of a file that only "
        f"this user can read) or {PASSPHRASE_VARIABLE}.",
        code="vault_passphrase_missing",
    )
