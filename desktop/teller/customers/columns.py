"""What the lists of a customer's file say of an account and of a movement."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QCoreApplication

from core.money import Money, format_amount
from core.store.queries.accounts import AccountSummary, ActivityLine
from desktop.teller.saying import date_text, day_text, iban_text, kind_title, product_name, state_tone, state_word
from desktop.widgets import Column, Tone

_MADE_BY_CENTRE = "transfer.received", "transfer.returned"


def _tr(text: str) -> str:
    return QCoreApplication.translate("columns", text)


def account_columns(locale: str) -> Sequence[Column[AccountSummary]]:
    """Product, IBAN, balance, what is payable here, state."""
    return (
        Column[AccountSummary](_tr("Product"), lambda account: product_name(account.product), strong=True),
        Column[AccountSummary](_tr("IBAN"), lambda account: iban_text(account.iban), width=44),
        Column[AccountSummary](
            _tr("Balance"),
            lambda account: f"{format_amount(Money(account.posted, account.currency), locale)}\u00a0{account.currency}",
            align="amount",
            width=19,
        ),
        Column[AccountSummary](
            _tr("Payable here"),
            lambda account: format_amount(Money(account.payable_here, account.currency), locale),
            align="amount",
            width=14,
        ),
        Column[AccountSummary](_tr("State"), account_state, width=9, tone=account_tone),
    )


def account_state(account: AccountSummary) -> str:
    """Frozen, being closed, or as the books have it."""
    if account.closing:
        return _tr("Closing")
    if account.frozen:
        return _tr("Frozen")
    return {"open": _tr("Open"), "closed": _tr("Closed"), "unknown": _tr("Not opened")}.get(
        account.state, account.state
    )


def account_tone(account: AccountSummary) -> Tone:
    """The colour beside that word."""
    if account.closing:
        return "info"
    if account.frozen:
        return "danger"
    return "ok" if account.state == "open" else "plain"


def activity_columns(locale: str, currency: str) -> Sequence[Column[ActivityLine]]:
    """Booking date, value date, text, amount, running balance, state; the amounts are in the account's currency."""

    def amount(line: ActivityLine) -> str:
        return format_amount(Money(line.amount, currency), locale, sign=True)

    return (
        Column[ActivityLine](_tr("Booked"), lambda line: date_text(line.booked_on, locale), width=11),
        Column[ActivityLine](_tr("Value"), lambda line: day_text(line.value_on, locale), width=6),
        Column[ActivityLine](_tr("Text"), activity_text),
        Column[ActivityLine](_tr("Amount"), amount, align="amount", width=14),
        Column[ActivityLine](
            _tr("Balance"), lambda line: format_amount(Money(line.balance, currency), locale), align="amount", width=14
        ),
        Column[ActivityLine](_tr("State"), activity_state, width=11, tone=activity_tone),
    )


def activity_text(line: ActivityLine, *, with_counterparty: bool = True) -> str:
    """What it was, with whom, and the words that go with it."""
    parts = [kind_title(line.kind)]
    if line.other_party and with_counterparty:
        parts.append(line.other_party)
    words = line.details.get("remittance") or line.details.get("narrative")
    if words:
        parts.append(words)
    if line.reversed_by:
        parts.append(_tr("reversed"))
    return " \u00b7 ".join(parts)


def activity_state(line: ActivityLine) -> str:
    """How far it has come."""
    if line.state == "applied" and line.kind in _MADE_BY_CENTRE:
        return state_word("centre")
    return state_word(line.state)


def activity_tone(line: ActivityLine) -> Tone:
    """The colour beside that word."""
    if line.state == "applied" and line.kind in _MADE_BY_CENTRE:
        return "machine"
    return state_tone(line.state)
