"""What the centre makes of a run of one chain: pure, over a book, whoever holds the rows and whatever carried the run.

Order, `prev` and the signatures inside are matters of integrity: a fault quarantines the chain from there on.
Whatever speaks against an honest operation becomes an exception in its verdict.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from core.book import Book
from core.errors import IntegrityFault, Refusal
from core.operations import rules
from core.operations.customers import stamp_not_after, with_stamp
from core.operations.kind import Decoded
from core.operations.leases import check_lease_time
from core.sync.messages import Exceptional, Verdict, VerdictName

BANK_FEED = "bank"


@dataclass(frozen=True, slots=True)
class ChainHead:
    """The last operation of a chain that the centre has: 0 and None before the first."""

    seq: int
    hash: str | None


@dataclass(frozen=True, slots=True)
class Settled:
    """An operation with its verdict and the feeds it enters."""

    decoded: Decoded[Any]
    verdict: Verdict
    feeds: frozenset[str]


@dataclass(frozen=True, slots=True)
class Settlement:
    """What was settled, the chain's head after it, and what stopped it if something did."""

    settled: tuple[Settled, ...]
    head: ChainHead
    fault: IntegrityFault | None = None


def settle(
    run: Sequence[Decoded[Any]], book: Book, head: ChainHead, received_at: str, *, reused_id: str | None = None
) -> Settlement:
    """Settle operations that follow `head` on one chain, in order, into the book.

    `reused_id` is the hash of an operation whose id stands for another operation: an integrity fault.
    """
    settled: list[Settled] = []
    for decoded in run:
        try:
            _check_place(decoded, head, reused_id)
            rules.verify(decoded, book)
        except IntegrityFault as fault:
            return Settlement(tuple(settled), head, fault)
        settled.append(settle_one(decoded, book, received_at))
        head = ChainHead(decoded.operation.seq, decoded.signed.hash)
    return Settlement(tuple(settled), head)


def _check_place(decoded: Decoded[Any], head: ChainHead, reused_id: str | None) -> None:
    operation = decoded.operation
    if decoded.signed.hash == reused_id:
        raise IntegrityFault("id_reused", operation.id)
    if operation.seq != head.seq + 1 or operation.prev != head.hash:
        raise IntegrityFault("chain_forked", f"{operation.device}/{operation.epoch}/{operation.seq}")


def settle_one(
    decoded: Decoded[Any],
    book: Book,
    received_at: str,
    *,
    stands: bool = False,
    found: Sequence[str] | None = None,
) -> Settled:
    """Check and apply one verified operation.

    `stands`: the centre made it in an earlier incarnation, and has it back from those who heard it. `found` are the
    codes that the centre's word rests on, where it has been given before: what it changed goes by them.
    """
    findings: tuple[Refusal, ...] = ()
    if not stands:
        findings = (
            *rules.check(decoded, book),
            *rules.inside(decoded, book),
            *check_lease_time(decoded.operation, received_at, book),
        )
    stamp = stamp_not_after(decoded.body, received_at)
    codes = found if found is not None else [finding.code for finding in findings]
    free = rules.frees_of(decoded, book)
    rules.apply(decoded if stamp is None else with_stamp(decoded, stamp), book, codes)
    findings += rules.after(decoded, book, free)
    operation = decoded.operation
    verdict = Verdict(
        seq=operation.seq,
        hash=decoded.signed.hash,
        verdict=_name(decoded, findings),
        accounting_date=operation.business_date,
        received_at=received_at,
        exceptions=tuple(_exceptional(finding) for finding in findings),
        stamp=stamp,
    )
    return Settled(decoded, verdict, feeds_of(decoded, book))


def _exceptional(finding: Refusal) -> Exceptional:
    detail = {name: value if isinstance(value, int) else str(value) for name, value in finding.detail.items()}
    return Exceptional(finding.code, {**detail})


def _name(decoded: Decoded[Any], findings: tuple[Refusal, ...]) -> VerdictName:
    if findings:
        return "applied_with_exception"
    return "recorded" if decoded.kind.is_request else "applied"


def feeds_of(decoded: Decoded[Any], book: Book) -> frozenset[str]:
    """The feeds an operation enters: of every branch whose books it touches or that a file is lent to or from, and
    the bank-wide one for some kinds.
    """
    branches = rules.branches_reached(decoded, book)
    return branches | {BANK_FEED} if decoded.kind.bank_wide else branches
