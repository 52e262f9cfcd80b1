"""The jobs that take transfers further. The truth is the payments' table, so they survive any restart.

A payment is marked as sent before the request leaves; whoever finds it so later asks before doing anything else.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress

import psycopg
import structlog
from psycopg.errors import DeadlockDetected, SerializationFailure

from core.clock import instant
from core.iban import is_iban
from core.ids import Randomness, system_randomness
from sync_server.database import Connection
from sync_server.ingest.cases import open_payment_case
from sync_server.partner_bank.messages import Party, Payment, end_to_end_id
from sync_server.payments.completing import (
    UNKNOWN_BANK,
    complete_at_branch,
    give_back,
    settle_with_partner,
)
from sync_server.payments.partner_client import PartnerClient
from sync_server.payments.queue import DuePayment, Payee, claim, lock, payee_of, update
from sync_server.payments.states import FINAL, MUST_ASK_FIRST, Outcome, after_asking, after_submitting, wait_ms
from sync_server.services import Services
from sync_server.settings import PartnerSettings

_IDLE_SECONDS = 0.25
_CONNECTION_SECONDS = 1.0
"""How long a step waits for the database: a server that is told to stop must not wait for one that is away."""
_ATTEMPTS = 5
_STOP_SECONDS = 15.0
_BANK_CODE_AT = slice(4, 8)


class PaymentJobs:
    """Takes due payments one step further each, in this process; other processes take others."""

    def __init__(self, services: Services, randomness: Randomness = system_randomness) -> None:
        self._services = services
        self._randomness = randomness
        self._partners: Mapping[str, tuple[PartnerSettings, PartnerClient]] = {
            partner.code: (partner, PartnerClient(partner.base_url, partner.token))
            for partner in services.settings.partners
        }
        self._log = structlog.get_logger("sync_server.payments")

    def close(self) -> None:
        """Close the connections to the partners."""
        for _, client in self._partners.values():
            client.close()

    def run(self, stop: threading.Event) -> None:
        """Work until told to stop; a database that is away is waited for."""
        while not stop.is_set():
            try:
                worked = self.step()
            except psycopg.OperationalError as problem:
                self._log.warning("payments.database", problem=type(problem).__name__)
                worked = False
            except Exception:  # noqa: BLE001 - what is wrong with one payment stops no other; it is tried again later
                self._log.exception("payments.failed")
                worked = False
            if not worked:
                stop.wait(_IDLE_SECONDS)

    def step(self) -> bool:
        """Take the payment that is due longest one step further; False if none is due."""
        services = self._services
        with services.pool.connection(_CONNECTION_SECONDS) as connection:
            payment = claim(connection, services.clock.now_ms())
            payee = payee_of(connection, payment) if payment else None
        if payment is None or payee is None:
            return False
        outcome = Outcome("rejected", payment.reason) if payment.state == "rejected" else self._advance(payment, payee)
        if outcome is not None:
            self._finish(payment, outcome)
        return True

    def _advance(self, payment: DuePayment, payee: Payee) -> Outcome | None:
        """None where nothing is left to write: finished within one transaction, or another process's by now."""
        if payment.route == "branch":
            return self._to_branch(payment, payee)
        found = self._partner_for(payment, payee)
        if found is None:
            return _without_partner(payment)
        partner, client = found
        if payment.state in MUST_ASK_FIRST:
            return after_asking(payment.state, client.ask(end_to_end_id(payment.transfer_id)))
        if not self._write(payment, Outcome("sent"), partner=partner.code):
            return None
        return after_submitting(client.submit(self._message(payment, payee, partner)))

    def _to_branch(self, payment: DuePayment, payee: Payee) -> Outcome | None:
        centre = self._services.centre

        def complete(connection: Connection) -> Outcome | None:
            if lock(connection, payment) != "queued":
                return None
            outcome = complete_at_branch(connection, centre, payment, payee)
            if outcome.state == "rejected" and outcome.reason is not None:
                give_back(connection, centre, payment, outcome.reason)
                outcome = Outcome("returned", outcome.reason)
            self._update(connection, payment, outcome, None)
            return outcome

        self._tell(payment, self._committed(complete))
        return None

    def _partner_for(self, payment: DuePayment, payee: Payee) -> tuple[PartnerSettings, PartnerClient] | None:
        if payment.partner is not None:
            return self._partners.get(payment.partner)
        code = payee.iban[_BANK_CODE_AT] if is_iban(payee.iban) else ""
        return next((known for known in self._partners.values() if known[0].bank_code == code), None)

    def _message(self, payment: DuePayment, payee: Payee, partner: PartnerSettings) -> Payment:
        return Payment(
            end_to_end_id=end_to_end_id(payment.transfer_id),
            amount=payment.amount,
            currency=payment.currency,
            debtor=Party(name=payee.payer_name or "—", iban=payee.payer_iban),
            debtor_agent=self._services.settings.bank_bic,
            creditor=Party(name=payee.name or "—", iban=payee.iban, address=payee.address),
            creditor_agent=partner.bic,
            remittance=payee.remittance,
        )

    def _write(self, payment: DuePayment, outcome: Outcome, partner: str | None = None) -> bool:
        with self._services.pool.connection(_CONNECTION_SECONDS) as connection:
            return self._update(connection, payment, outcome, partner)

    def _committed(self, work: Callable[[Connection], Outcome | None]) -> Outcome | None:
        """Do it in a transaction of its own, again where the database broke it off so that others could go on."""
        for _ in range(_ATTEMPTS):
            with suppress(DeadlockDetected, SerializationFailure), self._services.pool.connection() as connection:
                return work(connection)
        raise SerializationFailure("the payment met others too often")

    def _update(self, connection: Connection, payment: DuePayment, outcome: Outcome, partner: str | None) -> bool:
        now_ms = self._services.clock.now_ms()
        return update(
            connection,
            payment,
            outcome.state,
            reason=outcome.reason,
            partner=partner,
            next_attempt_ms=now_ms + wait_ms(payment.attempts, outcome, self._randomness),
            updated_at=instant(now_ms),
        )

    def _finish(self, payment: DuePayment, outcome: Outcome) -> None:
        """Book what follows, once: whoever comes second finds the state final or the claim another's, and leaves it."""
        centre = self._services.centre

        def finish(connection: Connection) -> Outcome | None:
            state = lock(connection, payment)
            if state is None or state in FINAL:
                return None
            then = outcome
            if outcome.state == "settled":
                settle_with_partner(connection, centre, payment)
            elif outcome.state == "rejected" and outcome.reason is not None:
                give_back(connection, centre, payment, outcome.reason)
                then = Outcome("returned", outcome.reason)
            if outcome.needs_person is not None:
                open_payment_case(connection, payment.transfer_id, outcome.needs_person, self._now())
            self._update(connection, payment, then, None)
            return then

        self._tell(payment, self._committed(finish))

    def _now(self) -> str:
        return instant(self._services.clock.now_ms())

    def _tell(self, payment: DuePayment, outcome: Outcome | None) -> None:
        if outcome is None:
            return
        self._log.info("payment", transfer=payment.transfer_id, before=payment.state, state=outcome.state)


def _without_partner(payment: DuePayment) -> Outcome:
    """Given back only if it never had a partner: what one may have booked is left to a person, whatever is set here."""
    if payment.state == "queued" and payment.partner is None:
        return Outcome("rejected", UNKNOWN_BANK)
    return Outcome(payment.state, needs_person="partner_not_configured")


@contextmanager
def payment_jobs(services: Services) -> Iterator[PaymentJobs]:
    """Run the jobs in a thread beside the requests."""
    jobs, stop = PaymentJobs(services), threading.Event()
    thread = threading.Thread(target=jobs.run, args=(stop,), name="payments", daemon=True)
    thread.start()
    try:
        yield jobs
    finally:
        stop.set()
        thread.join(_STOP_SECONDS)
        jobs.close()
