"""The partner bank's settings, from the environment; `.env.example` shows them all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sync_server.environment import Reading, Secret, Variable
from sync_server.settings import (
    DEFAULT_LOG,
    LOG_FORMAT,
    LOG_LEVEL,
    PURPOSE,
    SIMULATED_CLOCK,
    LogSettings,
    Purpose,
    read_bank_code,
    read_bic,
    read_host,
    read_log,
    read_purpose,
)

HOST = Variable("PARTNER_BANK_HOST", "The address to listen on.", "127.0.0.1", default="127.0.0.1")
PORT = Variable("PARTNER_BANK_PORT", "The port to listen on; 0 takes a free one.", "8610", default="8610")
DATABASE = Variable(
    "PARTNER_BANK_DATABASE",
    "The file that holds its accounts and payments.",
    "/var/lib/counterfoil/partner-bank.sqlite",
)
TOKEN = Variable(
    "PARTNER_BANK_TOKEN", "What the bank that sends payments proves itself with.", "at least 16 characters", secret=True
)
BIC = Variable("PARTNER_BANK_BIC", "Its own BIC.", "SKOVDKKK", default="SKOVDKKK")
COUNTRY = Variable("PARTNER_BANK_COUNTRY", "The country of its IBANs.", "DK", default="DK")
BANK_CODE = Variable("PARTNER_BANK_BANK_CODE", "Its bank code inside its IBANs.", "9570", default="9570")
CURRENCIES = Variable(
    "PARTNER_BANK_CURRENCIES", "The currencies it takes, between commas.", "DKK,EUR", default="DKK,EUR"
)
AMOUNT_MAX = Variable(
    "PARTNER_BANK_AMOUNT_MAX",
    "The largest payment it takes, in minor units (else AM02).",
    "100000000",
    default="100000000",
)
ADDRESS_FROM = Variable(
    "PARTNER_BANK_ADDRESS_FROM",
    "From this amount, in minor units, the creditor's address must be given (else BE04).",
    "10000000",
    default="10000000",
)
SETTLE_AFTER_MS = Variable(
    "PARTNER_BANK_SETTLE_AFTER_MS", "How long an accepted payment takes to settle; 0: at once.", "2000", default="2000"
)
CLOSED = Variable(
    "PARTNER_BANK_CLOSED",
    "More of its IBANs that are closed (AC04), between commas.",
    "DK8695700000009999",
    optional=True,
)
UNKNOWN = Variable(
    "PARTNER_BANK_UNKNOWN",
    "Of its IBANs, those that nobody has (AC01), between commas.",
    "DK1395700000008888",
    optional=True,
)
ONLY_LISTED = Variable(
    "PARTNER_BANK_ONLY_LISTED",
    "yes: only its own list of customers have accounts, every other IBAN is refused (AC01).\n"
    "no: every valid IBAN with its bank code is taken for a customer's, unless named above.",
    "yes",
    default="no",
)

VARIABLES = (
    *(PURPOSE, HOST, PORT, DATABASE, TOKEN, BIC, COUNTRY, BANK_CODE, CURRENCIES, AMOUNT_MAX, ADDRESS_FROM),
    *(SETTLE_AFTER_MS, CLOSED, UNKNOWN, ONLY_LISTED, LOG_LEVEL, LOG_FORMAT, SIMULATED_CLOCK),
)


@dataclass(frozen=True, slots=True)
class PartnerBankSettings:
    """Everything that the partner bank is told from outside. Amounts in minor units."""

    database: Path
    token: Secret
    purpose: Purpose = "production"
    host: str = "127.0.0.1"
    port: int = 8610
    bic: str = "SKOVDKKK"
    country: str = "DK"
    bank_code: str = "9570"
    currencies: tuple[str, ...] = ("DKK", "EUR")
    amount_max: int = 100_000_000
    address_from: int = 10_000_000
    settle_after_ms: int = 2000
    closed: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    only_listed: bool = False
    log: LogSettings = DEFAULT_LOG


def partner_bank_settings(environment: Mapping[str, str]) -> PartnerBankSettings:
    """The settings that the environment gives. Raises `SettingProblem`, naming all that is wrong."""
    reading = Reading(environment)
    settings = PartnerBankSettings(
        purpose=read_purpose(reading),
        database=Path(reading.text(DATABASE)),
        token=reading.token(TOKEN),
        host=read_host(reading, HOST),
        port=reading.whole(PORT, 0, 65535),
        bic=read_bic(reading, BIC),
        country=reading.text(COUNTRY),
        bank_code=read_bank_code(reading, BANK_CODE),
        currencies=reading.words(CURRENCIES),
        amount_max=reading.whole(AMOUNT_MAX, 1, 10**12),
        address_from=reading.whole(ADDRESS_FROM, 1, 10**13),
        settle_after_ms=reading.whole(SETTLE_AFTER_MS, 0, 7 * 24 * 3600 * 1000),
        closed=reading.words(CLOSED),
        unknown=reading.words(UNKNOWN),
        only_listed=reading.choice(ONLY_LISTED, ("no", "yes")) == "yes",
        log=read_log(reading),
    )
    reading.finish()
    return settings
