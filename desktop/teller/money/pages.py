"""The parts of a money screen and which of them is shown at which stage; what they do is in `money_screen`."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from desktop.desk import Desk
from desktop.screens import Screen
from desktop.teller.money.account_picker import AccountPicker
from desktop.teller.money.aftermath import Aftermath, Papers
from desktop.teller.money.facts import CounterFacts, short_iban
from desktop.teller.money.form_card import FormCard
from desktop.teller.money.order import MoneyForm
from desktop.teller.money.posted_panel import PostedPanel
from desktop.teller.money.side_column import EffectsCard, HolderCard, LatestCard, StandingCard
from desktop.teller.money.stages import Stage
from desktop.teller.money.texts import isolated
from desktop.teller.money.trade import Trade
from desktop.teller.money.visiting import VisitCard
from desktop.teller.saying import product_name
from desktop.teller.shortage import ShortageNotice
from desktop.widgets import Card, ReviewPanel


class MoneyPages(Screen):
    """Picker, form, review and what was posted, one at a time; beside them what is known of the account."""

    def __init__(self, desk: Desk, trade: Trade, form: MoneyForm, papers: Papers) -> None:
        super().__init__(trade.title)
        self.desk, self.trade, self.form = desk, trade, form
        self._locale = locale = desk.place.locale
        self._stage = Stage.CHOOSING
        self.picker = AccountPicker(desk)
        self.picker_card = Card()
        self.picker_card.body.addWidget(self.picker)
        cash = trade.with_cash
        self.shortage = ShortageNotice(locale, pays_less=cash, asks=trade.direction == "out" and not cash)
        self.form_card = FormCard(form, self.shortage)
        self.review = ReviewPanel(trade.review, trade.confirm, locale)
        self.review.setObjectName("review_panel")
        self.review.confirm_button.setObjectName("confirm")
        self.review.back_button.setObjectName("change")
        self.posted_panel = PostedPanel(trade.posted, desk)
        self.aftermath = Aftermath(desk, self.posted_panel, trade.receipt, papers)
        for part in (self.picker_card, self.form_card, self.review, self.posted_panel):
            self.add_main(part)
        self.effects_card, self.standing_card = EffectsCard(locale), StandingCard(locale)
        self.holder_card, self.latest_card = HolderCard(locale), LatestCard(locale)
        self.visit_card = VisitCard(desk)
        for card in (self.effects_card, self.standing_card, self.visit_card, self.holder_card, self.latest_card):
            self.add_side(card)

    def show_account(self, facts: CounterFacts) -> None:
        """Say whose account it is, and how it stands."""
        account = facts.account
        about = (isolated(facts.holder.name), short_iban(account.iban), product_name(account.product))
        self.set_title(self.trade.title, " \u00b7 ".join(part for part in about if part))
        self.form.show_facts(facts)
        self.visit_card.show_facts(facts)
        self.holder_card.show_facts(facts)
        self.standing_card.show_facts(facts, with_cash=self.trade.with_cash)
        self.latest_card.show_lines(facts.latest, account.currency)

    def enter(self, stage: Stage) -> None:
        """Show what belongs to the stage, and put the focus there."""
        self._stage = stage
        self.picker_card.setVisible(stage is Stage.CHOOSING)
        self.form_card.setVisible(stage is Stage.FILLING)
        self.review.setVisible(stage is Stage.REVIEWING)
        self.posted_panel.setVisible(stage is Stage.POSTED)
        self.effects_card.setVisible(stage is not Stage.POSTED)
        self.standing_card.setVisible(stage is Stage.POSTED)
        self._side_box.setVisible(stage is not Stage.CHOOSING)
        self.focus_stage()

    def focus_stage(self) -> None:
        """Put the focus where the stage begins."""
        homes: dict[Stage, QWidget] = {
            Stage.CHOOSING: self.picker,
            Stage.FILLING: self.form,
            Stage.REVIEWING: self.review,
            Stage.POSTED: self.posted_panel,
        }
        self.setFocusProxy(homes[self._stage])
        if self.isVisible():
            homes[self._stage].setFocus()
