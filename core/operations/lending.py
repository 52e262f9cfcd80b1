"""Files that are lent: whether a device of another branch may move money on an account, and who hears of it.

An account is lent to one device epoch of another branch while its customer visits there. What that device does on it
is posted in the books of both branches; it mints nothing, and pays within rights that it was granted there.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from core.book import Book, Key
from core.book.rows import DepositAccount, DeviceEpoch, LentFile, Visiting
from core.envelope import Operation
from core.errors import IntegrityFault, Refusal
from core.ledger import CLEARING_BRANCHES, Posting, deposit_id
from core.operations.kind import Decoded


def loan_of(account: str, device: str, epoch: int, book: Book) -> LentFile | None:
    """The newest loan of the account to that device epoch, ended or not."""
    return book.get(LentFile, account, device, epoch)


def is_lent(loan: LentFile | None, at: str) -> bool:
    """Whether the file is lent at that instant (RFC 3339)."""
    return loan is not None and loan.ended_by is None and at <= loan.until


def check_lent(account: str, operation: Operation, book: Book) -> Iterable[Refusal]:
    """What speaks against moving money of another branch's account here; never by stand-in."""
    loan = loan_of(account, operation.device, operation.epoch, book)
    if loan is None:
        yield Refusal("account_elsewhere", "account")
    elif not is_lent(loan, operation.at):
        yield Refusal("visit_ended", "account", {"branch": loan.branch})
    if operation.authority is not None and operation.authority.standin:
        yield Refusal("standin_not_allowed", "amount")


def verify_elsewhere(postings: Iterable[Posting], maker: Operation, book: Book) -> None:
    """A device posts in another branch's books only for an account that has been lent to it, through clearing.

    Raises `IntegrityFault("branch_differs")`. Whether the loan has ended is a finding, not a fault: its maker may not
    have heard of it.
    """
    if maker.actor == "centre" and maker.kind == "entry.reversed":
        # What it undoes for an ended chain was posted there once, and may be undone where nothing is lent any more.
        return
    postings = tuple(postings)
    keepers = {posting.branch for posting in postings if _has_been_lent(posting, maker, book)}
    for posting in postings:
        if posting.branch == maker.branch:
            continue
        through_clearing = posting.account == CLEARING_BRANCHES and posting.branch in keepers
        if not through_clearing and not _has_been_lent(posting, maker, book):
            raise IntegrityFault("branch_differs", posting.branch)


def _has_been_lent(posting: Posting, maker: Operation, book: Book) -> bool:
    account = deposit_id(posting.account)
    loan = loan_of(account, maker.device, maker.epoch, book) if account is not None else None
    return loan is not None and loan.branch == posting.branch


def loan_keys(operation: Operation, account: str) -> Iterable[Key]:
    """The row that says whether the account is lent to the operation's maker."""
    yield LentFile, (account, operation.device, operation.epoch)


def reaches_keeper(decoded: Decoded[Any], book: Book) -> Iterable[str]:
    """What a visited device says of an account reaches the branch that keeps it."""
    operation = decoded.operation
    loan = loan_of(decoded.body.account, operation.device, operation.epoch, book)
    if loan is not None:
        yield loan.branch


def reaches_device(decoded: Decoded[Any], book: Book) -> Iterable[str]:
    """What the centre says of a device's rights reaches the branch where it stands."""
    device = book.get(DeviceEpoch, decoded.body.device, decoded.body.epoch)
    if device is not None and device.branch is not None:
        yield device.branch


def reaches_keepers(decoded: Decoded[Any], book: Book) -> Iterable[str]:
    """Who signs on a visited device is known wherever a file has been lent to it, for as long as it lives.

    An operation that was made while a file was lent may arrive long after.
    """
    row = book.get(Visiting, decoded.operation.device, decoded.operation.epoch)
    return row.branches.split() if row is not None else ()


def visiting_keys(operation: Operation) -> Iterable[Key]:
    """The row that says where files have been lent from to the operation's maker."""
    yield Visiting, (operation.device, operation.epoch)


def lent_to(decoded: Decoded[Any], book: Book) -> Iterable[str]:
    """What the centre says of an account reaches the branch that its file is lent to."""
    named = getattr(decoded.body, "account", None)
    account = book.get(DepositAccount, named) if isinstance(named, str) else None
    if account is not None and account.lent_to:
        yield account.lent_to
