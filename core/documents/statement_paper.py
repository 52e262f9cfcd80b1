"""The statement on A4: letterhead, address, the account's facts, balances at a glance, movements, what it covers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, tzinfo

from core.documents.flow import Flow, clipped
from core.documents.movement_table import LATE_SIGN, MovementTable
from core.documents.phrasing import group_iban, language_tag, say_count, say_date, say_instant
from core.documents.sheet import HAIRLINE, QUIET, Imprint, RenderedDocument, write_pdf
from core.documents.statement import Statement, check_statement
from core.documents.typefaces import Typefaces, Weight
from core.documents.typesetting import SetText, Typesetter, unicode_number
from core.documents.wording import Wording, wording_for
from core.errors import Refused
from core.money import Money, format_amount

_WIDTH, _HEIGHT = 595.28, 841.89
_LEFT, _RIGHT = 51.0, 544.28
_BOTTOM = 784.0
_ADDRESS_TOP = 142.0
_CONTINUED_TOP = 78.0
_HEADS_MIN = 116.0
"""Where the closing part is too high for any sheet it begins with so much room: its heading and a few lines."""
_ADDRESS_WIDTH = 225.0
_FACTS = 326.0
_FACT_VALUES = 410.0
_EPOCH_RIGHT, _NUMBER_RIGHT, _DIGEST = 262.0, 330.0, 352.0
_ADDRESS_LINES_MAX = 14
_BANK_LINES_MAX = 6
_FACT_LINES_MAX = 3
_HASH_SHOWN = 16
_HEAD_LEADING = 11.2
_MISSING_NAMED_MAX = 24


def render_statement(
    statement: Statement,
    typefaces: Typefaces,
    locale: str = "en_DK",
    wording: Wording | None = None,
    zone: tzinfo = UTC,
) -> RenderedDocument:
    """The statement as a PDF: the same bytes for the same input.

    Times are said in `zone`, with their distance from UTC. `wording` overrides the words for the locale. Raises
    `Refused` with what `check_statement` says if the figures do not add up: such a paper must not exist.
    """
    refusal = check_statement(statement)
    if refusal is not None:
        raise Refused(refusal)
    typesetter = Typesetter(typefaces)
    words = wording or wording_for(locale)
    paper = _StatementPaper(statement, typesetter, locale, words, zone)
    flow = paper.compose()
    imprint = Imprint(
        title=f"{words['statement']} {group_iban(statement.iban)}",
        author=statement.bank_name,
        subject=paper.period,
        language=language_tag(locale),
        made_at=statement.made_at,
    )
    pdf = write_pdf(flow.sheets, typesetter, imprint)
    return RenderedDocument(pdf, len(flow.sheets), tuple(map(unicode_number, typesetter.missing)))


@dataclass(frozen=True, slots=True)
class _StatementPaper:
    statement: Statement
    typesetter: Typesetter
    locale: str
    words: Wording
    zone: tzinfo = UTC

    @property
    def period(self) -> str:
        first, last = (say_date(date, self.locale) for date in (self.statement.period_from, self.statement.period_to))
        return self.words["period"].format(first=first, last=last)

    def compose(self) -> Flow:
        flow = Flow(self.typesetter, _WIDTH, _HEIGHT, _BOTTOM, self._continue)
        self._letterhead(flow)
        self._title(flow)
        self._glance(flow)
        MovementTable(self.statement, self.typesetter, self.locale, self.words).place(flow, _LEFT, _RIGHT)
        # What closes the statement stays together: no line of it stands alone at the top of a sheet.
        closing = self._height_of(self._close)
        flow.ensure(closing if closing <= _BOTTOM - _CONTINUED_TOP else _HEADS_MIN)
        self._close(flow)
        self._feet(flow)
        return flow

    def _close(self, flow: Flow) -> None:
        self._covers(flow)
        self._notes(flow)

    def _height_of(self, place: Callable[[Flow], None]) -> float:
        """How much room it takes, set on a sheet that nobody prints and that never ends."""
        trial = Flow(self.typesetter, _WIDTH, _HEIGHT, float("inf"), lambda _flow: None)
        place(trial)
        return trial.y

    def _continue(self, flow: Flow) -> None:
        """The top of each further sheet."""
        flow.y = 52.0
        setter = self.typesetter
        for bank in setter.wrap(self.statement.bank_name, 200, 9, Weight.SEMIBOLD)[:1]:
            flow.sheet.left(_LEFT, flow.y, bank, 9)
        account = setter.line(f"{self.words['statement']} \u00b7 {group_iban(self.statement.iban)}")
        flow.sheet.right(_RIGHT, flow.y, account, 9, QUIET)
        flow.y += 26

    def _letterhead(self, flow: Flow) -> None:
        statement, setter = self.statement, self.typesetter
        y = 56.0
        for line in clipped(setter.wrap(statement.bank_name, _RIGHT - _LEFT, 14, Weight.SEMIBOLD), 2, setter):
            flow.sheet.left(_LEFT, y, line, 14)
            y += 17
        address = [line for text in statement.bank_address for line in setter.wrap(text, _RIGHT - _LEFT, 8.5)]
        for line in clipped(address, _BANK_LINES_MAX, setter):
            flow.sheet.left(_LEFT, y, line, 8.5, QUIET)
            y += 11.5
        top = max(_ADDRESS_TOP, y + 16)
        flow.y = max(self._address(flow, top), self._facts(flow, top))

    def _address(self, flow: Flow, top: float) -> float:
        """The customer's name and address, where a window envelope shows them."""
        setter = self.typesetter
        lines = setter.wrap(self.statement.customer_name, _ADDRESS_WIDTH, 10.5, Weight.MEDIUM)
        for text in self.statement.customer_address:
            lines += setter.wrap(text, _ADDRESS_WIDTH, 10.5)
        y = top
        for line in clipped(lines, _ADDRESS_LINES_MAX, setter):
            flow.sheet.left(_LEFT, y, line, 10.5)
            y += 14.5
        return y

    def _facts(self, flow: Flow, top: float) -> float:
        statement, setter = self.statement, self.typesetter
        y = top
        for name, value in (
            ("iban", group_iban(statement.iban)),
            ("bic", statement.bic),
            ("product", statement.product),
            ("currency", statement.currency),
            ("customer_number", statement.customer_number),
            ("branch", statement.branch),
        ):
            flow.sheet.left(_FACTS, y, setter.line(self.words[name]), 8.5, QUIET)
            weight = Weight.MEDIUM if name == "iban" else Weight.REGULAR
            lines = setter.wrap(value, _RIGHT - _FACT_VALUES, 9, weight)
            for line in clipped(lines, _FACT_LINES_MAX, setter) or [setter.line("\u2014")]:
                flow.sheet.left(_FACT_VALUES, y, line, 9)
                y += 11.5
            y += 2.5
        return y

    def _title(self, flow: Flow) -> None:
        flow.y = max(flow.y + 24, 254.0)
        flow.word(_LEFT, self.words["statement"], 20, Weight.SEMIBOLD)
        flow.sheet.right(_RIGHT, flow.y, self.typesetter.line(self.period), 10.5)
        flow.y += 16

    def _glance(self, flow: Flow) -> None:
        """Opening, in, out and closing side by side, all in the largest size in which each fits its quarter."""
        statement, words, setter = self.statement, self.words, self.typesetter
        quiet_in, quiet_out = (
            say_count(count, self.locale, words) for count, _ in (statement.money_in, statement.money_out)
        )
        first, last = (say_date(date, self.locale) for date in (statement.period_from, statement.period_to))
        figures = (
            ("opening_balance", first, self._amount(statement.opening_balance_minor)),
            ("money_in", quiet_in, self._amount(statement.money_in[1], sign=True)),
            ("money_out", quiet_out, self._amount(statement.money_out[1], sign=True)),
            ("closing_balance", last, self._amount(statement.closing_balance_minor)),
        )
        quarter = (_RIGHT - _LEFT) / 4
        widest = max(text.width for _, _, text in figures)
        size = min(14.0, (quarter - 14) * 1000 / widest)
        flow.sheet.rule(_LEFT, _RIGHT, flow.y, 0.8)
        for index, (name, below, amount) in enumerate(figures):
            # The last quarter ends at the edge, as the balances under it do.
            place = flow.sheet.right if index == 3 else flow.sheet.left
            x = _RIGHT if index == 3 else _LEFT + index * quarter
            place(x, flow.y + 15, setter.line(words[name]), 8.5, QUIET)
            place(x, flow.y + 33, amount, size)
            place(x, flow.y + 46, setter.line(below), 8, QUIET)
        flow.y += 54
        flow.sheet.rule(_LEFT, _RIGHT, flow.y, HAIRLINE)
        flow.y += 20

    def _amount(self, minor: int, *, sign: bool = False) -> SetText:
        text = format_amount(Money(minor, self.statement.currency), self.locale, sign=sign)
        return self.typesetter.line(text, Weight.SEMIBOLD)

    def _covers(self, flow: Flow) -> None:
        """The chain heads: up to which operation of each device the statement reaches."""
        words, setter = self.words, self.typesetter
        flow.y += 24
        flow.word(_LEFT, words["covers"], 10.5, Weight.SEMIBOLD)
        flow.y += 7
        if not self.statement.heads:
            flow.paragraph(_LEFT, _RIGHT - _LEFT, words["covers_nothing"], 8.5, 12)
            return
        flow.paragraph(_LEFT, _RIGHT - _LEFT, words["covers_up_to"], 8.5, 12)
        flow.y += 5
        self._heads_header(flow)
        for head in self.statement.heads:
            names = clipped(setter.wrap(head.device, 165, 8.5, code=True), _FACT_LINES_MAX, setter)
            if not flow.has_room(_HEAD_LEADING * max(1, len(names))):
                flow.next_sheet()
                self._heads_header(flow)
            base = flow.y + 9
            flow.sheet.right(_EPOCH_RIGHT, base, setter.line(str(head.epoch)), 8.5)
            flow.sheet.right(_NUMBER_RIGHT, base, setter.line(str(head.seq)), 8.5)
            flow.sheet.left(_DIGEST, base, setter.line(head.hash[:_HASH_SHOWN], code=True), 8.5)
            for line in names:
                flow.sheet.left(_LEFT, flow.y + 9, line, 8.5)
                flow.y += _HEAD_LEADING
        flow.y += 5
        flow.paragraph(_LEFT, _RIGHT - _LEFT, words["covers_check"], 8, 10.5, QUIET)

    def _heads_header(self, flow: Flow) -> None:
        setter, words = self.typesetter, self.words
        base = flow.y + 8
        flow.sheet.left(_LEFT, base, setter.line(words["device"], Weight.MEDIUM), 8, QUIET)
        flow.sheet.right(_EPOCH_RIGHT, base, setter.line(words["epoch"], Weight.MEDIUM), 8, QUIET)
        flow.sheet.right(_NUMBER_RIGHT, base, setter.line(words["operation_number"], Weight.MEDIUM), 8, QUIET)
        flow.sheet.left(_DIGEST, base, setter.line(words["hash_begins"], Weight.MEDIUM), 8, QUIET)
        flow.y = base + 5
        flow.sheet.rule(_LEFT, _RIGHT, flow.y, HAIRLINE)
        flow.y += 3

    def _notes(self, flow: Flow) -> None:
        statement, words = self.statement, self.words
        width = _RIGHT - _LEFT
        flow.y += 7
        if any(line.booked_late for line in statement.lines):
            flow.paragraph(_LEFT, width, f"{LATE_SIGN} {words['booked_late_note']}", 8, 10.5)
            flow.y += 3
        missing = [unicode_number(character) for character in self.typesetter.missing]
        if missing:
            named = ", ".join(missing[:_MISSING_NAMED_MAX]) + (", \u2026" if len(missing) > _MISSING_NAMED_MAX else "")
            note = words["boxes_note"].format(characters=named)
            flow.paragraph(_LEFT, width, note, 8, 10.5)
            flow.y += 3
        made = words["made"].format(
            instant=say_instant(statement.made_at, self.locale, self.zone),
            staff=statement.made_by,
            device=statement.made_on_device,
        )
        flow.paragraph(_LEFT, width, made, 8, 10.5, QUIET)

    def _feet(self, flow: Flow) -> None:
        """At the foot of every sheet: whose account, which period, and which page of how many."""
        setter = self.typesetter
        for page, sheet in enumerate(flow.sheets, 1):
            sheet.rule(_LEFT, _RIGHT, 797, HAIRLINE)
            account = setter.line(f"{group_iban(self.statement.iban)} \u00b7 {self.period}")
            sheet.left(_LEFT, 809, account, 8, QUIET)
            counted = setter.line(self.words["page"].format(page=page, pages=len(flow.sheets)))
            sheet.right(_RIGHT, 809, counted, 8, QUIET)
