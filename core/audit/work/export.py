"""Writing one person's work: their operations exactly as signed, in their chains, with the keys that prove them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

from core.audit.verification import ENDING
from core.audit.work.manifest import (
    KEYS_FILE,
    README_FILE,
    VERDICTS_FILE,
    WORK_FILE,
    ChainPart,
    VerdictKnown,
    Verdicts,
    Work,
    encode,
)
from core.audit.work.readme import readme
from core.audit.work.selecting import Selected, Selection
from core.envelope import Signed, read_header, read_operation
from core.errors import IntegrityFault, StoreProblem
from core.operations import rules
from core.operations.bank import DeviceEnrolled
from core.operations.incarnations import BEGUN
from core.operations.kind import Decoded
from core.operations.sessions import StaffKeyEnded, StaffKeysRegistered, key_thumbprint

KEY_KINDS = ("bank.founded", BEGUN, "device.enrolled", *sorted(ENDING), "staff.keys_registered", "staff.key_ended")
"""The operations that make keys known or end them, which `WorkSource.of_kinds` is asked for."""

ChainName = tuple[str, int]


class WorkSource(Protocol):
    """Where operations are: a device's file, or the centre's database; one consistent view."""

    def chains(self) -> Iterable[ChainName]:
        """Every device epoch whose chain may hold something of a person."""
        ...

    def chain(self, device: str, epoch: int) -> Iterable[str]:
        """The chain's operations, oldest first."""
        ...

    def of_kinds(self, kinds: tuple[str, ...]) -> Iterable[str]:
        """Every operation of these kinds, in the order of arrival."""
        ...

    def verdict(self, signed: Signed) -> VerdictKnown | None:
        """What the centre said of it, if that is known here."""
        ...


def write_work(
    directory: Path,
    source: WorkSource,
    *,
    person: str,
    first_day: str | None,
    last_day: str | None,
    made_at: str,
    made_from: str,
) -> Work:
    """Write the folder (new or empty). Days are ISO 8601 business dates, inclusive; None for no end.

    Raises `StoreProblem`: `export_not_empty`; `work_none` where the person signed nothing then; `work_incomplete`
    where the keys are not all here (a desk that began from a snapshot), and only the centre can write it out.
    """
    directory.mkdir(parents=True, exist_ok=True)
    if any(directory.iterdir()):
        raise StoreProblem(
            f"{directory} is not empty. Name a folder that is empty or does not exist yet.", code="export_not_empty"
        )
    found = list(_selected(source, person, first_day, last_day))
    if not found:
        raise StoreProblem(f"Nothing that {person} signed in that period is here.", code="work_none")
    wanted = {kid for _, selected in found for kid in selected.staff_keys}
    keys = _keys(source, person, wanted, {chain for chain, _ in found})
    parts, verdicts = zip(*(_write_part(directory, source, chain, selected) for chain, selected in found), strict=True)
    work = Work(1, person, first_day, last_day, made_at, made_from, parts)
    _write(directory / KEYS_FILE, "".join(f"{jws}\n" for jws in keys).encode("ascii"))
    _write(directory / VERDICTS_FILE, encode(Verdicts(tuple(each for some in verdicts for each in some))))
    _write(directory / README_FILE, readme(work).encode())
    _write(directory / WORK_FILE, encode(work))
    return work


def _selected(
    source: WorkSource, person: str, first_day: str | None, last_day: str | None
) -> Iterator[tuple[ChainName, Selected]]:
    for chain in sorted(source.chains()):
        selected = Selection(person, first_day, last_day).select(source.chain(*chain))
        if selected is not None:
            yield chain, selected


def _write_part(
    directory: Path, source: WorkSource, chain: ChainName, selected: Selected
) -> tuple[ChainPart, tuple[VerdictKnown, ...]]:
    """One line for each place: the operation in full, or its hash alone where it is another's."""
    prev: str | None = None
    lines: list[str] = []
    verdicts: list[VerdictKnown] = []
    for jws in source.chain(*chain):
        signed = read_operation(jws)
        seq = signed.operation.seq
        if seq < selected.first or seq > selected.last:
            continue
        if seq == selected.first:
            prev = signed.operation.prev
        lines.append(jws if seq in selected.full else signed.hash)
        verdict = source.verdict(signed) if seq in selected.full else None
        if verdict is not None:
            verdicts.append(verdict)
    part = ChainPart(*chain, selected.first, selected.last, prev)
    if len(lines) != selected.last - selected.first + 1:
        raise _incomplete()
    _write(directory / part.file, "".join(f"{line}\n" for line in lines).encode("ascii"))
    return part, tuple(verdicts)


def _keys(source: WorkSource, person: str, wanted: set[str], chains: set[ChainName]) -> list[str]:
    """The operations that make the wanted keys known, and all keys of the person, with whatever these rest on."""
    everything = [rules.decode(read_operation(jws)) for jws in source.of_kinds(KEY_KINDS)]
    by_kid = {kid: decoded for decoded in everything for kid in _registers(decoded)}
    wanted |= {kid for kid, decoded in by_kid.items() if person in _people(decoded)}
    kept: set[str] = set()
    while wanted:
        kid = wanted.pop()
        decoded = by_kid.get(kid)
        if decoded is None:
            raise _incomplete()
        if decoded.operation.id not in kept:
            kept.add(decoded.operation.id)
            chains.add((decoded.operation.device, decoded.operation.epoch))
            wanted |= set(_rests_on(decoded)) | set(_registers(decoded))
    known = {each for decoded in everything if decoded.operation.id in kept for each in _registers(decoded)}
    lines = [decoded for decoded in everything if _belongs(decoded, kept, known, chains)]
    enrolled = {(each.body.device, each.body.epoch) for each in lines if isinstance(each.body, DeviceEnrolled)}
    if not enrolled >= chains or not any(each.operation.kind == "bank.founded" for each in lines):
        raise _incomplete()
    return [decoded.signed.jws for decoded in lines]


def _belongs(decoded: Decoded[Any], kept: set[str], known: set[str], chains: set[ChainName]) -> bool:
    body = decoded.body
    if isinstance(body, StaffKeysRegistered):
        return decoded.operation.id in kept
    if isinstance(body, StaffKeyEnded):
        return body.key in known
    if isinstance(body, DeviceEnrolled) or decoded.kind.name in ENDING:
        return (body.device, body.epoch) in chains
    return True


def _registers(decoded: Decoded[Any]) -> tuple[str, ...]:
    body = decoded.body
    return tuple(key_thumbprint(key.key) for key in body.keys) if isinstance(body, StaffKeysRegistered) else ()


def _people(decoded: Decoded[Any]) -> tuple[str, ...]:
    body = decoded.body
    return tuple(key.person for key in body.keys) if isinstance(body, StaffKeysRegistered) else ()


def _rests_on(decoded: Decoded[Any]) -> Iterator[str]:
    """The keys that witnessed and introduced."""
    body = decoded.body
    for key in body.keys if isinstance(body, StaffKeysRegistered) else ():
        for token in (key.registration.witness, key.registration.introduction):
            if token is not None:
                with suppress(IntegrityFault):  # what is malformed is for the check to name
                    yield read_header(token).kid


def _incomplete() -> StoreProblem:
    return StoreProblem(
        "Not everything that proves this work is on this desk, which began from a snapshot. Have it written out at "
        "the centre.",
        code="work_incomplete",
    )


def _write(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
