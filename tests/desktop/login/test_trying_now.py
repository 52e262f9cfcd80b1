"""Trying the line at once speaks to the centre for real, and says in a sentence what is in the way."""

from __future__ import annotations

from desktop.running import RunningDesk
from tests.desktop.login.conftest import MakeSeated, SeatedDesk


def running(seated: SeatedDesk) -> RunningDesk:
    found = seated.application.running
    assert found is not None
    return found


def test_where_the_centre_answers_nothing_is_in_the_way(seated: SeatedDesk) -> None:
    assert running(seated).try_now() == ""
    assert running(seated).loop.state.all_sent


def test_without_the_line_it_is_said_that_there_is_no_answer(make_seated: MakeSeated) -> None:
    desk = running(make_seated(cut=True))
    assert desk.try_now().endswith(".")
    assert not desk.loop.state.online
