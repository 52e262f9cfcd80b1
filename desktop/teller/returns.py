"""How far a transfer out of the branch has come, and why one came back, in words (ISO 20022 status reasons)."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QCoreApplication

from desktop.widgets import Tone


def _mark(text: str) -> str:
    """Marks a sentence for the translators; it is translated when it is said."""
    return text


def _tr(text: str) -> str:
    return QCoreApplication.translate("returns", text)


RETURN_REASONS: Mapping[str, str] = {
    "AC01": _mark("there is no such account"),
    "AC04": _mark("the payee's account is closed"),
    "AC06": _mark("the payee's account is blocked"),
    "AC09": _mark("the account is in another currency"),
    "AM02": _mark("the amount is more than the payee's bank takes"),
    "AM03": _mark("the payee's bank does not take this currency"),
    "AM04": _mark("the money for it was not there"),
    "AM09": _mark("another amount arrived than was sent"),
    "BE04": _mark("the payee's address is missing or wrong"),
    "RC01": _mark("the payee's bank can't be reached"),
}
"""By code, as the end of a sentence."""


def return_reason(code: str | None) -> str:
    """Why a transfer came back; the code itself stands where nobody has words for it."""
    if not code:
        return _tr("no reason was given")
    words = RETURN_REASONS.get(code)
    return _tr(words) if words else _tr("reason {code}").format(code=code)


def transfer_word(state: str, reason: str | None) -> str:
    """How far a transfer has come: `sent` is on its way; the others are its ends."""
    if state == "returned":
        return _tr("Returned: {reason}").format(reason=return_reason(reason))
    words = {"sent": _tr("On its way"), "completed": _tr("Completed"), "settled": _tr("Settled")}
    return words.get(state, state)


def transfer_sentence(state: str) -> str:
    """What that means for the customer."""
    sentences = {
        "sent": _tr("It has left the branch. If the other side does not take it, the centre gives it back."),
        "completed": _tr("The other branch has credited the payee."),
        "settled": _tr("The payee's bank has taken it."),
        "returned": _tr("The money is back on the account. Tell the customer."),
    }
    return sentences.get(state, "")


def transfer_tone(state: str) -> Tone:
    """The colour beside the word."""
    tones: dict[str, Tone] = {"sent": "info", "completed": "ok", "settled": "ok", "returned": "warn"}
    return tones.get(state, "plain")
