"""What the partner bank does with a payment, with neither web nor clock of its own."""

from __future__ import annotations

from dataclasses import dataclass

from core.clock import Clock
from sync_server.partner_bank.customers import AccountStatus, seeded_customers
from sync_server.partner_bank.messages import Payment, PaymentReport
from sync_server.partner_bank.rules import reason_to_reject
from sync_server.partner_bank.settings import PartnerBankSettings
from sync_server.partner_bank.state import BankFile, Booking


@dataclass(frozen=True, slots=True)
class Bank:
    """The bank: its settings, its file and the time."""

    settings: PartnerBankSettings
    file: BankFile
    clock: Clock

    def open(self) -> None:
        """Make ready to take payments. Raises `EnvironmentProblem` if the file can't be used."""
        self.file.prepare(seeded_customers(self.settings))

    def take(self, payment: Payment) -> PaymentReport | None:
        """Decide a payment and book the decision durably, once for each end-to-end id.

        A repeated one has the same answer again; None if its id stands for another payment.
        """
        with self.file.booking() as booking:
            known = booking.booked(payment)
            if known is not None:
                report, same = known
                return report if same else None
            reason = reason_to_reject(payment, self.settings, lambda iban: self._status(booking, iban))
            return booking.book(payment, reason, self.clock.now_ms(), self.settings.settle_after_ms)

    def _status(self, booking: Booking, iban: str) -> AccountStatus | None:
        if iban in self.settings.unknown:
            return None
        listed = booking.status_of(iban)
        if listed is None and not self.settings.only_listed:
            return "open"
        return listed
