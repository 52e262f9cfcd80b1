"""Accounts of the demo's partner bank that payments can be sent to: one that takes them, one that gives them back."""

from __future__ import annotations

from counterfoil.demo import world
from counterfoil.demo.bank import DemoBank
from sync_server.environment import Secret
from sync_server.partner_bank.customers import seeded_customers
from sync_server.partner_bank.settings import PartnerBankSettings

PartnerAccounts = tuple[tuple[str, str], tuple[str, str]]


def partner_accounts(bank: DemoBank) -> PartnerAccounts:
    """An open and a closed account of the partner bank: IBAN and name of each."""
    settings = PartnerBankSettings(
        database=bank.directory, token=Secret(""), bic=world.PARTNER_BIC, bank_code=world.PARTNER_BANK_CODE
    )
    customers = seeded_customers(settings)
    opened = next(customer for customer in customers if customer.status == "open")
    closed = next(customer for customer in customers if customer.status == "closed")
    return (opened.iban, opened.name), (closed.iban, closed.name)
