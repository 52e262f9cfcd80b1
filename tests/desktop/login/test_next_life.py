"""A desk that was stopped says so, is enrolled anew at its own window, and hands its earlier work over beside it."""

from __future__ import annotations

from PySide6.QtCore import Qt

from core.device import lives
from core.device.keys import DATABASE_KEY, DEVICE_KEY
from core.envelope import read_operation
from desktop.enrolling.page import EnrolmentPage
from desktop.stopped_page import StoppedPage
from desktop.widgets import Button
from tests.core.signing_in.test_handing_over import late, revoke
from tests.core.signing_in.worked_desk import WorkedDesk
from tests.desktop.hands import press
from tests.desktop.login.conftest import MakeSeated, SeatedDesk, open_application, two_screens


def page_is(seated: SeatedDesk, kind: type) -> bool:
    return isinstance(seated.application.window.page(), kind)


def button(seated: SeatedDesk, name: str) -> Button:
    page = seated.application.window.page()
    assert page is not None
    found = page.findChild(Button, name)
    assert isinstance(found, Button)
    return found


def start_again(seated: SeatedDesk) -> None:
    """End the program and start it."""
    before = seated.application
    before.close()
    seated.application = open_application(seated.desk, before.settings, before._line_of, two_screens, {})


def after_an_evening(seated: SeatedDesk) -> list[str]:
    """The desk works without the line, the bank ends it, and the program is started again; what was not sent."""
    seated.application.close()
    desk = seated.desk
    desk.reopen()
    work = WorkedDesk(desk, desk.device.identity.branch, seated.supervisor, seated.teller)
    work.open()
    desk.sync()
    desk.cut_the_line()
    work.deposit(work.account(work.customer("Signe", "Lund")), 100_00)
    for session in (work.teller, work.supervisor):
        desk.device.close_session(session, "signed-out")
    unsent = list(desk.device.export_chain(desk.code, 1))[-desk.device.outbox().length :]
    revoke(desk.bank, desk.code)
    desk.close()
    start_again(seated)
    return unsent


def enrol_anew(seated: SeatedDesk) -> None:
    """From the page that says that it was stopped, or that it can't begin, to the sign-in of the next life."""
    application, bank, desk = seated.application, seated.desk.bank, seated.desk
    button(seated, "enrol_anew").click()
    first = application.first_start
    assert first is not None
    assert first.page.title.text() == "Enrol this desk anew"
    first.page.address.set_text(bank.address)
    first.page.code.set_text(bank.invite(desk.code, desk.code.partition("-")[0]))
    first.page.primary()
    seated.qtbot.waitUntil(lambda: bool(first.page.fingerprint.text()))
    bank.trust(desk.code, "".join(first.page.fingerprint.text().split()))
    seated.qtbot.waitUntil(lambda: bool(first.page.keeping.centre.text()))
    first.page.primary()
    seated.qtbot.waitUntil(lambda: application.first_start is None)
    seated.until_shown("sign_in_page")


def notice_of(seated: SeatedDesk) -> str:
    """What the sign-in says of earlier lives."""
    entrance = seated.application.entrance
    return entrance.sign_in_page.earlier.text() if entrance is not None else ""


def test_a_stopped_desk_is_enrolled_anew_at_its_window_and_its_work_waits_for_two_people(
    make_seated: MakeSeated,
) -> None:
    seated = make_seated()
    unsent, desk = after_an_evening(seated), seated.desk
    seated.qtbot.waitUntil(lambda: page_is(seated, StoppedPage))
    page = seated.application.window.page()
    assert isinstance(page, StoppedPage)
    assert page.code.text() == "quarantined"
    seated.qtbot.waitUntil(lambda: "everything" in page.handed.text())
    assert late(desk.bank, desk.code) == unsent

    button(seated, "sign_in_to_look").click()
    seated.until_shown("sign_in_page")
    seated.sign_in(seated.teller)
    entrance = seated.application.entrance
    assert entrance is not None
    entrance.sign_out()
    seated.qtbot.waitUntil(lambda: page_is(seated, StoppedPage))

    page.primary()
    assert page_is(seated, EnrolmentPage)
    press(Qt.Key.Key_Escape)
    seated.qtbot.waitUntil(lambda: page_is(seated, StoppedPage))

    old = desk.vault.get(DEVICE_KEY)
    enrol_anew(seated)
    running = seated.application.running
    assert running is not None
    assert (running.device.identity.epoch, running.device.stopped) == (2, None)
    (life,) = lives.left_behind(seated.application.settings.store_path)
    assert desk.vault.get(life.key_name) == old != desk.vault.get(DEVICE_KEY)
    seated.qtbot.waitUntil(lambda: "keeps everything" in notice_of(seated))
    looked = late(desk.bank, desk.code)[len(unsent) :]
    assert [read_operation(jws).operation.kind for jws in looked] == ["session.opened", "session.closed"]

    desk.vault.remove(life.key_name)
    start_again(seated)
    seated.qtbot.waitUntil(lambda: "is gone" in notice_of(seated))
    assert str(life.path) in notice_of(seated)
    seated.application.close()


def test_a_desk_whose_keys_are_gone_can_be_enrolled_anew_and_says_what_is_lost(make_seated: MakeSeated) -> None:
    seated = make_seated()
    seated.application.close()
    seated.desk.vault.remove(DATABASE_KEY)
    start_again(seated)
    seated.qtbot.waitUntil(lambda: seated.application.problem_page is not None)
    enrol_anew(seated)
    seated.qtbot.waitUntil(lambda: "can't be read" in notice_of(seated))
    seated.application.close()
