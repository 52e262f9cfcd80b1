"""Wrong rules about money that leaves for other banks and comes in from them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

from counterfoil.simulation.replacing import replaced, swapped
from counterfoil.simulation.variants.variant import Variant
from sync_server.partner_bank import messages
from sync_server.payments import states
from sync_server.payments.partner_client import Submitted, Unknown
from sync_server.payments.states import Outcome
from sync_server.store.memory.payments import MemoryPayments
from sync_server.store.values import InboundPayment


@contextmanager
def refunded_on_a_guess() -> Iterator[None]:
    """A partner bank that does not answer in time is taken to have refused."""
    true = states.after_submitting

    def after(answer: Submitted) -> Outcome:
        if isinstance(answer, Unknown) and answer.left:
            return Outcome("rejected", "AB05")
        return true(answer)

    with replaced(true, after):
        yield


@contextmanager
def sent_under_a_new_id() -> Iterator[None]:
    """Each try of a payment has an end-to-end id of its own, so that the partner can't know it again."""
    true, numbers = messages.end_to_end_id, count()

    def another(transfer_id: str) -> str:
        return f"{true(transfer_id)[:24]}{next(numbers) % 10**8:08}"

    with replaced(true, another):
        yield


@contextmanager
def taken_in_twice() -> Iterator[None]:
    """A payment that a partner sends again is credited again."""
    true = MemoryPayments.take_inbound

    def take(payments: MemoryPayments, partner: str, named: str, content: str) -> InboundPayment | None:
        true(payments, partner, named, content)
        return None

    with swapped(MemoryPayments, "take_inbound", take):
        yield


VARIANTS = (
    Variant("refunded-on-a-guess", "a payment in doubt is given back", 200, refunded_on_a_guess),
    Variant("sent-under-a-new-id", "a payment is sent again under another id", 60, sent_under_a_new_id),
    Variant("taken-in-twice", "a partner's payment is credited each time that it comes", 60, taken_in_twice),
)
