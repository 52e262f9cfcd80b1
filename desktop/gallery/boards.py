"""Boards of widgets in each of their states."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from core.money import Money, format_amount, format_money
from desktop.gallery.sample import DENOMINATIONS, EFFECTS, MOMENT, kroner
from desktop.tasks import Tasks
from desktop.widgets import (
    AmountField,
    Avatar,
    Badge,
    Button,
    Card,
    CodeField,
    Column,
    DataTable,
    DenominationTable,
    EmptyState,
    KeyValueList,
    LineState,
    LineStatus,
    Notice,
    PagedModel,
    PasswordField,
    ReviewPanel,
    SearchBox,
    StatusStrip,
    Text,
    TextField,
    Tone,
)

_TONES: tuple[tuple[str, Tone], ...] = (
    ("Approved", "ok"),
    ("Queued", "warn"),
    ("Refused", "danger"),
    ("Request", "info"),
    ("Centre", "machine"),
    ("Closed", "plain"),
)


def _column(*widgets: QWidget, gap: int = 14) -> QWidget:
    box = QWidget()
    column = QVBoxLayout(box)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(gap)
    for widget in widgets:
        column.addWidget(widget)
    column.addStretch(1)
    return box


def _row(*widgets: QWidget) -> QWidget:
    box = QWidget()
    row = QHBoxLayout(box)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(10)
    for widget in widgets:
        row.addWidget(widget, 0, Qt.AlignmentFlag.AlignVCenter)
    row.addStretch(1)
    return box


def _card(title: str, *widgets: QWidget) -> Card:
    card = Card(title)
    for widget in widgets:
        card.body.addWidget(widget)
    return card


def _board(*columns: QWidget) -> QWidget:
    board = QWidget()
    board.setObjectName("page")
    board.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
    row = QHBoxLayout(board)
    row.setContentsMargins(24, 24, 24, 24)
    row.setSpacing(20)
    for column in columns:
        row.addWidget(column, 1)
    return board


def fields_board() -> QWidget:
    """Fields: empty, filled, with hints, with errors, disabled."""
    empty = AmountField("&Amount", "DKK")
    filled = AmountField("&Amount", "DKK")
    filled.set_money(kroner(2_400_50))
    wrong = AmountField("&Amount", "DKK")
    wrong.edit.setText("2,40,0")
    wrong.check()
    name = TextField("&Name", hint="As it stands in the passport", placeholder="Given and family names")
    bad = TextField("&IBAN")
    bad.set_text("DK18 5051 0012 0300 48")
    bad.set_error("The check digits do not fit. Compare it with the card.")
    off = TextField("Reference", hint="Needs the line; it has been down since 10:42")
    off.set_text("Rent November")
    off.edit.setEnabled(False)
    password = PasswordField("&Password")
    password.edit.setText("correct horse")
    code = CodeField("&One-time code", hint="Six digits from your phone")
    code.edit.setText("482913")
    return _board(
        _column(_card("Amount", empty, filled, wrong)),
        _column(_card("Text", name, bad, off), _card("Search", SearchBox())),
        _column(_card("Sign in", password, code), _card("People", _row(Avatar("Ane Holm"), Avatar("יעל כהן")))),
    )


def marks_board() -> QWidget:
    """Buttons, badges, notices, and text in the scripts that the typefaces cover."""
    off = Button("Send to the partner bank", "primary")
    off.setEnabled(False)
    buttons = _card(
        "Buttons",
        _row(Button("Review", "primary", shown_key="Enter"), Button("Show signature", shown_key="F9")),
        _row(Button("Close the drawer", "danger", shown_key="F8"), Button("Open the file", "plain")),
        _row(off, Button("Small", small=True)),
    )
    badges = _card("Badges", _row(*(Badge(word, tone) for word, tone in _TONES)))
    notices = _card(
        "Notices",
        Notice(
            "Working offline.",
            f"Up to {format_money(kroner(3_250_00))} can be paid out here; it is already reserved for this desk.",
        ),
        Notice(
            f"The drawer is {format_money(kroner(50_00))} short.",
            "Count it once more; then close it with the difference.",
            "warn",
        ),
        Notice("Refused.", "This account is frozen since 12 Nov 2026. Ask a supervisor.", "danger"),
        Notice("Sent.", "The centre has taken all of today's work.", "ok"),
        Notice("Returned by the centre.", "The partner bank closed this account (AC04).", "machine"),
    )
    scripts = _card(
        "Names",
        *(
            Text(name, "body")
            for name in ("Mikkel Sørensen", "Ελένη Παπαδοπούλου", "Дмитрий Щукин", "יעל כהן", "ليلى حداد")
        ),
        Text(f"0123456789  {format_amount(kroner(-1_111_11))}  {format_amount(kroner(8_888_88), sign=True)}", "body"),
        Text("DK18 5051 0012 0300 47", "body"),
    )
    return _board(_column(buttons, badges, scripts), _column(notices))


def money_board() -> QWidget:
    """Notes and coins in their states, and the review."""
    agrees = DenominationTable(DENOMINATIONS, "Pay out")
    agrees.set_expected(kroner(2_400_00))
    agrees.set_counts({1_000_00: 2, 200_00: 2})
    short = DenominationTable(DENOMINATIONS[:2], "Counted", blind=True)
    short.set_expected(kroner(2_400_00))
    short.set_counts({1_000_00: 2})
    review = ReviewPanel("Review: cash withdrawal", "Pay out and post")
    review.show_review(
        kroner(2_400_00),
        [
            ("Customer", "Mikkel Sørensen"),
            ("Account", "DK18 5051 0012 0300 47"),
            ("Narrative", "Cash at counter"),
            ("Paid from", "Rights reserved for this desk"),
        ],
        EFFECTS,
    )
    return _board(
        _column(_card("The sum agrees", agrees), _card("Still to count", short)),
        _column(review),
    )


@dataclass(frozen=True, slots=True)
class _Line:
    when: str
    what: str
    state: str
    tone: Tone
    amount: Money


def table_board(tasks: Tasks) -> QWidget:
    """A long table with its first pages, an empty one, and the strip in every state."""
    kinds = (
        ("Cash deposited", "Sent", "ok", 1_000_00),
        ("Cash paid out", "Queued", "warn", -312_50),
        ("Transfer returned", "Centre", "machine", 24_180_00),
        ("Transfer to a partner bank", "Refused", "danger", -4_300_00),
    )

    def fetch(key: int | None, limit: int) -> tuple[Sequence[_Line], int | None]:
        first = 0 if key is None else key
        page = []
        for number in range(first, first + limit):
            what, state, tone, minor = kinds[number % 4]
            page.append(_Line(f"09:{59 - number % 60:02d}", what, state, tone, kroner(minor)))  # type: ignore[arg-type]
        return page, first + limit if first + limit < 1_000_000 else None

    columns = [
        Column[_Line]("Time", lambda line: line.when, width=8),
        Column[_Line]("Operation", lambda line: line.what, strong=True),
        Column[_Line]("State", lambda line: line.state, tone=lambda line: line.tone, width=14),
        Column[_Line]("Amount", lambda line: format_amount(line.amount, sign=True), align="amount", width=14),
    ]
    model = PagedModel(columns, fetch, tasks)
    table = DataTable("Journal", model)
    model.reload()
    nothing = EmptyState(
        "Nothing has been posted today",
        "Each deposit, withdrawal and transfer of this desk will stand here. Begin with a customer.",
        action=Button("Find a customer", shown_key="F2"),
    )
    left = _card("Journal", table)
    right = _column(
        _card("Nothing yet", nothing), _strips(), _card("Facts", KeyValueList([("KYC", Badge("Approved", "ok"))]))
    )
    return _board(left, right)


def _strips() -> QWidget:
    late = timedelta(minutes=23)
    states = (
        LineStatus(LineState.ONLINE, balances_as_of=MOMENT, drawer=kroner(73_420_00)),
        LineStatus(LineState.WAITING, unsent=3, oldest_unsent=timedelta(seconds=40)),
        LineStatus(LineState.SENDING, unsent=9, sent=3, sending=12),
        LineStatus(LineState.OVERDUE, unsent=3, oldest_unsent=late, detail="Offline since 10:42"),
        LineStatus(
            LineState.OFFLINE,
            unsent=3,
            oldest_unsent=timedelta(minutes=6),
            offline_since=MOMENT,
            pays_until=MOMENT,
            paying_out="ending",
        ),
        LineStatus(LineState.OFFLINE, offline_since=MOMENT, paying_out="ended"),
        LineStatus(LineState.HELD, exceptions=2),
        LineStatus(LineState.HELD, unsent=14, detail="Busy", code="database_busy"),
        LineStatus(LineState.RECOVERING, unsent=14),
        LineStatus(LineState.REFUSED, unsent=14, code="protocol_unsupported"),
        LineStatus(LineState.REFUSED, unsent=14, detail="The centre does not know this key", code="device_unknown"),
        LineStatus(LineState.CLOCK, simulated_clock=MOMENT),
        LineStatus(LineState.CHECKPOINT, unsent=1),
        LineStatus(LineState.STOPPED, unsent=14, detail="The key was revoked"),
    )
    strips = []
    for state in states:
        strip = StatusStrip()
        strip.show_status(state)
        strips.append(strip)
    return _column(*strips, gap=4)
