"""The statement on A4: letterhead, address, the account's facts, balances at a glance, movements, what it covers."""

from __future__ import annotations

from dataclasses import dataclass

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
_BOTTOM = 778.0
_ADDRESS_TOP = 142.0
_ADDRESS_WIDTH = 225.0
_FACTS = 326.0
_FACT_VALUES = 410.0
_EPOCH_RIGHT, _NUMBER_RIGHT, _DIGEST = 262.0, 330.0, 352.0
_ADDRESS_LINES_MAX = 14
_BANK_LINES_MAX = 6
_FACT_LINES_MAX = 3
_HASH_SHOWN = 16
_MISSING_NAMED_MAX = 24


def render_statement(
    statement: Statement, typefaces: Typefaces, locale: str = "en_DK", wording: Wording | None = None
) -> RenderedDocument:
    """The statement as a PDF: the same bytes for the same input.

    `wording` overrides the words for the locale. Raises `Refused` with what `check_statement` says if the figures do
    not add up: such a paper must not exist.
    """
    refusal = check_statement(statement)
    if refusal is not None:
        raise Refused(refusal)
    typesetter = Typesetter(typefaces)
    words = wording or wording_for(locale)
    paper = _StatementPaper(statement, typesetter, locale, words)
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
        self._covers(flow)
        self._notes(flow)
        self._feet(flow)
        return flow

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
        flow.y = max(flow.y + 30, 268.0)
        flow.word(_LEFT, self.words["statement"], 20, Weight.SEMIBOLD)
        flow.y += 17
        flow.word(_LEFT, self.period, 10.5)
        flow.y += 18

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
        flow.y += 56
        flow.sheet.rule(_LEFT, _RIGHT, flow.y, HAIRLINE)
        flow.y += 24

    def _amount(self, minor: int, *, sign: bool = False) -> SetText:
        text = format_amount(Money(minor, self.statement.currency), self.locale, sign=sign)
        return self.typesetter.line(text, Weight.SEMIBOLD)

    def _covers(self, flow: Flow) -> None:
        """The chain heads: up to which operation of each device the statement reaches."""
        words, setter = self.words, self.typesetter
        flow.y += 26
        flow.ensure(90)
        flow.y += 10
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
            if not flow.has_room(12.5 * max(1, len(names))):
                flow.next_sheet()
                self._heads_header(flow)
            base = flow.y + 9
            flow.sheet.right(_EPOCH_RIGHT, base, setter.line(str(head.epoch)), 8.5)
            flow.sheet.right(_NUMBER_RIGHT, base, setter.line(str(head.seq)), 8.5)
            flow.sheet.left(_DIGEST, base, setter.line(head.hash[:_HASH_SHOWN], code=True), 8.5)
            for line in names:
                flow.sheet.left(_LEFT, flow.y + 9, line, 8.5)
                flow.y += 12.5
        flow.y += 6
        flow.paragraph(_LEFT, _RIGHT - _LEFT, words["covers_check"], 8.5, 12)

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
        flow.y += 10
        if any(line.booked_late for line in statement.lines):
            flow.paragraph(_LEFT, width, f"{LATE_SIGN} {words['booked_late_note']}", 8.5, 12)
            flow.y += 4
        missing = [unicode_number(character) for character in self.typesetter.missing]
        if missing:
            named = ", ".join(missing[:_MISSING_NAMED_MAX]) + (", \u2026" if len(missing) > _MISSING_NAMED_MAX else "")
            note = words["boxes_note"].format(characters=named)
            flow.paragraph(_LEFT, width, note, 8.5, 12)
            flow.y += 4
        made = words["made"].format(
            instant=say_instant(statement.made_at, self.locale),
            staff=statement.made_by,
            device=statement.made_on_device,
        )
        flow.paragraph(_LEFT, width, made, 8.5, 12, QUIET)

    def _feet(self, flow: Flow) -> None:
        """At the foot of every sheet: whose account, which period, and which page of how many."""
        setter = self.typesetter
        for page, sheet in enumerate(flow.sheets, 1):
            sheet.rule(_LEFT, _RIGHT, 797, HAIRLINE)
            account = setter.line(f"{group_iban(self.statement.iban)} \u00b7 {self.period}")
            sheet.left(_LEFT, 809, account, 8, QUIET)
            counted = setter.line(self.words["page"].format(page=page, pages=len(flow.sheets)))
            sheet.right(_RIGHT, 809, counted, 8, QUIET)
