"""What is true about the line, the outbox and what may be paid out without it: pure data, no Qt widgets."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Literal

from PySide6.QtCore import QCoreApplication

from core.money import Money, format_money
from desktop.wording import short_age


class LineState(Enum):
    """How it stands with the line and with what was done here, the worst that is true."""

    STARTING = "starting"
    """Nothing was heard yet since the program began."""
    ONLINE = "online"
    """The centre answers, and has all that was done here."""
    SENDING = "sending"
    WAITING = "waiting"
    """The centre answers and does not have all that was done here."""
    OVERDUE = "overdue"
    """Something has waited for more than fifteen minutes, whether the line is up or not."""
    OFFLINE = "offline"
    HELD = "held"
    """The centre takes nothing from this desk for the time being, or looks at something that was done here."""
    RECOVERING = "recovering"
    """The centre was restored, and is told again what it has forgotten."""
    REFUSED = "refused"
    """The centre refuses to speak to this desk."""
    CLOCK = "clock"
    """This machine's clock can't be trusted, so that nothing may be paid out."""
    CHECKPOINT = "checkpoint"
    """The centre's past is not the one that this desk has read."""
    STOPPED = "stopped"
    """This desk may do nothing more until it is enrolled anew."""


_WITHOUT_LINE = frozenset(
    {
        LineState.OFFLINE,
        LineState.RECOVERING,
        LineState.REFUSED,
        LineState.CLOCK,
        LineState.CHECKPOINT,
        LineState.STOPPED,
    }
)
_WITH_LINE = frozenset({LineState.ONLINE, LineState.SENDING, LineState.WAITING})

PayingOut = Literal["plain", "ending", "ended"]
"""How it stands with paying out without the line: nothing to say, soon at its end, at its end."""


@dataclass(frozen=True, slots=True)
class LineStatus:
    """One truthful moment of the line. Times are in the branch's own time zone.

    `unsent` counts operations that the centre has not acknowledged. `sent` of `sending` are through while a push is
    under way. `line_up` is whether the centre can be asked for something now. `code` is what is in the way, `detail`
    says it in words. `exceptions` counts what the centre found and nobody here has looked at. `pays_until` is when the
    lease ends, `paying_out` what is to be said of it.
    """

    state: LineState = LineState.STARTING
    unsent: int = 0
    oldest_unsent: timedelta | None = None
    sent: int = 0
    sending: int = 0
    offline_since: datetime | None = None
    balances_as_of: datetime | None = None
    drawer: Money | None = None
    detail: str = ""
    simulated_clock: datetime | None = None
    code: str = ""
    line_up: bool = False
    exceptions: int = 0
    pays_until: datetime | None = None
    paying_out: PayingOut = "plain"

    @property
    def without_line(self) -> bool:
        """Whether the centre can't be asked for anything: the desk goes by what it holds."""
        return self.state in _WITHOUT_LINE or (self._says_nothing_of_line() and not self.line_up)

    @property
    def with_line(self) -> bool:
        """Whether the centre answers what it is asked."""
        return self.state in _WITH_LINE or (self._says_nothing_of_line() and self.line_up)

    def _says_nothing_of_line(self) -> bool:
        return self.state in (LineState.HELD, LineState.OVERDUE)


def _tr(text: str) -> str:
    return QCoreApplication.translate("StatusStrip", text)


def outbox_text(status: LineStatus) -> str:
    """How much waits and for how long, as far as the state's own word does not say it; empty when nothing does."""
    if not status.unsent:
        return ""
    age = short_age(status.oldest_unsent) if status.oldest_unsent is not None else ""
    if status.state in (LineState.WAITING, LineState.OVERDUE):
        return _tr("oldest {age}").format(age=age) if age else ""
    text = _tr("{n} waiting to be sent").format(n=status.unsent)
    return text + _tr(", oldest {age}").format(age=age) if age else text


def balances_text(status: LineStatus) -> str:
    """As of when the balances on this screen are."""
    if status.balances_as_of is None:
        return ""
    return _tr("Balances as of {time}").format(time=clock_text(status.balances_as_of))


def paying_text(status: LineStatus) -> str:
    """That paying out without the line ends soon, or has; empty while there is nothing to say of it."""
    if status.paying_out == "ended":
        return _tr("Pays nothing out before the line is back")
    if status.paying_out == "ending":
        return _tr("Pays out until {time}").format(time=clock_text(status.pays_until))
    return ""


def drawer_text(status: LineStatus, locale: str) -> str:
    """What the drawer should hold, or that there is none open."""
    if status.drawer is None:
        return _tr("No drawer open")
    return _tr("Drawer {amount}").format(amount=format_money(status.drawer, locale))


def clock_text(time: datetime | None) -> str:
    """Hours and minutes, or a dash."""
    return f"{time:%H:%M}" if time is not None else "\u2014"
