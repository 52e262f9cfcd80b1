"""The check of one person's work: signatures, places, keys and approvals, with nothing but the folder."""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from nacl.signing import VerifyKey

from core.audit.chain_file import read_lines
from core.audit.introductions import StaffKeysFound
from core.audit.key_set import OwnedKey, keys_named
from core.audit.report import Fault, Faulty, at_line
from core.audit.trust import Trust, Vouched, vouch
from core.audit.verification import end_said
from core.audit.work.export import KEY_KINDS
from core.audit.work.manifest import (
    KEYS_FILE,
    README_FILE,
    VERDICTS_FILE,
    WORK_FILE,
    ChainPart,
    Verdicts,
    Work,
    decode,
)
from core.book import Book, DictStore
from core.book.rows import Bank, DeviceEpoch, LentFile, PersonKeys
from core.canonical import from_base64url, thumbprint
from core.envelope import Operation, Signed, check_signature, read_operation
from core.errors import IntegrityFault
from core.ledger import deposit_id, imbalances
from core.operations import rules
from core.operations.bank import BankFounded
from core.operations.incarnations import BEGUN
from core.operations.kind import Decoded
from core.operations.sessions import SessionOpened, StaffKeyEnded, StaffKeysRegistered, key_thumbprint

S = TypeVar("S", Work, Verdicts)
_HASH = re.compile(r"[A-Za-z0-9_-]{43}")
_APPLIED = frozenset({"session.opened", "session.closed"})


@dataclass(frozen=True, slots=True)
class WorkReport:
    """What was checked and holds. `made` and `approved` count kinds; `others` are places of other people's work."""

    work: Work
    centre: str
    vouched: Vouched
    made: Counter[str]
    approved: Counter[str]
    others: int
    verdicts: int
    exceptional: int
    to_look_at: tuple[Fault, ...]

    def lines(self) -> Iterator[str]:
        """A short account for a person."""
        period = f"{self.work.from_ or 'the beginning'} to {self.work.to or self.work.made_at[:10]}"
        yield f"Everything holds: what {self.work.person} signed, {period}, written out from {self.work.made_from}."
        for name, kinds in (("made", self.made), ("approved", self.approved)):
            for kind, count in sorted(kinds.items()):
                yield f"  {name} {count:>6,}  {kind}"
        for part in self.work.chains:
            yield f"  {part.device}/{part.epoch}: places {part.first:,} to {part.last:,}, without a gap"
        yield f"{self.others:,} places between are other people's; their hashes are here, what they say is not."
        yield (
            f"The centre has said of {self.verdicts:,} of these what it made of them, with something against "
            f"{self.exceptional:,}. Nobody signed that."
        )
        yield f"The centre's key is {self.centre}."
        yield from self.vouched.lines()
        for fault in self.to_look_at:
            yield f"To be looked at: {fault}"


def verify_work(directory: Path, trust: Trust) -> WorkReport | Fault:
    """Check the folder; answers what it holds, or the first fault."""
    try:
        return _Check(directory, trust).run()
    except Faulty as faulty:
        return faulty.fault
    except OSError as problem:
        return Fault(str(problem.filename or directory), None, "file_unreadable", problem.strerror or "")


@dataclass(slots=True)
class _Check:
    directory: Path
    trust: Trust
    book: Book = field(default_factory=lambda: Book(DictStore()))
    named: set[OwnedKey] = field(default_factory=set)
    staff_keys: StaffKeysFound = field(default_factory=StaffKeysFound)
    session_keys: dict[tuple[str, int, str], VerifyKey] = field(default_factory=dict)
    hashes: dict[tuple[str, int, int], str] = field(default_factory=dict)
    ids: set[str] = field(default_factory=set)
    made: Counter[str] = field(default_factory=Counter)
    approved: Counter[str] = field(default_factory=Counter)
    others: int = 0

    def run(self) -> WorkReport:
        work = self._read(WORK_FILE, Work)
        self._check_files(work)
        self._walk_keys()
        for part in work.chains:
            self._walk(part, work.person)
        verdicts = self._read(VERDICTS_FILE, Verdicts)
        for said in verdicts.verdicts:
            if self.hashes.get((said.device, said.epoch, said.seq)) != said.hash:
                raise Faulty(Fault(VERDICTS_FILE, None, "verdict_of_nobody", f"{said.device}/{said.epoch}/{said.seq}"))
        return WorkReport(
            work=work,
            centre=thumbprint(from_base64url(self._centre_key())),
            vouched=self._vouched(),
            made=self.made,
            approved=self.approved,
            others=self.others,
            verdicts=len(verdicts.verdicts),
            exceptional=sum(bool(said.exceptions) for said in verdicts.verdicts),
            to_look_at=self.staff_keys.check(),
        )

    def _read(self, name: str, kind: type[S]) -> S:
        try:
            return decode((self.directory / name).read_bytes(), kind)
        except IntegrityFault as problem:
            raise at_line(name, None, problem) from problem

    def _check_files(self, work: Work) -> None:
        belongs = {WORK_FILE, VERDICTS_FILE, KEYS_FILE, README_FILE, *(part.file for part in work.chains)}
        here = {path.name for path in self.directory.iterdir()}
        for name in sorted(here - belongs):
            raise Faulty(Fault(name, None, "file_unknown"))
        for name in sorted(belongs - here):
            raise Faulty(Fault(name, None, "file_missing"))
        chains = [(part.device, part.epoch) for part in work.chains]
        if chains != sorted(set(chains)) or any(part.first > part.last for part in work.chains):
            raise Faulty(Fault(WORK_FILE, None, "work_malformed", "chains"))

    def _walk_keys(self) -> None:
        for number, line in enumerate(read_lines(self.directory / KEYS_FILE), start=1):
            try:
                if isinstance(line, IntegrityFault):
                    raise line
                self._take_key(read_operation(line), number)
            except IntegrityFault as problem:
                raise at_line(KEYS_FILE, number, problem) from problem
        if self.book.get(Bank, "bank") is None:
            raise Faulty(Fault(KEYS_FILE, None, "bank_not_founded"))

    def _take_key(self, signed: Signed, number: int) -> None:
        decoded = rules.decode(signed)
        operation, body = decoded.operation, decoded.body
        if operation.kind not in KEY_KINDS:
            raise IntegrityFault("kind_not_expected", operation.kind)
        if isinstance(body, BankFounded) is not (number == 1):
            raise IntegrityFault("bank_not_founded" if number == 1 else "bank_founded_already", operation.id)
        founding = isinstance(body, BankFounded)
        key = body.centre_key if founding else self._key_of_chain(operation)
        check_signature(signed.jws, VerifyKey(from_base64url(key)))
        self._once(decoded)
        rules.verify(self._alone(decoded), self.book)
        ended = end_said(decoded)
        if ended is not None:
            self.staff_keys.ended_epochs.add(ended[0])
        else:
            decoded.kind.apply(decoded, self.book)
        self.named.update(keys_named(decoded))
        if isinstance(body, StaffKeysRegistered):
            self.staff_keys.note(decoded, KEYS_FILE, number)
        elif isinstance(body, StaffKeyEnded):
            self.staff_keys.ended.add(body.key)

    def _key_of_chain(self, operation: Operation) -> str:
        row = self.book.get(DeviceEpoch, operation.device, operation.epoch)
        bank = self.book.get(Bank, "bank")
        if row is None and bank is not None and operation.kind == BEGUN:
            return bank.centre_key
        if row is None:
            raise IntegrityFault("device_unknown", operation.device)
        return row.public_key

    def _alone(self, decoded: Decoded[Any]) -> Decoded[Any]:
        """A registration without its introductions, which are looked at when all keys are read."""
        body = decoded.body
        if not isinstance(body, StaffKeysRegistered):
            return decoded
        keys = []
        for key in body.keys:
            if self.book.get(PersonKeys, key.person) is None:
                self.book.put(PersonKeys(key.person, ""))
            alone = msgspec.structs.replace(key.registration, introduction=None)
            keys.append(msgspec.structs.replace(key, registration=alone))
        return dataclasses.replace(decoded, body=StaffKeysRegistered(keys=tuple(keys)))

    def _walk(self, part: ChainPart, person: str) -> None:
        seq, prev = part.first - 1, part.prev
        for number, line in enumerate(read_lines(self.directory / part.file), start=1):
            try:
                if isinstance(line, IntegrityFault):
                    raise line
                seq += 1
                prev = self._take(part, person, seq, prev, line)
            except IntegrityFault as problem:
                raise at_line(part.file, number, problem) from problem
        if seq != part.last:
            raise Faulty(Fault(WORK_FILE, None, "work_differs", part.file))

    def _take(self, part: ChainPart, person: str, seq: int, prev: str | None, line: str) -> str:
        """One place; answers its hash."""
        if "." not in line:
            if _HASH.fullmatch(line) is None:
                raise IntegrityFault("line_neither")
            self.others += 1
            return line
        signed = read_operation(line)
        operation = signed.operation
        check_signature(line, self._key(part, signed))
        if (operation.device, operation.epoch) != (part.device, part.epoch):
            raise IntegrityFault("chain_differs", f"{operation.device}/{operation.epoch}")
        if operation.seq != seq:
            raise IntegrityFault("seq_not_contiguous", str(operation.seq))
        if operation.prev != prev:
            raise IntegrityFault("prev_differs", operation.prev or "null")
        decoded = rules.decode(signed)
        if imbalances(decoded.postings):
            raise IntegrityFault("entry_unbalanced", operation.id)
        self._once(decoded)
        self._take_as_lent(decoded)
        rules.verify(decoded, self.book)
        if operation.kind in _APPLIED:
            decoded.kind.apply(decoded, self.book)
        if isinstance(decoded.body, SessionOpened):
            key = decoded.body.session_key
            self.session_keys[part.device, part.epoch, key_thumbprint(key)] = VerifyKey(from_base64url(key))
        self._count(decoded, person)
        self.hashes[part.device, part.epoch, seq] = signed.hash
        return signed.hash

    def _take_as_lent(self, decoded: Decoded[Any]) -> None:
        """Which files were lent to the device, one person's work does not say: the chains of the bank do."""
        operation = decoded.operation
        for posting in decoded.postings:
            account = deposit_id(posting.account)
            if account is not None and posting.branch != operation.branch:
                device, branch = (operation.device, operation.epoch), operation.branch or ""
                self.book.put(LentFile(account, *device, posting.branch, branch, "", "", "", None))

    def _key(self, part: ChainPart, signed: Signed) -> VerifyKey:
        row = self.book.get(DeviceEpoch, part.device, part.epoch)
        if row is not None and row.kid == signed.kid:
            return VerifyKey(from_base64url(row.public_key))
        key = self.session_keys.get((part.device, part.epoch, signed.kid))
        if key is None:
            raise IntegrityFault("key_unknown", signed.kid)
        return key

    def _once(self, decoded: Decoded[Any]) -> None:
        if decoded.operation.id in self.ids:
            raise IntegrityFault("id_reused", decoded.operation.id)
        self.ids.add(decoded.operation.id)

    def _count(self, decoded: Decoded[Any], person: str) -> None:
        body, actor = decoded.body, decoded.operation.actor
        if actor == f"staff:{person}" or (isinstance(body, SessionOpened) and body.person == person):
            self.made[decoded.operation.kind] += 1
        elif decoded.operation.approver is not None:
            self.approved[decoded.operation.kind] += 1
        else:
            self.others += not isinstance(body, SessionOpened)

    def _centre_key(self) -> str:
        bank = self.book.get(Bank, "bank")
        return bank.centre_key if bank is not None else ""

    def _vouched(self) -> Vouched:
        try:
            return vouch(self.trust, self.named)
        except IntegrityFault as problem:
            raise at_line(KEYS_FILE, None, problem) from problem
