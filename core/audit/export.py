"""Writing chains as plain files that anybody can check: the operations, the keys they name, and the signed heads."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from nacl.signing import SigningKey

from core.audit.chain_file import HEADS_FILE, KEYS_FILE, chain_file_name
from core.audit.heads import Head, make_heads
from core.audit.key_set import OwnedKey, encode_key_set, keys_named
from core.envelope import Signed, read_operation
from core.errors import StoreProblem
from core.operations import rules

_KINDS_NAMING_KEYS = frozenset({"bank.founded", "device.enrolled", "staff.keys_registered"})


@dataclass(frozen=True, slots=True)
class ChainExport:
    """A chain's operations, oldest first, each exactly as it was signed."""

    device: str
    epoch: int
    operations: Iterable[str]


def write_chains(
    directory: Path, chains: Iterable[ChainExport], *, at: str, centre_key: SigningKey
) -> tuple[Head, ...]:
    """Write every chain of the bank, `keys.json` and `heads.json` (signed by the centre at the instant `at`).

    All chains that have operations have to be given, read from the database in one transaction. Operations are taken
    one by one, so that memory grows with chains and keys only. The folder is made; if it holds anything already,
    `StoreProblem("export_not_empty")` is raised.
    """
    directory.mkdir(parents=True, exist_ok=True)
    if any(directory.iterdir()):
        raise StoreProblem(
            f"{directory} is not empty. Name a folder that is empty or does not exist yet.", code="export_not_empty"
        )
    keys: set[OwnedKey] = set()
    heads = tuple(head for chain in chains if (head := _write_chain(directory, chain, keys)) is not None)
    _write(directory / KEYS_FILE, encode_key_set(keys))
    _write(directory / HEADS_FILE, make_heads(heads, at, centre_key))
    return heads


def _write_chain(directory: Path, chain: ChainExport, keys: set[OwnedKey]) -> Head | None:
    """Write one chain's file, unless it has no operation yet; collects the keys that it names."""
    path = directory / chain_file_name(chain.device, chain.epoch)
    last: Signed | None = None
    with path.open("wb") as file:
        for jws in chain.operations:
            last = read_operation(jws)
            if last.operation.kind in _KINDS_NAMING_KEYS:
                keys.update(keys_named(rules.decode(last)))
            file.write(jws.encode("ascii") + b"\n")
        file.flush()
        os.fsync(file.fileno())
    if last is None:
        path.unlink()
        return None
    return Head(chain.device, chain.epoch, last.operation.seq, last.hash)


def _write(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
