"""Papers made from what is in the device's file: an account's statement, and a receipt printed again."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

from sqlalchemy import Connection

import resources
from core.documents.receipt import Receipt, ReceiptKind, ReceiptStatus
from core.documents.statement import CoveredHead, Statement, StatementLine
from core.documents.typefaces import Typefaces, typefaces_in
from core.errors import EnvironmentProblem
from core.store.queries.accounts import ActivityKey, ActivityLine, account_activity, account_summary
from core.store.queries.customers import customer_file
from core.store.queries.journal import OperationDetail, operation_detail
from core.store.queries.people import bank, branches
from core.store.queries.statements import statement_data
from desktop.desk import Place
from desktop.teller.customers.columns import activity_text
from desktop.teller.customers.profile import countries
from desktop.teller.saying import product_name, reference

_PAGE = 200
_RECEIPTS = {
    "cash.deposited": ReceiptKind.DEPOSIT,
    "cash.withdrawn": ReceiptKind.WITHDRAWAL,
    "transfer.made": ReceiptKind.TRANSFER,
    "transfer.sent": ReceiptKind.TRANSFER,
}
RECEIPT_KINDS = frozenset(_RECEIPTS)
"""The operations that a customer is given a receipt for."""


def paper_typefaces() -> Typefaces:
    """The typefaces of paper, which are those of the screen."""
    return typefaces_in(resources.font_path("Inter-Regular.ttf").parent)


def statement_of(
    connection: Connection, place: Place, account: str, first: date, last: date, *, made_at: str, made_by: str
) -> Statement | None:
    """The account's statement for a period (business dates, inclusive); None if the account is not here."""
    data = statement_data(connection, account, first, last)
    if data is None:
        return None
    file = customer_file(connection, data.account.customer)
    profile = file.profile if file else {}
    country = profile.get("country", "")
    town = " ".join(part for part in (profile.get("postcode"), profile.get("city")) if part)
    address = (profile.get("street", ""), town, countries(place.locale).get(country, country))
    named = bank(connection)
    kept_at = next((branch for branch in branches(connection) if branch.code == data.account.branch), None)
    return Statement(
        bank_name=named.name if named else place.bank_name,
        bank_address=(kept_at.address,) if kept_at else (),
        branch=kept_at.name if kept_at else place.branch_name,
        customer_name=file.name if file else data.account.holder,
        customer_address=tuple(line for line in address if line),
        customer_number=reference(data.account.customer),
        iban=data.account.iban,
        bic=named.bic if named else "",
        product=product_name(data.account.product),
        currency=data.account.currency,
        period_from=data.first,
        period_to=data.last,
        opening_balance_minor=data.opening,
        closing_balance_minor=data.closing,
        lines=tuple(_statement_line(line) for line in data.lines),
        heads=tuple(CoveredHead(end.device, end.epoch, end.seq, end.hash) for end in data.heads if end.hash),
        made_at=made_at,
        made_by=made_by,
        made_on_device=place.desk_name,
    )


def _statement_line(line: ActivityLine) -> StatementLine:
    return StatementLine(
        booking_date=line.booked_on,
        value_date=line.value_on,
        reference=reference(line.operation),
        counterparty=line.other_party,
        text=activity_text(line, with_counterparty=False),
        amount_minor=line.amount,
        balance_minor=line.balance,
        booked_late=line.booked_on > line.value_on,
    )


def reprinted_receipt(connection: Connection, place: Place, operation: str) -> Receipt | None:
    """The receipt that was given then, marked as a reprint, with how far the operation has come since.

    None for what no receipt is given for.
    """
    detail = operation_detail(connection, operation)
    if detail is None or detail.line.kind not in _RECEIPTS or detail.line.account is None:
        return None
    line = detail.line
    account = account_summary(connection, detail.line.account)
    moved = _movement(connection, detail.line.account, operation)
    if account is None or moved is None:
        return None
    kept_at = next((branch for branch in branches(connection) if branch.code == place.branch), None)
    return Receipt(
        bank_name=place.bank_name,
        branch=kept_at.name if kept_at else place.branch_name,
        device=line.note.device,
        drawer=line.drawer or "",
        teller=line.note.person or "",
        kind=_RECEIPTS[line.kind],
        amount_minor=line.amount or 0,
        currency=account.currency,
        iban=account.iban,
        balance_minor=moved.balance,
        balance_as_of=line.note.at,
        made_at=line.note.at,
        operation_id=operation,
        seq=line.note.seq,
        hash=detail.hash,
        status=ReceiptStatus.QUEUED if line.state == "queued" else ReceiptStatus.RECORDED,
        to_iban=_to_iban(detail, moved),
        customer_name=line.customer_name or account.holder,
        text=detail.details.get("narrative") or detail.details.get("remittance") or "",
        to_name=detail.details.get("payee_name") or moved.counterpart_name or "",
        reprint=True,
    )


def _to_iban(detail: OperationDetail, moved: ActivityLine) -> str:
    return detail.details.get("payee_iban") or moved.counterpart_iban or ""


def _movement(connection: Connection, account: str, operation: str) -> ActivityLine | None:
    """The movement of that operation, with the balance that it left in order of arrival."""
    after: ActivityKey | None = None
    while True:
        page = account_activity(connection, account, limit=_PAGE, after=after)
        found = next((line for line in page.lines if line.operation == operation), None)
        if found is not None or page.next_key is None:
            return found
        after = page.next_key


def save_paper(folder: Path, name: str, pdf: bytes) -> Path:
    """Write a paper whole or not at all. Raises `EnvironmentProblem` (`paper_not_saved`)."""
    target = folder / name
    beside = folder / f".{name}.{os.getpid()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        beside.write_bytes(pdf)
        beside.replace(target)
    except OSError as problem:
        beside.unlink(missing_ok=True)
        message = (
            f"The paper can't be saved in {folder}: {problem.strerror or problem}. Free some space or ask for access."
        )
        raise EnvironmentProblem(message, code="paper_not_saved") from problem
    return target
