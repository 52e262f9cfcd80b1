"""The counter's receipt on an 80 mm roll: what was done, by whom, and where the operation stands on its way."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, tzinfo
from enum import StrEnum

from core.clock import is_instant
from core.documents.flow import clipped
from core.documents.phrasing import language_tag, mask_iban, say_instant
from core.documents.sheet import BLACK, HAIRLINE, QUIET, Imprint, RenderedDocument, Sheet, write_pdf
from core.documents.statement import BALANCE_MINOR_MAX
from core.documents.typefaces import Typefaces, Weight
from core.documents.typesetting import SetText, Typesetter, unicode_number
from core.documents.wording import Wording, wording_for
from core.errors import Refusal, Refused
from core.money import AMOUNT_MINOR_MAX, Money, format_amount, format_money, is_currency

_MM = 72 / 25.4
_WIDTH = 80 * _MM
# Thermal printers reach 72 mm of the 80.
_LEFT, _RIGHT = 4 * _MM, 76 * _MM
_LABELS_WIDTH = 78.0
_LINES_MAX = 4
_HEIGHT_MAX = 2000.0


class ReceiptKind(StrEnum):
    """What was done at the counter."""

    DEPOSIT = "deposit"
    WITHDRAWAL = "withdrawal"
    TRANSFER = "transfer"


class ReceiptStatus(StrEnum):
    """How far the operation has come."""

    QUEUED = "queued"
    RECORDED = "recorded"


_STATUS_SIGNS = {ReceiptStatus.QUEUED: "\N{WHITE CIRCLE}", ReceiptStatus.RECORDED: "\N{BLACK CIRCLE}"}


@dataclass(frozen=True, slots=True)
class Receipt:
    """All that stands on a receipt. Amounts in minor units, instants as `core.clock.instant` writes them.

    `iban` is the account served, printed masked; `to_iban` the other account of a transfer. `balance_minor` is what
    this device knew at `balance_as_of`. `customer_name` holds the account, `text` goes with the movement. `hash` is
    that of the operation's signing input, base64url SHA-256.
    """

    bank_name: str
    branch: str
    device: str
    drawer: str
    teller: str
    kind: ReceiptKind
    amount_minor: int
    currency: str
    iban: str
    balance_minor: int
    balance_as_of: str
    made_at: str
    operation_id: str
    seq: int
    hash: str
    status: ReceiptStatus
    to_iban: str = ""
    to_name: str = ""
    customer_name: str = ""
    text: str = ""
    reprint: bool = False


def check_receipt(receipt: Receipt) -> Refusal | None:
    """Why this receipt may not be printed, or None.

    Codes: `currency_unknown`, `amount_not_positive`, `amount_too_large`, `balance_too_large`, `instant_malformed`,
    `destination_missing`.
    """
    if not is_currency(receipt.currency):
        return Refusal("currency_unknown", "currency", {"currency": receipt.currency})
    if receipt.amount_minor <= 0:
        return Refusal("amount_not_positive", "amount_minor")
    if receipt.amount_minor > AMOUNT_MINOR_MAX:
        return Refusal("amount_too_large", "amount_minor", {"most": AMOUNT_MINOR_MAX})
    if abs(receipt.balance_minor) > BALANCE_MINOR_MAX:
        return Refusal("balance_too_large", "balance_minor", {"most": BALANCE_MINOR_MAX})
    for field in ("made_at", "balance_as_of"):
        if not is_instant(getattr(receipt, field)):
            return Refusal("instant_malformed", field)
    if receipt.kind is ReceiptKind.TRANSFER and not receipt.to_iban:
        return Refusal("destination_missing", "to_iban")
    return None


def render_receipt(
    receipt: Receipt,
    typefaces: Typefaces,
    locale: str = "en_DK",
    wording: Wording | None = None,
    zone: tzinfo = UTC,
) -> RenderedDocument:
    """The receipt as a PDF of one page, as long as it needs to be: the same bytes for the same input.

    Times are said in `zone`, with their distance from UTC.
    Raises `Refused` with what `check_receipt` says.
    """
    refusal = check_receipt(receipt)
    if refusal is not None:
        raise Refused(refusal)
    typesetter = Typesetter(typefaces)
    slip = _Slip(receipt, typesetter, locale, wording or wording_for(locale), zone)
    sheet = slip.compose()
    imprint = Imprint(
        title=f"{slip.title} {receipt.operation_id}",
        author=receipt.bank_name,
        subject=receipt.branch,
        language=language_tag(locale),
        made_at=receipt.made_at,
    )
    pdf = write_pdf([sheet], typesetter, imprint)
    return RenderedDocument(pdf, 1, tuple(map(unicode_number, typesetter.missing)))


class _Slip:
    """Sets one receipt from the top down."""

    def __init__(
        self, receipt: Receipt, typesetter: Typesetter, locale: str, words: Wording, zone: tzinfo = UTC
    ) -> None:
        self._receipt = receipt
        self._setter = typesetter
        self._locale = locale
        self._zone = zone
        self._words = words
        self._sheet = Sheet(_WIDTH, _HEIGHT_MAX)
        self._y = 4 * _MM
        self.title = words[f"receipt_{receipt.kind}"]

    def compose(self) -> Sheet:
        receipt, words = self._receipt, self._words
        self._lines(receipt.bank_name, 12, Weight.SEMIBOLD)
        self._lines(f"{receipt.branch} \u00b7 {receipt.device}", 8.5, grey=QUIET)
        self._rule()
        if receipt.reprint:
            self._lines(words["receipt_reprint"], 9.5, Weight.SEMIBOLD)
            self._rule()
        self._lines(self.title, 10.5, Weight.MEDIUM)
        self._amount()
        self._rule()
        self._facts()
        self._rule()
        self._standing()
        missing = [unicode_number(character) for character in self._setter.missing]
        if missing:
            self._lines(words["receipt_boxes"].format(characters=", ".join(missing)), 8, grey=QUIET)
        self._y += 4
        self._lines(words["receipt_thanks"], 8.5, grey=QUIET)
        self._sheet.height = self._y + 6 * _MM
        return self._sheet

    def _facts(self) -> None:
        receipt, words = self._receipt, self._words
        self._fact("receipt_account", mask_iban(receipt.iban))
        if receipt.customer_name:
            self._fact("receipt_customer", receipt.customer_name)
        if receipt.kind is ReceiptKind.TRANSFER:
            self._fact("receipt_to", mask_iban(receipt.to_iban))
            # On lines of its own, so that no name can push the account number aside or reorder it.
            self._fact(None, receipt.to_name)
        if receipt.text:
            self._fact("receipt_text", receipt.text)
        balance = format_money(Money(receipt.balance_minor, receipt.currency), self._locale)
        self._fact("receipt_balance", balance)
        as_of = words["receipt_as_of"].format(instant=say_instant(receipt.balance_as_of, self._locale, self._zone))
        self._fact(None, as_of, grey=QUIET)
        self._y += 4
        self._fact("receipt_made", say_instant(receipt.made_at, self._locale, self._zone))
        self._fact("receipt_teller", receipt.teller)
        if receipt.drawer:
            self._fact("receipt_drawer", receipt.drawer)

    def _standing(self) -> None:
        """Where the operation stands, and what names it for ever."""
        receipt, words = self._receipt, self._words
        sign = _STATUS_SIGNS[receipt.status]
        self._lines(f"{sign} {words[f'receipt_{receipt.status}']}", 9.5, Weight.SEMIBOLD)
        if receipt.status is ReceiptStatus.QUEUED:
            self._lines(words["receipt_queued_note"], 8.5)
        self._y += 4
        self._fact("receipt_number", str(receipt.seq))
        for name, value in (("receipt_operation", receipt.operation_id), ("receipt_hash", receipt.hash)):
            self._y += 2
            self._lines(words[name], 8, grey=QUIET)
            self._lines(value, 8, code=True)

    def _amount(self) -> None:
        receipt = self._receipt
        amount = self._setter.line(
            format_amount(Money(receipt.amount_minor, receipt.currency), self._locale), Weight.SEMIBOLD
        )
        currency = self._setter.line(receipt.currency)
        room = _RIGHT - _LEFT - currency.width_at(10) - 4
        size = min(22.0, room * 1000 / amount.width)
        self._y += 23
        self._sheet.right(_RIGHT, self._y, currency, 10, QUIET)
        self._sheet.right(_RIGHT - currency.width_at(10) - 4, self._y, amount, size)
        self._y += 6

    def _lines(
        self, text: str, size: float, weight: Weight = Weight.REGULAR, *, grey: float = BLACK, code: bool = False
    ) -> None:
        lines = self._setter.wrap(text, _RIGHT - _LEFT, size, weight, code=code)
        for line in clipped(lines, _LINES_MAX, self._setter):
            self._y += size * 1.28
            self._sheet.left(_LEFT, self._y, line, size, grey)

    def _fact(self, name: str | None, value: str, *, grey: float = BLACK) -> None:
        """A label at the left and its value at the right, on the same baseline; or a value that goes on below one."""
        size, leading = 8.5, 11.5
        if name is not None:
            label: SetText = self._setter.line(self._words[name])
            self._sheet.left(_LEFT, self._y + leading, label, size, QUIET)
        lines = self._setter.wrap(value, _RIGHT - _LEFT - (_LABELS_WIDTH if name else 0), size)
        for line in clipped(lines, _LINES_MAX, self._setter):
            self._y += leading
            self._sheet.right(_RIGHT, self._y, line, size, grey)
        if name is not None and not lines:
            self._y += leading

    def _rule(self) -> None:
        self._y += 8
        self._sheet.rule(_LEFT, _RIGHT, self._y, HAIRLINE)
        self._y += 4
