"""Whether the partner bank takes a payment: external status reason codes of ISO 20022, by a bank's plain rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from schwifty import IBAN
from schwifty.exceptions import SchwiftyException

from sync_server.partner_bank.customers import AccountStatus
from sync_server.partner_bank.messages import Payment
from sync_server.partner_bank.settings import PartnerBankSettings

REASONS: Mapping[str, str] = MappingProxyType(
    {
        "AC01": "Account number is invalid or missing",
        "AC04": "Account number specified has been closed",
        "AC06": "Account specified is blocked, prohibiting posting of transactions against it",
        "AM02": "Specific transaction amount is greater than allowed maximum",
        "AM03": "Specified message amount is in a non processable currency outside of existing agreement",
        "BE04": "Specification of creditor's address, which is required for payment, is missing or not correct",
        "RC01": "Bank identifier code specified in the message has an incorrect format or is unknown here",
    }
)

StatusOf = Callable[[str], AccountStatus | None]
"""The status of one of the bank's own accounts; None if it has none by that number."""


def reason_to_reject(payment: Payment, settings: PartnerBankSettings, status_of: StatusOf) -> str | None:
    """The reason code (a key of `REASONS`), or None if the payment is accepted."""
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
