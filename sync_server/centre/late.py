"""What an ended epoch still brought: two people decide over a run, once; then each is booked verbatim, or refused.

Nothing is dropped: what is refused stays kept as bytes, with a case for each credit. A run is what hangs together by
`prev`, so that of two copies of a machine each has its own. What comes after a run was decided is another run.
"""

from __future__ import annotations

from collections.abc import Sequence

from core.book.rows import Exposure, Request, Reversal
from core.clock import instant
from core.envelope import read_operation
from core.errors import IntegrityFault, Refused
from core.ledger import deposit_id, reversed_postings
from core.operations import rules
from core.operations.ended import REFUSED_AT_ONCE, LateDecided, LateRefused, LateSettled, OperationBooked
from core.operations.reversals import EntryReversed, lines
from core.operations.rights import right_of
from sync_server.centre.issue import Centre, issue
from sync_server.centre.requests import decline, waiting_request
from sync_server.ingest.cases import Case, open_cases
from sync_server.ingest.doubting import doubtful_credits, hold_back
from sync_server.store.home import CentreBook, Home
from sync_server.store.lookups import LateOperation

BOOKED_AT_ONCE = 20
"""Operations booked in one transaction, so that no branch's feed is held for long."""

_DIFFERS = "late_run_differs"
_DECIDED = "late_already_decided"


def undecided_run(kept: Sequence[LateOperation]) -> list[LateOperation]:
    """The run that two people are to decide over next, in order; empty if nothing is left."""
    waiting = [late for late in kept if late.answered_by is None]
    return _run_up_to(waiting[-1], waiting) if waiting else []


def _run_up_to(last: LateOperation, kept: Sequence[LateOperation], first_seq: int = 1) -> list[LateOperation]:
    """What hangs together up to `last`, from `first_seq` on, of what is kept."""
    by_hash = {late.hash: late for late in kept}
    run, before = [last], _before(last, by_hash)
    while before is not None and before.seq >= first_seq:
        run.append(before)
        before = _before(before, by_hash)
    return run[::-1]


def _before(late: LateOperation, by_hash: dict[str, LateOperation]) -> LateOperation | None:
    return by_hash.get(read_operation(late.jws).operation.prev or "")


def settle_late(home: Home, centre: Centre, request_id: str) -> bool:
    """Carry a `late.decided` some operations further; False if nothing is to be done."""
    book = home.book()
    asked = waiting_request(book, request_id, LateDecided)
    if asked is None:
        return False
    found, body = asked[0], asked[1].body
    # Decisions over one chain are taken one after the other, whoever carries them further.
    home.lock_chain((body.device, body.epoch))
    kept = home.lookups.late((body.device, body.epoch))
    run = _run_of(kept, body, found, book)
    if isinstance(run, str):
        decline(home, centre, found, run)
        return True
    left = [late for late in run if late.answered_by is None]
    if not left:
        _finish(home, centre, found, body, run)
    elif body.accept:
        _book_some(home, centre, found, body, left[:BOOKED_AT_ONCE])
    else:
        _refuse(home, centre, found, body, left[:REFUSED_AT_ONCE], accepted=False)
    return True


def _run_of(
    kept: Sequence[LateOperation], body: LateDecided, request: Request, book: CentreBook
) -> list[LateOperation] | str:
    """The run that the two people have seen, or why it can't be decided so.

    It is another by now, or it was decided before. One that is decided in part goes on to its end, whatever comes.
    """
    last = next((late for late in kept if late.hash == body.last_hash), None)
    if last is None or last.seq != body.last_seq:
        return _DIFFERS
    run = _run_up_to(last, kept, body.first_seq)
    if run[0].seq != body.first_seq:
        return _DIFFERS
    if run[0].answered_by is not None and _decided_by(run[0].answered_by, book) == request.id:
        return run
    if any(late.answered_by is not None for late in run):
        return _DECIDED
    waiting = [late for late in kept if late.answered_by is None]
    goes_on = any(read_operation(late.jws).operation.prev == last.hash for late in waiting)
    return _DIFFERS if goes_on or len(_run_up_to(last, waiting)) != len(run) else run


def _decided_by(answer_id: str, book: CentreBook) -> str | None:
    """The request by which a late operation was booked or refused."""
    jws = book.operation(answer_id)
    body = rules.decode(read_operation(jws)).body if jws is not None else None
    return body.request if isinstance(body, OperationBooked | LateRefused) else None


def _book_some(home: Home, centre: Centre, request: Request, body: LateDecided, some: Sequence[LateOperation]) -> None:
    """Book these in their order; what can't be booked is refused, with a case."""
    impossible = []
    for late in some:
        try:
            issued = issue(home, centre, request.branch, OperationBooked(request=request.id, jws=late.jws))
        except (IntegrityFault, Refused):
            impossible.append(late)
            continue
        hold_back(home, centre, home.book(), doubtful_credits([issued.settled]))
    if impossible:
        _refuse(home, centre, request, body, impossible, accepted=True)


def _refuse(
    home: Home,
    centre: Centre,
    request: Request,
    body: LateDecided,
    some: Sequence[LateOperation],
    *,
    accepted: bool,
) -> None:
    hashes = tuple(late.hash for late in some)
    said = LateRefused(request=request.id, device=body.device, epoch=body.epoch, hashes=hashes)
    issue(home, centre, request.branch, said)
    _open_cases(home, centre, some, accepted=accepted)


def _finish(
    home: Home,
    centre: Centre,
    request: Request,
    body: LateDecided,
    run: Sequence[LateOperation],
) -> None:
    settled = LateSettled(
        request=request.id,
        device=body.device,
        epoch=body.epoch,
        first_seq=body.first_seq,
        last_seq=body.last_seq,
        booked=sum(late.booked for late in run),
    )
    issue(home, centre, request.branch, settled)
    _release_exposure(home, centre, body, request.branch)


def _open_cases(home: Home, centre: Centre, refused: Sequence[LateOperation], *, accepted: bool) -> None:
    """A case for each that could not be booked, and for each refused credit with what was drawn on it."""
    book = home.book(locking=False)
    cases: list[Case] = []
    for late in refused:
        decoded = rules.decode(read_operation(late.jws))
        if accepted:
            cases.append(Case("late_not_booked", decoded, {"seq": late.seq}))
        for posting in decoded.postings:
            account = deposit_id(posting.account)
            if account is not None and posting.amount < 0:
                right = right_of(account, decoded.operation.device, decoded.operation.epoch, book)
                detail = {"account": account, "amount": -posting.amount, "drawn": right.used}
                cases.append(Case("late_credit_refused", decoded, detail))
    open_cases(home, cases, instant(centre.clock.now_ms()))


def _release_exposure(home: Home, centre: Centre, body: LateDecided, branch: str) -> None:
    """The chain's end is in hand: what was booked as the bank's risk is none any more."""
    book = home.book()
    exposure = book.get(Exposure, body.device, body.epoch)
    jws = book.operation(exposure.booked_by) if exposure is not None else None
    if jws is None or exposure is None or book.get(Reversal, exposure.booked_by) is not None:
        return
    booked = rules.decode(read_operation(jws))
    undone = EntryReversed(
        reverses=exposure.booked_by,
        reverses_hash=booked.signed.hash,
        postings=lines(reversed_postings(booked.postings)),
    )
    issue(home, centre, branch, undone, book=book)
