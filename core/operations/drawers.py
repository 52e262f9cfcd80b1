"""A device's business day, its drawer from float to count to close, and the branch's vault."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from core.book import Book, Key
from core.book.rows import Branch, Day, DeviceEpoch, Drawer, DrawerCode, LedgerBalance
from core.envelope import Operation
from core.errors import Refusal
from core.ledger import CASH_IN_TRANSIT, OVER_SHORT, VAULT, Posting, drawer
from core.operations.kind import (
    BY_STAFF,
    SUPERVISOR,
    Amount,
    AmountOrZero,
    Body,
    Counts,
    Currency,
    Decoded,
    Kind,
    counts_differ,
)


class DayOpened(Body, frozen=True):
    """The device begins the business date that its envelope names."""


class DayClosed(Body, frozen=True):
    """The device ends the business date that its envelope names."""


class DrawerOpened(Body, frozen=True):
    """A drawer is opened with a float taken from the vault."""

    currency: Currency
    amount: AmountOrZero
    counts: Counts | None = None


class DrawerCounted(Body, frozen=True):
    """A drawer was counted: `expected` is what the books said at that moment."""

    currency: Currency
    counts: Counts
    counted: AmountOrZero
    expected: AmountOrZero


class DrawerClosed(Body, frozen=True):
    """A drawer was counted and its cash put into the vault; the difference goes to cash over and short."""

    currency: Currency
    counts: Counts
    counted: AmountOrZero
    expected: AmountOrZero


class VaultFunded(Body, frozen=True):
    """Cash came into the vault from the cash centre."""

    currency: Currency
    amount: Amount
    counts: Counts | None = None


class VaultReturned(Body, frozen=True):
    """Cash went back from the vault to the cash centre."""

    currency: Currency
    amount: Amount
    counts: Counts | None = None


Vaulted = VaultFunded | VaultReturned


def _opened_entries(operation: Operation, body: DrawerOpened) -> tuple[Posting, ...]:
    """Debit the drawer, credit the vault."""
    if not body.amount:
        return ()
    branch = operation.branch or ""
    return (
        Posting(branch, drawer(operation.drawer or ""), body.currency, body.amount),
        Posting(branch, VAULT, body.currency, -body.amount),
    )


def _closed_entries(operation: Operation, body: DrawerClosed) -> tuple[Posting, ...]:
    """Debit the vault with what was counted, credit the drawer with what was expected, over or short the rest."""
    branch = operation.branch or ""
    lines = (
        Posting(branch, VAULT, body.currency, body.counted),
        Posting(branch, drawer(operation.drawer or ""), body.currency, -body.expected),
        Posting(branch, OVER_SHORT, body.currency, body.expected - body.counted),
    )
    return tuple(line for line in lines if line.amount)


def _funded_entries(operation: Operation, body: Vaulted) -> tuple[Posting, ...]:
    """Debit the vault, credit cash in transit."""
    branch = operation.branch or ""
    return (
        Posting(branch, VAULT, body.currency, body.amount),
        Posting(branch, CASH_IN_TRANSIT, body.currency, -body.amount),
    )


def _returned_entries(operation: Operation, body: Vaulted) -> tuple[Posting, ...]:
    """Debit cash in transit, credit the vault."""
    return tuple(posting._replace(amount=-posting.amount) for posting in _funded_entries(operation, body))


def _check_day_opened(decoded: Decoded[DayOpened], book: Book) -> Iterable[Refusal]:
    operation = decoded.operation
    if operation.business_date is None:
        yield Refusal("business_date_missing")
        return
    day = book.get(Day, operation.device, operation.epoch, operation.business_date)
    if day is not None:
        yield Refusal("day_already_opened" if day.state == "open" else "day_already_closed")


def _check_day_closed(decoded: Decoded[DayClosed], book: Book) -> Iterable[Refusal]:
    operation = decoded.operation
    if operation.drawer is not None:
        row = drawer_here(operation, _bank_currency(book, operation), book)
        if row is not None and row.state == "open":
            yield Refusal("drawer_still_open", detail={"drawer": row.drawer})


def drawer_here(operation: Operation, currency: str, book: Book) -> Drawer | None:
    """The session that the operation's own device epoch has, or had, of the drawer that it names."""
    return book.get(Drawer, operation.branch, operation.drawer, currency, operation.device, operation.epoch)


def _bank_currency(book: Book, operation: Operation) -> str:
    branch = book.get(Branch, operation.branch)
    return branch.currency if branch else ""


def _apply_day(state: str, decoded: Decoded[DayOpened] | Decoded[DayClosed], book: Book) -> None:
    operation = decoded.operation
    if operation.business_date is not None:
        book.put(Day(operation.device, operation.epoch, operation.business_date, operation.branch or "", state))


def _check_drawer_opened(decoded: Decoded[DrawerOpened], book: Book) -> Iterable[Refusal]:
    operation, body = decoded.operation, decoded.body
    if operation.drawer is None:
        yield Refusal("drawer_missing", "drawer")
        return
    row = drawer_here(operation, body.currency, book)
    if row is not None and row.state == "open":
        yield Refusal("drawer_already_open", "drawer", {"person": row.person})
    for device in _open_elsewhere(operation, body.currency, book):
        yield Refusal("drawer_of_another_device", "drawer", {"device": device})
    if counts_differ(body.counts, body.amount):
        yield Refusal("counts_differ", "counts")
    held = book.balance(operation.branch or "", VAULT, body.currency)
    if held < body.amount:
        yield Refusal("vault_short", "amount", {"held": held, "currency": body.currency})


def _open_elsewhere(operation: Operation, currency: str, book: Book) -> Iterable[str]:
    """Other living devices that have a drawer of this code open: cash of both would be counted as one's."""
    for device, epoch in _open_at(operation, currency, book):
        row = book.get(DeviceEpoch, device, epoch)
        if device != operation.device and row is not None and row.state == "living":
            yield device


def _open_at(operation: Operation, currency: str, book: Book) -> list[tuple[str, int]]:
    row = book.get(DrawerCode, operation.branch, operation.drawer, currency)
    named = (each.rpartition("/") for each in (row.open_at.split() if row is not None else ()))
    return [(device, int(epoch)) for device, _, epoch in named]


def _note_open(operation: Operation, currency: str, book: Book, *, is_open: bool) -> None:
    """Each device epoch adds and removes itself alone, so that whatever order chains are read in ends alike."""
    here = (operation.device, operation.epoch)
    others = {each for each in _open_at(operation, currency, book) if each != here}
    kept = sorted(others | {here} if is_open else others)
    open_at = " ".join(f"{device}/{epoch}" for device, epoch in kept)
    book.put(DrawerCode(operation.branch or "", operation.drawer or "", currency, open_at))


def _check_counted(decoded: Decoded[DrawerCounted] | Decoded[DrawerClosed], book: Book) -> Iterable[Refusal]:
    operation, body = decoded.operation, decoded.body
    if counts_differ(body.counts, body.counted):
        yield Refusal("counts_differ", "counts")
    expected = book.balance(operation.branch or "", drawer(operation.drawer or ""), body.currency)
    if expected != body.expected:
        yield Refusal("expected_differs", "counts", {"expected": expected, "currency": body.currency})


def _apply_opened(decoded: Decoded[DrawerOpened], book: Book) -> None:
    operation = decoded.operation
    book.put(
        Drawer(
            branch=operation.branch or "",
            drawer=operation.drawer or "",
            currency=decoded.body.currency,
            device=operation.device,
            epoch=operation.epoch,
            person=operation.actor.removeprefix("staff:"),
            state="open",
            business_date=operation.business_date or "",
            opened_by=operation.id,
            counted=None,
        )
    )
    _note_open(operation, decoded.body.currency, book, is_open=True)


def _apply_counted(decoded: Decoded[DrawerCounted], book: Book) -> None:
    _change(decoded.operation, decoded.body.currency, "open", decoded.body.counted, book)


def _apply_closed(decoded: Decoded[DrawerClosed], book: Book) -> None:
    _change(decoded.operation, decoded.body.currency, "closed", decoded.body.counted, book)
    _note_open(decoded.operation, decoded.body.currency, book, is_open=False)


def _change(operation: Operation, currency: str, state: str, counted: int, book: Book) -> None:
    row = drawer_here(operation, currency, book)
    if row is not None:
        book.put(msgspec.structs.replace(row, state=state, counted=counted))


def _check_vault(decoded: Decoded[VaultFunded] | Decoded[VaultReturned], book: Book) -> Iterable[Refusal]:
    body = decoded.body
    if counts_differ(body.counts, body.amount):
        yield Refusal("counts_differ", "counts")
    if isinstance(body, VaultReturned):
        held = book.balance(decoded.operation.branch or "", VAULT, body.currency)
        if held < body.amount:
            yield Refusal("vault_short", "amount", {"held": held, "currency": body.currency})


def _differs(decoded: Decoded[DrawerClosed], _book: Book) -> bool:
    """A drawer that is over or short is closed by two people."""
    return decoded.body.counted != decoded.body.expected


def _touches_day(operation: Operation, _body: Body) -> Iterable[Key]:
    yield Day, (operation.device, operation.epoch, operation.business_date)


def _touches_drawer(operation: Operation, body: DrawerOpened | DrawerCounted | DrawerClosed) -> Iterable[Key]:
    yield Drawer, (operation.branch, operation.drawer, body.currency, operation.device, operation.epoch)
    yield DrawerCode, (operation.branch, operation.drawer, body.currency)
    yield LedgerBalance, (operation.branch or "", drawer(operation.drawer or ""), body.currency)


def _apply_day_opened(decoded: Decoded[DayOpened], book: Book) -> None:
    _apply_day("open", decoded, book)


def _apply_day_closed(decoded: Decoded[DayClosed], book: Book) -> None:
    _apply_day("closed", decoded, book)


KINDS = (
    Kind(
        name="day.opened",
        version=1,
        body=DayOpened,
        signers=BY_STAFF,
        check=_check_day_opened,
        apply=_apply_day_opened,
        touches=_touches_day,
    ),
    Kind(
        name="day.closed",
        version=1,
        body=DayClosed,
        signers=BY_STAFF,
        check=_check_day_closed,
        apply=_apply_day_closed,
        touches=_touches_day,
        needs_day=True,
    ),
    Kind(
        name="drawer.opened",
        version=1,
        body=DrawerOpened,
        signers=BY_STAFF,
        entries=_opened_entries,
        check=_check_drawer_opened,
        apply=_apply_opened,
        touches=_touches_drawer,
        needs_day=True,
    ),
    Kind(
        name="drawer.counted",
        version=1,
        body=DrawerCounted,
        signers=BY_STAFF,
        check=_check_counted,
        apply=_apply_counted,
        touches=_touches_drawer,
        needs_day=True,
        needs_drawer=True,
    ),
    Kind(
        name="drawer.closed",
        version=1,
        body=DrawerClosed,
        signers=BY_STAFF,
        entries=_closed_entries,
        check=_check_counted,
        apply=_apply_closed,
        touches=_touches_drawer,
        second_person=_differs,
        needs_day=True,
        needs_drawer=True,
    ),
    Kind(
        name="vault.funded",
        version=1,
        body=VaultFunded,
        signers=BY_STAFF,
        roles=frozenset({SUPERVISOR}),
        entries=_funded_entries,
        check=_check_vault,
        needs_day=True,
    ),
    Kind(
        name="vault.returned",
        version=1,
        body=VaultReturned,
        signers=BY_STAFF,
        roles=frozenset({SUPERVISOR}),
        entries=_returned_entries,
        check=_check_vault,
        needs_day=True,
    ),
)
