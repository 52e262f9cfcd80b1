"""The customer's receipt: laid out, written where the desk keeps its papers, and handed to the system's viewer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QStandardPaths, QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication

from core.clock import instant
from core.documents.receipt import Receipt, ReceiptKind, ReceiptStatus, render_receipt
from core.documents.typefaces import typefaces_in
from core.errors import EnvironmentProblem
from core.store.queries.journal import OperationDetail
from desktop.desk import Desk
from desktop.teller.money.facts import CounterFacts
from desktop.teller.money.order import Order
from desktop.teller.saying import zone_at
from resources import font_path

OpenFile = Callable[[Path], bool]
_SCREENLESS = {"offscreen", "minimal"}


def receipts_folder() -> Path:
    """Where receipts are kept if nothing else was said: among the documents of whoever runs the program."""
    documents = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
    return Path(documents) / "Counterfoil" / "receipts"


def open_with_viewer(path: Path) -> bool:
    """Show a paper in the system's viewer, from where it is printed; where there is no screen nothing is shown."""
    if QGuiApplication.platformName() in _SCREENLESS:
        return False
    return QDesktopServices.openUrl(QUrl.fromLocalFile(str(path)))


def receipt_of(
    kind: ReceiptKind, order: Order, made: OperationDetail, facts: CounterFacts, desk: Desk, *, reprint: bool
) -> Receipt:
    """What stands on the receipt: the operation as signed, and the balance as it is known here."""
    note = made.line.note
    as_of = desk.line_status.balances_as_of
    known_at = instant(int(as_of.timestamp()) * 1000) if as_of is not None else note.at
    queued = made.line.state == "queued"
    return Receipt(
        bank_name=desk.place.bank_name,
        branch=desk.place.branch_name,
        device=desk.place.desk_name,
        drawer=made.line.drawer or "",
        teller=desk.person_name,
        kind=kind,
        amount_minor=order.amount.minor,
        currency=order.amount.currency,
        iban=facts.account.iban,
        balance_minor=facts.account.posted,
        balance_as_of=known_at,
        made_at=note.at,
        operation_id=made.line.operation,
        seq=note.seq,
        hash=made.hash,
        status=ReceiptStatus.QUEUED if queued else ReceiptStatus.RECORDED,
        to_iban=order.to_iban,
        to_name=order.to_name,
        customer_name=made.line.customer_name or facts.account.holder,
        text=made.details.get("narrative") or made.details.get("remittance") or "",
        reprint=reprint,
    )


def write_receipt(receipt: Receipt, folder: Path, locale: str) -> Path:
    """Write the PDF and answer its path. Raises `EnvironmentProblem`. Not for the UI thread."""
    typefaces = typefaces_in(font_path("Inter-Regular.ttf").parent)
    document = render_receipt(receipt, typefaces, locale, zone=zone_at(receipt.made_at))
    path = folder / f"receipt-{receipt.operation_id}{'-copy' if receipt.reprint else ''}.pdf"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.write_bytes(document.pdf)
    except OSError as problem:
        raise EnvironmentProblem(
            f"The receipt can't be written to {folder}: {problem.strerror}. Free some space or choose another folder.",
            code="receipt_not_written",
        ) from problem
    return path
