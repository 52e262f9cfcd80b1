"""What every entry does to the books and to spending rights, whatever its kind; and what speaks against it.

A device's credit to an account of its own branch mints rights there; its debits use them, and what is beyond them is a
stand-in. The centre's debits are by its own authority, from what no device holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from core.book import Book, Key
from core.book.rows import DepositAccount, DeviceEpoch, Lease, LedgerBalance, Reversal, Right, Spending
from core.envelope import Authority, Operation
from core.errors import IntegrityFault, Refusal
from core.ledger import Posting, deposit_id
from core.operations.leases import check_lease, lease_of, note_spending
from core.operations.lending import loan_keys
from core.operations.originals import original_of
from core.operations.rights import available_on, payable_by, put_right, right_of
from core.rights import free

_NO_AUTHORITY = Authority()
STANDIN_KINDS = frozenset({"cash.withdrawn", "entry.reversed"})
"""Stand-in is for cash over the counter, and for undoing it."""


def is_centres(operation: Operation) -> bool:
    """Whether the centre made the operation, on one of its own chains."""
    return operation.actor == "centre"


def debited(postings: Iterable[Posting]) -> dict[str, int]:
    """What leaves each customer account (by id), in minor units."""
    sums: dict[str, int] = {}
    for posting in postings:
        account = deposit_id(posting.account)
        if account is not None and posting.amount > 0:
            sums[account] = sums.get(account, 0) + posting.amount
    return sums


def authority_for(postings: Iterable[Posting], *, by_centre: bool, lease: int = 0) -> Authority | None:
    """The authority that an operation with these postings needs, all of it by rights or by the centre's own."""
    total = sum(debited(postings).values())
    if not total:
        return None
    return Authority(centre=total) if by_centre else Authority(rights=total, lease=lease)


def standin_for(authority: Authority, payable: int) -> Authority:
    """The same money with what exceeds `payable` (minor units, all that the device may pay) as a stand-in."""
    rights = max(0, min(authority.rights, payable))
    return Authority(rights=rights, standin=authority.rights - rights, lease=authority.lease)


def check_money(operation: Operation, postings: tuple[Posting, ...], book: Book) -> Iterable[Refusal]:
    """Whether the authority that is claimed is there: rights for a device, what is available for the centre."""
    authority = operation.authority or _NO_AUTHORITY
    debits = debited(postings)
    total = sum(debits.values())
    if authority.rights + authority.standin + authority.centre != total:
        yield Refusal("authority_differs", detail={"debits": total})
    if len(debits) > 1:
        yield Refusal("several_payers")
    if is_centres(operation) is not bool(authority.centre) and total:
        yield Refusal("authority_not_ones_own")
    if authority.standin and operation.kind not in STANDIN_KINDS:
        yield Refusal("standin_not_allowed", "amount")
    for account, amount in debits.items():
        yield from _check_debit(operation, account, amount, book)
    if debits and not is_centres(operation):
        yield from check_lease(operation, authority, lease_of(operation.device, operation.epoch, book), book)


def _check_debit(operation: Operation, account_id: str, amount: int, book: Book) -> Iterable[Refusal]:
    account = book.get(DepositAccount, account_id)
    if is_centres(operation):
        if account is None or available_on(account) < amount:
            yield Refusal("not_available", "amount")
        return
    here = payable_by(right_of(account_id, operation.device, operation.epoch, book))
    if here < min(amount, (operation.authority or _NO_AUTHORITY).rights):
        currency = account.currency if account else ""
        yield Refusal("rights_exceeded", "amount", {"payable": max(0, here), "currency": currency})


def verify_accounts(postings: Iterable[Posting], book: Book) -> None:
    """An account's branch and currency never change, so no honest maker posts to it in another.

    Raises `IntegrityFault("account_differs")`.
    """
    for posting in postings:
        account_id = deposit_id(posting.account)
        account = book.get(DepositAccount, account_id) if account_id is not None else None
        if account is not None and (account.branch, account.currency) != (posting.branch, posting.currency):
            raise IntegrityFault("account_differs", account.id)


def apply_money(operation: Operation, postings: tuple[Posting, ...], book: Book) -> None:
    """Post the entry and move the maker's rights, and the count of what it has paid, with it."""
    paid = 0
    for posting in postings:
        account = deposit_id(posting.account)
        if account is None:
            book.move(*posting)
        else:
            _post(account, posting, book)
            if not is_centres(operation):
                paid += max(0, posting.amount)
                _move_rights(operation, account, posting, book)
    if paid:
        note_spending(operation, operation.authority or _NO_AUTHORITY, paid, book)


def _post(account_id: str, posting: Posting, book: Book) -> None:
    account = book.get(DepositAccount, account_id) or not_yet_known(account_id, posting.branch, posting.currency)
    book.put(msgspec.structs.replace(account, posted=account.posted - posting.amount))


def not_yet_known(account_id: str, branch: str, currency: str) -> DepositAccount:
    """What is said of an account counts, even before its opening has been heard of."""
    return DepositAccount(
        id=account_id,
        branch=branch,
        currency=currency,
        customer="",
        product="",
        iban="",
        opened_on="",
        state="unknown",
        posted=0,
        rights=0,
        overdraft_limit=0,
        holds=0,
        freezes=0,
    )


def _move_rights(operation: Operation, account: str, posting: Posting, book: Book) -> None:
    """The counters move by the operation alone, whatever has become of the epoch.

    That it is written off is heard of in another feed than its operations, sooner or later than they. What takes its
    rights out of the sum is their release, which stands in the feeds that its operations stand in.
    """
    before = right_of(account, operation.device, operation.epoch, book)
    if posting.amount > 0:
        used = min(posting.amount, (operation.authority or _NO_AUTHORITY).rights, max(0, payable_by(before)))
        after = msgspec.structs.replace(before, used=before.used + used)
    else:
        device = book.get(DeviceEpoch, operation.device, operation.epoch)
        if device is None or device.branch != posting.branch:
            return
        after = msgspec.structs.replace(before, minted=before.minted + _good_funds(operation, posting, before, book))
    put_right(before, after, book)


def _good_funds(operation: Operation, posting: Posting, right: Right, book: Book) -> int:
    """How much of a credit the device may pay out again, in minor units.

    Undoing a payment gives back what it took from rights, once: what was paid as a stand-in was never the device's.
    """
    if operation.kind != "entry.reversed":
        return -posting.amount
    named = _named(bytes(operation.body))
    original = original_of(named.reverses, named.reverses_hash, book)
    if original is None or book.get(Reversal, named.reverses) is not None:
        return 0
    authority = original.operation.authority or _NO_AUTHORITY
    return min(-posting.amount, authority.rights, right.used)


class _Reversing(msgspec.Struct, frozen=True):
    """What a reversal names."""

    reverses: str
    reverses_hash: str


_named = msgspec.json.Decoder(_Reversing).decode


def frees(postings: Iterable[Posting], book: Book, promised: Iterable[str] = ()) -> dict[str, int]:
    """What is free on each account of an entry, and on the `promised` ones, by id; in minor units."""
    named = [*(deposit_id(posting.account) for posting in postings), *promised]
    found: dict[str, int] = {}
    for account_id in named:
        account = book.get(DepositAccount, account_id) if account_id else None
        if account_id is not None:
            found[account_id] = free(account.posted, account.overdraft_limit, account.rights) if account else 0
    return found


def findings_after(before: Mapping[str, int], after: Mapping[str, int]) -> Iterable[Refusal]:
    """What needs a case: more is promised on an account than is there, and this has made it more."""
    for account_id, left in after.items():
        if left < 0 and left < before.get(account_id, 0):
            yield Refusal("free_below_zero", "account", {"account": account_id})


def money_keys(operation: Operation, postings: Iterable[Posting], *, with_balances: bool) -> Iterable[Key]:
    """The rows that posting reads: accounts, the maker's rights and, where rules ask, balances of the books."""
    for posting in postings:
        account = deposit_id(posting.account)
        if account is not None:
            yield DepositAccount, (account,)
            yield Right, (account, operation.device, operation.epoch)
            if posting.branch != operation.branch:
                yield from loan_keys(operation, account)
            if posting.amount > 0 and not is_centres(operation):
                yield Lease, (operation.device, operation.epoch)
                yield Spending, (operation.device, operation.epoch)
        elif with_balances:
            yield LedgerBalance, (posting.branch, posting.account, posting.currency)
