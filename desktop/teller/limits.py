"""Until when, and how much, a desk may still pay out by itself: its lease against what it has paid so far."""

from __future__ import annotations

from dataclasses import dataclass

from babel.numbers import format_decimal
from PySide6.QtCore import QCoreApplication

from core.book.rows import Lease, Spending
from core.clock import instant_ms
from core.money import Money, format_money
from desktop.line_reporting import paying_out
from desktop.teller.saying import moment_text
from desktop.widgets.line_status import PayingOut


def _tr(text: str) -> str:
    return QCoreApplication.translate("limits", text)


@dataclass(frozen=True, slots=True)
class Limits:
    """What is left of a lease; sums are of its currency. `state` says how near its end is."""

    ends_at: str
    state: PayingOut
    per_payment: Money
    payments_left: int
    sum_left: Money
    standin_per_payment: Money
    standins_left: int
    standin_sum_left: Money

    @property
    def may_stand_in(self) -> bool:
        """Whether the policy allows anything at the bank's own risk."""
        return self.standins_left > 0 and min(self.standin_per_payment.minor, self.standin_sum_left.minor) > 0


def limits_of(lease: Lease | None, spent: Spending, now_ms: int) -> Limits | None:
    """What is left at `now_ms` (milliseconds by the device's clock); None before the centre gave a lease."""
    if lease is None:
        return None

    def money(minor: int) -> Money:
        return Money(max(0, minor), lease.currency)

    return Limits(
        ends_at=lease.ends_at,
        state=paying_out(instant_ms(lease.ends_at), now_ms),
        per_payment=money(lease.per_payment),
        payments_left=max(0, lease.payments_to - spent.payments),
        sum_left=money(lease.sum_to - spent.paid),
        standin_per_payment=money(lease.standin_per_payment),
        standins_left=max(0, lease.standin_payments_to - spent.standins),
        standin_sum_left=money(lease.standin_sum_to - spent.stood_in),
    )


def limits_line(limits: Limits | None, locale: str) -> str:
    """The whole of it in one quiet line."""
    if limits is None:
        return _tr("The centre has not yet said what this desk may pay out without the line.")
    ends = moment_text(limits.ends_at, locale)
    if limits.state == "ended":
        return _tr("What this desk may pay out without the line ended at {time}.").format(time=ends)
    payments = format_decimal(limits.payments_left, locale=locale)
    said = _tr("Without the line this desk pays out until {time}: {sum} in {n} payments.")
    return said.format(time=ends, sum=format_money(limits.sum_left, locale), n=payments)


def limit_rows(limits: Limits, locale: str) -> list[tuple[str, str]]:
    """What is left, pair by pair."""
    return [
        (_tr("Until"), moment_text(limits.ends_at, locale)),
        (_tr("Most in one payment"), format_money(limits.per_payment, locale)),
        (_tr("Payments left"), format_decimal(limits.payments_left, locale=locale)),
        (_tr("Sum left"), format_money(limits.sum_left, locale)),
    ]


def standin_rows(limits: Limits, locale: str) -> list[tuple[str, str]]:
    """The same for what is paid at the bank's own risk."""
    if not limits.may_stand_in:
        return [(_tr("At the bank's risk"), _tr("nothing more"))]
    return [
        (_tr("Most in one payment"), format_money(limits.standin_per_payment, locale)),
        (_tr("Payments left"), format_decimal(limits.standins_left, locale=locale)),
        (_tr("Sum left"), format_money(limits.standin_sum_left, locale)),
    ]
