"""The check of exported chains: files, signatures, order, keys, heads and balanced entries; no database, no network.

Files are read line by line; what stays in memory is keys, heads and 16 bytes of each operation's id.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any
from uuid import UUID

from core.audit.chain_file import HEADS_FILE, KEYS_FILE, chain_file_name, chain_of_file, read_lines
from core.audit.chain_walk import ChainWalk
from core.audit.heads import Head, Heads, read_heads
from core.audit.introductions import StaffKeysFound
from core.audit.key_set import CENTRE, OwnedKey, check_key_set, keys_named
from core.audit.report import BranchTotal, Fault, Faulty, Report, at_line
from core.audit.trust import Known, Trust, Vouched, vouch
from core.book import Book, DictStore
from core.book.rows import Bank, DeviceEpoch
from core.canonical import from_base64url, thumbprint
from core.errors import IntegrityFault
from core.operations.bank import centre_chain
from core.operations.ended import OperationBooked, carried
from core.operations.kind import Decoded
from core.operations.sessions import StaffKeyEnded, StaffKeysRegistered

ChainName = tuple[str, int]
BANK_CHAIN: ChainName = (centre_chain(None), 1)
NOTHING = Trust()
ENDING = frozenset({"device.revoked", "device.written_off"})


def verify_chains(directory: Path, trusted_centre: str | None = None, trust: Trust = NOTHING) -> Report | Fault:
    """Check everything in the folder; answers the sums, or the first fault.

    `trusted_centre` is the thumbprint that the centre's key must have, `trust` whatever else is on paper; keys that
    are on none are taken from the export.
    """
    known = (Known(trusted_centre, CENTRE),) if trusted_centre is not None else ()
    try:
        return _Audit(directory, Trust((*known, *trust.known))).run()
    except Faulty as faulty:
        return faulty.fault
    except OSError as problem:
        return Fault(str(problem.filename or directory), None, "file_unreadable", problem.strerror or "")


class _Audit:
    def __init__(self, directory: Path, trust: Trust) -> None:
        self._directory = directory
        self._trust = trust
        self._ends: dict[ChainName, int] = {}
        self._walked: dict[ChainName, int] = {}
        self._store = DictStore()
        self._named: set[OwnedKey] = set()
        self._staff_keys = StaffKeysFound()
        self._ids: set[bytes] = set()
        self._people: set[str] = set()
        self._late: dict[ChainName, list[tuple[Decoded[Any], str, int]]] = {}
        self._operations = 0
        self._entries = 0
        self._totals: dict[tuple[str, str], list[int]] = {}

    def run(self) -> Report:
        chains = self._chains_present()
        bank = self._walk(BANK_CHAIN)
        heads = self._read_heads()
        self._compare_chains(chains, heads)
        self._compare_end(bank, heads)
        for chain in self._in_workable_order(chains - {BANK_CHAIN}):
            self._compare_end(self._walk(chain), heads)
        for device, epoch in sorted(self._late):
            # All that it ever sent came after its end: there is no chain of it.
            self._take_late(ChainWalk(device, epoch, Book(self._store)))
        self._compare_ended()
        self._staff_keys.ended_epochs.update(self._ends)
        to_look_at = self._staff_keys.check()
        self._check_keys()
        return self._report(heads, to_look_at)

    def _chains_present(self) -> set[ChainName]:
        """The chains by their files; nothing else may be in the folder."""
        if not self._directory.is_dir():
            raise Faulty(Fault(str(self._directory), None, "directory_missing"))
        chains: set[ChainName] = set()
        for path in sorted(self._directory.iterdir()):
            chain = chain_of_file(path.name)
            if not path.is_file() or (chain is None and path.name not in (HEADS_FILE, KEYS_FILE)):
                raise Faulty(Fault(path.name, None, "file_unknown"))
            if chain is not None:
                chains.add(chain)
        for name in (chain_file_name(*BANK_CHAIN), HEADS_FILE, KEYS_FILE):
            if not (self._directory / name).is_file():
                raise Faulty(Fault(name, None, "file_missing"))
        return chains

    def _in_workable_order(self, chains: Iterable[ChainName]) -> list[ChainName]:
        """The centre's chains first, the bank-wide ones before all: they say which devices there are. Then by name."""
        book = Book(self._store)

        def is_devices(chain: ChainName) -> bool:
            row = book.get(DeviceEpoch, *chain)
            return row is None or row.purpose != "centre"

        return sorted(chains, key=lambda chain: (chain[0] != centre_chain(None), is_devices(chain), chain))

    def _walk(self, chain: ChainName) -> ChainWalk:
        """Check one chain's file from its first line to its last."""
        name = chain_file_name(*chain)
        book = Book(self._store)
        walk = ChainWalk(*chain, book)
        for number, line in enumerate(read_lines(self._directory / name), start=1):
            try:
                if isinstance(line, IntegrityFault):
                    raise line
                self._note(walk.take(line), name, number)
            except IntegrityFault as problem:
                raise at_line(name, number, problem) from problem
        if walk.head is None:
            raise Faulty(Fault(name, None, "chain_empty"))
        self._take_late(walk)
        device = book.get(DeviceEpoch, *chain)
        if device is not None and device.purpose == "centre":
            self._store.write(book)
        return walk

    def _take_late(self, walk: ChainWalk) -> None:
        """What came after the chain's end, each named by the line that carries it."""
        for inside, name, number in self._late.pop((walk.device, walk.epoch), ()):
            try:
                walk.take_late(inside)
                self._note_maker(inside, name, number)
            except IntegrityFault as problem:
                raise at_line(name, number, problem) from problem

    def _note(self, decoded: Decoded[Any], file: str, line: int) -> None:
        """Take into the sums an operation that holds on its chain."""
        operation, body = decoded.operation, decoded.body
        self._operations += 1
        self._named.update(keys_named(decoded))
        if line == 1 and (operation.device, operation.epoch) == BANK_CHAIN:
            self._check_pin(decoded.signed.kid)
        self._note_maker(decoded, file, line)
        if isinstance(body, StaffKeyEnded):
            self._staff_keys.ended.add(body.key)
        elif isinstance(body, OperationBooked):
            inside = carried(body)
            self._late.setdefault((inside.operation.device, inside.operation.epoch), []).append((inside, file, line))
        ended = end_said(decoded)
        if ended is not None:
            self._ends.setdefault(ended[0], ended[1])
        self._entries += bool(decoded.postings)
        for posting in decoded.postings:
            total = self._totals.setdefault((posting.branch, posting.currency), [0, 0])
            total[posting.amount < 0] += abs(posting.amount)

    def _note_maker(self, decoded: Decoded[Any], file: str, line: int) -> None:
        """Who made it and under which id, whether on its chain or carried by the centre: once."""
        identifier = UUID(decoded.operation.id).bytes
        if identifier in self._ids:
            raise IntegrityFault("id_reused", decoded.operation.id)
        self._ids.add(identifier)
        if isinstance(decoded.body, StaffKeysRegistered):
            self._staff_keys.note(decoded, file, line)
        if decoded.operation.actor.startswith("staff:"):
            self._people.add(decoded.operation.actor)

    def _check_pin(self, kid: str) -> None:
        if self._trust.differs(CENTRE, kid):
            raise IntegrityFault("centre_key_differs", kid)

    def _centre_key(self) -> str:
        bank = Book(self._store).get(Bank, "bank")
        return bank.centre_key if bank is not None else ""

    def _read_heads(self) -> Heads:
        try:
            return read_heads((self._directory / HEADS_FILE).read_bytes(), self._centre_key())
        except IntegrityFault as problem:
            raise at_line(HEADS_FILE, None, problem) from problem

    def _compare_chains(self, chains: set[ChainName], heads: Heads) -> None:
        said = {(head.device, head.epoch) for head in heads.heads}
        for chain in sorted(said - chains):
            raise Faulty(Fault(chain_file_name(*chain), None, "chain_missing"))
        for chain in sorted(chains - said):
            raise Faulty(Fault(chain_file_name(*chain), None, "chain_not_in_heads"))

    def _compare_end(self, walk: ChainWalk, heads: Heads) -> None:
        said = next(head for head in heads.heads if (head.device, head.epoch) == (walk.device, walk.epoch))
        self._walked[walk.device, walk.epoch] = walk.seq
        if walk.head == said:
            return
        raise Faulty(Fault(chain_file_name(walk.device, walk.epoch), walk.seq, _end_code(walk.seq, said)))

    def _compare_ended(self) -> None:
        """A device epoch that the centre has ended goes as far as it said, and no further."""
        for chain, seq in sorted(self._ends.items()):
            walked = self._walked.get(chain, 0)
            if walked != seq:
                raise Faulty(Fault(chain_file_name(*chain), walked or None, "chain_end_differs", str(seq)))

    def _check_keys(self) -> None:
        try:
            check_key_set((self._directory / KEYS_FILE).read_bytes(), frozenset(self._named))
        except IntegrityFault as problem:
            raise at_line(KEYS_FILE, None, problem) from problem

    def _vouched(self) -> Vouched:
        try:
            return vouch(self._trust, self._named)
        except IntegrityFault as problem:
            raise at_line(KEYS_FILE, None, problem) from problem

    def _report(self, heads: Heads, to_look_at: tuple[Fault, ...]) -> Report:
        return Report(
            centre=thumbprint(from_base64url(self._centre_key())),
            vouched=self._vouched(),
            to_look_at=to_look_at,
            at=heads.at,
            chains=len(heads.heads),
            operations=self._operations,
            entries=self._entries,
            people=len(self._people),
            totals=tuple(BranchTotal(*key, *self._totals[key]) for key in sorted(self._totals)),
        )


def end_said(decoded: Decoded[Any]) -> tuple[ChainName, int] | None:
    """The chain that an operation of the centre ends, with the `seq` of its last operation."""
    if decoded.operation.actor != "centre" or decoded.operation.kind not in ENDING:
        return None
    body = decoded.body
    return (body.device, body.epoch), body.head_seq


def _end_code(seq: int, said: Head) -> str:
    if seq < said.seq:
        return "chain_cut_short"
    return "chain_beyond_heads" if seq > said.seq else "head_differs"
