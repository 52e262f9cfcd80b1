"""People come to a desk, lock it and leave it by keyboard alone; what was half typed waits for its owner only."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit

from core.clock import instant
from core.device import Performed
from core.envelope import read_operation
from core.operations.bank import StaffSuspended
from core.operations.drawers import DayOpened
from core.operations.sessions import StaffKeyEnded
from core.store.queries.people import keys_of
from desktop.app import teller_screens_of
from desktop.shell import Shell
from desktop.widgets import LineState
from tests.desktop.hands import press, type_text
from tests.desktop.login.conftest import MakeSeated, SeatedDesk, Slip, field
from tests.signing_bank import PASSWORD

DATE = "2026-11-20"


def shell_of(seated: SeatedDesk) -> Shell:
    entrance = seated.application.entrance
    assert entrance is not None
    assert entrance.shell is not None
    return entrance.shell


def texts(seated: SeatedDesk) -> str:
    page = seated.application.window.page()
    assert page is not None
    return "\n".join(label.text() for label in page.findChildren(QLabel) if label.isVisible())


def said(seated: SeatedDesk) -> str:
    """Everything that the page says, notices too."""
    page = seated.application.window.page()
    assert page is not None
    return "\n".join(label.accessibleName() or label.text() for label in page.findChildren(QLabel) if label.isVisible())


def shell_is_gone(seated: SeatedDesk) -> bool:
    """Whether nothing of anybody's work is left in the window."""
    entrance = seated.application.entrance
    return entrance is not None and entrance.shell is None


def tries_of(seated: SeatedDesk) -> list[object]:
    """What is sent to be checked from here on."""
    entrance, tried = seated.application.entrance, list[object]()
    assert entrance is not None
    entrance.sign_in_page.submitted.connect(tried.append)
    return tried


def last_kind(seated: SeatedDesk) -> tuple[str, bytes]:
    running = seated.application.running
    assert running is not None
    operation = read_operation(list(running.device.export_chain(seated.desk.code, 1))[-1]).operation
    return operation.kind, bytes(operation.body)


def test_a_person_signs_in_by_keyboard_sees_their_keys_and_begins(seated: SeatedDesk) -> None:
    assert "Counterfoil Bank" in texts(seated)
    seated.type_sign_in(seated.teller)
    seated.until_shown("keys_page")
    shown = texts(seated)
    assert f"Welcome, {seated.teller.title()}" in shown
    assert seated.desk.code in shown
    assert seated.supervisor.title() in shown
    press(Qt.Key.Key_Return)
    seated.until_shown("shell")
    desk = seated.application.desk
    assert desk is not None
    assert desk.role == "teller"
    assert seated.teller.title() in texts(seated)


def test_a_wrong_password_is_said_at_its_field_and_only_secrets_are_typed_again(seated: SeatedDesk) -> None:
    seated.type_sign_in(seated.teller, "not the password")
    seated.qtbot.waitUntil(lambda: "password is wrong" in texts(seated))
    assert field(seated, "staff_code").text() == seated.teller
    assert field(seated, "password").text() == ""
    assert field(seated, "code").text() == ""
    assert QApplication.focusWidget() is field(seated, "password")


def test_a_used_code_is_said_at_the_code_and_the_password_stays(seated: SeatedDesk) -> None:
    seated.sign_in(seated.teller)
    press(Qt.Key.Key_F12)
    seated.until_shown("sign_in_page")
    type_text(PASSWORD)
    press(Qt.Key.Key_Return)
    type_text(seated.desk.phones[seated.teller].code())
    press(Qt.Key.Key_Return)
    seated.qtbot.waitUntil(lambda: "used already" in texts(seated))
    assert field(seated, "password").text() == PASSWORD
    assert QApplication.focusWidget() is field(seated, "code")


def test_after_failures_the_wait_is_counted_down_and_nothing_can_be_sent_meanwhile(seated: SeatedDesk) -> None:
    for _ in range(4):
        seated.type_sign_in(seated.teller, "not the password")
        seated.qtbot.waitUntil(lambda: field(seated, "password").text() == "" and field(seated, "code").isEnabled())
    seated.qtbot.waitUntil(lambda: "next try is possible in 5 s" in texts(seated))
    running = seated.application.running
    assert running is not None
    head, tried = running.device.local_person(seated.teller), tries_of(seated)
    type_text(PASSWORD)
    press(Qt.Key.Key_Return)
    type_text(seated.desk.phones[seated.teller].code())
    press(Qt.Key.Key_Return)
    assert tried == []
    assert running.device.local_person(seated.teller) == head
    seated.desk.bank.clock.advance(5_000)
    seated.qtbot.waitUntil(lambda: "next try" not in texts(seated))
    field(seated, "code").clear()
    seated.type_sign_in(seated.teller)
    seated.until_shown("keys_page")


def test_what_is_missing_is_asked_for_before_anything_is_tried(seated: SeatedDesk) -> None:
    tried = tries_of(seated)
    for person, password, code, at in (
        ("", "x", "1", "staff_code"),
        ("ah", "", "123456", "password"),
        ("ah", "x", "12", "code"),
    ):
        for name, text in (("staff_code", person), ("password", password), ("code", code)):
            field(seated, name).setText(text)
        field(seated, "code").setFocus()
        press(Qt.Key.Key_Return)
        assert QApplication.focusWidget() is field(seated, at)
    assert tried == []


def test_a_stranger_is_told_so(seated: SeatedDesk) -> None:
    for person in ("nobody", "\u202eha", "x" * 31, "'; --", "AH 1"):
        # Put there, not typed: QTest has no keys for some of these.
        for name, text in (("staff_code", person), ("password", "x"), ("code", "123456")):
            field(seated, name).setText(text)
        field(seated, "code").setFocus()
        press(Qt.Key.Key_Return)
        seated.qtbot.waitUntil(lambda: "Nobody at this bank" in texts(seated))
        assert QApplication.focusWidget() is field(seated, "staff_code")


def test_the_lock_ends_the_session_and_keeps_what_was_half_typed_for_its_owner(seated: SeatedDesk) -> None:
    seated.sign_in(seated.teller)
    press(Qt.Key.Key_F2)
    type_text("half a se")
    press(Qt.Key.Key_F12)
    seated.until_shown("sign_in_page")
    desk = seated.application.desk
    assert desk is not None
    assert desk.session is None
    seated.qtbot.waitUntil(lambda: last_kind(seated)[0] == "session.closed")
    assert b"locked" in last_kind(seated)[1]
    assert f"Locked for {seated.teller.title()}" in texts(seated)
    assert "half a se" not in texts(seated)
    assert field(seated, "staff_code").isReadOnly()
    press(Qt.Key.Key_F2)
    seated.until_shown("sign_in_page")
    type_text(PASSWORD)
    press(Qt.Key.Key_Return)
    type_text(seated.desk.phones[seated.teller].next_code())
    press(Qt.Key.Key_Return)
    seated.until_shown("shell")
    screen = shell_of(seated).current_screen()
    assert isinstance(screen, Slip)
    assert screen.field.text() == "half a se"
    type_text("ntence")
    assert screen.field.text() == "half a sentence"


def test_somebody_else_does_not_get_the_work_that_waits(seated: SeatedDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    seated.sign_in(seated.teller)
    press(Qt.Key.Key_F2)
    type_text("half a se")
    first = shell_of(seated)
    press(Qt.Key.Key_F12)
    seated.until_shown("sign_in_page")
    answers = iter([0, 1])
    monkeypatch.setattr("desktop.login.entrance.ConfirmDialog.exec", lambda _dialog: next(answers))
    press(Qt.Key.Key_F4)
    assert f"Locked for {seated.teller.title()}" in texts(seated)
    press(Qt.Key.Key_F4)
    assert "Locked for" not in texts(seated)
    seated.sign_in(seated.supervisor)
    assert shell_of(seated) is not first
    assert shell_of(seated).current_name() == "home"


def test_nobody_at_the_keyboard_locks_the_desk(make_seated: MakeSeated, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("desktop.app.MILLISECONDS", 1)
    seated = make_seated(idle_seconds=600)
    seated.sign_in(seated.teller)
    seated.until_shown("sign_in_page")
    assert "Nobody was here" in texts(seated)
    seated.qtbot.waitUntil(lambda: b"idle" in last_kind(seated)[1])


def test_a_session_that_comes_to_its_end_locks_the_desk(seated: SeatedDesk) -> None:
    seated.sign_in(seated.teller)
    seated.desk.bank.clock.advance(13 * 60 * 60 * 1000)
    seated.application.reporter.refresh()
    seated.until_shown("sign_in_page")
    assert "come to its end" in texts(seated)


def test_signing_out_forgets_everything(seated: SeatedDesk) -> None:
    seated.sign_in(seated.teller)
    press(Qt.Key.Key_F11)
    seated.qtbot.waitUntil(lambda: seated.teller in texts(seated))
    press(Qt.Key.Key_F12, Qt.KeyboardModifier.ShiftModifier)
    seated.until_shown("sign_in_page")
    entrance = seated.application.entrance
    assert entrance is not None
    assert entrance.shell is None
    assert field(seated, "staff_code").text() == ""
    seated.qtbot.waitUntil(lambda: b"signed-out" in last_kind(seated)[1])


def test_without_the_line_people_sign_in_all_the_same_and_the_page_says_what_needs_it(make_seated: MakeSeated) -> None:
    seated = make_seated(cut=True)
    seated.qtbot.waitUntil(lambda: seated.application.reporter.status.state is LineState.OFFLINE)
    assert "The line is down" in texts(seated)
    entrance = seated.application.entrance
    assert entrance is not None
    assert not entrance.sign_in_page.first_time_button.isEnabled()
    seated.sign_in(seated.teller)
    assert "Offline since" in shell_of(seated).strip.text()


def test_a_key_made_elsewhere_since_the_last_sign_in_is_pointed_out(seated: SeatedDesk, tmp_path: object) -> None:
    seated.sign_in(seated.teller)
    press(Qt.Key.Key_F12)
    seated.until_shown("sign_in_page")
    running = seated.application.running
    assert running is not None
    running.device.put_setting(f"keys-seen:{seated.teller}", "some-other-key")
    type_text(PASSWORD)
    press(Qt.Key.Key_Return)
    type_text(seated.desk.phones[seated.teller].next_code())
    press(Qt.Key.Key_Return)
    seated.until_shown("keys_page")
    assert "A key has been registered in your name" in texts(seated)
    press(Qt.Key.Key_Return)
    seated.until_shown("shell")


def test_unlocking_goes_back_to_where_the_hands_were(seated: SeatedDesk) -> None:
    seated.sign_in(seated.teller)
    search = shell_of(seated).top_bar.search.edit
    search.setFocus()
    press(Qt.Key.Key_F12)
    seated.until_shown("sign_in_page")
    type_text(PASSWORD)
    press(Qt.Key.Key_Return)
    type_text(seated.desk.phones[seated.teller].next_code())
    press(Qt.Key.Key_Return)
    seated.until_shown("shell")
    assert QApplication.focusWidget() is search


def test_news_of_a_suspension_ends_the_work_at_once_and_a_colleague_goes_on(seated: SeatedDesk) -> None:
    seated.sign_in(seated.teller)
    seated.desk.bank.centre.issue(None, StaffSuspended(person=seated.teller))
    running = seated.application.running
    assert running is not None
    running.wake()
    seated.until_shown("sign_in_page")
    seated.qtbot.waitUntil(lambda: "Your work here has ended." in said(seated))
    assert f"The centre has suspended {seated.teller.title()}." in said(seated)
    assert shell_is_gone(seated)
    seated.qtbot.waitUntil(lambda: b"ended" in last_kind(seated)[1])
    seated.type_sign_in(seated.teller)
    seated.qtbot.waitUntil(lambda: "This person is suspended." in said(seated))
    seated.sign_in(seated.supervisor)


def test_a_key_that_is_ended_ends_its_work_at_once_and_a_colleague_goes_on(seated: SeatedDesk) -> None:
    seated.sign_in(seated.teller)
    running = seated.application.running
    assert running is not None
    with running.device.reading() as connection:
        (key,) = keys_of(connection, seated.teller)
    seated.desk.bank.centre.issue(None, StaffKeyEnded(person=seated.teller, key=key.kid, reason="lost-phone"))
    running.wake()
    seated.qtbot.waitUntil(lambda: "The bank has ended your key" in said(seated))
    assert seated.shows("sign_in_page")
    assert shell_is_gone(seated)
    assert b"ended" in last_kind(seated)[1]
    seated.sign_in(seated.supervisor)


def test_nobody_signs_in_long_after_the_centre_was_last_heard(make_seated: MakeSeated) -> None:
    seated = make_seated(cut=True, offline_sign_in_hours=1)
    running = seated.application.running
    assert running is not None
    running.device.put_setting("heard-at", instant(seated.desk.bank.clock.now_ms() - 61 * 60_000))
    seated.type_sign_in(seated.teller)
    seated.qtbot.waitUntil(lambda: "for more than 1 hours" in said(seated))
    assert seated.shows("sign_in_page")
    running.device.note_heard()
    seated.sign_in(seated.teller)


def test_closing_the_window_signs_out_and_lets_the_file_go(seated: SeatedDesk) -> None:
    seated.sign_in(seated.teller)
    seated.application.window.close()
    seated.desk.reopen()
    operations = [read_operation(line).operation for line in seated.desk.device.export_chain(seated.desk.code, 1)]
    assert operations[-1].kind == "session.closed"
    assert b"signed-out" in bytes(operations[-1].body)
    seated.desk.close()


def test_nothing_typed_is_left_in_a_field_after_signing_in(seated: SeatedDesk) -> None:
    seated.sign_in(seated.teller)
    window = seated.application.window
    left = [edit.text() for edit in window.findChildren(QLineEdit) if edit.objectName() in {"password", "code"}]
    assert left
    assert set(left) == {""}


def test_held_down_enter_signs_in_once(seated: SeatedDesk) -> None:
    for name, text in (("staff_code", seated.teller), ("password", PASSWORD)):
        field(seated, name).setText(text)
    field(seated, "code").setText(seated.desk.phones[seated.teller].next_code())
    field(seated, "code").setFocus()
    for _ in range(3):
        QTest.keyClick(field(seated, "code"), Qt.Key.Key_Return)
    seated.until_shown("keys_page")
    assert last_kind(seated)[0] == "session.opened"


def test_the_date_shown_is_the_open_day(seated: SeatedDesk) -> None:
    desk = seated.application.desk
    assert desk is not None
    seated.sign_in(seated.teller)
    assert "No day open" in texts(seated)
    assert desk.business_date is None
    made = desk.device.perform(desk.device.draft("day.opened", DayOpened(), session=desk.session, business_date=DATE))
    assert isinstance(made, Performed)
    seated.qtbot.waitUntil(lambda: "20 Nov 2026" in texts(seated))


def test_the_tellers_own_screens_are_there_for_who_signs_in(make_seated: MakeSeated) -> None:
    seated = make_seated(screens=teller_screens_of)
    seated.sign_in(seated.teller)
    assert shell_of(seated).current_name() == "home"
    press(Qt.Key.Key_F11)
    assert shell_of(seated).current_name() == "my-keys"
    press(Qt.Key.Key_Escape)
    assert shell_of(seated).current_name() == "home"
    press(Qt.Key.Key_F12)
    seated.until_shown("sign_in_page")
