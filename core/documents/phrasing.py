"""How dates, instants, account numbers and counts are said on paper."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache

from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal

from core.clock import instant_ms
from core.documents.wording import Wording


@lru_cache(maxsize=4096)
def say_date(iso: str, locale: str) -> str:
    """`2026-11-20` as the locale writes it in short words: `20 Nov 2026`."""
    return str(format_date(date.fromisoformat(iso), "medium", locale=locale))


def say_instant(instant: str, locale: str, zone: tzinfo = UTC) -> str:
    """An instant as the locale writes a date with its time, and how far that is from UTC: `…, 10:42:00 UTC+01:00`."""
    moment = datetime.fromtimestamp(instant_ms(instant) / 1000, zone)
    seconds = int((moment.utcoffset() or timedelta()).total_seconds())
    hours, minutes = divmod(abs(seconds) // 60, 60)
    sign = "\N{MINUS SIGN}" if seconds < 0 else "+"
    offset = f"{sign}{hours:02d}:{minutes:02d}" if seconds else ""
    said = format_datetime(moment.replace(tzinfo=None), "medium", locale=locale)
    return f"{said}\u00a0UTC{offset}"


def say_count(count: int, locale: str, wording: Wording) -> str:
    """`1 movement`, `1,204 movements`."""
    number = format_decimal(count, locale=locale)
    return wording["movements_one" if count == 1 else "movements_many"].format(count=number)


def group_iban(iban: str) -> str:
    """In fours, as ISO 13616 prints it."""
    return " ".join(iban[first : first + 4] for first in range(0, len(iban), 4))


def mask_iban(iban: str) -> str:
    """Country, check digits and the last four: enough to recognise, too little to misuse."""
    return f"{iban[:4]} \u2022\u2022\u2022\u2022 {iban[-4:]}" if len(iban) > 8 else iban


def language_tag(locale: str) -> str:
    """BCP 47: `da-DK`."""
    return locale.replace("_", "-")
