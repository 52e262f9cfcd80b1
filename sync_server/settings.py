"""The sync server's settings, from the environment; `.env.example` shows them all."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from schwifty import BIC
from schwifty.exceptions import SchwiftyException

from core.clock import PURPOSE_VARIABLE, SIMULATED_CLOCK_VARIABLE
from core.ids import is_code
from core.rights import USUAL_ALLOWANCE, AllowancePolicy
from sync_server.environment import PREFIX, Reading, Secret, Variable
from sync_server.policies import USUAL_LEASE, LeasePolicy

Purpose = Literal["production", "demo", "test"]
PURPOSES: tuple[Purpose, ...] = ("production", "demo", "test")
LogFormat = Literal["json", "text"]
LogLevel = Literal["info", "debug", "warning", "error"]

NO_SECRET = Secret("")
_DATABASE_SHAPE = "must be an address such as postgresql://role:password@host:5432/database."

PURPOSE = Variable(
    PURPOSE_VARIABLE.removeprefix(PREFIX),
    "What this runs for: production, demo or test. Only demo and test may simulate time and faults.",
    "production",
    default="production",
)
LOG_LEVEL = Variable("LOG_LEVEL", "debug, info, warning or error.", "info", default="info")
LOG_FORMAT = Variable("LOG_FORMAT", "json (one object a line, on stderr) or text.", "json", default="json")
SIMULATED_CLOCK = Variable(
    SIMULATED_CLOCK_VARIABLE.removeprefix(PREFIX),
    "A file that processes share a simulated time through. For demo and tests; refused in production.",
    "/tmp/counterfoil-demo/clock",  # noqa: S108 - an example for the documentation
    optional=True,
)
DATABASE_URL = Variable(
    "DATABASE_URL",
    "PostgreSQL as the application's role, which can't change what is booked. Several hosts may be\n"
    "named; the one that takes writes is used.",
    "postgresql://counterfoil_app:password@db1.example:5432,db2.example:5432/counterfoil",
    secret=True,
)
DATABASE_OWNER_URL = Variable(
    "DATABASE_OWNER_URL",
    "PostgreSQL as the role that owns the tables. Only migrations need it.",
    "postgresql://counterfoil_owner:password@db1.example:5432,db2.example:5432/counterfoil",
    optional=True,
    secret=True,
)
DATABASE_POOL_SIZE = Variable(
    "DATABASE_POOL_SIZE", "Connections to PostgreSQL, for each server process.", "8", default="8"
)
HOST = Variable(
    "HOST",
    "The address to listen on. Only this machine, unless you say otherwise.",
    "127.0.0.1",
    default="127.0.0.1",
)
PORT = Variable("PORT", "The port to listen on; 0 takes a free one.", "8600", default="8600")
WORKERS = Variable("WORKERS", "Server processes on that port.", "2", default="1")
SECRETS_DIRECTORY = Variable(
    "SECRETS_DIRECTORY",
    "The folder of the encrypted vault that holds the centre's signing key and the server's key.",
    "/var/lib/counterfoil/secrets",
)
SECRETS_PASSPHRASE = Variable(
    "SECRETS_PASSPHRASE", "What unseals that vault.", "a long phrase that only this server has", secret=True
)
BANK_BIC = Variable("BANK_BIC", "This bank's own BIC (ISO 9362), as partner banks know it.", "CFOLDKKK")
PARTNERS = Variable(
    "PARTNERS",
    "Partner banks, as short codes between commas. Each then needs the settings below, named after it\n"
    "(in capitals, - as _).",
    "skovbank",
    optional=True,
)
BODY_BYTES_MAX = Variable(
    "BODY_BYTES_MAX", "The largest request body that is read, in bytes.", "4194304", default="4194304"
)
BODY_SECONDS_MAX = Variable(
    "BODY_SECONDS_MAX", "How long a request body may take to arrive, in seconds.", "30", default="30"
)
CHECKPOINT_MINUTES = Variable(
    "CHECKPOINT_MINUTES", "How old the newest checkpoint may be, where anything has happened since.", "15", default="15"
)
CHECKPOINT_OPERATIONS = Variable(
    "CHECKPOINT_OPERATIONS", "How many operations may come before the next checkpoint.", "5000", default="5000"
)
BATCH_OPERATIONS_MAX = Variable(
    "BATCH_OPERATIONS_MAX", "The most operations that one push may carry.", "1000", default="1000"
)

LEASE_HOURS = Variable(
    "LEASE_HOURS", "How long a desk may pay out without hearing from the centre, in hours.", "24", default="24"
)
LEASE_PER_PAYMENT = Variable(
    "LEASE_PER_PAYMENT", "The most a desk pays out at a time, in minor units.", "5000000", default="5000000"
)
LEASE_PAYMENTS = Variable("LEASE_PAYMENTS", "The most payments under one lease.", "2000", default="2000")
LEASE_SUM = Variable(
    "LEASE_SUM", "The most a desk pays out under one lease, in minor units.", "200000000", default="200000000"
)
STANDIN_PER_PAYMENT = Variable(
    "STANDIN_PER_PAYMENT",
    "The most that two people may pay beyond a desk's rights at a time, without the line and at the\n"
    "bank's own risk, in minor units. 0: never.",
    "100000",
    default="100000",
)
STANDIN_PAYMENTS = Variable("STANDIN_PAYMENTS", "The most such payments under one lease.", "20", default="20")
STANDIN_SUM = Variable(
    "STANDIN_SUM", "The most of such payments under one lease, in minor units.", "1000000", default="1000000"
)

ALLOWANCE = Variable(
    "ALLOWANCE",
    "What a desk holds of each of its customers' accounts before anybody asks, so that it can be paid out\n"
    "without the line, in minor units. 0: nothing.",
    "500000",
    default="500000",
)
ALLOWANCE_PER_DESK = Variable(
    "ALLOWANCE_PER_DESK",
    "The most that a desk holds in that way on all accounts together, in minor units.",
    "100000000",
    default="100000000",
)
ALLOWANCE_ACCOUNTS = Variable(
    "ALLOWANCE_ACCOUNTS", "The most accounts on which a desk holds anything in that way.", "500", default="500"
)
ALLOWANCE_FLOOR = Variable(
    "ALLOWANCE_FLOOR",
    "What allowances always leave of an account at the centre, for other desks, in minor units.",
    "1000",
    default="1000",
)
ALLOWANCE_FLOOR_PERCENT = Variable(
    "ALLOWANCE_FLOOR_PERCENT",
    "The same in percent of what is available; the larger of the two is left.",
    "50",
    default="50",
)


def partner_variables(code: str) -> tuple[Variable, Variable, Variable, Variable, Variable]:
    """The settings of one partner bank: BIC, bank code inside its IBANs, address, token there, token here."""
    name = f"PARTNER_{code.upper().replace('-', '_')}"
    return (
        Variable(f"{name}_BIC", f"The BIC of {code}.", "SKOVDKKK"),
        Variable(
            f"{name}_BANK_CODE",
            f"The bank code inside the IBANs of {code}, by which payments go to it.",
            "9570",
        ),
        Variable(
            f"{name}_URL",
            f"Where {code} takes payments. https, unless it is on this machine.",
            "https://skovbank.example/api",
        ),
        Variable(f"{name}_TOKEN", f"What {code} knows this bank by.", "given by the partner bank", secret=True),
        Variable(
            f"{name}_INBOUND_TOKEN",
            f"What {code} proves itself with when it sends money in. Without it, it can't.",
            "at least 16 characters, given to the partner bank",
            optional=True,
            secret=True,
        ),
    )


def server_variables(*partners: str) -> tuple[Variable, ...]:
    """All variables of the server in the order of the documented example."""
    return (
        *(PURPOSE, DATABASE_URL, DATABASE_OWNER_URL, DATABASE_POOL_SIZE, HOST, PORT, WORKERS),
        *(SECRETS_DIRECTORY, SECRETS_PASSPHRASE, BANK_BIC, PARTNERS),
        *(variable for partner in partners for variable in partner_variables(partner)),
        *(LEASE_HOURS, LEASE_PER_PAYMENT, LEASE_PAYMENTS, LEASE_SUM),
        *(STANDIN_PER_PAYMENT, STANDIN_PAYMENTS, STANDIN_SUM),
        *(ALLOWANCE, ALLOWANCE_PER_DESK, ALLOWANCE_ACCOUNTS, ALLOWANCE_FLOOR, ALLOWANCE_FLOOR_PERCENT),
        *(CHECKPOINT_MINUTES, CHECKPOINT_OPERATIONS),
        *(BODY_BYTES_MAX, BODY_SECONDS_MAX, BATCH_OPERATIONS_MAX, LOG_LEVEL, LOG_FORMAT, SIMULATED_CLOCK),
    )


@dataclass(frozen=True, slots=True)
class PartnerSettings:
    """A partner bank as this server reaches it."""

    code: str
    bic: str
    bank_code: str
    base_url: str
    token: Secret
    inbound_token: Secret = NO_SECRET


@dataclass(frozen=True, slots=True)
class LogSettings:
    """How much is logged and in which form."""

    level: LogLevel = "info"
    format: LogFormat = "json"


DEFAULT_LOG = LogSettings()


@dataclass(frozen=True, slots=True)
class CheckpointPolicy:
    """A checkpoint is made when the newest is that old, or that many operations have come since."""

    minutes: int = 15
    operations: int = 5000


USUAL_CHECKPOINTS = CheckpointPolicy()


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """Everything that the sync server is told from outside. Sizes in bytes, times in seconds."""

    database_url: Secret
    secrets_directory: Path
    secrets_passphrase: Secret
    bank_bic: str
    purpose: Purpose = "production"
    database_owner_url: Secret | None = None
    database_pool_size: int = 8
    host: str = "127.0.0.1"
    port: int = 8600
    workers: int = 1
    partners: tuple[PartnerSettings, ...] = ()
    body_bytes_max: int = 4 * 1024 * 1024
    body_seconds_max: int = 30
    batch_operations_max: int = 1000
    log: LogSettings = DEFAULT_LOG
    checkpoints: CheckpointPolicy = USUAL_CHECKPOINTS
    lease: LeasePolicy = USUAL_LEASE
    allowance: AllowancePolicy = USUAL_ALLOWANCE


def server_settings(environment: Mapping[str, str]) -> ServerSettings:
    """The settings that the environment gives. Raises `SettingProblem`, naming all that is wrong."""
    reading = Reading(environment)
    purpose = read_purpose(reading)
    owner_url = _database_url(reading, DATABASE_OWNER_URL)
    settings = ServerSettings(
        purpose=purpose,
        database_url=_database_url(reading, DATABASE_URL),
        database_owner_url=owner_url if owner_url.reveal() else None,
        database_pool_size=reading.whole(DATABASE_POOL_SIZE, 1, 200),
        host=read_host(reading, HOST),
        port=reading.whole(PORT, 0, 65535),
        workers=reading.whole(WORKERS, 1, 64),
        secrets_directory=Path(reading.text(SECRETS_DIRECTORY)),
        secrets_passphrase=reading.secret(SECRETS_PASSPHRASE),
        bank_bic=read_bic(reading, BANK_BIC),
        partners=_partners(reading, encrypted=purpose == "production"),
        body_bytes_max=reading.whole(BODY_BYTES_MAX, 1024, 256 * 1024 * 1024),
        body_seconds_max=reading.whole(BODY_SECONDS_MAX, 1, 600),
        batch_operations_max=reading.whole(BATCH_OPERATIONS_MAX, 1, 10_000),
        log=read_log(reading),
        checkpoints=CheckpointPolicy(
            reading.whole(CHECKPOINT_MINUTES, 1, 24 * 60), reading.whole(CHECKPOINT_OPERATIONS, 1, 10**7)
        ),
        lease=_lease(reading),
        allowance=_allowance(reading),
    )
    reading.finish()
    return settings


def reading_url(environment: Mapping[str, str]) -> Secret:
    """The database's address for whoever only reads, and needs no other setting. Raises `SettingProblem`."""
    reading = Reading(environment)
    url = _database_url(reading, DATABASE_URL, writing=False)
    reading.finish()
    return url


def _lease(reading: Reading) -> LeasePolicy:
    return LeasePolicy(
        hours=reading.whole(LEASE_HOURS, 1, 24 * 31),
        per_payment=reading.whole(LEASE_PER_PAYMENT, 0, 10**12),
        payments=reading.whole(LEASE_PAYMENTS, 0, 10**6),
        paid=reading.whole(LEASE_SUM, 0, 10**14),
        standin_per_payment=reading.whole(STANDIN_PER_PAYMENT, 0, 10**12),
        standins=reading.whole(STANDIN_PAYMENTS, 0, 10**6),
        stood_in=reading.whole(STANDIN_SUM, 0, 10**14),
    )


def _allowance(reading: Reading) -> AllowancePolicy:
    return AllowancePolicy(
        amount=reading.whole(ALLOWANCE, 0, 10**12),
        cap=reading.whole(ALLOWANCE_PER_DESK, 0, 10**14),
        accounts=reading.whole(ALLOWANCE_ACCOUNTS, 0, 100_000),
        floor=reading.whole(ALLOWANCE_FLOOR, 0, 10**12),
        floor_percent=reading.whole(ALLOWANCE_FLOOR_PERCENT, 0, 100),
    )


def read_purpose(reading: Reading) -> Purpose:
    """The purpose; a simulated clock is malformed in production."""
    purpose = reading.choice(PURPOSE, PURPOSES)
    if purpose == "production" and reading.text(SIMULATED_CLOCK):
        reading.malformed(SIMULATED_CLOCK, "is for the demo and the tests only. Remove it.")
    return purpose


def read_log(reading: Reading) -> LogSettings:
    """How to log."""
    levels: tuple[LogLevel, ...] = ("info", "debug", "warning", "error")
    formats: tuple[LogFormat, ...] = ("json", "text")
    return LogSettings(reading.choice(LOG_LEVEL, levels), reading.choice(LOG_FORMAT, formats))


def read_host(reading: Reading, variable: Variable) -> str:
    """An address or host name to listen on."""
    host = reading.text(variable)
    if not re.fullmatch(r"[A-Za-z0-9.:_-]{1,253}", host):
        reading.malformed(variable, "must be an address or host name such as 127.0.0.1.")
    return host


def read_bic(reading: Reading, variable: Variable) -> str:
    """A BIC of 8 or 11 characters."""
    bic = reading.text(variable)
    try:
        return str(BIC(bic)) if bic else ""
    except SchwiftyException:
        reading.malformed(variable, "must be a BIC (ISO 9362) of 8 or 11 characters.")
        return ""


def _database_url(reading: Reading, variable: Variable, *, writing: bool = True) -> Secret:
    """Checked, and for `writing` told to look for the host that takes writes where several are named."""
    url = reading.text(variable)
    if not url:
        return Secret("")
    try:
        if not url.startswith(("postgresql://", "postgres://")):
            raise psycopg.ProgrammingError
        parts = conninfo_to_dict(url)
    except psycopg.Error:
        # The driver's own words repeat the address, password and all.
        reading.malformed(variable, _DATABASE_SHAPE)
        return Secret("")
    if not parts.get("dbname") or not parts.get("user"):
        reading.malformed(variable, _DATABASE_SHAPE)
        return Secret("")
    if writing and "," in str(parts.get("host", "")):
        parts.setdefault("target_session_attrs", "read-write")
    parts.setdefault("connect_timeout", "5")
    return Secret(make_conninfo("", **parts))


def _partners(reading: Reading, *, encrypted: bool) -> tuple[PartnerSettings, ...]:
    return tuple(_partner(reading, code, encrypted=encrypted) for code in _partner_codes(reading))


def _partner_codes(reading: Reading) -> tuple[str, ...]:
    codes = reading.words(PARTNERS)
    # The partner bank's own settings begin with PARTNER_BANK.
    if any(not is_code(code) or code == "bank" for code in codes):
        reading.malformed(PARTNERS, "must be short codes (a-z, 0-9, -) between commas, none of them 'bank'.")
        return ()
    return codes


def _partner(reading: Reading, code: str, *, encrypted: bool) -> PartnerSettings:
    bic, bank_code, url, token, inbound_token = partner_variables(code)
    return PartnerSettings(
        code=code,
        bic=read_bic(reading, bic),
        bank_code=read_bank_code(reading, bank_code),
        base_url=reading.web_address(url, encrypted=encrypted),
        token=reading.token(token),
        inbound_token=reading.token(inbound_token),
    )


def read_bank_code(reading: Reading, variable: Variable) -> str:
    """The bank's part of an IBAN."""
    code = reading.text(variable)
    if code and not re.fullmatch(r"[0-9A-Z]{1,12}", code):
        reading.malformed(variable, "must be the bank's part of an IBAN: digits and capital letters.")
    return code
