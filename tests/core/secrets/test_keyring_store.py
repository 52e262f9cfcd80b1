"""Keys live in the operating system's keyring, and nowhere that only looks like one."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from keyring.backend import KeyringBackend
from keyring.backends import SecretService, fail, null
from keyring.backends.chainer import ChainerBackend
from keyring.errors import InitError, KeyringLocked, NoKeyringError, PasswordSetError

from core.errors import IntegrityFault, KeyringProblem
from core.secrets.keyring_store import KeyringStore, trusted_backends

ROOT = Path(__file__).parents[3]
_PROGRAMS = ("dbus-run-session", "gnome-keyring-daemon")
_MISSING = [program for program in _PROGRAMS if shutil.which(program) is None]
needs_secret_service = pytest.mark.skipif(
    bool(_MISSING),
    reason=f"no Secret Service to test against: {', '.join(_MISSING)} missing (packages gnome-keyring, dbus-x11)",
)

InSecretService = Callable[[str], Any]


@pytest.fixture
def secret_service() -> Iterator[InSecretService]:
    """Runs a scene of `in_secret_service` in a new session with a real, unlocked Secret Service; keyrings stay."""
    # Short paths: the daemon's socket has at most 107 characters.
    with tempfile.TemporaryDirectory(prefix="cf-", ignore_cleanup_errors=True) as home:

        def run(scene: str) -> Any:
            start = (
                'printf "keyring password\\n" | gnome-keyring-daemon --unlock --components=secrets >/dev/null && "$@"'
            )
            program = [sys.executable, "-m", "tests.core.secrets.in_secret_service", scene]
            done = subprocess.run(
                ["dbus-run-session", "--", "sh", "-c", start, "sh", *program],
                env={"PATH": os.environ["PATH"], "HOME": home, "XDG_RUNTIME_DIR": home, "PYTHONPATH": str(ROOT)},
                cwd=ROOT,
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
            assert done.returncode == 0, done.stderr
            return json.loads(done.stdout)

        yield run


@needs_secret_service
def test_three_devices_on_one_machine_keep_their_own_keys_in_a_real_secret_service(
    secret_service: InSecretService,
) -> None:
    expected = {
        "found": {"teller-1": [True, True], "teller-2": [True, True], "teller-3": [True, False]},
        "services": ["counterfoil/teller-1", "counterfoil/teller-2", "counterfoil/teller-3"],
    }
    assert secret_service("keep") == expected
    assert secret_service("read") == expected, "the keys are still there in the next session"


@needs_secret_service
def test_a_locked_keyring_is_told_from_a_missing_key(secret_service: InSecretService) -> None:
    assert secret_service("locked") == ["keyring_locked", "keyring_locked"]


@needs_secret_service
def test_a_plaintext_keyring_beside_the_real_one_is_refused(secret_service: InSecretService) -> None:
    assert secret_service("chained") == "keyring_plaintext"


@pytest.mark.skipif(sys.platform != "linux", reason="other systems always have a keyring")
@pytest.mark.parametrize(
    "backend", [None, "keyring.backends.null.Keyring", "keyring.backends.SecretService.Keyring", "no.such.Keyring"]
)
def test_a_machine_without_a_keyring_is_told_what_to_install_or_choose(backend: str | None, tmp_path: Path) -> None:
    asked = (
        "from core.errors import KeyringProblem\n"
        "from core.secrets.opening import SecretSettings, open_secret_store\n"
        "try:\n    open_secret_store(SecretSettings('teller-1'))\n"
        "except KeyringProblem as problem:\n    print(problem.code, problem.message)\n"
    )
    # An address that nobody listens at, so that no bus of the machine's is found either.
    nowhere = {"DBUS_SESSION_BUS_ADDRESS": f"unix:path={tmp_path}/none", "HOME": str(tmp_path)}
    chosen = {"PYTHON_KEYRING_BACKEND": backend} if backend else {}
    done = subprocess.run(
        [sys.executable, "-c", asked],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **nowhere, **chosen},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout.startswith("keyring_missing "), done.stderr
    assert "gnome-keyring" in done.stdout
    assert "COUNTERFOIL_SECRETS=vault" in done.stdout


def _made(kind: Callable[..., Any], *arguments: object) -> KeyringBackend:
    """An instance; `keyring` leaves its constructors without types."""
    made = kind(*arguments)
    assert isinstance(made, KeyringBackend)
    return made


class Pretender(SecretService.Keyring):
    """Something of unknown origin that calls itself a Secret Service."""

    priority = 9


class PlaintextKeyring(KeyringBackend):
    """As keyrings.alt has one."""

    priority = 1

    def get_password(self, service: str, username: str) -> str | None:
        """Read in plain sight."""
        raise AssertionError(f"asked for {username} of {service}")

    def set_password(self, service: str, username: str, password: str) -> None:
        """Write in plain sight."""
        raise AssertionError(f"given {username} of {service}, {len(password)} characters")


class Chain(ChainerBackend):
    """A chain of a real keyring and a plaintext one."""

    backends = (_made(SecretService.Keyring), _made(PlaintextKeyring))


class ChainOfNothing(ChainerBackend):
    """A chain that found nothing."""

    backends = ()


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (fail.Keyring, "keyring_missing"),
        (null.Keyring, "keyring_missing"),
        (ChainOfNothing, "keyring_missing"),
        (PlaintextKeyring, "keyring_plaintext"),
        (Chain, "keyring_plaintext"),
        (Pretender, "keyring_plaintext"),
    ],
)
def test_what_is_not_the_system_s_own_keyring_is_refused_by_class(kind: type[KeyringBackend], code: str) -> None:
    with pytest.raises(KeyringProblem) as caught:
        KeyringStore("teller-1", [_made(kind)])
    assert caught.value.code == code
    assert "COUNTERFOIL_SECRETS=vault" in caught.value.message


def test_the_keyrings_of_the_three_systems_are_known_by_their_classes() -> None:
    named = [
        _made(type("Keyring", (Unwilling,), {"__module__": f"keyring.backends.{system}"}), None)
        for system in ("SecretService", "libsecret", "kwallet", "Windows", "macOS")
    ]
    assert trusted_backends(named) == tuple(named)


class Unwilling(KeyringBackend):
    """Stands where the system's keyring would, and fails or answers as a test says."""

    priority = 1

    def __init__(self, answer: str | Exception | None) -> None:
        self.answer = answer

    def get_password(self, service: str, username: str) -> str | None:
        """Fail or answer."""
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def set_password(self, service: str, username: str, password: str) -> None:
        """Fail, or take it and lose it."""
        if isinstance(self.answer, Exception):
            raise self.answer


Unwilling.__module__ = "keyring.backends.SecretService"


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (KeyringLocked("locked"), "keyring_locked"),
        (InitError("prompt dismissed"), "keyring_locked"),
        (NoKeyringError("none"), "keyring_missing"),
        (PasswordSetError("no"), "keyring_failed"),
        (ConnectionRefusedError("the bus is gone"), "keyring_failed"),
    ],
)
def test_each_failure_of_a_keyring_has_its_own_code(failure: Exception, code: str) -> None:
    store = KeyringStore("teller-1", [_made(Unwilling, failure)])
    calls: list[Callable[[], object]] = [
        lambda: store.get("device-key"),
        lambda: store.put("device-key", b"k"),
        lambda: store.remove("device-key"),
    ]
    for ask in calls:
        with pytest.raises(KeyringProblem) as caught:
            ask()
        assert caught.value.code == code


def test_a_keyring_that_loses_what_it_is_given_is_noticed_at_once() -> None:
    store = KeyringStore("teller-1", [_made(Unwilling, None)])
    with pytest.raises(KeyringProblem) as caught:
        store.put("device-key", b"k" * 32)
    assert caught.value.code == "keyring_forgets"


def test_text_that_is_no_secret_of_ours_is_a_fault() -> None:
    with pytest.raises(IntegrityFault, match="secret_malformed"):
        KeyringStore("teller-1", [_made(Unwilling, "not base64url!")]).get("device-key")


@pytest.mark.parametrize("name", ["", "Database", "database key", "-key", "key\n", "k" * 65])
def test_secrets_have_plain_names(name: str) -> None:
    store = KeyringStore("teller-1", [_made(Unwilling, None)])
    with pytest.raises(ValueError, match="can't be called"):
        store.get(name)


@pytest.mark.parametrize("secret", [b"", b"x" * 513])
def test_a_secret_has_1_to_512_bytes(secret: bytes) -> None:
    with pytest.raises(ValueError, match="512"):
        KeyringStore("teller-1", [_made(Unwilling, None)]).put("device-key", secret)


@pytest.mark.parametrize("profile", ["", "a/b", "a b", ".hidden", "x" * 65])
def test_profiles_have_plain_names(profile: str) -> None:
    with pytest.raises(ValueError, match="profile"):
        KeyringStore(profile, [_made(Unwilling, None)])
