"""What follows from a partner's answer: sending and asking are not the same question."""

import pytest

from sync_server.payments.partner_client import Accepted, Asked, NotFound, Rejected, Settled, Submitted, Unknown
from sync_server.payments.states import Outcome, State, after_asking, after_submitting

UNREACHABLE = Unknown("unreachable", left=False)


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (Settled("x", "y"), Outcome("settled")),
        (Accepted("x"), Outcome("accepted")),
        (Rejected("AC01", ""), Outcome("rejected", "AC01")),
        (UNREACHABLE, Outcome("queued")),
        (Unknown("timed_out"), Outcome("unknown")),
        (Unknown("refused", retry=False), Outcome("unknown", needs_person="refused")),
    ],
)
def test_only_what_never_left_is_sent_again_unasked(answer: Submitted, outcome: Outcome) -> None:
    assert after_submitting(answer) == outcome


@pytest.mark.parametrize("state", ["sent", "unknown", "accepted"])
def test_nobody_there_to_ask_changes_nothing(state: State) -> None:
    assert after_asking(state, UNREACHABLE) == Outcome(state)


@pytest.mark.parametrize(
    ("state", "answer", "after"),
    [
        ("sent", NotFound(), "queued"),
        ("sent", Unknown("timed_out"), "unknown"),
        ("accepted", Unknown("timed_out"), "accepted"),
        ("unknown", Settled("x", "y"), "settled"),
        ("unknown", Rejected("AC04", ""), "rejected"),
    ],
)
def test_the_partners_own_word_counts(state: State, answer: Asked, after: State) -> None:
    assert after_asking(state, answer).state == after
