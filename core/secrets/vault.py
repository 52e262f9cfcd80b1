"""A file vault: secrets in one encrypted file, opened by a passphrase (PyNaCl's Argon2id and SecretBox).

For servers, tests and the demo on a machine without a keyring; it is asked for and made explicitly, never
chosen silently. The file is a magic word, cost and salt of the derivation, the box, and a SHA-256 over all
before it, by which a damaged file is told from a wrong passphrase.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec
from nacl.exceptions import CryptoError
from nacl.secret import SecretBox

from core.errors import KeyringProblem
from core.ids import Randomness, system_randomness
from core.people.stretching import MODERATE, PACKED_BYTES, SALT_BYTES, Stretching, stretch, unpacked
from core.secrets.durable_file import create_file, replace_file
from core.secrets.store import check_name, check_secret

PASSPHRASE_LENGTH_MIN = 12

_MAGIC = b"CFVAULT\x01"
_SALT_AT = len(_MAGIC) + PACKED_BYTES
_BOX_AT = _SALT_AT + SALT_BYTES
_CHECK_BYTES = hashlib.sha256().digest_size
_FILE_BYTES_MAX = 1024 * 1024
_Contents = dict[str, bytes]
_decoder = msgspec.msgpack.Decoder(_Contents)
_encoder = msgspec.msgpack.Encoder()


class FileVault:
    """Secrets in an encrypted file. One process at a time writes to it: the one that holds the profile."""

    def __init__(self, path: Path, head: bytes, key: bytes, randomness: Randomness) -> None:
        """Use `open` or `create`."""
        self._path = path
        self._head = head
        self._box = SecretBox(key)
        self._randomness = randomness

    @classmethod
    def create(
        cls,
        path: Path,
        passphrase: str,
        *,
        randomness: Randomness = system_randomness,
        cost: Stretching = MODERATE,
    ) -> FileVault:
        """Make an empty vault.

        Raises `KeyringProblem` with `vault_exists`, `vault_passphrase_short` or `vault_unwritable`.
        """
        if len(passphrase) < PASSPHRASE_LENGTH_MIN:
            raise KeyringProblem(
                f"The vault's passphrase must have at least {PASSPHRASE_LENGTH_MIN} characters.",
                code="vault_passphrase_short",
            )
        salt = randomness(SALT_BYTES)
        vault = cls(path, _MAGIC + cost.packed() + salt, stretch(passphrase, salt, cost), randomness)
        try:
            create_file(path, vault._sealed({}))
        except FileExistsError as problem:
            raise KeyringProblem(
                f"There is a vault at {path} already. Open it with its passphrase, or choose another place.",
                code="vault_exists",
            ) from problem
        except OSError as problem:
            raise _unwritable(path, problem) from problem
        return vault

    @classmethod
    def open(cls, path: Path, passphrase: str, *, randomness: Randomness = system_randomness) -> FileVault:
        """Unseal a vault, once, by its passphrase.

        Raises `KeyringProblem` with `vault_missing`, `vault_unreadable`, `vault_damaged` or
        `vault_passphrase_wrong`.
        """
        head = _read(path)[:_BOX_AT]
        try:
            cost = unpacked(head[len(_MAGIC) : _SALT_AT])
        except ValueError as problem:
            raise _damaged(path) from problem
        vault = cls(path, head, stretch(passphrase, head[_SALT_AT:], cost), randomness)
        vault._contents()
        return vault

    def get(self, name: str) -> bytes | None:
        """The secret of that name, or None."""
        check_name(name)
        return self._contents().get(name)

    def put(self, name: str, secret: bytes) -> None:
        """Keep the secret; durable on return."""
        check_secret(name, secret)
        self._write({**self._contents(), name: secret})

    def remove(self, name: str) -> None:
        """Forget the secret, if there is one."""
        check_name(name)
        contents = self._contents()
        if contents.pop(name, None) is not None:
            self._write(contents)

    def _contents(self) -> _Contents:
        data = _read(self._path)
        try:
            plain = self._box.decrypt(data[_BOX_AT:-_CHECK_BYTES])
        except CryptoError as problem:
            raise KeyringProblem(
                f"The passphrase does not open the vault at {self._path}.", code="vault_passphrase_wrong"
            ) from problem
        try:
            return _decoder.decode(plain)
        except msgspec.MsgspecError as problem:
            raise _damaged(self._path) from problem

    def _write(self, contents: _Contents) -> None:
        try:
            replace_file(self._path, self._sealed(contents))
        except OSError as problem:
            raise _unwritable(self._path, problem) from problem

    def _sealed(self, contents: _Contents) -> bytes:
        nonce = self._randomness(SecretBox.NONCE_SIZE)
        data = self._head + bytes(self._box.encrypt(_encoder.encode(contents), nonce))
        return data + hashlib.sha256(data).digest()


def _read(path: Path) -> bytes:
    """The whole file, once its form and check sum hold."""
    try:
        with path.open("rb") as file:
            data = file.read(_FILE_BYTES_MAX + 1)
    except FileNotFoundError as problem:
        raise KeyringProblem(
            f"There is no vault at {path}. Create one first, or correct the path; none is made by itself.",
            code="vault_missing",
        ) from problem
    except OSError as problem:
        raise KeyringProblem(
            f"The vault at {path} can't be read: {problem.strerror}.", code="vault_unreadable"
        ) from problem
    content, check = data[:-_CHECK_BYTES], data[-_CHECK_BYTES:]
    whole = len(content) >= _BOX_AT + SecretBox.NONCE_SIZE + SecretBox.MACBYTES and len(data) <= _FILE_BYTES_MAX
    if not whole or not content.startswith(_MAGIC) or hashlib.sha256(content).digest() != check:
        raise _damaged(path)
    return data


def _damaged(path: Path) -> KeyringProblem:
    return KeyringProblem(
        f"The vault at {path} is damaged, or it is not a vault. Restore the file from a copy, or enrol "
        "the device again.",
        code="vault_damaged",
    )


def _unwritable(path: Path, problem: OSError) -> KeyringProblem:
    return KeyringProblem(f"The vault at {path} can't be written: {problem.strerror}.", code="vault_unwritable")
