"""The partner bank's own customers: the same few every time, so that a payment to them can be written down."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from schwifty import IBAN
from schwifty.exceptions import SchwiftyException

from sync_server.partner_bank.settings import PartnerBankSettings

AccountStatus = Literal["open", "closed", "blocked"]

_CUSTOMERS: tuple[tuple[str, AccountStatus], ...] = (
    ("Skovby Tømrer & Snedker ApS", "open"),
    ("Ingrid Lindqvist", "open"),
    ("Nordsø Fiskeeksport A/S", "open"),
    ("Mateusz Kowalczyk", "open"),
    ("Grønnegade Apotek", "open"),
    ("Θεοδώρα Παπαδοπούλου", "open"),
    ("Bødker & Rask Revision I/S", "open"),
    ("Layla Haddad", "open"),
    ("Hedensted Varmeværk A.m.b.a.", "open"),
    ("Jens Kirkegaard Dødsbo", "closed"),
    ("Solvang Kiosk (ophørt)", "closed"),
    ("Peder Munk-Olsen", "blocked"),
)
_FIRST_NUMBER = 1_400_217
_NUMBER_STEP = 7_919


@dataclass(frozen=True, slots=True)
class Customer:
    """One account of the partner bank."""

    iban: str
    name: str
    status: AccountStatus


def seeded_customers(settings: PartnerBankSettings) -> tuple[Customer, ...]:
    """The customers that the bank begins with, and those that the settings call closed."""
    seeded = tuple(
        Customer(iban_of(settings, _FIRST_NUMBER + place * _NUMBER_STEP), name, status)
        for place, (name, status) in enumerate(_CUSTOMERS)
    )
    return (*seeded, *(Customer(iban, "", "closed") for iban in settings.closed))


def iban_of(settings: PartnerBankSettings, number: int) -> str:
    """The bank's IBAN with that account number. Raises ValueError if the country has no such IBANs."""
    try:
        return str(IBAN.generate(settings.country, bank_code=settings.bank_code, account_code=str(number)))
    except SchwiftyException as problem:
        raise ValueError(f"no IBAN of {settings.country} has bank code {settings.bank_code}") from problem
