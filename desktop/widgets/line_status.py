"""What is true about the line and the outbox, and how the strip says it: pure data, no Qt widgets."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Literal

from PySide6.QtCore import QCoreApplication

from core.money import Money, format_money
from desktop.wording import short_age


class LineState(Enum):
    """What the line is doing."""

    STARTING = "starting"
    ONLINE = "online"
    SENDING = "sending"
    OFFLINE = "offline"
    HELD = "held"
    """The centre takes nothing from this device for the time being (a gap, a busy centre, waiting for trust)."""
    REFUSED = "refused"
    """The centre refuses this device: its key is revoked or its chain is in doubt."""
    CLOCK = "clock"
    """This machine's clock can't be trusted, so that nothing may be spent offline."""


@dataclass(frozen=True, slots=True)
class LineStatus:
    """One truthful moment of the line. Times are in the branch's own time zone.

    `unsent` counts operations that the centre has not acknowledged. `sent` of `sending` are through while a push is
    under way. `detail` says why, for held, refused and clock.
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


FaceTone = Literal["ok", "warn", "danger", "info", "quiet"]


@dataclass(frozen=True, slots=True)
class Face:
    """How a state is shown: a shape, a tone and a word; the tone alone says nothing that the word does not."""

    icon: str
    tone: FaceTone
    word: str


def _tr(text: str) -> str:
    return QCoreApplication.translate("StatusStrip", text)


def face_of(status: LineStatus) -> Face:
    """The shape, tone and word of a status. `ok` only with nothing unsent, whatever the line says of itself."""
    match status.state:
        case LineState.REFUSED:
            return Face("octagon-x", "danger", _tr("Refused by the centre"))
        case LineState.CLOCK:
            return Face("clock-alert", "danger", _tr("Check this machine's clock"))
        case LineState.HELD:
            return Face("circle-pause", "warn", _tr("Held by the centre"))
        case LineState.OFFLINE:
            since = _tr("Offline since {time}").format(time=clock_text(status.offline_since))
            return Face("offline", "warn", since if status.offline_since else _tr("Offline"))
        case LineState.SENDING:
            word = _tr("Sending {sent} of {total}").format(sent=status.sent, total=status.sending)
            return Face("circle-arrow-up", "info", word if status.sending else _tr("Sending"))
        case LineState.STARTING:
            return Face("clock-3", "quiet", _tr("Looking for the line"))
        case LineState.ONLINE if status.unsent:
            return Face("clock-3", "warn", _tr("Online, not all sent"))
        case LineState.ONLINE:
            return Face("circle-check", "ok", _tr("Online, all sent"))


def outbox_text(status: LineStatus) -> str:
    """How much waits and for how long; empty when nothing does."""
    if not status.unsent:
        return ""
    text = _tr("{n} waiting to be sent").format(n=status.unsent)
    if status.oldest_unsent is not None:
        text += _tr(", oldest {age}").format(age=short_age(status.oldest_unsent))
    return text


def balances_text(status: LineStatus) -> str:
    """As of when the balances on this screen are."""
    if status.balances_as_of is None:
        return ""
    return _tr("Balances as of {time}").format(time=clock_text(status.balances_as_of))


def drawer_text(status: LineStatus, locale: str) -> str:
    """What the drawer should hold, or that there is none open."""
    if status.drawer is None:
        return _tr("No drawer open")
    return _tr("Drawer {amount}").format(amount=format_money(status.drawer, locale))


def clock_text(time: datetime | None) -> str:
    """Hours and minutes, or a dash."""
    return f"{time:%H:%M}" if time is not None else "\u2014"
