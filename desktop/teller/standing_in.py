"""How paying at the bank's own risk is said: on the review, and to the supervisor who signs for it."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QWidget

from core.device import Draft
from core.envelope import read_operation
from core.ledger import deposit_id
from core.money import Money, format_money
from core.store.queries.journal import OperationDetail
from desktop.teller.drafting import at_risk
from desktop.widgets import Badge


def _tr(text: str) -> str:
    return QCoreApplication.translate("standing_in", text)


def risk_of(draft: Draft) -> Money | None:
    """What the draft pays at the bank's own risk; None if nothing."""
    minor = at_risk(draft)
    currency = next((each.currency for each in draft.postings if deposit_id(each.account)), "")
    return Money(minor, currency) if minor and currency else None


def risk_paid(made: OperationDetail, currency: str) -> Money | None:
    """What an operation has paid at the bank's own risk; None if nothing."""
    authority = read_operation(made.jws).operation.authority
    return Money(authority.standin, currency) if authority is not None and authority.standin else None


def risk_pairs(draft: Draft, locale: str) -> list[tuple[str, str | QWidget]]:
    """How much is paid by this desk's rights, and how much beyond; nothing where none is."""
    risk = risk_of(draft)
    if risk is None or draft.authority is None:
        return []
    by_rights = format_money(Money(draft.authority.rights, risk.currency), locale)
    return [
        (_tr("By this desk's rights"), by_rights),
        (_tr("At the bank's risk"), Badge(format_money(risk, locale), "danger")),
    ]


def risk_reason(draft: Draft, locale: str) -> str:
    """What the supervisor signs for; empty where nothing is at risk."""
    risk = risk_of(draft)
    if risk is None:
        return ""
    said = _tr(
        "{amount} is beyond what this desk may pay out by itself, and the centre can't be asked. If the account does "
        "not hold it, the bank bears the loss."
    )
    return said.format(amount=format_money(risk, locale))
