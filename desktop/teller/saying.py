"""How the teller's screens say dates, times, kinds of operations, products and states."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo

from babel.dates import format_date, format_datetime, format_skeleton, format_time, get_date_format
from PySide6.QtCore import QCoreApplication

from core.clock import instant_ms
from core.documents.phrasing import group_iban
from core.ledger import OVER_SHORT, VAULT
from desktop.widgets import Tone

NOTHING = "\u2014"
_DATE_PARTS = re.compile(r"\d+")
_CENTURY_LENGTH = 4


def _tr(text: str) -> str:
    return QCoreApplication.translate("saying", text)


def date_text(iso: str | None, locale: str) -> str:
    """`2026-11-20` as `20 Nov 2026`; a dash where there is none."""
    if not iso:
        return NOTHING
    try:
        return str(format_date(date.fromisoformat(iso), "medium", locale=locale))
    except ValueError:
        return iso


def day_text(iso: str, locale: str) -> str:
    """A date beside another that says the year: `20 Nov`."""
    return str(format_skeleton("MMMd", date.fromisoformat(iso), locale=locale))


def zone_at(instant: str) -> tzinfo:
    """How far this machine's time was from UTC at that instant: for papers, which are made of what they are given."""
    moment = datetime.fromtimestamp(instant_ms(instant) / 1000, UTC).astimezone()
    return timezone(moment.utcoffset() or timedelta())


def moment_text(instant: str, locale: str) -> str:
    """An instant as local date and time, `20 Nov 2026, 09:42`."""
    return str(format_datetime(_local(instant), "medium", tzinfo=None, locale=locale)).rpartition(":")[0]


def near_moment_text(instant: str, today: str, locale: str) -> str:
    """An instant in a narrow column: the time if it is of today, else the date with it, `19 Nov 09:42`."""
    local = _local(instant)
    if local.date().isoformat() == today:
        return time_text(instant, locale)
    day = format_skeleton("MMMd" if local.year == int(today[:4]) else "yyMMMd", local, locale=locale)
    return f"{day} {time_text(instant, locale)}"


def time_text(instant: str, locale: str) -> str:
    """An instant as local time, `09:42`."""
    return str(format_time(_local(instant), "short", locale=locale))


def _local(instant: str) -> datetime:
    return datetime.fromtimestamp(instant_ms(instant) / 1000, UTC).astimezone().replace(tzinfo=None)


def date_pattern(locale: str) -> str:
    """How a date is typed in the locale: `dd/mm/yyyy`."""
    order, separator = _date_order(locale)
    words = {"d": _tr("dd"), "m": _tr("mm"), "y": _tr("yyyy")}
    return separator.join(words[part] for part in order)


def typed_date(iso: str, locale: str) -> str:
    """A date as a person would type it in the locale: `20/11/2026`."""
    when = date.fromisoformat(iso)
    order, separator = _date_order(locale)
    parts = {"d": f"{when.day:02d}", "m": f"{when.month:02d}", "y": f"{when.year:04d}"}
    return separator.join(parts[part] for part in order)


def read_date(text: str, locale: str) -> str | None:
    """The ISO date of what a person typed, in the locale's order or ISO 8601's; None for anything else."""
    typed = text.strip()
    if not re.fullmatch(r"[0-9]+([./\- ])[0-9]+\1[0-9]+\.?", typed):
        return None
    numbers = _DATE_PARTS.findall(typed)
    order = "ymd" if len(numbers[0]) == _CENTURY_LENGTH else _date_order(locale)[0]
    named = dict(zip(order, numbers, strict=True))
    if len(named["y"]) != _CENTURY_LENGTH:
        return None
    try:
        return date(int(named["y"]), int(named["m"]), int(named["d"])).isoformat()
    except ValueError:
        return None


def _date_order(locale: str) -> tuple[str, str]:
    """The order of day, month and year in the locale, and what stands between them."""
    pattern = str(get_date_format("short", locale=locale)).casefold()
    order = "".join(dict.fromkeys(letter for letter in pattern if letter in "dmy"))
    separator = next((sign for sign in pattern if sign in "./-"), "/")
    return (order, separator) if len(order) == 3 else ("dmy", separator)


def iban_text(iban: str) -> str:
    """In fours, held together."""
    return group_iban(iban).replace(" ", "\u00a0") if iban else NOTHING


def reference(operation_id: str) -> str:
    """The short name by which people speak of an operation or a customer: the end of its id, `7F3A\u00a091C2`."""
    tail = operation_id.replace("-", "")[-8:].upper()
    return f"{tail[:4]}\u00a0{tail[4:]}"


def kind_title(kind: str) -> str:
    """What an operation is called at the counter."""
    titles = {
        "account.freeze_lifted": _tr("Freeze lifted"),
        "account.frozen": _tr("Account frozen"),
        "account.closed": _tr("Account closed"),
        "account.closure_requested": _tr("Account to be closed"),
        "account.opened": _tr("Account opened"),
        "cash.deposited": _tr("Cash deposit"),
        "cash.withdrawn": _tr("Cash withdrawal"),
        "customer.amended": _tr("Customer's file amended"),
        "customer.kyc_decided": _tr("KYC decided"),
        "customer.registered": _tr("Customer registered"),
        "day.closed": _tr("Day closed"),
        "day.opened": _tr("Day opened"),
        "drawer.closed": _tr("Drawer closed"),
        "drawer.counted": _tr("Drawer counted"),
        "device.write_off_requested": _tr("Desk to be written off"),
        "device.written_off": _tr("Desk written off"),
        "drawer.opened": _tr("Drawer opened"),
        "entry.reversed": _tr("Reversal"),
        "reversal.requested": _tr("Reversal asked for"),
        "exposure.booked": _tr("Exposure booked"),
        "late.decided": _tr("Late operations decided"),
        "late.refused": _tr("Late operations refused"),
        "late.settled": _tr("Late operations dealt with"),
        "lease.renewed": _tr("Lease renewed"),
        "operation.booked": _tr("Late operation booked"),
        "request.declined": _tr("Request declined"),
        "request.carried_out": _tr("Request carried out"),
        "rights.granted": _tr("Spending right granted"),
        "rights.recalled": _tr("Spending right recalled"),
        "rights.released": _tr("Spending rights released"),
        "rights.returned": _tr("Spending right handed back"),
        "session.closed": _tr("Signed out"),
        "session.opened": _tr("Signed in"),
        "staff.keys_registered": _tr("Staff keys registered"),
        "transfer.carried_out": _tr("Transfer carried out"),
        "transfer.completed": _tr("Transfer completed"),
        "transfer.made": _tr("Transfer"),
        "transfer.received": _tr("Transfer received"),
        "transfer.requested": _tr("Transfer asked for"),
        "transfer.returned": _tr("Transfer returned"),
        "transfer.sent": _tr("Transfer sent"),
        "transfer.settled": _tr("Transfer settled"),
        "vault.funded": _tr("Vault funded"),
        "vault.returned": _tr("Vault: cash sent back"),
    }
    return titles.get(kind) or kind.replace(".", " ").replace("_", " ").capitalize()


def state_word(state: str) -> str:
    """How far an operation has come, in a word for a badge."""
    words = {
        "queued": _tr("Queued"),
        "applied": _tr("At the centre"),
        "exception": _tr("Exception"),
        "recorded": _tr("Recorded"),
        "quarantined": _tr("Quarantined"),
        "centre": _tr("Centre"),
    }
    return words.get(state, state)


def state_tone(state: str) -> Tone:
    """The colour beside the word; violet only for what the centre itself made."""
    tones: dict[str, Tone] = {
        "queued": "warn",
        "applied": "ok",
        "exception": "danger",
        "recorded": "info",
        "quarantined": "danger",
        "centre": "machine",
    }
    return tones.get(state, "plain")


def state_sentence(state: str) -> str:
    """The same in a sentence."""
    sentences = {
        "queued": _tr("Done and signed here; not yet sent to the centre."),
        "applied": _tr("Done here, and booked at the centre."),
        "exception": _tr("Booked at the centre with an exception: somebody there looks at it."),
        "recorded": _tr("The centre has it and decides later."),
        "quarantined": _tr("The centre keeps it apart and has not booked it."),
        "centre": _tr("Made by the centre."),
    }
    return sentences.get(state, "")


PRODUCTS = ("current", "savings", "youth")
"""The deposit products that a counter opens."""


def product_name(product: str) -> str:
    """What a product is called."""
    names = {"current": _tr("Current"), "savings": _tr("Savings"), "youth": _tr("Youth")}
    return names.get(product) or product.replace("-", " ").capitalize()


def kyc_word(kyc: str) -> str:
    """Whether the customer is known, in a word."""
    words = {"pending": _tr("Not decided"), "approved": _tr("Approved"), "refused": _tr("Refused")}
    return words.get(kyc, kyc)


def kyc_tone(kyc: str) -> Tone:
    """The colour beside that word."""
    tones: dict[str, Tone] = {"pending": "warn", "approved": "ok", "refused": "danger"}
    return tones.get(kyc, "plain")


FREEZE_REASONS = ("lost-card", "customer-wish", "fraud-suspected", "court-order", "deceased")
"""Why a counter freezes an account, as codes."""


def freeze_reason(reason: str) -> str:
    """Why an account is frozen."""
    words = {
        "lost-card": _tr("Card or papers lost"),
        "customer-wish": _tr("The customer's own wish"),
        "fraud-suspected": _tr("Fraud suspected"),
        "court-order": _tr("Order of a court or authority"),
        "deceased": _tr("The customer has died"),
    }
    return words.get(reason) or reason.replace("-", " ").capitalize()


def books_name(account: str) -> str:
    """What an account of the books is called on a screen."""
    if account == VAULT:
        return _tr("Vault")
    if account == OVER_SHORT:
        return _tr("Cash over and short")
    if account.startswith("drawer:"):
        return _tr("Drawer {code}").format(code=account.removeprefix("drawer:"))
    words = {
        "cash-in-transit": _tr("Cash in transit"),
        "clearing:branches": _tr("Clearing between branches"),
        "clearing:partners": _tr("Clearing with partner banks"),
        "nostro": _tr("Account at the partner bank"),
    }
    return words.get(account, account)
