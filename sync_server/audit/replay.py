"""The books once more, in memory: each operation settled again by the rules, in the order in which the centre did it.

What stays in memory is state (accounts, people, sessions ...) and a place for each chain, not operations.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar, cast

import msgspec

from core.audit.verification import end_said
from core.book import Book, DictStore
from core.book.book import BalanceKey
from core.book.rows import ROWS, Bank, DeviceEpoch, IbanBlock, LedgerBalance, Row, Session
from core.clock import instant_ms
from core.envelope import Operation, read_operation
from core.errors import IntegrityFault
from core.operations import rules
from core.operations.bank import BankFounded
from core.operations.cases import CaseClosed, CaseReopened
from core.operations.checkpoints import CheckpointMade, FeedMark
from core.operations.ended import LateSettled
from core.operations.incarnations import FIRST, IncarnationBegun
from core.operations.kind import Decoded, Signer
from core.operations.money import is_centres
from core.operations.transfers import TransferReceived
from core.sync.messages import Exceptional, Verdict
from sync_server.audit.faults import Faults
from sync_server.audit.reading import StoredOperation
from sync_server.audit.signatures import Signatures
from sync_server.centre.incarnations import NUMBERS_PASSED_OVER
from sync_server.ingest.settle import ChainHead, Settled, settle_one

R = TypeVar("R", bound=Row)
ChainName = tuple[str, int]
_encode = msgspec.json.Encoder().encode

RACING_CODES = frozenset(
    {
        *("staff_unknown", "staff_suspended", "staff_elsewhere", "staff_key_ended", "role_not_allowed"),
        *("approval_needed", "approver_suspended", "approver_key_ended", "approver_not_supervisor"),
        *("device_revoked", "vault_short"),
    }
)
"""What rests on rows that no lock holds while rules run: people, keys, and what a vault holds."""

LEAVING = frozenset({"transfer.sent", "transfer.carried_out"})
"""What becomes work for the payment jobs, unless it stays in its own branch."""

RACE_MS = 60_000
"""How long a transaction of the centre may last at most: within it, two may not have seen one another."""


class ReplayBook(Book):
    """A book with every row in memory, changed in place. Balances of the books are added up here."""

    def __init__(self, operation_text: Callable[[str], str | None]) -> None:
        super().__init__(DictStore())
        self.tables: dict[type[Row], dict[tuple[object, ...], Row]] = {table: {} for table in ROWS}
        self.balances: dict[BalanceKey, int] = {}
        self._text = operation_text

    def get(self, table: type[R], *key: object) -> R | None:
        """The row of that key, or None if there is none."""
        return cast("R | None", self.tables[table].get(key))

    def put(self, row: Row) -> None:
        """Add the row or replace the one of its key."""
        table = type(row)
        self.tables[table][tuple([getattr(row, name) for name in table.KEY])] = row

    def balance(self, branch: str, account: str, currency: str) -> int:
        """What an account of the books holds, debit positive, in minor units."""
        return self.balances.get((branch, account, currency), 0)

    def move(self, branch: str, account: str, currency: str, amount: int) -> None:
        """Add a debit (positive) or credit (negative) to an account of the books."""
        key = (branch, account, currency)
        self.balances[key] = self.balances.get(key, 0) + amount

    def note(self, identifier: str, jws: str) -> None:
        """The text stays where it is: in the database."""

    def operation(self, identifier: str) -> str | None:
        """The signed text of an operation that came before the one being settled."""
        return self._text(identifier)

    def ledger(self) -> dict[tuple[object, ...], Row]:
        """The balances of the books as rows; an account that holds nothing needs none."""
        return {key: LedgerBalance(*key, balance) for key, balance in self.balances.items() if balance}


class CaseDecision(NamedTuple):
    """How a case stands by people's word: `open` or `closed`, by which operation, about what (`about_case`)."""

    state: str
    decided_by: str
    about: str


@dataclass(slots=True)
class Replay:
    """Where the replay stands.

    `cases` are those that verdicts have opened, as their rows say it; `decisions` those that people have made, by
    case; `payments` the transfers that left their branch,
    with the records of their payees; `paid_in` what partner banks sent, by its record; `received` the transfers that
    were credited, and whether the centre had that back; `late` the last place of each run that two people decided
    over; `lives` the incarnations: number, instant, first account number.
    """

    book: ReplayBook
    faults: Faults
    signatures: Signatures
    heads: dict[ChainName, ChainHead] = field(default_factory=dict)
    cases: Counter[tuple[str, str, int, str, str, str]] = field(default_factory=Counter)
    payments: dict[str, str] = field(default_factory=dict)
    decisions: dict[int, CaseDecision] = field(default_factory=dict)
    paid_in: dict[str, tuple[str, int]] = field(default_factory=dict)
    received: dict[str, bool] = field(default_factory=dict)
    late: set[tuple[ChainName, int]] = field(default_factory=set)
    lives: list[tuple[int, str, int]] = field(default_factory=lambda: [(FIRST, "", 0)])
    ends: dict[ChainName, int] = field(default_factory=dict)
    incarnation: int = FIRST
    marks: list[tuple[FeedMark, str]] = field(default_factory=list)
    operations: int = 0
    entries: int = 0
    raced: int = 0
    _bank_wide_ms: int = 0
    _vault_ms: dict[str, int] = field(default_factory=dict)

    @property
    def restored_at(self) -> str:
        """When the centre's database was first restored; later than everything if it never was."""
        return self.lives[1][1] if len(self.lives) > 1 else "9999"

    def take(self, stored: StoredOperation) -> Settled | None:
        """Settle the next operation; None (and its fault noted) where it can't stand where it does."""
        self.operations += 1
        try:
            decoded = self._decode(stored)
            self._check_place(stored, decoded)
            rules.verify(decoded, self.book)
            settled = settle_one(
                decoded,
                self.book,
                stored.received_at,
                stands=self._came_back(decoded.operation),
                found=[each.code for each in stored.verdict(decoded.signed.hash).exceptions],
            )
            self._note(stored, settled, self._compare_verdict(stored, settled))
        except IntegrityFault as fault:
            self._miss(stored, fault.code, fault.where)
            return None
        except (msgspec.MsgspecError, ValueError) as problem:
            self._miss(stored, "column_differs", str(problem))
            return None
        self.heads[stored.device, stored.epoch] = ChainHead(stored.seq, settled.verdict.hash)
        return settled

    def _miss(self, stored: StoredOperation, code: str, where: str) -> None:
        self.faults.add("operations", stored.named, code, where)
        self.heads[stored.device, stored.epoch] = ChainHead(stored.seq, stored.hash)

    def _decode(self, stored: StoredOperation) -> Decoded[Any]:
        decoded = rules.decode(read_operation(stored.jws))
        self.signatures.check(stored.named, stored.jws, self._key_of(decoded))
        return decoded

    def _key_of(self, decoded: Decoded[Any]) -> str:
        """The public key that has to have signed; that it may sign there is for the rules to say."""
        operation = decoded.operation
        device = self.book.get(DeviceEpoch, operation.device, operation.epoch)
        if device is None and isinstance(decoded.body, BankFounded):
            return str(decoded.body.centre_key)
        bank = self.book.get(Bank, "bank")
        if device is None and bank is not None and isinstance(decoded.body, IncarnationBegun):
            return bank.centre_key
        if device is None:
            raise IntegrityFault("device_unknown", operation.device)
        if rules.signer_of(operation) is Signer.STAFF:
            session = self.book.get(Session, decoded.signed.kid)
            if session is None:
                raise IntegrityFault("session_unknown", decoded.signed.kid)
            return session.public_key
        return device.public_key

    def _came_back(self, operation: Operation) -> bool:
        """Whether the centre had made it in an earlier incarnation than the one in which it was given it."""
        return is_centres(operation) and operation.epoch < self.incarnation

    def _check_place(self, stored: StoredOperation, decoded: Decoded[Any]) -> None:
        operation = decoded.operation
        head = self.heads.get((stored.device, stored.epoch), ChainHead(0, None))
        if (operation.device, operation.epoch) != (stored.device, stored.epoch):
            raise IntegrityFault("chain_differs", f"{operation.device}/{operation.epoch}")
        if operation.seq != head.seq + 1:
            self.faults.add("operations", stored.named, "seq_not_contiguous", f"after {head.seq}")
        elif operation.prev != head.hash:
            self.faults.add("operations", stored.named, "prev_differs", operation.prev or "null")
        if stored.hash != decoded.signed.hash:
            self.faults.add("operations", stored.named, "hash_differs", stored.hash)
        said = (stored.id, stored.seq, stored.kind, stored.business_date, stored.records)
        signed = (operation.id, operation.seq, operation.kind, operation.business_date, rules.records_named(decoded))
        for name, here, there in zip(("id", "seq", "kind", "business_date", "records"), said, signed, strict=True):
            if here != there:
                self.faults.add("operations", stored.named, "column_differs", name)

    def _compare_verdict(self, stored: StoredOperation, settled: Settled) -> Verdict:
        """Answers the verdict that counts: the stored one where two transactions may not have seen one another."""
        given = stored.verdict(settled.verdict.hash)
        if given == settled.verdict:
            return given
        if self._may_have_raced(settled, given):
            self.raced += 1
            return given
        self.faults.add("operations", stored.named, "verdict_differs", _difference(given, settled.verdict))
        return settled.verdict

    def _may_have_raced(self, settled: Settled, given: Verdict) -> bool:
        ours = settled.verdict
        codes = {each.code for each in set(_frozen(given.exceptions)) ^ set(_frozen(ours.exceptions))}
        if not codes or not codes <= RACING_CODES:
            return False
        alike = msgspec.structs.replace(ours, verdict=given.verdict, exceptions=given.exceptions)
        consistent = (given.verdict == "applied_with_exception") is bool(given.exceptions)
        since_ms = max(self._bank_wide_ms, self._vault_ms.get(settled.decoded.operation.branch or "", 0))
        return alike == given and consistent and abs(instant_ms(given.received_at) - since_ms) <= RACE_MS

    def _note(self, stored: StoredOperation, settled: Settled, verdict: Verdict) -> None:
        decoded = settled.decoded
        operation = decoded.operation
        self.entries += bool(decoded.postings)
        ended = end_said(decoded)
        if ended is not None:
            self.ends.setdefault(*ended)
        if decoded.kind.bank_wide:
            self._bank_wide_ms = instant_ms(stored.received_at)
        if any(posting.account == "vault" for posting in decoded.postings):
            self._vault_ms[operation.branch or ""] = instant_ms(stored.received_at)
        for exception in verdict.exceptions:
            detail = _encode(exception.detail).decode()
            about = (exception.code, operation.device, operation.epoch, operation.id)
            self.cases[*about, detail, stored.received_at] += 1
        if isinstance(decoded.body, CheckpointMade | IncarnationBegun) and not self._came_back(operation):
            # What an older life says of its feeds is, in part, about what was lost.
            self.incarnation = operation.epoch
            self.marks += ((mark, stored.named) for mark in decoded.body.feeds)
        match decoded.body:
            case IncarnationBegun(incarnation=number) if not self._came_back(operation):
                self.lives.append((number, stored.received_at, self._next_account_number() + NUMBERS_PASSED_OVER))
            case TransferReceived(transfer=str() as transfer):
                self.received[transfer] = self._came_back(operation)
            case TransferReceived(details=str() as details) as body:
                self.paid_in[details] = (body.currency, body.amount)
            case CaseClosed() | CaseReopened() as body if not self._came_back(operation):
                state = "closed" if isinstance(body, CaseClosed) else "open"
                self.decisions[body.case] = CaseDecision(state, operation.id, body.about)
            case LateSettled() as body:
                self.late.add(((body.device, body.epoch), body.last_seq))
            case _ if decoded.kind.name in LEAVING and decoded.body.route != "own":
                self.payments[operation.id] = decoded.body.details
            case _:
                pass

    def _next_account_number(self) -> int:
        blocks = self.book.tables[IbanBlock].values()
        return max((row.last for row in blocks if isinstance(row, IbanBlock)), default=0) + 1


@dataclass(frozen=True, slots=True)
class _Frozen:
    code: str
    detail: str


def _frozen(exceptions: tuple[Exceptional, ...]) -> list[_Frozen]:
    return [_Frozen(each.code, _encode(each.detail).decode()) for each in exceptions]


def _difference(given: Verdict, ours: Verdict) -> str:
    names = [name for name in given.__struct_fields__ if getattr(given, name) != getattr(ours, name)]
    rules_say = ", ".join(each.code for each in ours.exceptions) or ours.verdict
    return f"{' '.join(names)}; the rules say {rules_say}"
