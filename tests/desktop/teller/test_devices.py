"""A supervisor writes a lost desk off knowing its exposure, and decides over what it still brings, with another."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt

from core.device import Performed
from core.operations.bank import DeviceRevoked
from core.operations.ended import DeviceWrittenOff
from core.people.keys import new_signing_key
from core.store.queries.requests import requests
from core.sync.messages import BranchDevice, LateRun
from desktop.teller.devices.overview import DevicesScreen
from desktop.widgets import Button, LineState, LineStatus
from tests.core.device.desk import Desk as DeskUnderTest
from tests.desktop.teller.teller_window import TellerWindow

LOST = ("odense-2", 1)


@pytest.fixture
def office(window: TellerWindow) -> TellerWindow:
    """Two supervisors are there, Mette at work and Kirsten beside her, and the branch has a second desk."""
    window.open_day()
    window.centre.admit("kirsten", "supervisor", "odense")
    lost = DeskUnderTest(window.papers.parent, window.centre, window.clock, "odense-2", "odense")
    lost.device.close()
    bench = window.bench
    bench.read()
    key = bench.staff_keys["kirsten"] = new_signing_key(bench.randomness)
    registered = bench.device.register_keys([bench._registration("kirsten", key, bench.staff_keys["mette"])])
    assert isinstance(registered, Performed), registered
    window.second.session = bench.sign_in("kirsten")
    window.sign_in_supervisor()
    window.line.devices = (
        BranchDevice("odense-1", 1, "living", 12, "DKK", 0, 0),
        BranchDevice(*LOST, "living", 40, "DKK", 123_456_78, 0),
    )
    return window


def choose_lost(window: TellerWindow) -> DevicesScreen:
    window.open("devices")
    screen = window.screen
    assert isinstance(screen, DevicesScreen)
    screen.table.setCurrentIndex(screen.model.index(1, 0))
    window.settle()
    return screen


def test_the_desks_of_the_branch_stand_there_with_their_exposure(office: TellerWindow) -> None:
    screen = choose_lost(office)
    assert office.says("123,456.78\u00a0DKK")
    assert office.part(Button, "write_off").isEnabled()
    screen.table.setCurrentIndex(screen.model.index(0, 0))
    office.settle()
    assert not office.part(Button, "write_off").isEnabled()
    assert office.says("A desk does not write itself off.")


def test_without_the_line_the_page_says_why_it_shows_nothing(office: TellerWindow) -> None:
    office.line.down = True
    office.open("devices")
    screen = office.screen
    assert isinstance(screen, DevicesScreen)
    assert "can't be reached" in screen.problem.text()


def test_a_teller_may_look_and_decides_nothing(office: TellerWindow) -> None:
    office.sign_in_teller()
    choose_lost(office)
    assert not office.part(Button, "write_off").isEnabled()
    assert office.says("Two supervisors write a desk off.")


def test_a_write_off_shows_its_exposure_to_both_waits_and_is_answered(office: TellerWindow) -> None:
    choose_lost(office)
    office.press("write_off")
    assert office.shell.current_name() == "write_off"
    office.confirm()
    (asked,) = office.second.asked
    assert ("Exposure", "123,456.78\u00a0DKK") in list(asked.pairs)
    assert "bank's risk" in asked.reason
    choose_lost(office)
    assert office.says("Being written off")
    assert not office.part(Button, "write_off").isEnabled()
    (waiting,) = office.read(requests)
    assert (waiting.device, waiting.epoch, waiting.amount) == (*LOST, 123_456_78)
    office.bench.sync()
    said = DeviceWrittenOff(
        request=waiting.request, device=LOST[0], epoch=LOST[1], head_seq=40, currency="DKK", exposure=123_456_78
    )
    office.centre.issue(said)
    office.line.devices = (office.line.devices[0], BranchDevice(*LOST, "written_off", 40, "DKK", 0, 0))
    office.bench.read()
    office.settle()
    assert office.says("The desk is written off")
    assert office.says("It is written off already.")


def test_late_operations_are_read_as_a_list_before_they_are_decided(office: TellerWindow) -> None:
    account = office.account(office.customer(), 1_000_00)
    assert account
    office.bench.sync()
    office.centre.issue(DeviceRevoked(device=LOST[0], epoch=LOST[1], head_seq=0))
    office.bench.read()
    texts = tuple(office.bench.device.export_chain("odense-1", 1))[-2:]
    office.line.devices = (office.line.devices[0], BranchDevice(*LOST, "written_off", 40, "DKK", 0, 2))
    office.line.late[LOST] = LateRun(*LOST, texts)
    choose_lost(office)
    assert not office.part(Button, "write_off").isEnabled()
    office.press("late_operations")
    screen = office.screen
    rows = [screen.model.row(number) for number in range(screen.model.rowCount())]  # type: ignore[attr-defined]
    assert [row.what for row in rows] == ["Account opened", "Cash deposit"]
    assert rows[1].amount.minor == 1_000_00
    office.press("refuse_all")
    assert office.says("Refuse all of them")
    office.screen.back()
    office.settle()
    office.press("review_button")
    assert office.says("Book all of them")
    office.enter()
    (made,) = office.journal("late.decided")
    assert (made.body["accept"], made.line.approver) == (True, "kirsten")
    choose_lost(office)
    assert office.says("Being settled")
    office.press("late_operations")
    assert not office.part(Button, "refuse_all").isEnabled(), "nothing is decided twice"


def test_a_desk_is_written_off_by_keyboard_alone_and_esc_leads_back_to_it(office: TellerWindow) -> None:
    office.go("9005")
    assert office.focused() == "devices"
    office.key(Qt.Key.Key_Down)
    assert office.says("odense-2, epoch 1")
    assert office.tab() == "write_off"
    office.key(Qt.Key.Key_F8)
    assert (office.shell.current_name(), office.focused()) == ("write_off", "review_button")
    office.enter()
    assert office.focused() == "confirm"
    assert office.says("123,456.78 DKK"), "what is at risk is the largest thing on the review"
    assert office.says("A supervisor must approve")
    office.key(Qt.Key.Key_Escape)
    assert office.focused() == "review_button"
    office.key(Qt.Key.Key_Escape)
    assert (office.shell.current_name(), office.focused()) == ("devices", "devices")
    assert office.part(Button, "write_off").isEnabled(), "the same desk is chosen"


def test_late_operations_are_gone_through_by_keyboard(office: TellerWindow) -> None:
    office.bench.sync()
    office.centre.issue(DeviceRevoked(device=LOST[0], epoch=LOST[1], head_seq=0))
    office.bench.read()
    office.line.devices = (BranchDevice(*LOST, "written_off", 40, "DKK", 0, 2),)
    office.line.late[LOST] = LateRun(*LOST, tuple(office.bench.device.export_chain("odense-1", 1))[-2:])
    office.go("9005")
    office.key(Qt.Key.Key_F9)
    assert office.focused() == "late", "what is decided over is read first"
    assert [office.tab(), office.tab()] == ["review_button", "refuse_all"]
    office.key(Qt.Key.Key_F9)
    assert office.focused() == "confirm"
    assert office.says("Refuse all of them")
    office.key(Qt.Key.Key_Escape)
    assert office.says("Refused, nothing is posted")


def test_a_page_of_desks_that_could_not_be_asked_for_is_asked_for_again(office: TellerWindow) -> None:
    office.line.down = True
    office.go("9005")
    assert office.says("No desk is shown yet")
    assert not office.says("The chosen desk")
    office.key(Qt.Key.Key_F5)
    assert office.says("No desk is shown yet")
    office.line.down = False
    office.desk.set_line_status(LineStatus(LineState.ONLINE))
    office.settle()
    assert office.says("The chosen desk"), "the line's return is enough"
