"""Beside every money form: what it does, whose account it is, and what moved on it last."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from core.money import Money, format_amount, format_money
from core.store.queries.accounts import ActivityLine
from desktop.teller.money.facts import CounterFacts
from desktop.teller.saying import (
    date_text,
    kind_title,
    kyc_tone,
    kyc_word,
    product_name,
    state_tone,
    state_word,
)
from desktop.widgets import Badge, BeforeAfter, BeforeAfterTable, Card, KeyValueList, Text
from desktop.widgets.panels import empty_layout

_WORDS_MAX = 60


class EffectsCard(Card):
    """Before and after."""

    def __init__(self, locale: str) -> None:
        super().__init__(self.tr("What this does"))
        self._table = BeforeAfterTable(locale=locale)
        self._rows: list[BeforeAfter] = []
        self._nothing = Text(self.tr("Nothing is posted before the centre has answered."), "quiet", wrap=True)
        self._nothing.hide()
        self.body.addWidget(self._table)
        self.body.addWidget(self._nothing)

    def show_effects(self, rows: Sequence[BeforeAfter]) -> None:
        """Show these figures; the same ones again draw nothing anew."""
        if list(rows) != self._rows:
            self._rows = list(rows)
            self._table.set_rows(rows)
            self._table.setVisible(bool(rows))
            self._nothing.setVisible(not rows)


class StandingCard(Card):
    """How the account and the drawer stand now, once there is nothing ahead of which to say what it does."""

    def __init__(self, locale: str) -> None:
        super().__init__(self.tr("Now"))
        self._locale = locale
        self._pairs = KeyValueList()
        self.body.addWidget(self._pairs)

    def show_facts(self, facts: CounterFacts, *, with_cash: bool) -> None:
        """Show the figures that are here."""
        rows = [(self.tr("Account"), format_money(facts.posted, self._locale))]
        if with_cash and facts.drawer is not None and facts.drawer.is_open:
            rows.append((self.tr("My drawer"), format_money(facts.drawer.holds, self._locale)))
        self._pairs.set_rows(rows)


class HolderCard(Card):
    """Whose account it is."""

    def __init__(self, locale: str) -> None:
        super().__init__(self.tr("Customer"))
        self._locale = locale
        self._pairs = KeyValueList()
        self.body.addWidget(self._pairs)

    def show_facts(self, facts: CounterFacts) -> None:
        """Show the holder and the account."""
        holder, account = facts.holder, facts.account
        rows: list[tuple[str, str | QWidget]] = [
            (self.tr("Name"), holder.name),
            (self.tr("Known since"), date_text(holder.known_since, self._locale)),
            (self.tr("KYC"), Badge(kyc_word(holder.kyc), kyc_tone(holder.kyc))),
            (self.tr("Account"), product_name(account.product)),
        ]
        if account.overdraft_limit:
            limit = format_amount(Money(account.overdraft_limit, account.currency), self._locale)
            rows.append((self.tr("Overdraft limit"), limit))
        if account.frozen:
            rows.append((self.tr("State"), Badge(self.tr("Frozen"), "warn")))
        self._pairs.set_rows(rows)


class LatestCard(Card):
    """The last movements on the account, each with how far it has come."""

    def __init__(self, locale: str) -> None:
        super().__init__(self.tr("Latest on this account"))
        self._locale = locale
        self._column = QVBoxLayout()
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(10)
        self.body.addLayout(self._column)

    def show_lines(self, lines: Sequence[ActivityLine], currency: str) -> None:
        """Show these, newest first."""
        empty_layout(self._column)
        if not lines:
            self._column.addWidget(Text(self.tr("Nothing has moved on it yet."), "quiet", wrap=True))
        for line in lines:
            self._column.addWidget(self._line(line, currency))

    def _line(self, line: ActivityLine, currency: str) -> QWidget:
        box = QWidget()
        row = QHBoxLayout(box)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(12)
        left = QVBoxLayout()
        left.setSpacing(2)
        left.addWidget(Text(activity_words(line), "cell", wrap=True))
        below = QHBoxLayout()
        below.setSpacing(6)
        if line.state != "applied":
            below.addWidget(Badge(state_word(line.state), state_tone(line.state)))
        below.addWidget(Text(date_text(line.booked_on, self._locale), "small"))
        below.addStretch(1)
        left.addLayout(below)
        row.addLayout(left, 1)
        row.addWidget(Text(format_amount(Money(line.amount, currency), self._locale, sign=True), "cell", right=True))
        return box


def activity_words(line: ActivityLine) -> str:
    """What a movement is called in a list: its own words where somebody wrote some, else its kind."""
    details = line.details
    words = details.get("narrative") or details.get("remittance") or line.other_party or line.counterpart_name
    said = f"{kind_title(line.kind)}: {words}" if words else kind_title(line.kind)
    return said if len(said) <= _WORDS_MAX else said[: _WORDS_MAX - 1].rstrip() + "\u2026"
