"""The one state machine of an outgoing payment: pure. A step says what to do, an outcome which state follows.

`queued -> sent -> accepted -> settled`, or `rejected -> returned`, or `unknown` until the partner has answered.
A transfer to another branch goes `queued -> completed` or `queued -> returned`.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.ids import Randomness
from sync_server.payments.partner_client import Accepted, Asked, NotFound, Rejected, Settled, Submitted, Unknown
from sync_server.store.values import PAYMENT_FINAL, PaymentState

State = PaymentState
FINAL = PAYMENT_FINAL
MUST_ASK_FIRST: frozenset[State] = frozenset({"sent", "unknown", "accepted"})
"""States in which a request may have left: the partner is asked, under the same end-to-end id, before anything else."""

_FIRST_WAIT_MS = 500
_LAST_WAIT_MS = 60_000
_ATTENTION_WAIT_MS = 15 * 60_000


@dataclass(frozen=True, slots=True)
class Outcome:
    """The state that follows, the reason where it is refused (ISO 20022), and whether a person must look."""

    state: State
    reason: str | None = None
    needs_person: str | None = None


def after_submitting(answer: Submitted) -> Outcome:
    """What follows from sending it. What certainly never left this machine may be sent as if for the first time."""
    if isinstance(answer, Unknown) and not answer.left:
        return Outcome("queued")
    return _after("sent", answer)


def after_asking(state: State, answer: Asked) -> Outcome:
    """What follows from asking. Only the partner's own word rejects or sends again; no answer changes nothing."""
    if isinstance(answer, NotFound):
        return Outcome("queued")
    if isinstance(answer, Unknown) and not answer.left:
        return Outcome(state)
    return _after(state, answer)


def _after(state: State, answer: Submitted) -> Outcome:
    match answer:
        case Settled():
            return Outcome("settled")
        case Rejected(reason=reason):
            return Outcome("rejected", reason)
        case Accepted():
            return Outcome("accepted")
        case Unknown(retry=False, why=why):
            return Outcome("unknown", needs_person=why)
        case Unknown():
            return Outcome("accepted" if state == "accepted" else "unknown")


def wait_ms(attempts: int, outcome: Outcome, randomness: Randomness) -> int:
    """How long until the next try: twice as long each time, up to a minute, with up to half of it by chance."""
    if outcome.needs_person:
        return _ATTENTION_WAIT_MS
    longest = min(_LAST_WAIT_MS, _FIRST_WAIT_MS << min(attempts, 16))
    return longest // 2 + longest // 2 * randomness(1)[0] // 255
