"""Visiting customers: an account's file is lent to one device of another branch, and given back.

The centre lends it on the chain of the branch that keeps the account, so both branches hear of it. What a teller there
needs travels with it: figures in the body, who the customer is in a record, and the sessions that are open on that
device, so that the keeping branch can verify what is done there.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal

import msgspec
from nacl.signing import VerifyKey

from core.book import Book, Key
from core.book.rows import (
    Branch,
    Customer,
    DepositAccount,
    DeviceEpoch,
    Iban,
    LentFile,
    ProfileValue,
    Session,
    StaffKey,
    Visiting,
)
from core.canonical import from_base64url
from core.envelope import Operation, check_signature, read_operation
from core.errors import IntegrityFault, Refusal
from core.operations.accounts import IbanText
from core.operations.customers import FieldName
from core.operations.kind import (
    BY_CENTRE,
    AmountOrZero,
    Body,
    Currency,
    Decoded,
    Digest,
    Identifier,
    Instant,
    Kind,
    ShortCode,
    Signer,
)
from core.operations.lending import loan_of, reaches_device, reaches_keeper
from core.operations.money import is_centres
from core.operations.sessions import SessionOpened, key_thumbprint, note_session, verify_opening

SESSIONS_MAX = 12
"""The most sessions that are open on a device to which a file is lent."""

LENT_FIELDS: tuple[FieldName, ...] = ("given_name", "family_name", "born_on", "street", "postcode", "city")
"""What a teller elsewhere is told of a customer: enough to know them by."""

_OLDEST = "0000000000000-0000-centre"
"""The stamp of what was lent: whoever knows the customer's own values knows better."""

_NOBODY = "-"
"""Who decides on the identity of a customer whose file is a lent one: nobody here (no device can be called so)."""

_OPENING = "session.opened"

Epoch = Annotated[int, msgspec.Meta(ge=1, le=10**6)]
Day = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")]
Posted = Annotated[int, msgspec.Meta(ge=-(2**53) + 1, le=2**53 - 1)]
SessionText = Annotated[str, msgspec.Meta(max_length=8192)]


class FileLent(Body, frozen=True):
    """The account, which this branch keeps, is lent to that device epoch of another branch until `until`.

    `posted` is what it holds and `overdraft_limit` its limit, in minor units, as of the operation; `record` has the
    customer's `fields`; `sessions` are the texts of every `session.opened` that is not closed on that device.
    """

    account: Identifier
    customer: Identifier
    iban: IbanText
    product: ShortCode
    opened_on: Day
    currency: Currency
    posted: Posted
    overdraft_limit: AmountOrZero
    kyc: Literal["pending", "approved", "refused"]
    registered_on: Day
    device: ShortCode
    epoch: Epoch
    until: Instant
    fields: tuple[FieldName, ...]
    record: Digest | None
    sessions: Annotated[tuple[SessionText, ...], msgspec.Meta(max_length=SESSIONS_MAX)]


class FileReturned(Body, frozen=True):
    """The loan of that name (its `file.lent`) has ended, by the device or by the centre."""

    account: Identifier
    device: ShortCode
    epoch: Epoch
    loan: Identifier


def _opened(body: FileLent) -> list[Decoded[SessionOpened]]:
    from core.operations import rules

    return [rules.decode(read_operation(text)) for text in body.sessions]


def _verify_lent(decoded: Decoded[FileLent], book: Book) -> None:
    """The sessions inside were opened on that device, by it and by their people: the centre can make none up.

    Raises `IntegrityFault`: `device_unknown`, `session_of_another`, and what verifying signatures raises.
    """
    body = decoded.body
    device = book.get(DeviceEpoch, body.device, body.epoch)
    if device is None:
        raise IntegrityFault("device_unknown", body.device)
    for inside in _opened(body):
        operation = inside.operation
        made_there = (operation.device, operation.epoch, operation.branch) == (body.device, body.epoch, device.branch)
        if not made_there or inside.kind.name != _OPENING or inside.signed.kid != device.kid:
            raise IntegrityFault("session_of_another", operation.device)
        check_signature(inside.signed.jws, VerifyKey(from_base64url(device.public_key)))
        staff_key = book.get(StaffKey, inside.body.staff_key)
        if staff_key is not None:
            verify_opening(inside, staff_key)


def _check_lent(decoded: Decoded[FileLent], book: Book) -> Iterable[Refusal]:
    body = decoded.body
    account = book.get(DepositAccount, body.account)
    if account is None or account.branch != decoded.operation.branch:
        yield Refusal("account_unknown", "account")
        return
    if account.state != "open":
        yield Refusal("account_closed", "account")
    elif account.closings:
        yield Refusal("account_closing", "account")
    elif account.freezes:
        yield Refusal("account_frozen", "account")
    device = book.get(DeviceEpoch, body.device, body.epoch)
    if device is None or device.state != "living":
        yield Refusal("device_revoked", "device")
        return
    if device.branch == account.branch:
        yield Refusal("visit_not_needed", "account")
    visited = book.get(Branch, device.branch)
    if visited is None or visited.currency != account.currency:
        yield Refusal("currency_differs", "account", {"account": account.currency})


def _lend(decoded: Decoded[FileLent], book: Book) -> None:
    body, operation = decoded.body, decoded.operation
    device = book.get(DeviceEpoch, body.device, body.epoch)
    keeper, visited = operation.branch or "", (device.branch if device is not None else None) or ""
    book.put(
        LentFile(body.account, body.device, body.epoch, keeper, visited, operation.id, operation.at, body.until, None)
    )
    known = book.get(Visiting, body.device, body.epoch)
    branches = {keeper, *(known.branches.split() if known is not None else ())}
    book.put(Visiting(body.device, body.epoch, " ".join(sorted(branches))))
    for inside in _opened(body):
        # Without the person's key their signature was not looked at, and nobody is taken on trust.
        if book.get(StaffKey, inside.body.staff_key) is not None:
            note_session(inside, book)
    _copy(decoded, book)
    account = book.get(DepositAccount, body.account)
    if account is not None:
        book.put(msgspec.structs.replace(account, lent_to=visited))


def _copy(decoded: Decoded[FileLent], book: Book) -> None:
    """Where the customer is not at home, the file is what was lent; where they are, it is known better."""
    body, operation = decoded.body, decoded.operation
    customer = book.get(Customer, body.customer)
    if customer is not None and customer.kyc_keeper != _NOBODY:
        return
    keeper = operation.branch or ""
    book.put(Customer(body.customer, keeper, body.registered_on, body.kyc, 0, _NOBODY, None))
    if body.record is not None:
        for field in body.fields:
            book.put(ProfileValue(body.customer, field, operation.id, _OLDEST, body.record))
    known = book.get(DepositAccount, body.account)
    book.put(
        DepositAccount(
            id=body.account,
            branch=keeper,
            currency=body.currency,
            customer=body.customer,
            product=body.product,
            iban=body.iban,
            opened_on=body.opened_on,
            state="open",
            posted=body.posted,
            rights=known.rights if known is not None else 0,
            overdraft_limit=body.overdraft_limit,
            holds=0,
            freezes=0,
            limit_target=body.overdraft_limit,
        )
    )
    book.put(Iban(body.iban, body.account))


def _borrower(decoded: Decoded[FileReturned]) -> tuple[str, int]:
    """The centre ends any loan, a device its own."""
    if is_centres(decoded.operation):
        return decoded.body.device, decoded.body.epoch
    return decoded.operation.device, decoded.operation.epoch


def _check_returned(decoded: Decoded[FileReturned], book: Book) -> Iterable[Refusal]:
    body = decoded.body
    loan = loan_of(body.account, *_borrower(decoded), book)
    if loan is None or loan.lent_by != body.loan or (body.device, body.epoch) != _borrower(decoded):
        yield Refusal("file_not_lent", "account")
    elif loan.ended_by is not None:
        yield Refusal("visit_ended", "account", {"branch": loan.branch})


def _return(decoded: Decoded[FileReturned], book: Book) -> None:
    """Device and centre may end it at once: the older of the two stays, in whatever order they are heard of."""
    body, identifier = decoded.body, decoded.operation.id
    loan = loan_of(body.account, *_borrower(decoded), book)
    if loan is None or loan.lent_by != body.loan:
        return
    book.put(msgspec.structs.replace(loan, ended_by=min(loan.ended_by or identifier, identifier)))
    account = book.get(DepositAccount, body.account)
    if account is not None and loan.ended_by is None:
        book.put(msgspec.structs.replace(account, lent_to=""))


def _touches_lent(_operation: Operation, body: FileLent) -> Iterable[Key]:
    yield DeviceEpoch, (body.device, body.epoch)
    yield DepositAccount, (body.account,)
    yield Customer, (body.customer,)
    yield LentFile, (body.account, body.device, body.epoch)
    yield Visiting, (body.device, body.epoch)
    for inside in _opened(body):
        if inside.kind.name == _OPENING:
            yield StaffKey, (inside.body.staff_key,)
            yield Session, (key_thumbprint(inside.body.session_key),)


def _touches_returned(operation: Operation, body: FileReturned) -> Iterable[Key]:
    yield DeviceEpoch, (body.device, body.epoch)
    yield DepositAccount, (body.account,)
    yield LentFile, (body.account, body.device, body.epoch)
    yield LentFile, (body.account, operation.device, operation.epoch)


def _reaches_both(decoded: Decoded[FileReturned], book: Book) -> Iterable[str]:
    return (reaches_device if is_centres(decoded.operation) else reaches_keeper)(decoded, book)


KINDS = (
    Kind(
        name="file.lent",
        version=1,
        body=FileLent,
        signers=BY_CENTRE,
        check=_check_lent,
        verify=_verify_lent,
        apply=_lend,
        touches=_touches_lent,
        reaches=reaches_device,
    ),
    Kind(
        name="file.returned",
        version=1,
        body=FileReturned,
        signers=frozenset({Signer.CENTRE, Signer.STAFF, Signer.DEVICE}),
        check=_check_returned,
        apply=_return,
        touches=_touches_returned,
        reaches=_reaches_both,
    ),
)
