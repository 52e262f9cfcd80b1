"""The table of movements: columns as wide as their widest figure, a header on each sheet, balances carried over."""

from __future__ import annotations

from dataclasses import dataclass, replace

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
LEADING = 10.8
LATE_SIGN = "\u2020"
_PAD = 3.2
_GAP = 11.0
_FIGURE_GAP = 16.0
_REFERENCE_WIDTH = 76.0
_DETAILS_WIDTH_MIN = 96.0
_KEPT_WHOLE_MAX = 130.0
"""A movement higher than this many points may go on at the next sheet."""

_BAND = LEADING + 2 * _PAD
"""The height of a row of one line; so much is kept free for the balance that is carried forward."""

_FAINT = 0.78
_HEAD_RULE = 0.8


@dataclass(frozen=True, slots=True)
class Columns:
    """Where each column stands, in points from the left edge; amounts and balances end at theirs.

    Where huge amounts leave too little room, `reference_width` is 0 and references stand below the details.
    """

    left: float
    value_date: float
    details: float
    details_width: float
    reference: float
    reference_width: float
    amount_right: float
    right: float


_Placed = tuple[SetText, float, float]
"""A line with its size and its grey."""


@dataclass(frozen=True, slots=True)
class _Row:
    """One movement, set, or the part of it that stands on one sheet."""

    details: tuple[_Placed, ...]
    reference: tuple[_Placed, ...]
    booked: SetText | None = None
    value_date: SetText | None = None
    amount: SetText | None = None
    balance: SetText | None = None

    @property
    def lines(self) -> int:
        return max(1, len(self.details), len(self.reference))

    @property
    def height(self) -> float:
        return self.lines * LEADING + 2 * _PAD

    def cut(self, lines: int) -> tuple[_Row, _Row]:
        """The first so many lines, with dates and figures, and the rest."""
        first = replace(self, details=self.details[:lines], reference=self.reference[:lines])
        return first, _Row(self.details[lines:], self.reference[lines:])


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
        flow.ensure(5 * _BAND)
        self._header(flow, columns)
        opening = f"{self._wording['opening_balance']}, {say_date(statement.period_from, self._locale)}"
        self._balance_row(flow, columns, opening, statement.opening_balance_minor)
        if not statement.lines:
            self._nothing(flow, columns)
        balance = statement.opening_balance_minor
        for line in statement.lines:
            balance = self._movement(flow, columns, self._row(line, columns), balance, line.balance_minor)
        self._totals(flow, columns, balance)

    def _movement(self, flow: Flow, columns: Columns, row: _Row, before: int, after: int) -> int:
        """Place one movement, a very high one on several sheets, and give the balance after it."""
        while not flow.has_room(row.height + _BAND):
            room = int((flow.bottom - flow.y - _BAND - 2 * _PAD) // LEADING)
            if row.height > _KEPT_WHOLE_MAX and room >= 3:
                first, row = row.cut(room)
                self._place_row(flow, columns, first)
                before = after
            self._turn(flow, columns, before)
        self._place_row(flow, columns, row)
        return after

    def _turn(self, flow: Flow, columns: Columns, balance: int) -> None:
        """Carry the balance forward to a new sheet."""
        self._balance_row(flow, columns, self._wording["carried_forward"], balance)
        flow.next_sheet()
        self._header(flow, columns)
        self._balance_row(flow, columns, self._wording["brought_forward"], balance)

    def _say(self, minor: int, *, sign: bool = False) -> str:
        return format_amount(Money(minor, self._statement.currency), self._locale, sign=sign)

    def _columns(self, left: float, right: float) -> Columns:
        """Dates and figures take the room they need; the details have what is left."""
        statement, words = self._statement, self._wording
        line, bold = self._typesetter.line, Weight.SEMIBOLD
        dates = {
            statement.period_from,
            *(d for row in statement.lines for d in (row.booking_date, row.value_date)),
        }
        date_width = max(
            *(line(say_date(date, self._locale)).width_at(SIZE) for date in dates),
            *(line(words[name], Weight.MEDIUM).width_at(SMALL) for name in ("booked", "value_date")),
        )
        amounts = {row.amount_minor for row in statement.lines} | {
            statement.money_in[1],
            statement.money_out[1],
        }
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
        amount_right = right - balance_width - _FIGURE_GAP
        reference = amount_right - amount_width - _FIGURE_GAP - _REFERENCE_WIDTH
        beside = reference - _GAP - details >= _DETAILS_WIDTH_MIN
        details_right = reference - _GAP if beside else amount_right - amount_width - _FIGURE_GAP
        return Columns(
            left=left,
            value_date=left + date_width + _GAP,
            details=details,
            details_width=details_right - details,
            reference=reference,
            reference_width=_REFERENCE_WIDTH if beside else 0,
            amount_right=amount_right,
            right=right,
        )

    def _header(self, flow: Flow, columns: Columns) -> None:
        words, currency = self._wording, self._statement.currency
        base = flow.y + SMALL
        names = [(columns.left, words["booked"]), (columns.value_date, words["value_date"])]
        if columns.reference_width:
            names += [(columns.details, words["details"]), (columns.reference, words["reference"])]
        else:
            names.append((columns.details, f"{words['details']}, {words['reference'].lower()}"))
        for x, name in names:
            flow.sheet.left(x, base, self._typesetter.line(name, Weight.MEDIUM), SMALL, QUIET)
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
        width = columns.details_width
        details = [(text, SIZE, BLACK) for text in setter.wrap(line.counterparty, width, SIZE, Weight.MEDIUM)]
        size, grey = (SMALL, QUIET) if details else (SIZE, BLACK)
        details += [(text, size, grey) for text in setter.wrap(line.text, width, size)]
        if line.booked_late:
            late = f"{LATE_SIGN} {self._wording['booked_late']}"
            details += [(text, SMALL, BLACK) for text in setter.wrap(late, width, SMALL, Weight.MEDIUM)]
        reference_width = columns.reference_width or width
        reference = [(text, SMALL, QUIET) for text in setter.wrap(line.reference, reference_width, SMALL, code=True)]
        if not columns.reference_width:
            details, reference = details + reference, []
        return _Row(
            booked=setter.line(say_date(line.booking_date, self._locale)),
            value_date=setter.line(say_date(line.value_date, self._locale)),
            details=tuple(details),
            reference=tuple(reference),
            amount=setter.line(self._say(line.amount_minor, sign=True)),
            balance=setter.line(self._say(line.balance_minor)),
        )

    def _place_row(self, flow: Flow, columns: Columns, row: _Row) -> None:
        sheet = flow.sheet
        base = flow.y + _PAD + SIZE
        for x, text in ((columns.left, row.booked), (columns.value_date, row.value_date)):
            if text is not None:
                sheet.left(x, base, text, SIZE)
        for x, lines in ((columns.details, row.details), (columns.reference, row.reference)):
            for index, (text, size, grey) in enumerate(lines):
                sheet.left(x, base + index * LEADING, text, size, grey)
        for x, text in ((columns.amount_right, row.amount), (columns.right, row.balance)):
            if text is not None:
                sheet.right(x, base, text, SIZE)
        flow.y += row.height
        sheet.rule(columns.left, columns.right, flow.y, HAIRLINE, _FAINT)

    def _totals(self, flow: Flow, columns: Columns, balance: int) -> None:
        words, statement = self._wording, self._statement
        height = 3 * LEADING + 3 * _PAD + 6
        if not flow.has_room(height):
            self._turn(flow, columns, balance)
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
