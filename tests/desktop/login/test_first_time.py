"""A desk's first start, its first two people and a newcomer, all by keyboard at the real windows."""

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from core.audit.trust import read_trust
from core.errors import EnvironmentProblem
from core.people.stretching import CHEAPEST
from core.secrets.opening import SecretSettings
from core.secrets.vault import FileVault
from desktop.app import Application
from desktop.login.first_time import FirstTimePage
from desktop.settings import DesktopSettings, desktop_settings
from tests.desktop.hands import press, type_text
from tests.desktop.login.conftest import SeatedDesk, two_screens
from tests.signing_bank import PASSWORD, VAULT_PASSPHRASE, Phone, SigningBank


def enter(*texts: str) -> None:
    for text in texts:
        type_text(text)
        press(Qt.Key.Key_Return)


def first_time(application: Application) -> FirstTimePage:
    assert application.entrance is not None
    return application.entrance.first_time_page


def arrive(application: Application, bank: SigningBank, qtbot: QtBot, person: str, activation: str) -> Phone:
    """Staff code, activation code and password, the QR code read and its first code typed."""
    page = first_time(application)
    enter(person)
    qtbot.waitUntil(lambda: page.step() is page.activation)
    enter(activation, PASSWORD, PASSWORD)
    qtbot.waitUntil(lambda: page.step() is page.qr)
    phone = Phone(page.qr.uri, bank.clock)
    assert page.qr.key.text().replace(" ", "") in phone.uri
    enter(phone.next_code())
    return phone


def test_a_new_desk_is_enrolled_and_its_first_two_people_are_each_others_witness(
    bank: SigningBank, tmp_path: Path, look: QApplication, qtbot: QtBot
) -> None:
    branch = bank.found_branch()
    code = f"{branch}-1"
    vault = FileVault.create(tmp_path / "secrets.vault", VAULT_PASSPHRASE, cost=CHEAPEST)
    settings = DesktopSettings(
        tmp_path / "data", centre_url=bank.address, idle_seconds=0, poll_seconds=0.2, papers=tmp_path / "papers"
    )
    application = Application(settings, bank.clock, secrets=vault, screens=two_screens, cost=CHEAPEST)
    try:
        application.start()
        qtbot.waitUntil(lambda: application.first_start is not None and application.window.isActiveWindow())
        first = application.first_start
        assert first is not None
        enter("AAAA-BBBB-CCCC-DDDD")
        qtbot.waitUntil(lambda: "wrong" in first.page.code.error())
        first.page.code.edit.selectAll()
        enter(bank.invite(code, branch))
        qtbot.waitUntil(lambda: bool(first.page.fingerprint.text()))
        bank.trust(code, "".join(first.page.fingerprint.text().split()))
        qtbot.waitUntil(lambda: bool(first.page.keeping.centre.text()))
        assert "".join(first.page.keeping.centre.text().split()) == bank.centre.keys.kid
        first.page.keeping.keep()
        paper = tmp_path / "papers" / f"fingerprints-{code}-1.txt"
        held = {known.owner: known.fingerprint for known in read_trust([str(paper)]).known}
        assert held == {
            "centre": bank.centre.keys.kid,
            f"device:{code}:1": "".join(first.page.keeping.device.text().split()),
        }
        press(Qt.Key.Key_Return)
        qtbot.waitUntil(lambda: application.entrance is not None)
        entrance = application.entrance
        assert entrance is not None
        people = {f"kb-{branch}": "supervisor", f"ah-{branch}": "teller"}
        codes = {person: bank.admit(person, branch, role) for person, role in people.items()}
        running = application.running
        assert running is not None
        qtbot.waitUntil(lambda: all(running.signing_in.standing(person).role for person in people))
        press(Qt.Key.Key_F4)
        page = first_time(application)
        for person, activation in codes.items():
            qtbot.waitUntil(lambda: page.step() is page.who)
            arrive(application, bank, qtbot, person, activation)
        qtbot.waitUntil(lambda: application.window.page() is entrance.keys_page)
        assert page.qr.uri == ""
        assert page.qr.key.text() == ""
        press(Qt.Key.Key_Return)
        qtbot.waitUntil(lambda: entrance.shell is not None)
        assert application.desk is not None
        assert application.desk.role == "supervisor"
    finally:
        application.close()


def test_a_newcomer_arrives_before_a_colleague_and_is_at_work(seated: SeatedDesk) -> None:
    bank, qtbot, application = seated.desk.bank, seated.qtbot, seated.application
    person, branch = f"jj-{seated.teller}", seated.desk.device.identity.branch
    activation = bank.admit(person, branch, name="Jens Jørgensen")
    running = application.running
    assert running is not None
    running.loop.wake()
    qtbot.waitUntil(lambda: bool(running.signing_in.standing(person).role))
    press(Qt.Key.Key_F4)
    page = first_time(application)
    arrive(application, bank, qtbot, person, activation)
    qtbot.waitUntil(lambda: page.step() is page.witness)
    enter(person, PASSWORD, "123456")
    assert "somebody else" in page.witness.credentials.staff_code.error()
    page.witness.credentials.staff_code.edit.selectAll()
    type_text(seated.teller)
    page.witness.credentials.code.setFocus()
    enter(seated.desk.phones[seated.teller].next_code())
    seated.until_shown("keys_page")
    assert application.desk is not None
    assert application.desk.session is not None
    assert application.desk.session.person == person


def test_esc_leads_back_to_the_sign_in_and_what_was_reached_is_kept(seated: SeatedDesk) -> None:
    press(Qt.Key.Key_F4)
    enter("nobody")
    page = first_time(seated.application)
    seated.qtbot.waitUntil(lambda: "Nobody" in page.who.staff_code.error())
    press(Qt.Key.Key_Escape)
    seated.until_shown("sign_in_page")


def test_a_secret_store_that_can_not_be_used_is_a_page_that_helps(
    bank: SigningBank, tmp_path: Path, look: QApplication, qtbot: QtBot
) -> None:
    missing = SecretSettings("test", "vault", tmp_path / "none.vault", VAULT_PASSPHRASE)
    application = Application(DesktopSettings(tmp_path, secrets=missing), bank.clock, screens=two_screens)
    application.start()
    qtbot.waitUntil(lambda: application.problem_page is not None)
    page = application.problem_page
    assert page is not None
    assert "There is no vault" in page.text.text()
    FileVault.create(tmp_path / "none.vault", VAULT_PASSPHRASE, cost=CHEAPEST)
    qtbot.waitUntil(application.window.isActiveWindow)
    press(Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: application.first_start is not None)
    application.close()


def test_a_second_copy_of_the_program_is_refused_in_words(seated: SeatedDesk) -> None:
    other = Application(
        DesktopSettings(seated.desk.folder),
        seated.desk.bank.clock,
        secrets=seated.desk.vault,
        screens=two_screens,
    )
    other.start()
    seated.qtbot.waitUntil(lambda: other.problem_page is not None)
    assert other.problem_page is not None
    assert other.problem_page.text.text()
    other.close()


@pytest.mark.parametrize(
    ("name", "text"),
    [("THEME", "pink"), ("TEXT_SCALE", "9"), ("TEXT_SCALE", "large"), ("IDLE_SECONDS", "-1"), ("IDLE_SECONDS", "1e9")],
)
def test_settings_that_can_not_be_meant_are_refused(name: str, text: str, tmp_path: Path) -> None:
    with pytest.raises(EnvironmentProblem, match=name):
        desktop_settings({f"COUNTERFOIL_{name}": text}, data_directory=tmp_path)
