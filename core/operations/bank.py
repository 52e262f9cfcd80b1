"""What the centre says for the whole bank: the bank, its branches, devices, account-number blocks, staff and limits."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal

import msgspec

from core.book import Book, Key
from core.book.rows import Bank, Branch, DeviceEpoch, IbanBlock, Staff
from core.canonical import from_base64url, thumbprint
from core.envelope import Operation
from core.errors import Refusal
from core.money import is_currency
from core.operations.kind import (
    BY_CENTRE,
    AmountOrZero,
    Body,
    Currency,
    Decoded,
    Digest,
    Kind,
    PublicKey,
    ShortCode,
    Words,
)

CODE_LENGTH_MAX = 32
RESERVED_CODES = frozenset({"bank", "centre"})
"""Names of the bank-wide feed and chain, which no branch may take."""

Country = Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{2}\Z")]
AccountNumber = Annotated[int, msgspec.Meta(ge=0, le=10**12)]
Role = Literal["teller", "supervisor"]


class BankFounded(Body, frozen=True):
    """The bank's name, country and codes, and the centre's own key."""

    name: Words
    country: Country
    bank_code: Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Z]{2,10}\Z")]
    bic: Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{6}[0-9A-Z]{2}([0-9A-Z]{3})?\Z")]
    currency: Currency
    centre_key: PublicKey


class BranchFounded(Body, frozen=True):
    """A branch is opened for business."""

    branch: ShortCode
    name: Words
    address: Words
    currency: Currency


class DeviceEnrolled(Body, frozen=True):
    """A person at the centre trusts the device's key: an epoch of its chain begins."""

    device: ShortCode
    epoch: Annotated[int, msgspec.Meta(ge=1, le=10**6)]
    branch: ShortCode
    purpose: Literal["desktop", "kiosk"]
    key: PublicKey


class DeviceRevoked(Body, frozen=True):
    """The device's epoch ends at the head that the centre had seen."""

    device: ShortCode
    epoch: Annotated[int, msgspec.Meta(ge=1, le=10**6)]
    head_seq: Annotated[int, msgspec.Meta(ge=0)]


class IbanBlockLeased(Body, frozen=True):
    """Account numbers `first` to `last` belong to that device epoch, and never to another."""

    device: ShortCode
    epoch: Annotated[int, msgspec.Meta(ge=1, le=10**6)]
    first: AccountNumber
    last: AccountNumber


class StaffAdmitted(Body, frozen=True):
    """A person works at a branch in a role; their name stands in the record that `record` names."""

    person: ShortCode
    branch: ShortCode
    role: Role
    currency: Currency
    approval_limit: AmountOrZero
    record: Digest


class StaffChanged(Body, frozen=True):
    """The person's branch, role or limit is another from here on."""

    person: ShortCode
    branch: ShortCode
    role: Role
    currency: Currency
    approval_limit: AmountOrZero


class StaffSuspended(Body, frozen=True):
    """The person may not act until reinstated."""

    person: ShortCode


class StaffReinstated(Body, frozen=True):
    """The person may act again."""

    person: ShortCode


def _found_bank(decoded: Decoded[BankFounded], book: Book) -> None:
    body, operation = decoded.body, decoded.operation
    book.put(Bank("bank", body.name, body.country, body.bank_code, body.bic, body.currency, body.centre_key))
    if book.get(DeviceEpoch, operation.device, operation.epoch) is None:
        kid = thumbprint(from_base64url(body.centre_key))
        book.put(DeviceEpoch(operation.device, operation.epoch, None, "centre", kid, body.centre_key, "living"))


def _check_bank(decoded: Decoded[BankFounded], book: Book) -> Iterable[Refusal]:
    if book.get(Bank, "bank") is not None:
        yield Refusal("bank_founded_already")
    yield from _check_currency(decoded.body.currency)


def _check_currency(currency: str) -> Iterable[Refusal]:
    if not is_currency(currency):
        yield Refusal("currency_unknown", "currency", {"currency": currency})


def centre_chain(branch: str | None) -> str:
    """The device code of the centre's own chain for a branch, or of its bank-wide one."""
    return "centre" if branch is None else f"centre-{branch}"


def _found_branch(decoded: Decoded[BranchFounded], book: Book) -> None:
    """A branch, and the centre's own chain for it."""
    body, operation = decoded.body, decoded.operation
    book.put(Branch(body.branch, body.name, body.address, body.currency))
    bank = book.get(Bank, "bank")
    chain = centre_chain(body.branch)
    if bank is not None and book.get(DeviceEpoch, chain, operation.epoch) is None:
        kid = thumbprint(from_base64url(bank.centre_key))
        book.put(DeviceEpoch(chain, operation.epoch, body.branch, "centre", kid, bank.centre_key, "living"))


def _enrol(decoded: Decoded[DeviceEnrolled], book: Book) -> None:
    """The first key of an epoch stays its key: nobody, not the centre, puts another in its place."""
    body = decoded.body
    if book.get(DeviceEpoch, body.device, body.epoch) is not None:
        return
    kid = thumbprint(from_base64url(body.key))
    book.put(DeviceEpoch(body.device, body.epoch, body.branch, body.purpose, kid, body.key, "living"))


def _check_enrolled(decoded: Decoded[DeviceEnrolled], book: Book) -> Iterable[Refusal]:
    body = decoded.body
    if body.device == centre_chain(None) or body.device.startswith(centre_chain("")):
        yield Refusal("device_code_of_centre", "device")
    if book.get(DeviceEpoch, body.device, body.epoch) is not None:
        yield Refusal("device_epoch_taken", "device")
    if book.get(Branch, body.branch) is None:
        yield Refusal("branch_unknown", "branch")


def _revoke(decoded: Decoded[DeviceRevoked], book: Book) -> None:
    device = book.get(DeviceEpoch, decoded.body.device, decoded.body.epoch)
    if device is not None and device.state == "living":
        book.put(msgspec.structs.replace(device, state="revoked", head_seq=decoded.body.head_seq))


def _check_revoked(decoded: Decoded[DeviceRevoked], book: Book) -> Iterable[Refusal]:
    device = book.get(DeviceEpoch, decoded.body.device, decoded.body.epoch)
    if device is not None and device.purpose == "centre":
        yield Refusal("device_code_of_centre", "device")
    if device is not None and device.state != "living":
        yield Refusal("device_revoked_already", "device")


def _lease(decoded: Decoded[IbanBlockLeased], book: Book) -> None:
    body = decoded.body
    book.put(IbanBlock(body.first, body.last, body.device, body.epoch))


def _check_branch(decoded: Decoded[BranchFounded], book: Book) -> Iterable[Refusal]:
    if book.get(Branch, decoded.body.branch) is not None:
        yield Refusal("branch_code_taken", "branch")
    if decoded.body.branch in RESERVED_CODES:
        yield Refusal("branch_code_reserved", "branch")
    if len(centre_chain(decoded.body.branch)) > CODE_LENGTH_MAX:
        yield Refusal("branch_code_too_long", "branch")
    yield from _check_currency(decoded.body.currency)


def _check_lease(decoded: Decoded[IbanBlockLeased], book: Book) -> Iterable[Refusal]:
    body = decoded.body
    if body.last < body.first or book.get(IbanBlock, body.first) is not None:
        yield Refusal("block_taken")


def _admit(decoded: Decoded[StaffAdmitted], book: Book) -> None:
    body = decoded.body
    book.put(Staff(body.person, body.branch, body.role, body.approval_limit, body.currency, False, body.record))


def _check_admitted(decoded: Decoded[StaffAdmitted], book: Book) -> Iterable[Refusal]:
    if book.get(Staff, decoded.body.person) is not None:
        yield Refusal("staff_code_taken", "person")
    if book.get(Branch, decoded.body.branch) is None:
        yield Refusal("branch_unknown", "branch")
    yield from _check_currency(decoded.body.currency)


def _change(decoded: Decoded[StaffChanged], book: Book) -> None:
    body = decoded.body
    person = book.get(Staff, body.person)
    if person is not None:
        book.put(
            msgspec.structs.replace(
                person,
                branch=body.branch,
                role=body.role,
                approval_limit=body.approval_limit,
                currency=body.currency,
            )
        )


def _suspend(decoded: Decoded[StaffSuspended], book: Book) -> None:
    _set_suspended(decoded.body.person, True, book)


def _reinstate(decoded: Decoded[StaffReinstated], book: Book) -> None:
    _set_suspended(decoded.body.person, False, book)


def _set_suspended(code: str, suspended: bool, book: Book) -> None:
    person = book.get(Staff, code)
    if person is not None:
        book.put(msgspec.structs.replace(person, suspended=suspended))


def _check_known(
    decoded: Decoded[StaffChanged] | Decoded[StaffSuspended] | Decoded[StaffReinstated], book: Book
) -> Iterable[Refusal]:
    if book.get(Staff, decoded.body.person) is None:
        yield Refusal("staff_unknown", "person")


def _touches_device(_operation: Operation, body: DeviceEnrolled | DeviceRevoked) -> Iterable[Key]:
    yield DeviceEpoch, (body.device, body.epoch)


def _touches_person(
    _operation: Operation, body: StaffAdmitted | StaffChanged | StaffSuspended | StaffReinstated
) -> Iterable[Key]:
    yield Staff, (body.person,)


KINDS = (
    Kind(
        name="bank.founded",
        version=1,
        body=BankFounded,
        signers=BY_CENTRE,
        check=_check_bank,
        apply=_found_bank,
        bank_wide=True,
    ),
    Kind(
        name="branch.founded",
        version=1,
        body=BranchFounded,
        signers=BY_CENTRE,
        check=_check_branch,
        apply=_found_branch,
        bank_wide=True,
    ),
    Kind(
        name="device.enrolled",
        version=1,
        body=DeviceEnrolled,
        signers=BY_CENTRE,
        check=_check_enrolled,
        apply=_enrol,
        touches=_touches_device,
        bank_wide=True,
    ),
    Kind(
        name="device.revoked",
        version=1,
        body=DeviceRevoked,
        signers=BY_CENTRE,
        check=_check_revoked,
        apply=_revoke,
        touches=_touches_device,
        bank_wide=True,
    ),
    Kind(
        name="iban_block.leased",
        version=1,
        body=IbanBlockLeased,
        signers=BY_CENTRE,
        check=_check_lease,
        apply=_lease,
        bank_wide=True,
    ),
    Kind(
        name="staff.admitted",
        version=1,
        body=StaffAdmitted,
        signers=BY_CENTRE,
        check=_check_admitted,
        apply=_admit,
        touches=_touches_person,
        bank_wide=True,
    ),
    Kind(
        name="staff.changed",
        version=1,
        body=StaffChanged,
        signers=BY_CENTRE,
        check=_check_known,
        apply=_change,
        touches=_touches_person,
        bank_wide=True,
    ),
    Kind(
        name="staff.suspended",
        version=1,
        body=StaffSuspended,
        signers=BY_CENTRE,
        check=_check_known,
        apply=_suspend,
        touches=_touches_person,
        bank_wide=True,
    ),
    Kind(
        name="staff.reinstated",
        version=1,
        body=StaffReinstated,
        signers=BY_CENTRE,
        check=_check_known,
        apply=_reinstate,
        touches=_touches_person,
        bank_wide=True,
    ),
)
