"""Sample data of the sketches: the window with a withdrawal being made while the line is down."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from core.money import Money, format_amount, format_money
from desktop.screens import Screen, ScreenEntry
from desktop.shell import Shell
from desktop.widgets import (
    AmountField,
    Badge,
    BeforeAfter,
    BeforeAfterTable,
    Button,
    Card,
    Denomination,
    DenominationTable,
    EmptyState,
    KeyValueList,
    LineState,
    LineStatus,
    Notice,
    Text,
    TextField,
    Tone,
    Who,
)

MOMENT = datetime(2026, 11, 20, 10, 42, tzinfo=UTC)


def kroner(minor: int) -> Money:
    """So many øre."""
    return Money(minor, "DKK")


DENOMINATIONS = (
    Denomination(kroner(1_000_00), 42),
    Denomination(kroner(500_00), 17),
    Denomination(kroner(200_00), 60),
    Denomination(kroner(100_00), 88),
)

EFFECTS = (
    BeforeAfter("Account", kroner(8_114_50), kroner(5_714_50)),
    BeforeAfter("My drawer", kroner(73_420_00), kroner(71_020_00)),
    BeforeAfter("Payable here offline", kroner(3_250_00), kroner(850_00)),
)

_LATEST: tuple[tuple[str, str, Tone, int], ...] = (
    ("Card purchase", "Centre", "machine", -312_00),
    ("Deposit, desk 2", "Queued", "warn", 1_000_00),
    ("Salary", "Centre", "machine", 24_180_00),
)


class SampleWithdrawal(Screen):
    """A withdrawal, filled in as in the sketch."""

    def __init__(self) -> None:
        super().__init__("Cash withdrawal")
        self.set_title("Cash withdrawal", "Mikkel Sørensen \u00b7 DK18 5051 0012 0300 47 \u00b7 Current")
        card = Card()
        most = format_money(kroner(3_250_00))
        text = f"Up to {most} can be paid out here; it is already reserved for this desk."
        card.body.addWidget(Notice("Working offline.", text))
        self.amount = AmountField("&Amount", "DKK")
        narrative = TextField("&Narrative", hint="Shown on the customer's statement")
        narrative.set_text("Cash at counter")
        pair = QHBoxLayout()
        pair.setSpacing(14)
        pair.addWidget(self.amount, 6, Qt.AlignmentFlag.AlignTop)
        pair.addWidget(narrative, 5, Qt.AlignmentFlag.AlignTop)
        card.body.addLayout(pair)
        card.body.addWidget(Text("Denominations \u2014 optional, the sum is checked", "label"))
        notes = DenominationTable(DENOMINATIONS, "Pay out")
        card.body.addWidget(notes)
        self.amount.money_changed.connect(notes.set_expected)
        self.amount.set_money(kroner(2_400_00))
        notes.set_counts({1_000_00: 2, 200_00: 2})
        buttons = QHBoxLayout()
        buttons.setSpacing(10)
        buttons.addWidget(Button("Review", "primary", shown_key="Enter"))
        buttons.addWidget(Button("Show signature", key="F9"))
        buttons.addStretch(1)
        buttons.addWidget(Text("Nothing is posted until you confirm the review.", "small"))
        card.body.addLayout(buttons)
        self.add_main(card)
        self._side_cards()
        self.setFocusProxy(self.amount)

    def _side_cards(self) -> None:
        effects = Card("What this does")
        effects.body.addWidget(BeforeAfterTable(EFFECTS))
        self.add_side(effects)
        customer = Card("Customer")
        customer.body.addWidget(
            KeyValueList(
                [
                    ("Known since", "12 Mar 2014"),
                    ("KYC", Badge("Approved", "ok")),
                    ("Rank", "Silver, 62"),
                    ("Signers", "1 of 2 may sign"),
                ]
            )
        )
        self.add_side(customer)
        latest = Card("Latest on this account")
        for what, word, tone, amount_minor in _LATEST:
            latest.body.addWidget(_latest_line(what, word, tone, amount_minor))
        self.add_side(latest)


class SampleHome(Screen):
    """A home page with nothing waiting."""

    def __init__(self) -> None:
        super().__init__("Home")
        text = "Customers who wait, approvals and what the centre sent back would stand here."
        card = Card()
        card.body.addWidget(
            EmptyState("Nothing waits for you", text, action=Button("Find a customer", shown_key="F2")), 1
        )
        self.add_main(card, 1)


def _latest_line(what: str, word: str, tone: Tone, amount_minor: int) -> QWidget:
    line = QWidget()
    row = QHBoxLayout(line)
    row.setContentsMargins(0, 0, 0, 0)
    left = QVBoxLayout()
    left.setSpacing(1)
    left.addWidget(Text(what, "cell"))
    left.addWidget(Badge(word, tone))
    row.addLayout(left, 1)
    row.addWidget(Text(format_amount(kroner(amount_minor), sign=True), "cell", right=True))
    return line


def sample_shell() -> Shell:
    """The window of the sketches."""
    counter, day = "Counter", "Drawer and day"
    entries = [
        ScreenEntry("home", SampleHome, "Home", key="Esc"),
        ScreenEntry("customers", SampleHome, "Customers", key="F2"),
        ScreenEntry("deposit", SampleWithdrawal, "Deposit", counter, code="1401"),
        ScreenEntry("withdrawal", SampleWithdrawal, "Withdrawal", counter, code="1001"),
        ScreenEntry("transfer", SampleWithdrawal, "Transfer", counter, code="0006"),
        ScreenEntry("drawer", SampleHome, "My drawer", day, code="9001"),
        ScreenEntry("approvals", SampleHome, "Approvals", day),
        ScreenEntry("journal", SampleHome, "Journal", day, key="F7"),
    ]
    shell = Shell(entries, look_up="customers")
    shell.show_person(Who("Ane Holm", "Teller 2", "Nørrebro", "20 Nov 2026"))
    shell.set_count("approvals", 2)
    shell.show_status(
        LineStatus(
            LineState.OFFLINE,
            unsent=3,
            oldest_unsent=timedelta(minutes=6),
            offline_since=MOMENT,
            balances_as_of=MOMENT - timedelta(minutes=1),
            drawer=kroner(73_420_00),
        )
    )
    return shell
