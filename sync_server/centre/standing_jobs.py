"""The jobs that carry requests, limits, closings, write-offs and visits further, a short transaction at a time.

The truth is in the rows (what waits, what is in motion), so they survive any restart and may run in several processes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from core.book.rows import Request
from core.clock import instant
from core.envelope import Operation, read_operation
from core.operations.ended import LATE, WRITE_OFF
from core.operations.incarnations import FIRST
from core.operations.requests import CLOSURE
from core.operations.reversals import REVERSAL
from sync_server.centre.issue import Centre, Gathering
from sync_server.centre.late import settle_late
from sync_server.centre.recovery import gather
from sync_server.centre.requests import decide_transfer, decline_as_found
from sync_server.centre.reversals import reverse_ended
from sync_server.centre.terms import close_account, lower_limit
from sync_server.centre.visits import take_back
from sync_server.centre.write_offs import release_some, write_off
from sync_server.ingest.settle import BANK_FEED
from sync_server.store.home import Database, Home, MetOthers
from sync_server.store.incarnations import EVERY_BRANCH, is_gathering, is_recovering

_AT_ONCE = 100
Job = Callable[[Home], bool]


def step(database: Database, centre: Centre) -> bool:
    """Carry everything that waits one step further; False if nothing moved. Raises what the home does."""
    moved = gather(database, centre)
    with database.transaction() as home:
        jobs = list(_jobs(home, centre))
    for job in jobs:
        moved = _do(database, job) or moved
    return moved


def _jobs(home: Home, centre: Centre) -> Iterator[Job]:
    for request in home.lookups.waiting_requests(_AT_ONCE):
        yield partial(_answer, centre=centre, request=request)
    for account in home.lookups.limits_in_motion(_AT_ONCE):
        yield partial(lower_limit, centre=centre, account_id=account.id)
    for device in home.lookups.written_off(_AT_ONCE):
        yield partial(release_some, centre=centre, device=device)
    for loan in home.lookups.loans_to_end(instant(centre.clock.now_ms()), _AT_ONCE):
        yield partial(take_back, centre=centre, loan=loan)


def _do(database: Database, job: Job) -> bool:
    """One job in a transaction of its own; what met others is done the next time, what has to wait is not done."""
    try:
        with database.transaction() as home:
            return job(home)
    except MetOthers:
        return True
    except Gathering:
        return False


def _answer(home: Home, *, centre: Centre, request: Request) -> bool:
    """Answer a request; one that was not in order is declined for what was found against it.

    What waits for a device that was revoked before it reported goes on once that is written off.
    """
    waits = (
        is_gathering(home.incarnations, request.branch)
        if request.kind == WRITE_OFF
        else is_recovering(home.incarnations)
    )
    if waits:
        return False
    jws = home.book(locking=False).operation(request.id)
    if jws is None:
        return False
    asked = read_operation(jws).operation
    if request.kind == WRITE_OFF and _may_have_its_answer(home, asked):
        return False
    found = home.verdicts((asked.device, asked.epoch), asked.seq, asked.seq)[0].exceptions
    if found:
        return decline_as_found(home, centre, request.id, found[0].code)
    if request.kind == CLOSURE:
        return close_account(home, centre, request.id)
    if request.kind == WRITE_OFF:
        return write_off(home, centre, request.id)
    if request.kind == LATE:
        return settle_late(home, centre, request.id)
    if request.kind == REVERSAL:
        return reverse_ended(home, centre, request.id)
    return decide_transfer(home, centre, request.id)


def _may_have_its_answer(home: Home, asked: Operation) -> bool:
    """Whether a restored centre may have answered already: on the bank-wide feed, which desks of any branch read.

    What was asked since is not meant; so two supervisors need not wait for the whole bank.
    """
    number = home.incarnations.number()
    if number in (FIRST, asked.seen.incarnation):
        return False
    return bool(home.incarnations.awaited(EVERY_BRANCH)) or bool(home.incarnations.given(BANK_FEED, "item", 1))
