"""What the tests of the keyring do inside a session bus of their own, in a process of their own; answers in JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from contextlib import closing

import secretstorage
from keyring.backend import KeyringBackend

from core.errors import KeyringProblem
from core.secrets.keyring_store import KeyringStore
from core.secrets.opening import SecretSettings, open_secret_store
from core.secrets.store import SecretStore

PROFILES = ("teller-1", "teller-2", "teller-3")


def _key_of(profile: str) -> bytes:
    return profile.encode() * 4


def _stores() -> dict[str, SecretStore]:
    return {profile: open_secret_store(SecretSettings(profile)) for profile in PROFILES}


def keep() -> object:
    """Three devices on one machine each keep a key of the same name; one replaces it, one forgets another."""
    stores = _stores()
    for profile, store in stores.items():
        store.put("database-key", b"an older one")
        store.put("database-key", _key_of(profile))
        store.put("device-key", bytes(range(256)))
    stores["teller-3"].remove("device-key")
    stores["teller-3"].remove("device-key")
    return read()


def read() -> object:
    """What every device finds, one by one."""
    found = {
        profile: [store.get("database-key") == _key_of(profile), store.get("device-key") == bytes(range(256))]
        for profile, store in _stores().items()
    }
    with closing(secretstorage.dbus_init()) as connection:
        items = secretstorage.get_default_collection(connection).get_all_items()
        services = sorted({item.get_attributes()["service"] for item in items})
    return {"found": found, "services": services}


def locked() -> object:
    """The person's keyring is locked, and there is no screen to ask for its password on."""
    store = KeyringStore("teller-1")
    store.put("database-key", b"kept")
    with closing(secretstorage.dbus_init()) as connection:
        secretstorage.get_default_collection(connection).lock()
    return [_code(lambda: store.get("database-key")), _code(lambda: store.put("database-key", b"other"))]


def chained() -> object:
    """A package that brings a plaintext keyring was installed beside the real one."""

    class PlaintextKeyring(KeyringBackend):
        priority = 4

        def get_password(self, service: str, username: str) -> str | None:
            raise AssertionError(f"asked for {username} of {service}")

        def set_password(self, service: str, username: str, password: str) -> None:
            raise AssertionError(f"given {username} of {service}, {len(password)} characters")

    return _code(lambda: KeyringStore("teller-1")) or PlaintextKeyring.__name__


def _code(question: Callable[[], object]) -> str | None:
    try:
        question()
    except KeyringProblem as problem:
        return problem.code
    return None


SCENES: dict[str, Callable[[], object]] = {"keep": keep, "read": read, "locked": locked, "chained": chained}

if __name__ == "__main__":
    print(json.dumps(SCENES[sys.argv[1]]()))
