"""The strip tells the truth about the line and the outbox."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from pytestqt.qtbot import QtBot

from core.money import Money
from desktop.widgets import LineState, LineStatus, StatusStrip
from desktop.widgets.line_faces import face_of

MORNING = datetime(2026, 11, 20, 10, 42, tzinfo=UTC)


@pytest.mark.parametrize(("state", "unsent"), list(product(LineState, (0, 1, 500))))
def test_green_is_shown_only_when_the_line_is_up_and_all_is_sent(state: LineState, unsent: int) -> None:
    face = face_of(LineStatus(state, unsent=unsent))
    assert (face.tone == "ok") == (state is LineState.ONLINE and unsent == 0)


@pytest.mark.parametrize("state", list(LineState))
def test_every_state_has_a_word_and_a_shape(state: LineState) -> None:
    face = face_of(LineStatus(state))
    assert face.word
    assert face.icon
    assert face.next_step.endswith("."), "what to do is said in sentences"


def test_a_desk_that_is_too_old_is_told_to_be_updated_and_that_its_work_is_kept() -> None:
    face = face_of(LineStatus(LineState.REFUSED, code="protocol_unsupported"))
    assert face.word == "Update this desk"
    assert "is kept" in face.next_step


def test_different_states_have_different_words_and_shapes() -> None:
    faces = [face_of(LineStatus(state)) for state in LineState]
    assert len({face.word for face in faces}) == len(faces)
    assert len({face.icon for face in faces}) == len(faces)


def test_the_strip_says_what_waits_since_when_and_as_of_when_the_balances_are(look: object, qtbot: QtBot) -> None:
    strip = StatusStrip("en")
    qtbot.addWidget(strip)
    strip.show_status(
        LineStatus(
            LineState.OFFLINE,
            unsent=3,
            oldest_unsent=timedelta(minutes=6, seconds=20),
            offline_since=MORNING,
            balances_as_of=MORNING - timedelta(minutes=1),
            drawer=Money(73_420_00, "DKK"),
        )
    )
    said = strip.text()
    for part in ("Offline since 10:42", "3 waiting to be sent, oldest 6 min", "Balances as of 10:41", "73,420.00"):
        assert part in said
    assert strip.accessibleName() == said


def test_a_simulated_clock_is_never_hidden(look: object, qtbot: QtBot) -> None:
    strip = StatusStrip()
    qtbot.addWidget(strip)
    strip.show()
    strip.show_status(LineStatus(LineState.ONLINE, simulated_clock=MORNING))
    assert strip._clock.isVisible()
    assert "10:42" in strip._clock.text()


def test_that_paying_out_ends_is_said_in_the_strip(look: object, qtbot: QtBot) -> None:
    strip = StatusStrip()
    qtbot.addWidget(strip)
    strip.show_status(LineStatus(LineState.OFFLINE, pays_until=MORNING, paying_out="ending"))
    assert "Pays out until 10:42" in strip.text()
    strip.show_status(LineStatus(LineState.OFFLINE, pays_until=MORNING, paying_out="ended"))
    assert "Pays nothing out before the line is back" in strip.text()
