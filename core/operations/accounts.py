"""Deposit accounts: opening under an IBAN from the device's own leased block, freezing, and lifting a named freeze."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

import msgspec

from core.book import Book, Key
from core.book.rows import Bank, Branch, Customer, DepositAccount, Freeze, Iban, IbanBlock
from core.envelope import Operation
from core.errors import IntegrityFault, Refusal
from core.iban import account_number, is_iban
from core.operations.kind import (
    BY_STAFF,
    Body,
    Currency,
    Decoded,
    Digest,
    Identifier,
    Kind,
    ShortCode,
    Signer,
)
from core.operations.money import is_centres, not_yet_known

IbanText = Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}\Z")]


class AccountOpened(Body, frozen=True):
    """A deposit account is opened; it is known by this operation's id. `block` is the first number of the block."""

    customer: Identifier
    product: ShortCode
    currency: Currency
    iban: IbanText
    block: Annotated[int, msgspec.Meta(ge=0, le=10**12)]


class AccountFrozen(Body, frozen=True):
    """Nothing leaves the account until this freeze is lifted. `reason` is a code; `details` may name a record."""

    account: Identifier
    reason: ShortCode
    details: Digest | None = None


class FreezeLifted(Body, frozen=True):
    """The named freeze is lifted; other freezes of the account stand."""

    account: Identifier
    freeze: Identifier


def _check_opened(decoded: Decoded[AccountOpened], book: Book) -> Iterable[Refusal]:
    operation, body = decoded.operation, decoded.body
    customer = book.get(Customer, body.customer)
    if customer is None:
        yield Refusal("customer_unknown", "customer")
    elif customer.branch != operation.branch:
        yield Refusal("customer_elsewhere", "customer", {"branch": customer.branch})
    elif customer.kyc != "approved":
        yield Refusal("kyc_not_approved", "customer", {"kyc": customer.kyc})
    branch = book.get(Branch, operation.branch)
    if branch is not None and branch.currency != body.currency:
        yield Refusal("currency_unknown", "currency", {"currency": body.currency})
    yield from _check_iban(operation, body, book)


def _check_iban(operation: Operation, body: AccountOpened, book: Book) -> Iterable[Refusal]:
    if not is_iban(body.iban):
        yield Refusal("iban_invalid", "iban")
        return
    if not _is_leased(operation, body, book):
        yield Refusal("iban_not_leased", "iban")
    if book.get(Iban, body.iban) is not None:
        yield Refusal("iban_taken", "iban")


def _is_leased(operation: Operation, body: AccountOpened, book: Book) -> bool:
    """Whether the number lies in a block of this device epoch's own: nobody takes a number from another."""
    bank, block = book.get(Bank, "bank"), book.get(IbanBlock, body.block)
    if bank is None or block is None or (block.device, block.epoch) != (operation.device, operation.epoch):
        return False
    number = account_number(body.iban, bank.country, bank.bank_code)
    return number is not None and block.first <= number <= block.last


def _verify_opened(decoded: Decoded[AccountOpened], book: Book) -> None:
    """Raises `IntegrityFault("account_differs")`: money came to it before it was opened, elsewhere or in another
    currency, and would become money of this branch and currency now.
    """
    operation, known = decoded.operation, book.get(DepositAccount, decoded.operation.id)
    if known is None or known.state != "unknown":
        return
    if known.branch != operation.branch or known.currency not in ("", decoded.body.currency):
        raise IntegrityFault("account_differs", known.id)


def _open(decoded: Decoded[AccountOpened], book: Book) -> None:
    operation, body = decoded.operation, decoded.body
    known = book.get(DepositAccount, operation.id)
    if known is not None and known.state != "unknown":
        return
    book.put(
        DepositAccount(
            id=operation.id,
            branch=operation.branch or "",
            currency=body.currency,
            customer=body.customer,
            product=body.product,
            iban=body.iban,
            opened_on=operation.business_date or operation.at[:10],
            state="open",
            posted=known.posted if known else 0,
            rights=known.rights if known else 0,
            overdraft_limit=0,
            holds=known.holds if known else 0,
            freezes=known.freezes if known else 0,
            closings=known.closings if known else 0,
        )
    )
    if book.get(Iban, body.iban) is None and _is_leased(operation, body, book):
        book.put(Iban(body.iban, operation.id))


def _check_frozen(decoded: Decoded[AccountFrozen], book: Book) -> Iterable[Refusal]:
    account = book.get(DepositAccount, decoded.body.account)
    if account is None or account.state == "unknown":
        yield Refusal("account_unknown", "account")


def _verify_here(decoded: Decoded[AccountFrozen] | Decoded[FreezeLifted], book: Book) -> None:
    """Raises `IntegrityFault("branch_differs")`: an account is frozen and lifted where it is kept."""
    account = book.get(DepositAccount, decoded.body.account)
    if account is not None and account.branch != decoded.operation.branch:
        raise IntegrityFault("branch_differs", account.branch)


def _freeze(decoded: Decoded[AccountFrozen], book: Book) -> None:
    operation, body = decoded.operation, decoded.body
    known = book.get(Freeze, operation.id)
    book.put(Freeze(operation.id, body.account, body.reason, known.lifted_by if known else None))
    if known is None:
        _count_freeze(operation, body.account, 1, book)


def _check_lifted(decoded: Decoded[FreezeLifted], book: Book) -> Iterable[Refusal]:
    freeze = book.get(Freeze, decoded.body.freeze)
    if freeze is None or freeze.account != decoded.body.account:
        yield Refusal("freeze_unknown", "freeze")
    elif freeze.lifted_by is not None:
        yield Refusal("freeze_already_lifted", "freeze")


def _lift(decoded: Decoded[FreezeLifted], book: Book) -> None:
    """A lift that arrives before its freeze is remembered by the freeze's id, so that both orders end alike.

    One that nobody approved lifts nothing.
    """
    body = decoded.body
    if decoded.operation.approver is None and not is_centres(decoded.operation):
        return
    known = book.get(Freeze, body.freeze)
    if known is None:
        book.put(Freeze(body.freeze, body.account, "", decoded.operation.id))
    elif known.lifted_by is None:
        book.put(msgspec.structs.replace(known, lifted_by=decoded.operation.id))
        _count_freeze(decoded.operation, body.account, -1, book)
    elif decoded.operation.id < known.lifted_by:
        # Two desks may have lifted it at once: the older of the two stays, in whatever order they are heard of.
        book.put(msgspec.structs.replace(known, lifted_by=decoded.operation.id))


def _take_back_lift(decoded: Decoded[FreezeLifted], book: Book) -> None:
    known = book.get(Freeze, decoded.body.freeze)
    if known is not None and known.lifted_by == decoded.operation.id:
        book.put(msgspec.structs.replace(known, lifted_by=None))
        _count_freeze(decoded.operation, decoded.body.account, 1, book)


def _count_freeze(operation: Operation, account_id: str, difference: int, book: Book) -> None:
    account = book.get(DepositAccount, account_id) or not_yet_known(account_id, operation.branch or "", "")
    book.put(msgspec.structs.replace(account, freezes=account.freezes + difference))


def _touches_opened(operation: Operation, body: AccountOpened) -> Iterable[Key]:
    yield Customer, (body.customer,)
    yield DepositAccount, (operation.id,)
    yield Iban, (body.iban,)
    yield IbanBlock, (body.block,)


def _touches_frozen(operation: Operation, body: AccountFrozen) -> Iterable[Key]:
    yield DepositAccount, (body.account,)
    yield Freeze, (operation.id,)


def _touches_lifted(_operation: Operation, body: FreezeLifted) -> Iterable[Key]:
    yield DepositAccount, (body.account,)
    yield Freeze, (body.freeze,)


def _always(_decoded: Decoded[FreezeLifted], _book: Book) -> bool:
    return True


KINDS = (
    Kind(
        name="account.opened",
        version=1,
        body=AccountOpened,
        signers=BY_STAFF,
        check=_check_opened,
        verify=_verify_opened,
        apply=_open,
        touches=_touches_opened,
        needs_day=True,
    ),
    Kind(
        name="account.frozen",
        version=1,
        body=AccountFrozen,
        signers=frozenset({Signer.STAFF, Signer.CENTRE}),
        check=_check_frozen,
        verify=_verify_here,
        apply=_freeze,
        touches=_touches_frozen,
    ),
    Kind(
        name="account.freeze_lifted",
        version=1,
        body=FreezeLifted,
        signers=frozenset({Signer.STAFF, Signer.CENTRE}),
        check=_check_lifted,
        verify=_verify_here,
        apply=_lift,
        take_back=_take_back_lift,
        touches=_touches_lifted,
        second_person=_always,
    ),
)
