"""Lending an account's file to a device of another branch, where its customer visits, and taking it back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from core.book.rows import Customer, DepositAccount, DeviceEpoch, Iban, LentFile
from core.clock import instant
from core.errors import Refusal, Refused
from core.ids import Randomness
from core.operations.lending import loan_of
from core.operations.visits import LENT_FIELDS, SESSIONS_MAX, FileLent, FileReturned
from core.records import make_record, read_record
from sync_server.centre.incarnations import RECOVERING
from sync_server.centre.issue import Centre, issue
from sync_server.centre.rights import wait_for_grant
from sync_server.policies import VISIT_MS
from sync_server.store.home import CentreBook, Home
from sync_server.store.incarnations import is_recovering


@dataclass(frozen=True, slots=True)
class Visit:
    """What was lent: the account, and where the loan stands in the feed of the device's branch."""

    account: str
    position: int


def lend_file(home: Home, centre: Centre, randomness: Randomness, device: DeviceEpoch, iban: str) -> Visit | Refusal:
    """Lend the account of that IBAN to the device. Whoever else has it gives it up; a loan that is running begins anew.

    Refusals: `account_unknown`, `visit_not_needed` (the device's own branch keeps it), `visit_refused` (the account is
    frozen, closed or being closed; `detail` says why), `too_many_grants`, `centre_recovering`.
    """
    # In the order of locks: what signs in there meanwhile is either told with the loan or heard of afterwards.
    home.lock_chain((device.device, device.epoch))
    found = home.book(locking=False).get(Iban, iban)
    if found is None:
        return Refusal("account_unknown", "iban")
    book = home.book()
    account = book.get(DepositAccount, found.account)
    if account is None or account.state == "unknown":
        return Refusal("account_unknown", "iban")
    if account.branch == device.branch:
        return Refusal("visit_not_needed", "iban")
    if is_recovering(home.incarnations):
        return Refusal(RECOVERING)
    wait_ms = wait_for_grant(home, centre, device)
    if wait_ms:
        return Refusal("too_many_grants", detail={"retry_after_ms": wait_ms})
    records, body = _body(home, centre, randomness, device, account, book)
    if body is None:
        return Refusal("visit_refused", "iban", {"why": "sessions_too_many"})
    for loan in home.lookups.loans_of(account.id):
        if (loan.device, loan.epoch) != (device.device, device.epoch):
            _end(home, centre, loan, book)
    try:
        issued = issue(home, centre, account.branch, body, book=book, records=records)
    except Refused as refused:
        return Refusal("visit_refused", "iban", {"why": refused.refusal.code})
    return Visit(account.id, issued.positions[device.branch or ""])


def take_back(home: Home, centre: Centre, loan: LentFile) -> bool:
    """End a loan whose time is up, whose device is gone or whose account is not in order; False if it has ended."""
    book = home.book()
    account = book.get(DepositAccount, loan.account)
    now = loan_of(loan.account, loan.device, loan.epoch, book)
    if account is None or now is None or now.ended_by is not None or now.lent_by != loan.lent_by:
        return False
    _end(home, centre, now, book)
    return True


def _end(home: Home, centre: Centre, loan: LentFile, book: CentreBook) -> None:
    body = FileReturned(account=loan.account, device=loan.device, epoch=loan.epoch, loan=loan.lent_by)
    issue(home, centre, loan.branch, body, book=book)


def _body(
    home: Home, centre: Centre, randomness: Randomness, device: DeviceEpoch, account: DepositAccount, book: CentreBook
) -> tuple[Mapping[str, bytes], FileLent | None]:
    """What is lent, with the record of who the customer is; no body where too many are signed in there."""
    customer = book.get(Customer, account.customer)
    sessions = home.lookups.open_sessions((device.device, device.epoch))
    if customer is None or len(sessions) > SESSIONS_MAX:
        return {}, None
    profile = _profile(home, account.customer)
    digest, data = make_record(profile, randomness) if profile else (None, b"")
    texts = (book.operation(session.opened_by) for session in sessions)
    body = FileLent(
        account=account.id,
        customer=account.customer,
        iban=account.iban,
        product=account.product,
        opened_on=account.opened_on,
        currency=account.currency,
        posted=account.posted,
        overdraft_limit=account.overdraft_limit,
        kyc=customer.kyc,  # type: ignore[arg-type]
        registered_on=customer.registered_on,
        device=device.device,
        epoch=device.epoch,
        until=instant(centre.clock.now_ms() + VISIT_MS),
        fields=tuple(field for field in LENT_FIELDS if field in profile),
        record=digest,
        sessions=tuple(text for text in texts if text is not None),
    )
    return ({digest: data} if digest is not None else {}), body


def _profile(home: Home, customer: str) -> dict[str, str]:
    """The customer's values that are lent, of those that have not been erased."""
    newest = {value.field: value.record for value in home.lookups.values_of(customer) if value.field in LENT_FIELDS}
    records = home.records(sorted(set(newest.values())))
    profile: dict[str, str] = {}
    for field, digest in newest.items():
        try:
            value = read_record(records[digest]).get(field) if digest in records else None
        except msgspec.MsgspecError:
            value = None
        if value is not None:
            profile[field] = value
    return profile
