"""A device's next life on the same computer: its key and file are made beside the old ones, which stay until the centre
keeps all that was done in the old life.

The new life is ready once its file is whole; from then on it is taken up, at once or at the next start, step by step
in an order in which a power cut at any moment loses neither key nor file.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from nacl.signing import SigningKey

from core.clock import Clock
from core.device import snapshots
from core.device.anchor import anchor_path
from core.device.device import Device
from core.device.keys import DATABASE_KEY, DEVICE_KEY, database_key, device_key, secret
from core.device.pushes import outbox
from core.device.values import DeviceIdentity
from core.device.workings import Workings
from core.errors import KeyringProblem, StoreProblem
from core.ids import Randomness, is_code, system_randomness
from core.people.keys import key_name
from core.secrets.store import SecretStore
from core.store.engine import connect
from core.store.lock import FileLock
from core.store.problems import DRIVER_ERROR, problem_of_system, store_problem
from core.store.state import Head, load_head
from core.store.store import Store

NEXT_KEY = "device-key-next"
REPLACED = "replaced"
"""Why a life that was left behind does nothing more, where nothing had stopped it before."""

_ASKED_AGAIN = "left-behind"
"""The setting that says that the last operation was put back into the outbox."""

_UNREADABLE = "unreadable"
_WAL = ("-wal", "-shm")
_BESIDE = ("", *_WAL, ".lock")
_DISK = frozenset({"store_read_only", "store_disk_full", "store_disk_error"})


@dataclass(frozen=True, slots=True)
class Life:
    """An epoch that was lived on this computer before, and its file; device `unreadable` where nothing opens it.

    `copy` tells files of the same epoch apart, of which somebody has put an older one back.
    """

    device: str
    epoch: int
    path: Path
    copy: int = 1

    @property
    def readable(self) -> bool:
        """Whether the file could be opened when it was left behind."""
        return self.device != _UNREADABLE

    @property
    def key_name(self) -> str:
        """Under which name its key is in the secret store."""
        return f"device-key-{self.device}-{self.epoch}"


def next_path(path: Path) -> Path:
    """Where the file of the next life is made."""
    return path.with_name(f"{path.stem}-next{path.suffix}")


def next_key(secret_store: SecretStore, randomness: Randomness) -> SigningKey:
    """The key of the next life, beside the one in use; made and kept the first time."""
    return device_key(secret_store, randomness, NEXT_KEY)


def seen_before(path: Path, secret_store: SecretStore) -> snapshots.Known:
    """What the life in use has seen of the feeds, which the next one's snapshot must reach; nothing if it can't be
    read. Raises `StoreProblem` where the disk is in the way."""
    head = _head_of(path, secret_store)
    if head is None:
        return snapshots.Known()
    return snapshots.Known(head.bank_position, head.branch_position, head.incarnation)


def prepare(
    path: Path,
    secret_store: SecretStore,
    identity: DeviceIdentity,
    randomness: Randomness,
    *,
    lines: Iterable[bytes],
    known: snapshots.Known | None = None,
    progress: snapshots.Progress | None = None,
) -> None:
    """Make the file of the next life from the lines of the centre's snapshot.

    Raises what `snapshots.fill_from_snapshot` raises, and `KeyringProblem("device_key_other")`.
    """
    _check_key(SigningKey(secret(secret_store, NEXT_KEY)), identity.kid)
    key = database_key(secret_store, randomness)
    snapshots.fill_from_snapshot(next_path(path), key, identity, lines, known=known, progress=progress)


def is_ready(path: Path) -> bool:
    """Whether the next life only has to be taken up."""
    return next_path(path).exists()


def take_up(path: Path, secret_store: SecretStore) -> Life | None:
    """Leave the life in use behind and take up the next one, whose file is ready; the life that was left, if any.

    Nothing has the file open. A step that was done before is not done again. Raises `StoreProblem`, `KeyringProblem`.
    """
    lock = FileLock(path)
    try:
        lock.take()
        left = _leave(path, secret_store) if any(each.exists() for each in _files(path, ("", *_WAL))) else None
        key = secret_store.get(NEXT_KEY)
        if key is not None:
            secret_store.put(DEVICE_KEY, key)
        next_path(path).replace(path)
        secret_store.remove(NEXT_KEY)
    except OSError as problem:
        raise problem_of_system(problem, path) from problem
    finally:
        lock.release()
    return left


def _leave(path: Path, secret_store: SecretStore) -> Life:
    """Name the old file and key for their epoch: the key first, so that it is in the store twice and never nowhere."""
    head = _head_of(path, secret_store)
    life = _unused(path, head.device, head.epoch) if head is not None else _unused(path, _UNREADABLE, None)
    key = secret_store.get(DEVICE_KEY)
    if key is not None:
        kid = key_name(SigningKey(key))
        name = life.key_name if head is None or head.kid == kid else _key_without_file(kid)
        secret_store.put(name, key)
    anchor = anchor_path(path)
    if anchor.exists():
        anchor.replace(anchor_path(life.path))
    # The log first: whatever is found beside the next life's file must not be taken for its own.
    for old, new in zip(_files(path, (*_WAL, "")), _files(life.path, (*_WAL, "")), strict=True):
        if old.exists():
            old.replace(new)
    return life


def _key_without_file(kid: str) -> str:
    """Where the key is kept of a life whose file is not the one here: somebody may find the file yet."""
    return f"device-key-{hashlib.sha256(kid.encode()).hexdigest()[:16]}"


def _files(path: Path, endings: Iterable[str]) -> list[Path]:
    return [path.with_name(path.name + ending) for ending in endings]


def _head_of(path: Path, secret_store: SecretStore) -> Head | None:
    """Whose file it is; None where it can't be read."""
    key = secret_store.get(DATABASE_KEY)
    if key is None or not path.exists():
        return None
    try:
        return _read_head(path, key)
    except StoreProblem as problem:
        if problem.code in _DISK:
            raise
        return None


def _read_head(path: Path, key: bytes) -> Head | None:
    connection = connect(path, key)
    try:
        return load_head(connection.cursor())
    except DRIVER_ERROR as problem:
        raise store_problem(problem, path) or problem from problem
    finally:
        connection.close()


def _life(path: Path, device: str, epoch: int, copy: int = 1) -> Life:
    again = f"-copy-{copy}" if copy > 1 else ""
    return Life(device, epoch, path.with_name(f"{device}-epoch-{epoch}{again}{path.suffix}"), copy)


def _unused(path: Path, device: str, epoch: int | None) -> Life:
    """A name that no file has: the next number where the epoch is not known, the next copy where it is."""
    numbers = count(1)
    lives = (_life(path, device, number) if epoch is None else _life(path, device, epoch, number) for number in numbers)
    return next(life for life in lives if not life.path.exists())


def left_behind(path: Path) -> tuple[Life, ...]:
    """The lives whose files are still beside the one in use, oldest first."""
    if not path.parent.is_dir():
        return ()
    pattern = re.compile(rf"(.+)-epoch-([0-9]+)(?:-copy-([0-9]+))?{re.escape(path.suffix)}")
    found = (pattern.fullmatch(each.name) for each in path.parent.iterdir())
    lives = (_life(path, match[1], int(match[2]), int(match[3] or 1)) for match in found if match and is_code(match[1]))
    return tuple(sorted(lives, key=lambda life: (life.device, life.epoch, life.copy)))


def open_left(
    life: Life, secret_store: SecretStore, clock: Clock, randomness: Randomness = system_randomness
) -> Device:
    """A device that only hands over what it had done: nothing is added to its chain, not even the end of a session.

    Raises `StoreProblem`; and `KeyringProblem`: `device_key_missing`, `device_key_other`.
    """
    key = SigningKey(secret(secret_store, life.key_name))
    store = Store.open(life.path, secret(secret_store, DATABASE_KEY))
    try:
        workings = Workings(store, key, clock, randomness)
        _check_key(key, workings.head.kid)
        if store.setting(_ASKED_AGAIN) is None:
            _ask_again(workings)
        workings.stop(REPLACED)
        return Device(workings)
    except BaseException:
        store.close()
        raise


def _check_key(key: SigningKey, kid: str) -> None:
    if key_name(key) != kid:
        raise KeyringProblem(
            "The key that the secret store of this computer keeps is another one.", code="device_key_other"
        )


def _ask_again(workings: Workings) -> None:
    """Hand over at least the last operation: a centre that was restored says by its answer what else it has lost."""
    own, last_but_one = workings.own, workings.own.seq - 1
    if last_but_one >= 0 and not outbox(workings).length:
        found = workings.store.log.at_seq(own.no, last_but_one) if last_but_one else None
        workings.put_back(last_but_one, found[0] if found is not None else 0)
    with workings.store.transaction():
        workings.store.put_setting(_ASKED_AGAIN, "1")


def remove(life: Life, secret_store: SecretStore, clock: Clock) -> None:
    """Forget a life, its file and its key, once the centre keeps all that was done in it.

    Raises `StoreProblem("life_not_handed_over")` while it does not, and what `open_left` raises.
    """
    device = open_left(life, secret_store, clock)
    try:
        waiting = device.outbox().length
    finally:
        device.close()
    if waiting:
        raise StoreProblem(
            f"The centre does not keep {waiting} operations of {life.device}, epoch {life.epoch}, yet. Start the desk "
            "with the line up and leave it running until it says that all of them are handed over.",
            code="life_not_handed_over",
        )
    try:
        for file in _files(life.path, _BESIDE):
            file.unlink(missing_ok=True)
        with contextlib.suppress(FileNotFoundError):
            anchor_path(life.path).unlink()
    except OSError as problem:
        raise problem_of_system(problem, life.path) from problem
    if not any(each.key_name == life.key_name for each in left_behind(life.path)):
        secret_store.remove(life.key_name)
