"""The table of movements: columns as wide as their widest figure, a header on each sheet, balances carried over."""

from __future__ import annotations

from dataclasses import dataclass

from core.documents.flow import Flow
from core.documents.phrasing import say_count, say_date
from core.documents.sheet import BLACK, HAIRLINE, QUIET
from core.documents.statement import Statement, StatementLine
from core.documents.typefaces import Weight
from core.documents.typesetting import SetText, Typesetter
from core.documents.wording import Wording
from core.money import Money, format_amount

SIZE = 9.0
SMALL = 8.0
LEADING = 11.5
LATE_SIGN = "\u2020"
_PAD = 4.5
_GAP = 11.0
_REFERENCE_WIDTH = 76.0
_FAINT = 0.78
_HEAD_RULE = 0.8


@dataclass(frozen=True, slots=True)
class Columns:
    """Where each column stands, in points from the left edge; amounts and balances end at theirs."""

    left: float
    value_date: float
    details: float
    details_width: float
    reference: float
    reference_width: float
    amount_right: float
    right: float


@dataclass(frozen=True, slots=True)
class _Row:
    """One movement, set."""

    booked: SetText
    value_date: SetText
    details: tuple[tuple[SetText, float, float], ...]
    reference: tuple[SetText, ...]
    amount: SetText
    balance: SetText

    @property
    def height(self) -> float:
        return max(1, len(self.details), len(self.reference)) * LEADING + 2 * _PAD


class MovementTable:
    """Sets and places the movements of one statement."""

    def __init__(self, statement: Statement, typesetter: Typesetter, locale: str, wording: Wording) -> None:
        self._statement = statement
        self._typesetter = typesetter
        self._locale = locale
        self._wording = wording

    def place(self, flow: Flow, left: float, right: float) -> None:
        """Place the whole table from `flow.y` on."""
        columns = self._columns(left, right)
        statement = self._statement
        band = LEADING + 2 * _PAD
        flow.ensure(5 * band)
        self._header(flow, columns)
        opening = f"{self._wording['opening_balance']}, {say_date(statement.period_from, self._locale)}"
        self._balance_row(flow, columns, opening, statement.opening_balance_minor)
        if not statement.lines:
            self._nothing(flow, columns)
        balance = statement.opening_balance_minor
        for line in statement.lines:
            row = self._row(line, columns)
            # Room for the row and, below it, for the balance that is carried forward.
            if not flow.has_room(row.height + band):
                self._balance_row(flow, columns, self._wording["carried_forward"], balance)
                flow.next_sheet()
                self._header(flow, columns)
                self._balance_row(flow, columns, self._wording["brought_forward"], balance)
            self._place_row(flow, columns, row)
            balance = line.balance_minor
        self._totals(flow, columns, balance)

    def _say(self, minor: int, *, sign: bool = False) -> str:
        return format_amount(Money(minor, self._statement.currency), self._locale, sign=sign)

    def _columns(self, left: float, right: float) -> Columns:
        """Dates and figures take the room they need; the details have what is left."""
        statement, words = self._statement, self._wording
        line, bold = self._typesetter.line, Weight.SEMIBOLD
        dates = {statement.period_from, *(d for row in statement.lines for d in (row.booking_date, row.value_date))}
        date_width = max(
            *(line(say_date(date, self._locale)).width_at(SIZE) for date in dates),
            *(line(words[name], Weight.MEDIUM).width_at(SMALL) for name in ("booked", "value_date")),
        )
        amounts = {row.amount_minor for row in statement.lines} | {statement.money_in[1], statement.money_out[1]}
        amount_width = max(
            *(line(self._say(amount, sign=True), bold).width_at(SIZE) for amount in _widest(amounts)),
            line(words["amount"].format(currency=statement.currency), Weight.MEDIUM).width_at(SMALL),
        )
        balances = {statement.opening_balance_minor, *(row.balance_minor for row in statement.lines)}
        balance_width = max(
            *(line(self._say(balance), bold).width_at(SIZE) for balance in _widest(balances)),
            line(words["balance"].format(currency=statement.currency), Weight.MEDIUM).width_at(SMALL),
        )
        details = left + 2 * (date_width + _GAP)
        amount_right = right - balance_width - _GAP
        reference = amount_right - amount_width - _GAP - _REFERENCE_WIDTH
        return Columns(
            left=left,
            value_date=left + date_width + _GAP,
            details=details,
            details_width=reference - _GAP - details,
            reference=reference,
            reference_width=_REFERENCE_WIDTH,
            amount_right=amount_right,
            right=right,
        )

    def _header(self, flow: Flow, columns: Columns) -> None:
        words, currency = self._wording, self._statement.currency
        base = flow.y + SMALL
        for x, name in (
            (columns.left, "booked"),
            (columns.value_date, "value_date"),
            (columns.details, "details"),
            (columns.reference, "reference"),
        ):
            flow.sheet.left(x, base, self._typesetter.line(words[name], Weight.MEDIUM), SMALL, QUIET)
        for x, name in ((columns.amount_right, "amount"), (columns.right, "balance")):
            text = self._typesetter.line(words[name].format(currency=currency), Weight.MEDIUM)
            flow.sheet.right(x, base, text, SMALL, QUIET)
        flow.y = base + 5
        flow.sheet.rule(columns.left, columns.right, flow.y, _HEAD_RULE)

    def _balance_row(self, flow: Flow, columns: Columns, label: str, balance: int) -> None:
        base = flow.y + _PAD + SIZE
        flow.sheet.left(columns.left, base, self._typesetter.line(label, Weight.MEDIUM), SIZE)
        flow.sheet.right(columns.right, base, self._typesetter.line(self._say(balance), Weight.SEMIBOLD), SIZE)
        flow.y += LEADING + 2 * _PAD
        flow.sheet.rule(columns.left, columns.right, flow.y, HAIRLINE, _FAINT)

    def _nothing(self, flow: Flow, columns: Columns) -> None:
        flow.y += _PAD + SIZE + 8
        flow.word(columns.left, self._wording["no_movements"], SIZE, grey=QUIET)
        flow.y += LEADING + 6
        flow.sheet.rule(columns.left, columns.right, flow.y, HAIRLINE, _FAINT)

    def _row(self, line: StatementLine, columns: Columns) -> _Row:
        setter = self._typesetter
        details = [
            (text, SIZE, BLACK) for text in setter.wrap(line.counterparty, columns.details_width, SIZE, Weight.MEDIUM)
        ]
        size, grey = (SMALL, QUIET) if details else (SIZE, BLACK)
        details += [(text, size, grey) for text in setter.wrap(line.text, columns.details_width, size)]
        if line.booked_late:
            late = f"{LATE_SIGN} {self._wording['booked_late']}"
            details += [(t, SMALL, BLACK) for t in setter.wrap(late, columns.details_width, SMALL, Weight.MEDIUM)]
        return _Row(
            booked=setter.line(say_date(line.booking_date, self._locale)),
            value_date=setter.line(say_date(line.value_date, self._locale)),
            details=tuple(details),
            reference=tuple(setter.wrap(line.reference, columns.reference_width, SMALL, code=True)),
            amount=setter.line(self._say(line.amount_minor, sign=True)),
            balance=setter.line(self._say(line.balance_minor)),
        )

    def _place_row(self, flow: Flow, columns: Columns, row: _Row) -> None:
        sheet = flow.sheet
        base = flow.y + _PAD + SIZE
        sheet.left(columns.left, base, row.booked, SIZE)
        sheet.left(columns.value_date, base, row.value_date, SIZE)
        for index, (text, size, grey) in enumerate(row.details):
            sheet.left(columns.details, base + index * LEADING, text, size, grey)
        for index, text in enumerate(row.reference):
            sheet.left(columns.reference, base + index * LEADING, text, SMALL, QUIET)
        sheet.right(columns.amount_right, base, row.amount, SIZE)
        sheet.right(columns.right, base, row.balance, SIZE)
        flow.y += row.height
        sheet.rule(columns.left, columns.right, flow.y, HAIRLINE, _FAINT)

    def _totals(self, flow: Flow, columns: Columns, balance: int) -> None:
        words, statement = self._wording, self._statement
        height = 3 * LEADING + 3 * _PAD + 6
        if not flow.has_room(height):
            self._balance_row(flow, columns, words["carried_forward"], balance)
            flow.next_sheet()
            self._header(flow, columns)
            self._balance_row(flow, columns, words["brought_forward"], balance)
        flow.sheet.rule(columns.left, columns.right, flow.y, _HEAD_RULE)
        flow.y += 3
        for name, (count, total) in (("money_in", statement.money_in), ("money_out", statement.money_out)):
            base = flow.y + SIZE + 2
            flow.sheet.left(columns.left, base, self._typesetter.line(words[name]), SIZE)
            counted = self._typesetter.line(say_count(count, self._locale, words))
            flow.sheet.left(columns.details, base, counted, SIZE, QUIET)
            amount = self._typesetter.line(self._say(total, sign=True))
            flow.sheet.right(columns.amount_right, base, amount, SIZE)
            flow.y += LEADING + 2
        closing = f"{words['closing_balance']}, {say_date(statement.period_to, self._locale)}"
        base = flow.y + _PAD + SIZE
        flow.sheet.left(columns.left, base, self._typesetter.line(closing, Weight.SEMIBOLD), SIZE)
        amount = self._typesetter.line(self._say(statement.closing_balance_minor), Weight.SEMIBOLD)
        flow.sheet.right(columns.right, base, amount, SIZE)
        flow.y += LEADING + 2 * _PAD
        flow.sheet.rule(columns.left, columns.right, flow.y, _HEAD_RULE)


def _widest(amounts: set[int]) -> tuple[int, int]:
    """The two amounts that can be the widest: with tabular figures, the ends of the range."""
    return min(amounts), max(amounts)
