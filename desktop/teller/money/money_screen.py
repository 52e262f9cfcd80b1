"""The way of every money screen: whose account, fill in, look at it, confirm, done; and the next customer."""

from __future__ import annotations

from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import QWidget

from core.device import Changed, Draft, Performed
from core.errors import EnvironmentProblem, Refusal
from core.money import Money
from desktop.desk import Desk
from desktop.teller.drafting import PATIENCE_MS, Shortage
from desktop.teller.money.aftermath import Papers
from desktop.teller.money.allowance import hold_allowance, is_offline
from desktop.teller.money.asking import as_request, is_request
from desktop.teller.money.effects import drafted_effects, expected_effects, line_notice, obstacle
from desktop.teller.money.facts import CounterFacts
from desktop.teller.money.order import MoneyForm, Order
from desktop.teller.money.ordering import Ordering
from desktop.teller.money.pages import MoneyPages
from desktop.teller.money.stages import DESK_KINDS, AccountReader, Stage, named_in
from desktop.teller.money.trade import Trade, approval_request
from desktop.teller.money.visiting import visit_obstacle, wants_file
from desktop.teller.refusals import say_refusal
from desktop.teller.standing_in import risk_pairs
from desktop.widgets import Badge


class MoneyScreen(MoneyPages):
    """One trade on one account. `opened` takes `{"account": id}`, `{"customer": id}`, an account's id, or None."""

    def __init__(
        self, desk: Desk, trade: Trade, form: MoneyForm, papers: Papers, *, patience_ms: int = PATIENCE_MS
    ) -> None:
        super().__init__(desk, trade, form, papers)
        self._facts: CounterFacts | None = None
        self._order: Order | None = None
        self._draft: Draft | None = None
        self._left = self._turned_down = False
        self.reader = AccountReader(desk, self)
        self.ordering = Ordering(desk, patience_ms=patience_ms, parent=self)
        self._bind()
        self.enter(Stage.CHOOSING)

    def _bind(self) -> None:
        self.picker.chosen.connect(self._start)
        self.picker.file_wanted.connect(lambda customer: self.go.emit("customer", customer))
        self.reader.found.connect(self._show_facts)
        self.reader.unknown.connect(self._say_unknown)
        self.form.changed.connect(self._form_changed)
        self.form.finished.connect(self.begin_review)
        self.form_card.review_wanted.connect(self.begin_review)
        self.form_card.other_account.connect(self._choose)
        self.form_card.go_wanted.connect(lambda name: self.go.emit(name, None))
        self.ordering.asking.connect(lambda: self.form_card.set_waiting(asking=True))
        self.ordering.drafted.connect(self._show_review)
        self.ordering.short.connect(self._fell_short)
        self.shortage.less_wanted.connect(self._pay_less)
        self.shortage.standin_wanted.connect(self._stand_in)
        self.shortage.request_wanted.connect(self._ask)
        self.shortage.again_wanted.connect(self.begin_review)
        self.ordering.renewed.connect(self._show_renewed)
        self.ordering.refused.connect(self._refused)
        self.ordering.failed.connect(self._failed)
        self.ordering.posted.connect(self._posted)
        self.review.confirmed.connect(self._confirm)
        self.review.back.connect(self.back)
        self.posted_panel.next_customer.connect(self._begin_anew)
        self.visit_card.given_back.connect(self._begin_anew)
        self.aftermath.shown.connect(self._show_posted)
        self.desk.changed.connect(self._changed)
        self.desk.session_changed.connect(self._person_changed)
        self.desk.day_changed.connect(self.reader.again)
        self.desk.line_changed.connect(self._line_changed)

    # What the window asks of a screen

    def opened(self, arguments: object) -> None:
        """Begin with the account or the customer that was given; without one, choose, or go on where one was."""
        account, customer = named_in(arguments)
        left, self._left = self._left, False
        if left or self._stage is Stage.POSTED or account or customer:
            self._begin_anew()
        if account:
            self._start(account)
        elif customer:
            self.picker.show_customer(customer)
        else:
            self.focus_stage()

    def hideEvent(self, event: QHideEvent) -> None:
        """Leaving the screen was agreed to: what it held is not brought back by opening it again."""
        self._left = True
        super().hideEvent(event)

    def back(self) -> bool:
        """Esc: from the review to the form, from a form without a word to the accounts."""
        if self.ordering.is_posting():
            return True
        if self._stage is Stage.REVIEWING or self.form_card.is_waiting():
            self._back_to_form()
            return True
        if self._stage is Stage.FILLING and not self.form.is_dirty():
            self._choose()
            return True
        return False

    def may_leave(self) -> bool:
        """Not with something typed and not posted."""
        return self._stage is Stage.POSTED or not self.form.is_dirty()

    def primary(self) -> None:
        """Enter: choose, review, or the next customer. The review's own button takes its Enter itself."""
        if self._stage is Stage.CHOOSING:
            self.picker.enter()
        elif self._stage is Stage.FILLING:
            self.begin_review()
        elif self._stage is Stage.REVIEWING:
            self.review.confirm_button.click()
        else:
            self._begin_anew()

    # Choosing and knowing the account

    def _begin_anew(self) -> None:
        """The next customer: nothing of the last one stays."""
        self.form.clear()
        self.aftermath.end()
        self._choose()

    def _choose(self) -> None:
        """Another account; what was typed stays, for whoever took the wrong one."""
        self.ordering.abandon()
        self.reader.forget()
        self._facts = self._order = None
        self.form_card.set_ready()
        self.shortage.take_back()
        self.form_card.show_problem("", "")
        self.set_title(self.trade.title)
        self.picker.begin()
        self.enter(Stage.CHOOSING)

    def _start(self, account: str) -> None:
        self._choose()
        # Until the account is read the page is empty: the list would only flash by.
        self.picker_card.hide()
        self.reader.read(account)

    def _say_unknown(self) -> None:
        self._choose()
        self.picker.say_unknown()

    def _show_facts(self, facts: CounterFacts) -> None:
        if self.trade.with_cash and self._stage is Stage.CHOOSING and wants_file(facts, self.desk):
            self._choose()
            self.picker.offer.offer(facts.account.iban)
            return
        self._facts = facts
        self.show_account(facts)
        self._show_line()
        self._show_expected()
        if self._stage is Stage.CHOOSING:
            self.enter(Stage.FILLING)
            if facts.account.branch == self.desk.device.identity.branch:
                hold_allowance(self.desk, facts.account.account)

    def _show_line(self) -> None:
        if self._facts is not None:
            trade = self.trade
            found = visit_obstacle(self._facts, self.desk, with_cash=trade.with_cash)
            found = found or obstacle(self._facts, self.desk, trade.direction, with_cash=trade.with_cash)
            self.form_card.show_obstacle(found)
            self.form_card.show_line(line_notice(self._facts, self.desk, trade.direction))

    def _form_changed(self) -> None:
        self._turned_down = False
        self.shortage.take_back()
        self._show_expected()

    def _show_expected(self) -> None:
        """What the operation does: by what is typed, then by its draft."""
        facts, offline = self._facts, is_offline(self.desk)
        if facts is not None and self._stage in (Stage.CHOOSING, Stage.FILLING):
            # What was turned down does nothing.
            amount, trade = None if self._turned_down else self.form.amount.money(), self.trade
            self.effects_card.show_effects(
                expected_effects(facts, amount, trade.direction, with_cash=trade.with_cash, offline=offline)
            )
        elif facts is not None and self._stage is Stage.REVIEWING and self._draft is not None:
            self.effects_card.show_effects(drafted_effects(self._draft, facts, offline=offline))

    def _changed(self, changed: Changed) -> None:
        """Something happened on this device: read again what is shown, and leave everything where it is."""
        facts = self._facts
        if facts is None:
            return
        # A transfer that ends well moves nothing on the payer's account.
        self.aftermath.refresh()
        about_us = facts.account.account in changed.accounts or facts.holder.customer in changed.customers
        if about_us or changed.own or not changed.kinds.isdisjoint(DESK_KINDS):
            self.reader.again()
            if self._stage is Stage.REVIEWING:
                self.ordering.renew()

    def _line_changed(self) -> None:
        self._show_line()
        self._show_expected()
        self.aftermath.refresh()

    def _person_changed(self) -> None:
        """What one person was about to post is not posted by the next."""
        if self._stage is Stage.REVIEWING and not self.ordering.is_posting():
            self._back_to_form()

    # Filling in, looking at it, posting

    def begin_review(self) -> None:
        """Work out what the form asks for, and show it; or say at the field what speaks against it."""
        if self._facts is None or self._stage is not Stage.FILLING or not self.form_card.may_review():
            return
        self.form_card.show_problem("", "")
        self.shortage.take_back()
        self.form.order(self._facts, self._ordered)

    def _ordered(self, order: Order) -> None:
        if self._stage is Stage.FILLING and self.form_card.may_review():
            self._order = order
            self.form_card.set_waiting()
            self.ordering.begin(order)

    # Where this desk's rights do not cover it

    def _fell_short(self, shortage: Shortage) -> None:
        self._turn_down(shortage.refusal, say_refusal(shortage.refusal, self._locale), self.tr("Not posted."))
        self.shortage.show_shortage(shortage)

    def _pay_less(self, payable: Money) -> None:
        self.form.amount.set_money(payable)
        self.begin_review()

    def _stand_in(self, draft: Draft) -> None:
        if self._order is not None and self._stage is Stage.FILLING:
            self.ordering.begin_standin(self._order, draft)

    def _ask(self) -> None:
        asked = as_request(self._order) if self._order is not None else None
        if asked is not None and self.form_card.may_review():
            self._ordered(asked)

    # Looking at it, posting

    def _show_review(self, draft: Draft) -> None:
        order, facts = self._order, self._facts
        if order is None or facts is None:
            return
        self.form_card.set_ready()
        pairs: list[tuple[str, str | QWidget]] = [*order.pairs, *risk_pairs(draft, self._locale)]
        asks = is_request(order)
        if asks:
            pairs.append((self.tr("What is done"), self.tr("Asked of the centre; nothing is posted yet")))
        self.review.confirm_button.set_label(self.tr("Send the request") if asks else self.trade.confirm)
        if draft.needs_second_person:
            pairs.append((self.tr("Second person"), Badge(self.tr("A supervisor must approve"), "warn")))
        self._draft = draft
        self.enter(Stage.REVIEWING)
        self._show_expected()
        # Before and after stand beside the review, where they stood beside the form.
        self.review.show_review(order.amount, pairs)

    def _show_renewed(self, draft: Draft) -> None:
        self._draft = draft
        self._show_expected()

    def _confirm(self) -> None:
        order, draft = self._order, self._draft
        if order is not None and draft is not None and self._facts is not None:
            self.ordering.confirm(self, approval_request(self.trade, order, draft, self._facts, self.desk))

    def _refused(self, refusal: Refusal) -> None:
        self.form_card.set_ready()
        if refusal.code == "approval_cancelled":
            self.review.take_back()
            return
        text = say_refusal(refusal, self._locale)
        lead = self.tr("Not approved.") if refusal.code == "approval_declined" else self.tr("Not posted.")
        if self._stage is Stage.REVIEWING and self.form.field_of(refusal.field) is None:
            self._show_review_problem(lead, text)
            return
        self._turn_down(refusal, text, lead)

    def _turn_down(self, refusal: Refusal, text: str, lead: str) -> None:
        """Say at the field, or above the form, why not: nothing of it happens."""
        self._turned_down = True
        self._back_to_form()
        if not self.form.show_error(refusal, text):
            self.form_card.show_problem(lead, text)

    def _failed(self, problem: EnvironmentProblem) -> None:
        self.form_card.set_ready()
        if self._stage is Stage.REVIEWING:
            self._show_review_problem(self.tr("Not posted."), problem.message)
        else:
            self.form_card.show_problem(self.tr("Not posted."), problem.message)

    def _show_review_problem(self, lead: str, text: str) -> None:
        self.review.show_problem(lead, text)
        self.review.setFocus()

    def _back_to_form(self) -> None:
        self.ordering.abandon()
        self.form_card.set_ready()
        self.enter(Stage.FILLING)
        self._show_expected()

    # Done, and for the window

    def _posted(self, performed: Performed) -> None:
        """From here on nothing can bring back what was typed, or it might be posted again."""
        if self._order is not None:
            self._stage = Stage.POSTED
            self.form.clear()
            self.aftermath.begin(self._order, performed)

    def _show_posted(self) -> None:
        if self._stage is Stage.POSTED and self.posted_panel.isHidden():
            self.enter(Stage.POSTED)
