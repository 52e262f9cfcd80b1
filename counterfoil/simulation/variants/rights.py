"""Wrong rules about spending rights: how they are counted, granted, used, recalled and released."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import msgspec

from core import rights
from core.book import Book
from core.book.rows import DeviceEpoch, Lease, Right, Spending
from core.clock import instant
from core.envelope import Authority, Operation
from core.errors import IntegrityFault, Refusal
from core.ledger import Posting
from core.operations import leases, money, rules
from core.operations import rights as rights_rules
from core.operations.kind import Decoded
from core.operations.registry import KINDS
from core.operations.rights import RightsGranted, RightsRecalled
from counterfoil.simulation.replacing import replaced, ruled, swapped
from counterfoil.simulation.variants.variant import Variant
from sync_server.centre import rights as granting
from sync_server.centre.issue import Centre
from sync_server.store.home import Home


@contextmanager
def freed_at_lease_end() -> Iterator[None]:
    """Whoever asks for rights gets those of devices whose lease has ended, which may have been paid out already."""
    true = granting.grant_rights

    def grant(home: Home, centre: Centre, device: DeviceEpoch, account_id: str, **asked: Any) -> Any:
        book, now = home.book(), instant(centre.clock.now_ms())
        for right in home.lookups.holders(account_id):
            lease = book.get(Lease, right.device, right.epoch)
            if lease is not None and lease.ends_at < now:
                rights_rules.put_right(right, msgspec.structs.replace(right, released=True), book)
        home.write_rows(book)
        return true(home, centre, device, account_id, **asked)

    with replaced(true, grant):
        yield


@contextmanager
def grants_as_differences() -> Iterator[None]:
    """A grant says how much more is granted, and is added to what was granted before."""
    true = rights_rules.right_of
    before = Right("", "", 0, 0, 0, 0, 0)

    def noted(account: str, device: str, epoch: int, book: Book) -> Right:
        nonlocal before
        before = true(account, device, epoch, book)
        return before

    def difference(**fields: Any) -> RightsGranted:
        return RightsGranted(**fields | {"granted": fields["granted"] - before.granted})

    def add(decoded: Decoded[RightsGranted], book: Book) -> None:
        body = decoded.body
        right = true(body.account, body.device, body.epoch, book)
        rights_rules.put_right(right, msgspec.structs.replace(right, granted=right.granted + body.granted), book)

    with (
        swapped(granting, "right_of", noted),
        swapped(granting, "RightsGranted", difference),
        ruled("rights.granted", "apply", add),
    ):
        yield


@contextmanager
def terms_below_zero() -> Iterator[None]:
    """What one device has used too much is counted in full, and frees what another holds."""
    with excess_counted(), replaced(rights.reserved, rights.payable):
        yield


@contextmanager
def excess_counted() -> Iterator[None]:
    """What a device has used beyond its rights is counted as used."""
    true = money._move_rights  # noqa: SLF001 - the rule itself

    def move(operation: Operation, account: str, posting: Posting, book: Book) -> None:
        if posting.amount <= 0:
            true(operation, account, posting, book)
            return
        by_rights = operation.authority.rights if operation.authority is not None else 0
        right = rights_rules.right_of(account, operation.device, operation.epoch, book)
        used = right.used + min(posting.amount, by_rights)
        rights_rules.put_right(right, msgspec.structs.replace(right, used=used), book)

    with replaced(true, move):
        yield


@contextmanager
def written_off_counted() -> Iterator[None]:
    """The rights of a written-off epoch stay in the sum, even once they are released."""

    def reserved(right: Right) -> int:
        return rights.reserved(right.granted, right.minted, right.used, right.returned)

    with swapped(rights_rules, "_reserved", reserved):
        yield


@contextmanager
def minted_elsewhere() -> Iterator[None]:
    """Cash taken in for an account of another branch may be paid out again where it was taken in."""
    verify, move = rules.verify, money._move_rights  # noqa: SLF001 - the rule itself

    def lenient(decoded: Decoded[Any], book: Book) -> None:
        try:
            verify(decoded, book)
        except IntegrityFault as fault:
            if fault.code != "branch_differs" or decoded.kind.name != "cash.deposited":
                raise

    def mint(operation: Operation, account: str, posting: Posting, book: Book) -> None:
        if posting.amount > 0:
            move(operation, account, posting, book)
            return
        right = rights_rules.right_of(account, operation.device, operation.epoch, book)
        rights_rules.put_right(right, msgspec.structs.replace(right, minted=right.minted - posting.amount), book)

    with replaced(verify, lenient), replaced(move, mint):
        yield


@contextmanager
def rights_unchecked() -> Iterator[None]:
    """A device believes that it may pay a little more than it may."""
    true = rights_rules.payable_by

    def generous(right: Right) -> int:
        return true(right) + 100

    with replaced(true, generous):
        yield


@contextmanager
def standin_uses_rights() -> Iterator[None]:
    """A stand-in is counted as if it had been paid by rights."""
    true = money.apply_money

    def count(operation: Operation, postings: tuple[Posting, ...], book: Book) -> None:
        stood_in = operation.authority.standin if operation.authority is not None else 0
        true(operation, postings, book)
        for account in money.debited(postings) if stood_in else ():
            right = rights_rules.right_of(account, operation.device, operation.epoch, book)
            rights_rules.put_right(right, msgspec.structs.replace(right, used=right.used + stood_in), book)

    with replaced(true, count):
        yield


@contextmanager
def recall_frees() -> Iterator[None]:
    """The centre takes what it has recalled for returned at once."""
    true = KINDS["rights.recalled", 1].apply

    def recall(decoded: Decoded[RightsRecalled], book: Book) -> None:
        true(decoded, book)
        body = decoded.body
        right = rights_rules.right_of(body.account, body.device, body.epoch, book)
        more = max(0, min(rights_rules.payable_by(right), body.gone_to - right.used - right.returned))
        rights_rules.put_right(right, msgspec.structs.replace(right, returned=right.returned + more), book)

    with ruled("rights.recalled", "apply", recall):
        yield


@contextmanager
def ceilings_forgotten() -> Iterator[None]:
    """The ceilings of a lease are held against each payment alone, not against all that were ever made."""
    true = leases._check_ceilings  # noqa: SLF001 - the rule itself

    def check(authority: Authority, lease: Lease, spent: Spending) -> Iterable[Refusal]:
        return true(authority, lease, Spending(spent.device, spent.epoch, 0, 0, 0, 0))

    with replaced(true, check):
        yield


VARIANTS = (
    Variant("freed-at-lease-end", "rights are freed at the centre when their lease has ended", 60, freed_at_lease_end),
    Variant("grants-as-differences", "a grant states a difference, not the sum", 60, grants_as_differences),
    Variant("terms-below-zero", "terms of the sum of rights may go below zero", 60, terms_below_zero),
    Variant("excess-counted", "what is used beyond rights is counted as used", 60, excess_counted),
    Variant("written-off-counted", "a written-off epoch still counts in the sum", 100, written_off_counted),
    Variant("minted-elsewhere", "a deposit mints rights at a device of another branch", 60, minted_elsewhere),
    Variant("rights-unchecked", "a device pays more than its rights", 60, rights_unchecked),
    Variant("standin-uses-rights", "a stand-in is counted as rights used", 60, standin_uses_rights),
    Variant("recall-frees", "a recall frees the money before the device has answered", 60, recall_frees),
    Variant("ceilings-forgotten", "the ceilings of a lease are not cumulative", 60, ceilings_forgotten),
)
