"""How each state of the line is shown, and what to do about it: a shape, a tone, a word, a sentence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QCoreApplication

from desktop.widgets.line_status import LineState, LineStatus, clock_text

FaceTone = Literal["ok", "warn", "danger", "info", "quiet"]


@dataclass(frozen=True, slots=True)
class Face:
    """How a state is shown: a shape, a tone and a word; the tone alone says nothing that the word does not.

    `next_step` says what it means and what to do about it.
    """

    icon: str
    tone: FaceTone
    word: str
    next_step: str


def _tr(text: str) -> str:
    return QCoreApplication.translate("StatusStrip", text)


def face_of(status: LineStatus) -> Face:
    """The shape, tone, word and advice of a status. `ok` only with nothing unsent, whatever the line says of itself."""
    match status.state:
        case LineState.ONLINE | LineState.SENDING | LineState.WAITING | LineState.STARTING:
            return _at_work(status)
        case LineState.OFFLINE | LineState.OVERDUE | LineState.HELD | LineState.RECOVERING:
            return _delayed(status)
        case _:
            return _in_trouble(status)


def _at_work(status: LineStatus) -> Face:
    if status.state is LineState.STARTING:
        advice = _tr("Nothing was heard from the centre yet since this program began. It says so by itself once it is.")
        return Face("clock-3", "quiet", _tr("Looking for the line"), advice)
    if status.state is LineState.SENDING:
        word = _tr("Sending {sent} of {total}").format(sent=status.sent, total=status.sending)
        advice = _tr("What was done here is on its way to the centre. Go on with your work.")
        return Face("circle-arrow-up", "info", word if status.sending else _tr("Sending"), advice)
    if status.unsent or status.state is LineState.WAITING:
        advice = _tr("The line is up, and the centre does not have everything yet. It is sent by itself.")
        return Face("clock-arrow-up", "warn", _waiting_word(status), advice)
    return Face("circle-check", "ok", _tr("Online, all sent"), _tr("The centre has everything that was done here."))


def _waiting_word(status: LineStatus) -> str:
    return _tr("{n} waiting to be sent").format(n=status.unsent) if status.unsent else _tr("Not all sent")


def _delayed(status: LineStatus) -> Face:
    if status.state is LineState.OFFLINE:
        since = _tr("Offline since {time}").format(time=clock_text(status.offline_since))
        advice = _tr(
            "Go on with your work: what is done here is signed and kept, and sent when the line is back. Cash is paid "
            "out up to what is reserved for this desk."
        )
        return Face("offline", "warn", since if status.offline_since else _tr("Offline"), advice)
    if status.state is LineState.OVERDUE:
        word = _tr("Overdue: {n} not sent").format(n=status.unsent) if status.unsent else _tr("Overdue")
        advice = _tr(
            "Work has waited for more than a quarter of an hour. Leave this computer running, look at its network "
            "cable, and call whoever looks after the line. Nothing is lost as long as this computer is whole."
        )
        return Face("hourglass", "warn", word, advice)
    if status.state is LineState.RECOVERING:
        advice = _tr(
            "The centre was restored from a backup, and is gathering what the desks know. Go on with your work: what "
            "is done here is signed and kept, and sent by itself as soon as the centre takes it. Cash is paid out up "
            "to what is reserved for this desk."
        )
        word = _tr("The centre is gathering: {n} waiting here").format(n=status.unsent)
        return Face("history", "info", word if status.unsent else _tr("The centre is gathering"), advice)
    if not status.code and status.exceptions:
        advice = _tr("The centre has booked it and looks at it. Open it in the journal to see why.")
        return Face("circle-pause", "warn", _tr("{n} to look at").format(n=status.exceptions), advice)
    advice = _tr("The centre takes nothing from this desk at the moment. Go on with your work, and call the centre.")
    return Face("circle-pause", "warn", _tr("Held by the centre"), advice)


def _in_trouble(status: LineStatus) -> Face:
    if status.state is LineState.CLOCK:
        advice = _tr(
            "Set this computer's date and time right. Until the line has confirmed them nothing is paid out; "
            "everything else goes on."
        )
        return Face("clock-alert", "danger", _tr("Check this machine's clock"), advice)
    if status.state is LineState.CHECKPOINT:
        advice = _tr(
            "The bank's past, as the centre tells it, is not the one that this desk has read. Do not pass it over: "
            "call an auditor, and keep this computer as it is."
        )
        return Face("shield-alert", "danger", _tr("The centre's past differs"), advice)
    if status.state is LineState.STOPPED:
        advice = _tr(
            "Nothing more may be done here. What was done is kept. Work at another desk, and call the centre: this "
            "desk is enrolled anew."
        )
        return Face("ban", "danger", _tr("This desk is stopped"), advice)
    if status.code == "protocol_unsupported":
        advice = _tr(
            "The centre no longer speaks with this version of the program. What was done here is kept, and is sent "
            "once the program is updated. Cash is paid out up to what is reserved for this desk."
        )
        return Face("octagon-x", "danger", _tr("Update this desk"), advice)
    advice = _tr("The centre does not know this desk, or not by this key. What was done is kept. Call the centre.")
    return Face("octagon-x", "danger", _tr("Refused by the centre"), advice)
