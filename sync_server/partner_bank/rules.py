"""Whether the partner bank takes a payment: external status reason codes of ISO 20022, by a bank's plain rules."""

from __future__ import annotations

from collections.abc import Callable

from schwifty import IBAN
from schwifty.exceptions import SchwiftyException

from sync_server.partner_bank.customers import AccountStatus
from sync_server.partner_bank.messages import Payment
from sync_server.partner_bank.settings import PartnerBankSettings

StatusOf = Callable[[str], AccountStatus | None]
"""The status of one of the bank's own accounts; None if it has none by that number."""


def reason_to_reject(payment: Payment, settings: PartnerBankSettings, status_of: StatusOf) -> str | None:
    """The reason code (a key of `reasons.REASONS`), or None if the payment is accepted."""
    if payment.creditor_agent[:8] != settings.bic[:8]:
        return "RC01"
    if payment.currency not in settings.currencies:
        return "AM03"
    if not _is_own(payment.creditor.iban, settings):
        return "AC01"
    match status_of(payment.creditor.iban):
        case None:
            return "AC01"
        case "closed":
            return "AC04"
        case "blocked":
            return "AC06"
        case "open":
            pass
    if payment.amount > settings.amount_max:
        return "AM02"
    if payment.amount >= settings.address_from and not payment.creditor.address.strip():
        return "BE04"
    return None


def _is_own(iban: str, settings: PartnerBankSettings) -> bool:
    """Whether it is a valid IBAN of this bank."""
    try:
        checked = IBAN(iban)
    except SchwiftyException:
        return False
    return checked.country_code == settings.country and checked.bank_code == settings.bank_code
