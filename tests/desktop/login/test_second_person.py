"""A supervisor approves in a window before the teller's screen, and leaves nothing behind but the signature."""

from dataclasses import dataclass, field

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from core.device import Draft
from core.envelope import read_operation
from core.operations.drawers import DayOpened
from desktop.desk import ApprovalRequest
from desktop.widgets import ApprovalDialog
from tests.desktop.hands import press, type_text
from tests.desktop.login.conftest import SeatedDesk
from tests.signing_bank import PASSWORD


@dataclass
class Asked:
    """What came of it."""

    approvals: list[str] = field(default_factory=list)
    declined: int = 0
    cancelled: int = 0


@pytest.fixture
def asked(seated: SeatedDesk) -> Asked:
    """The teller is at work and has asked for an approval."""
    seated.sign_in(seated.teller)
    desk, outcome = seated.application.desk, Asked()
    assert desk is not None
    drafts: list[Draft] = []
    desk.draft(DayOpened(), drafts.append)
    seated.qtbot.waitUntil(lambda: bool(drafts))

    def approved(approval: str) -> None:
        outcome.approvals.append(approval)
        desk.tasks.run(desk.device.perform, drafts[0], approval)

    def declined() -> None:
        outcome.declined += 1

    def cancelled() -> None:
        outcome.cancelled += 1

    request = ApprovalRequest("Open the day", "Two people open it.", [("Day", "20 Nov")])
    desk.approving.ask(
        seated.application.window, drafts[0], request, approved=approved, declined=declined, cancelled=cancelled
    )
    seated.qtbot.waitUntil(lambda: isinstance(QApplication.activeModalWidget(), ApprovalDialog))
    return outcome


def dialog() -> ApprovalDialog:
    found = QApplication.activeModalWidget()
    assert isinstance(found, ApprovalDialog)
    return found


def enter(*texts: str) -> None:
    for text in texts:
        type_text(text)
        press(Qt.Key.Key_Return)


def kinds(seated: SeatedDesk) -> list[str]:
    running = seated.application.running
    assert running is not None
    return [read_operation(line).operation.kind for line in running.device.export_chain(seated.desk.code, 1)]


def test_the_operation_stands_between_the_approvers_coming_and_going(seated: SeatedDesk, asked: Asked) -> None:
    enter(seated.supervisor, PASSWORD, seated.desk.phones[seated.supervisor].next_code())
    seated.qtbot.waitUntil(lambda: kinds(seated)[-1] == "session.closed")
    assert kinds(seated)[-3:] == ["session.opened", "day.opened", "session.closed"]
    assert len(asked.approvals) == 1
    assert asked.declined == 0


def test_a_wrong_password_and_ones_own_code_are_said_at_their_fields(seated: SeatedDesk, asked: Asked) -> None:
    enter(seated.teller, PASSWORD, seated.desk.phones[seated.teller].next_code())
    seated.qtbot.waitUntil(lambda: "own work" in dialog().staff_code.error())
    dialog().staff_code.edit.selectAll()
    dialog().password.clear()
    enter(seated.supervisor, "not the password", seated.desk.phones[seated.supervisor].next_code())
    seated.qtbot.waitUntil(lambda: "wrong" in dialog().password.error())
    assert asked.approvals == []


def test_esc_calls_it_off_which_is_not_declining_and_nothing_is_on_the_chain(seated: SeatedDesk, asked: Asked) -> None:
    before = kinds(seated)
    press(Qt.Key.Key_Escape)
    assert (asked.cancelled, asked.declined, asked.approvals) == (1, 0, [])
    assert kinds(seated) == before


def test_declining_is_the_approvers_no_and_nothing_is_on_the_chain(seated: SeatedDesk, asked: Asked) -> None:
    before = kinds(seated)
    dialog().decline_button.click()
    assert (asked.cancelled, asked.declined, asked.approvals) == (0, 1, [])
    assert kinds(seated) == before


def test_the_lock_takes_the_question_away(seated: SeatedDesk, asked: Asked) -> None:
    entrance = seated.application.entrance
    assert entrance is not None
    entrance.lock("idle")
    seated.until_shown("sign_in_page")
    assert QApplication.activeModalWidget() is None
    assert (asked.cancelled, asked.declined) == (1, 0)
