"""Taking a due payment one step further, over any home and any line to the partners.

A payment is marked as sent before the request leaves; whoever finds it so later asks before doing anything else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from core.clock import instant
from core.iban import is_iban
from core.ids import Randomness
from sync_server.centre.issue import Centre, Gathering
from sync_server.ingest.cases import open_payment_case
from sync_server.partner_bank.messages import Party, Payment, end_to_end_id
from sync_server.payments.completing import UNKNOWN_BANK, complete_at_branch, give_back, settle_with_partner
from sync_server.payments.partner_client import Asked, Submitted
from sync_server.payments.queue import Payee, claim_due
from sync_server.payments.states import FINAL, MUST_ASK_FIRST, Outcome, State, after_asking, after_submitting, wait_ms
from sync_server.store.home import Database, Home, MetOthers
from sync_server.store.incarnations import is_recovering
from sync_server.store.values import DuePayment, PaymentStep

_ATTEMPTS = 5
_BANK_CODE_AT = slice(4, 8)


class PartnerLine(Protocol):
    """How a partner bank is spoken to. What goes wrong on the way is an answer, never an exception."""

    def submit(self, payment: Payment) -> Submitted:
        """Send a payment, under its end-to-end id."""
        ...

    def ask(self, end_to_end_id: str) -> Asked:
        """Ask what became of it."""
        ...


@dataclass(frozen=True, slots=True)
class Partner:
    """A partner bank: its short code here, its BIC, the bank code inside its IBANs, and the line to it."""

    code: str
    bic: str
    bank_code: str
    line: PartnerLine


@dataclass(frozen=True, slots=True)
class Stepped:
    """What a step has made of a payment."""

    transfer_id: str
    before: State
    state: State


@dataclass(frozen=True, slots=True)
class PaymentDesk:
    """What taking payments further needs. `own_bic` names this bank to its partners."""

    database: Database
    centre: Centre
    partners: Sequence[Partner]
    own_bic: str
    randomness: Randomness

    def step(self, tell: Callable[[Stepped], None]) -> bool:
        """Take the payment that is due longest one step further; False if none is due.

        `tell` hears what was written. Raises `MetOthers` where others were in the way for too long.
        """
        with self.database.transaction() as home:
            claimed = claim_due(home, self.centre.clock.now_ms())
            if claimed is not None and is_recovering(home.incarnations):
                # What became of it may be known to a device that has yet to say so.
                self._update(home, claimed[0], Outcome(claimed[0].state), None)
                return True
        if claimed is None:
            return False
        try:
            written = self._advance(*claimed)
        except Gathering:
            # It is due again once its claim has run out.
            return False
        if written is not None:
            tell(Stepped(claimed[0].transfer_id, claimed[0].state, written.state))
        return True

    def _advance(self, payment: DuePayment, payee: Payee) -> Outcome | None:
        """What was written; None where another process has overtaken this one."""
        if payment.state == "rejected":
            return self._finish(payment, Outcome("rejected", payment.reason))
        if payment.route == "branch":
            return self._to_branch(payment, payee)
        partner = self._partner_for(payment, payee)
        if partner is None:
            return self._finish(payment, _without_partner(payment))
        if payment.state in MUST_ASK_FIRST:
            asked = partner.line.ask(end_to_end_id(payment.transfer_id))
            return self._finish(payment, after_asking(payment.state, asked))
        with self.database.transaction() as home:
            sending = self._update(home, payment, Outcome("sent"), partner.code)
        if not sending:
            return None
        return self._finish(payment, after_submitting(partner.line.submit(self._message(payment, payee, partner))))

    def _to_branch(self, payment: DuePayment, payee: Payee) -> Outcome | None:
        def complete(home: Home) -> Outcome | None:
            if home.payments.lock(payment) != "queued":
                return None
            outcome = complete_at_branch(home, self.centre, payment, payee)
            if outcome.state == "rejected" and outcome.reason is not None:
                give_back(home, self.centre, payment, outcome.reason)
                outcome = Outcome("returned", outcome.reason)
            self._update(home, payment, outcome, None)
            return outcome

        return self._committed(complete)

    def _partner_for(self, payment: DuePayment, payee: Payee) -> Partner | None:
        if payment.partner is not None:
            return next((known for known in self.partners if known.code == payment.partner), None)
        code = payee.iban[_BANK_CODE_AT] if is_iban(payee.iban) else ""
        return next((known for known in self.partners if known.bank_code == code), None)

    def _message(self, payment: DuePayment, payee: Payee, partner: Partner) -> Payment:
        return Payment(
            end_to_end_id=end_to_end_id(payment.transfer_id),
            amount=payment.amount,
            currency=payment.currency,
            debtor=Party(name=payee.payer_name or "—", iban=payee.payer_iban),
            debtor_agent=self.own_bic,
            creditor=Party(name=payee.name or "—", iban=payee.iban, address=payee.address),
            creditor_agent=partner.bic,
            remittance=payee.remittance,
        )

    def _committed(self, work: Callable[[Home], Outcome | None]) -> Outcome | None:
        """Do it in a transaction of its own, again where the database broke it off so that others could go on."""
        for _ in range(_ATTEMPTS):
            with suppress(MetOthers), self.database.transaction() as home:
                return work(home)
        raise MetOthers("the payment met others too often")

    def _update(self, home: Home, payment: DuePayment, outcome: Outcome, partner: str | None) -> bool:
        now_ms = self.centre.clock.now_ms()
        step = PaymentStep(
            outcome.state,
            reason=outcome.reason,
            partner=partner,
            next_attempt_ms=now_ms + wait_ms(payment.attempts, outcome, self.randomness),
            updated_at=instant(now_ms),
        )
        return home.payments.update(payment, step)

    def _finish(self, payment: DuePayment, outcome: Outcome) -> Outcome | None:
        """Book what follows, once: whoever comes second finds the state final or the claim another's, and leaves it."""

        def finish(home: Home) -> Outcome | None:
            state = home.payments.lock(payment)
            if state is None or state in FINAL:
                return None
            then = outcome
            if outcome.state == "settled":
                settle_with_partner(home, self.centre, payment)
            elif outcome.state == "rejected" and outcome.reason is not None:
                give_back(home, self.centre, payment, outcome.reason)
                then = Outcome("returned", outcome.reason)
            if outcome.needs_person is not None:
                now = instant(self.centre.clock.now_ms())
                open_payment_case(home, payment.transfer_id, outcome.needs_person, now)
            self._update(home, payment, then, None)
            return then

        return self._committed(finish)


def _without_partner(payment: DuePayment) -> Outcome:
    """Given back only if it never had a partner: what one may have booked is left to a person, whatever is set here."""
    if payment.state == "queued" and payment.partner is None:
        return Outcome("rejected", UNKNOWN_BANK)
    return Outcome(payment.state, needs_person="partner_not_configured")
