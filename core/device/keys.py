"""The device's secrets by name: the key of its file, its signing key, and what people's secrets are sealed with."""

from __future__ import annotations

from nacl.signing import SigningKey

from core.errors import KeyringProblem
from core.ids import Randomness
from core.people.keys import new_signing_key
from core.secrets.store import SecretStore

DATABASE_KEY = "database-key"
DEVICE_KEY = "device-key"
DEVICE_SECRET = "device-secret"  # noqa: S105 - the name of a secret


def device_key(secret_store: SecretStore, randomness: Randomness, name: str = DEVICE_KEY) -> SigningKey:
    """The device's signing key; made and kept the first time, before it is shown to the centre."""
    seed = secret_store.get(name)
    if seed is None:
        key = new_signing_key(randomness)
        secret_store.put(name, bytes(key))
        return key
    return SigningKey(seed)


def database_key(secret_store: SecretStore, randomness: Randomness) -> bytes:
    """The key (32 bytes) of the device's file; made and kept the first time."""
    kept = secret_store.get(DATABASE_KEY)
    if kept is None:
        kept = randomness(32)
        secret_store.put(DATABASE_KEY, kept)
    return kept


def device_secret(secret_store: SecretStore, randomness: Randomness) -> bytes:
    """32 bytes that people's secrets on this device are sealed with besides their passwords; made the first time."""
    kept = secret_store.get(DEVICE_SECRET)
    if kept is None:
        kept = randomness(32)
        secret_store.put(DEVICE_SECRET, kept)
    return kept


def secret(secret_store: SecretStore, name: str) -> bytes:
    """The secret of that name. Raises `KeyringProblem("device_key_missing")`."""
    kept = secret_store.get(name)
    if kept is None:
        raise KeyringProblem(
            "The keys of this device are not in this computer's secret store. Sign in to the computer as the user "
            "who enrolled the device, or enrol it anew.",
            code="device_key_missing",
        )
    return kept
