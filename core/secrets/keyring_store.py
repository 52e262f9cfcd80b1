"""The operating system's own keyring as a secret store; what keeps secrets in plain sight is refused."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

import keyring
from keyring.backend import KeyringBackend
from keyring.backends import fail, null
from keyring.backends.chainer import ChainerBackend
from keyring.errors import InitError, KeyringError, KeyringLocked, NoKeyringError

from core.canonical import base64url, from_base64url
from core.errors import IntegrityFault, KeyringProblem
from core.secrets.store import check_name, check_secret

# Known by name, not by what they say of themselves: only these hand the secret to the operating system.
_TRUSTED_MODULES = frozenset(
    {
        "keyring.backends.SecretService",
        "keyring.backends.libsecret",
        "keyring.backends.kwallet",
        "keyring.backends.Windows",
        "keyring.backends.macOS",
    }
)
_Answer = TypeVar("_Answer")
_PROFILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_ASK_FOR_VAULT = (
    "On a machine without a desktop, an encrypted file vault can be chosen instead: set "
    "COUNTERFOIL_SECRETS=vault and give its passphrase (see the documentation on operating it)."
)
_INSTALL = {
    "linux": "Install and start a Secret Service, for example the package gnome-keyring or KWallet, and sign "
    "in to the desktop so that it runs and is unlocked.",
    "darwin": "Open Keychain Access and make sure that the login keychain exists and is unlocked.",
    "win32": "Make sure that the service 'Credential Manager' is running for this user.",
}


class KeyringStore:
    """Secrets in the operating system's keyring, one service name per profile, so that none collide."""

    def __init__(self, profile: str, backends: Sequence[KeyringBackend] | None = None) -> None:
        """Raises `KeyringProblem` as `trusted_backends` does, if there is no keyring to trust."""
        if _PROFILE.fullmatch(profile) is None:
            raise ValueError(f"a profile can't be called {profile!r}")
        self._service = f"counterfoil/{profile}"
        self._backends = trusted_backends([_detected()] if backends is None else backends)

    def get(self, name: str) -> bytes | None:
        """The secret of that name, or None. Raises `IntegrityFault("secret_malformed")` for other text."""
        check_name(name)
        text = _asked(lambda: self._find(name))
        if text is None:
            return None
        try:
            return from_base64url(text)
        except IntegrityFault as problem:
            raise IntegrityFault("secret_malformed", name) from problem

    def put(self, name: str, secret: bytes) -> None:
        """Keep the secret, and read it back: a keyring that loses what it is given must be noticed here."""
        check_secret(name, secret)
        text = base64url(secret)
        _asked(lambda: self._write(name, text))
        if self.get(name) != secret:
            raise KeyringProblem(
                "The keyring took a secret but does not give it back. " + _how_to_get_one(),
                code="keyring_forgets",
            )

    def remove(self, name: str) -> None:
        """Forget the secret in every keyring that has it."""
        check_name(name)
        _asked(lambda: self._erase(name))

    def _find(self, name: str) -> str | None:
        found = (backend.get_password(self._service, name) for backend in self._backends)
        return next((text for text in found if text is not None), None)

    def _write(self, name: str, text: str) -> None:
        first, *others = self._backends
        first.set_password(self._service, name, text)
        # Which keyring comes first can change with the desktop: no other one may answer with an older secret.
        for backend in others:
            if backend.get_password(self._service, name) not in {None, text}:
                backend.set_password(self._service, name, text)

    def _erase(self, name: str) -> None:
        for backend in self._backends:
            if backend.get_password(self._service, name) is not None:
                backend.delete_password(self._service, name)


def trusted_backends(backends: Iterable[KeyringBackend]) -> tuple[KeyringBackend, ...]:
    """The keyrings themselves, those inside a chain one by one.

    Raises `KeyringProblem`: `keyring_missing` where there is none or one that keeps nothing,
    `keyring_plaintext` where one is not known to be the operating system's own.
    """
    found: list[KeyringBackend] = []
    for backend in backends:
        found.extend(backend.backends if isinstance(backend, ChainerBackend) else [backend])
    for backend in found:
        _check_trusted(type(backend))
    if not found:
        raise KeyringProblem("This machine has no keyring. " + _how_to_get_one(), code="keyring_missing")
    return tuple(found)


def _check_trusted(kind: type[KeyringBackend]) -> None:
    name = f"{kind.__module__}.{kind.__qualname__}"
    if issubclass(kind, fail.Keyring):
        raise KeyringProblem("This machine has no keyring. " + _how_to_get_one(), code="keyring_missing")
    if issubclass(kind, null.Keyring):
        raise KeyringProblem(
            f"The keyring is switched off here ({name}): it would lose every key. Remove that choice from "
            "PYTHON_KEYRING_BACKEND or keyringrc.cfg. " + _how_to_get_one(),
            code="keyring_missing",
        )
    trusted = any(kind.__module__ == module or kind.__module__.startswith(f"{module}.") for module in _TRUSTED_MODULES)
    if not trusted:
        raise KeyringProblem(
            f"A keyring is set up here that may keep secrets in plain sight ({name}). Uninstall the package "
            "that brings it (often keyrings.alt), or take it out of PYTHON_KEYRING_BACKEND and keyringrc. "
            + _how_to_get_one(),
            code="keyring_plaintext",
        )


def _detected() -> KeyringBackend:
    unusable: tuple[type[Exception], ...] = (ImportError, AttributeError, RuntimeError, ValueError, *_foreign_errors())
    try:
        return keyring.get_keyring()
    except unusable as problem:
        # PYTHON_KEYRING_BACKEND or keyringrc.cfg names a back end that is not there or can't run here.
        raise KeyringProblem(
            f"The keyring that is set up here can't be used: {problem}. " + _how_to_get_one(),
            code="keyring_missing",
        ) from problem


def _asked(question: Callable[[], _Answer]) -> _Answer:
    """What the keyring answers; its many kinds of failure become words for the person at the screen."""
    try:
        return question()
    except NoKeyringError as problem:
        raise KeyringProblem("This machine has no keyring. " + _how_to_get_one(), code="keyring_missing") from problem
    except (KeyringLocked, InitError) as problem:
        raise _locked() from problem
    except _foreign_errors() as problem:
        if type(problem).__name__ in {"LockedException", "PromptDismissedException"}:
            raise _locked() from problem
        raise KeyringProblem(
            f"The keyring does not answer as it should ({problem}). " + _how_to_get_one(),
            code="keyring_failed",
        ) from problem


def _locked() -> KeyringProblem:
    return KeyringProblem(
        "The keyring is locked. Unlock it with the password of your sign-in (or sign out of the desktop and "
        "in again), then try once more. " + _ASK_FOR_VAULT,
        code="keyring_locked",
    )


def _foreign_errors() -> tuple[type[Exception], ...]:
    """What back ends let through besides `KeyringError`; each package is there on its own system only."""
    if sys.platform == "win32":
        from win32ctypes.pywin32.pywintypes import error

        return (KeyringError, OSError, error)
    if sys.platform == "darwin":
        return (KeyringError, OSError)
    # jeepney has no annotations
    from jeepney import DBusErrorResponse  # type: ignore[import-untyped]
    from secretstorage.exceptions import SecretStorageException

    return (KeyringError, OSError, DBusErrorResponse, SecretStorageException)


def _how_to_get_one() -> str:
    return f"{_INSTALL.get(sys.platform, _INSTALL['linux'])} {_ASK_FOR_VAULT}"
