"""What the centre has answered to a request, in words: why it said no, and what follows (ISO 20022 status reasons)."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QCoreApplication

from core.errors import Refusal
from core.operations.ended import LATE, WRITE_OFF
from core.operations.requests import CLOSURE
from core.store.queries.journal import JournalLine
from desktop.teller.refusals import SENTENCES, say_refusal
from desktop.teller.saying import state_tone, state_word
from desktop.widgets import Tone


def _mark(text: str) -> str:
    """Marks a sentence for the translators; it is translated when it is said."""
    return text


def _tr(text: str) -> str:
    return QCoreApplication.translate("answers", text)


REASONS: Mapping[str, str] = {
    "AC01": _mark("The centre knows no such account."),
    "AC04": _mark("The account is closed, or about to be."),
    "AC06": _mark("The account is frozen."),
    "AM03": _mark("The account is in another currency."),
    "AM04": _mark("The money for it was not there."),
    "MS03": _mark("The centre gave no reason. Call it with the reference."),
    "device_has_reported": _mark("That desk has spoken to the centre since. Look at it again."),
    "device_unknown": _mark("The centre knows no such desk, or it is written off already."),
    "late_run_differs": _mark("More has come from that desk meanwhile. Look at all of it again."),
}
"""By code; codes of the bank's rules have their sentences in `refusals`."""


def decline_reason(code: str | None, locale: str) -> str:
    """Why the centre said no, in a sentence."""
    if not code:
        return _tr(REASONS["MS03"])
    if code in REASONS:
        return _tr(REASONS[code])
    if code in SENTENCES:
        return say_refusal(Refusal(code), locale)
    return _tr("The centre's reason: {code}.").format(code=code)


def answer_word(state: str) -> str:
    """How a request stands, in a word for a badge."""
    words = {"waiting": _tr("Waiting"), "done": _tr("Done"), "declined": _tr("Declined")}
    return words.get(state, state)


def answer_tone(state: str) -> Tone:
    """The colour beside the word."""
    tones: dict[str, Tone] = {"waiting": "info", "done": "ok", "declined": "danger"}
    return tones.get(state, "plain")


def line_word(line: JournalLine) -> str:
    """How far an operation has come; of a request, once it is sent, how the centre has answered it."""
    asked = line.answer is not None and line.state != "queued"
    return answer_word(line.answer or "") if asked else state_word(line.state)


def line_tone(line: JournalLine) -> Tone:
    """The colour beside the word."""
    asked = line.answer is not None and line.state != "queued"
    return answer_tone(line.answer or "") if asked else state_tone(line.state)


def answer_sentence(kind: str, state: str, reason: str | None, locale: str) -> str:
    """The same in a sentence: what was done, or why not, or what is waited for."""
    if state == "declined":
        return _tr("The centre said no: {why}").format(why=decline_reason(reason, locale))
    said = {
        (CLOSURE, "waiting"): _tr("The account is being closed: desks hand back what they hold of it."),
        (CLOSURE, "done"): _tr("The account is closed."),
        (WRITE_OFF, "waiting"): _tr("The centre writes the desk off as soon as it hears of it."),
        (WRITE_OFF, "done"): _tr("The desk is written off, and what it may have paid out is booked."),
        (LATE, "waiting"): _tr("The centre deals with the desk's late operations."),
        (LATE, "done"): _tr("The desk's late operations are dealt with."),
    }
    waiting = _tr("Nothing is posted yet. The centre does it once the money for it is there, or says why not.")
    done = _tr("The centre has done it.")
    return said.get((kind, state)) or (waiting if state == "waiting" else done)
