"""Somebody at a desk of the demo: signs in, serves customers and closes the drawer, through the real window."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QLineEdit, QTableView, QWidget

from core.clock import SharedClock
from core.device import Device
from core.envelope import read_operation
from core.ledger import drawer as drawer_account
from core.people.stretching import CHEAPEST
from core.secrets.opening import VAULT_FILE_NAME, SecretSettings, profile_of
from core.store.queries.books import ledger_balance
from counterfoil.demo import world
from counterfoil.demo.desks import TOTP_STEP_MS, VAULT_PASSPHRASE, People
from counterfoil.demo.hands import Hands, NothingHappened, look, wait
from counterfoil.demo.history import counts_of
from counterfoil.demo.world import DeskPlan
from desktop.app import Application
from desktop.settings import DesktopSettings
from desktop.shell import Shell
from desktop.teller import teller_screens
from desktop.teller.money.aftermath import Papers
from desktop.teller.shortage import ShortageNotice
from desktop.theme import ThemeName
from desktop.widgets import DenominationTable, Field

_POLL_SECONDS = 0.5
_MINUTE_MS = 60_000


class Player:
    """One desk with its window. `people` know the codes that their authenticators show."""

    def __init__(
        self, plan: DeskPlan, directory: Path, clock: SharedClock, people: People, papers: Path, theme: ThemeName
    ) -> None:
        self.plan = plan
        self._clock, self._people = clock, people
        secrets = SecretSettings(profile_of(directory), "vault", directory / VAULT_FILE_NAME, VAULT_PASSPHRASE)
        settings = DesktopSettings(
            data_directory=directory, theme=theme, idle_seconds=0, poll_seconds=_POLL_SECONDS, secrets=secrets
        )
        shown = Papers(papers, lambda _path: True)
        self.application = Application(
            replace(settings), clock, screens=lambda desk: teller_screens(desk, shown), cost=CHEAPEST
        )
        self.hands = Hands(self.application.window)
        self.application.start()
        wait(lambda: self.application.entrance is not None, f"{plan.device} did not open")

    @property
    def device(self) -> Device:
        """The device behind the window."""
        if self.application.running is None:
            raise NothingHappened(f"{self.plan.device} is not open")
        return self.application.running.device

    @property
    def shell(self) -> Shell:
        """The window of who is at work."""
        entrance = self.application.entrance
        if entrance is None or entrance.shell is None:
            raise NothingHappened(f"nobody is at work at {self.plan.device}")
        return entrance.shell

    def is_online(self) -> bool:
        """Whether the line is there and everything is sent."""
        running = self.application.running
        return running is not None and running.loop.state.all_sent

    def picture(self, path: Path) -> None:
        """Keep what the window shows, once nothing is being loaded any more."""
        look()
        wait(lambda: not self.application.tasks.is_busy(), f"{self.plan.device} does not come to rest")
        self.hands.picture(path)

    # Coming and going

    def sign_in(self, person: str) -> None:
        """Staff code, password, one-time code; by keyboard."""
        self._clock.advance(TOTP_STEP_MS)
        self.hands.fill("staff_code", person)
        self.hands.fill("password", world.PEOPLE[person].password)
        self.hands.fill("code", self._people.code(person))
        self.hands.press(Qt.Key.Key_Return)
        wait(self._is_in, f"{person} could not sign in at {self.plan.device}: {self._errors()}")

    def _is_in(self) -> bool:
        begin = self.hands.shown(QAbstractButton, "begin")
        if begin is not None:
            begin.click()
        entrance = self.application.entrance
        return entrance is not None and entrance.shell is not None and entrance.shell.isVisible()

    def sign_out(self) -> None:
        """Leave the desk."""
        entrance = self.application.entrance
        if entrance is not None:
            entrance.sign_out()
        wait(lambda: self.hands.shown(QLineEdit, "staff_code") is not None, "the sign-in did not come back")

    def close(self) -> None:
        """Close the window and let go of the desk."""
        self.application.close()
        look()

    # The day

    def open_day(self, amount: str) -> None:
        """Open the business day and a drawer with a float."""
        self.to("9001", "open_day")
        self.hands.push("open_day")
        self._review_and_confirm("business_date")
        self.wait_screen("drawer")
        self.hands.push("open_drawer")
        self.hands.fill("amount", amount)
        self.hands.press(Qt.Key.Key_Return)
        self.confirm_review()
        self.wait_screen("drawer")
        self._clock.advance(_MINUTE_MS)

    def close_day(
        self, *, short: int = 0, approver: str = "", picture: Callable[[str], None] = lambda _name: None
    ) -> None:
        """Count the drawer (`short` minor units less than the books expect), close it, and close the day."""
        with self.device.reading() as connection:
            account = drawer_account(self.plan.device)
            expected = ledger_balance(connection, self.plan.branch, account, world.CURRENCY)
        self.to("9001", "close_drawer")
        self.hands.push("close_drawer")
        self.hands.find(DenominationTable, "counts").set_counts(counts_of(expected - short))
        picture("drawer-counted-blind")
        self.hands.push("review_button")
        self.confirm_review()
        if approver:
            picture("difference-needs-a-second-person")
            self.approve(approver)
        self.wait_screen("drawer")
        self.hands.push("close_day")
        self.hands.push("review_button")
        self.confirm_review()
        self.wait_screen("drawer")

    # At the counter

    def cash(self, code: str, iban: str, amount: str, narrative: str) -> None:
        """A deposit (1401) or withdrawal (1001), up to the review."""
        self._choose_account(code, iban)
        self.hands.fill("amount", amount)
        self.hands.fill("narrative", narrative)
        self.hands.press(Qt.Key.Key_Return)

    def transfer(self, iban: str, amount: str, payee_iban: str, payee: str, text: str) -> None:
        """A transfer (0006), up to the review."""
        self._choose_account("0006", iban)
        self.hands.fill("amount", amount)
        self.hands.fill("payee_iban", payee_iban)
        look()
        self.hands.fill("payee_name", payee)
        self.hands.fill("remittance", text)
        self.hands.press(Qt.Key.Key_Return)

    def confirm(self) -> None:
        """Post what the review shows, and wait until it says that it is done."""
        self.confirm_review()
        self.hands.find(QWidget, "posted")

    def confirm_approved_by(self, person: str) -> None:
        """Post it with a second person's approval."""
        self.confirm_review()
        self.approve(person)
        self.hands.find(QWidget, "posted")

    def next_customer(self) -> None:
        """Done with this one; a minute has passed."""
        self.hands.press(Qt.Key.Key_Return)
        self._clock.advance(_MINUTE_MS)

    def refused(self) -> str:
        """Wait until the desk says that its rights fall short; answers what it says."""
        notice = self.hands.find(ShortageNotice, "shortage")
        wait(lambda: bool(notice.text()), "the payment was not refused")
        return notice.text()

    def stand_in(self, approver: str, picture: Callable[[str], None]) -> None:
        """Pay what is beyond the desk's rights at the bank's own risk, with a supervisor's signature."""
        self.hands.push("stand_in")
        self._wait_confirm()
        picture("stand-in-review")
        self.confirm_approved_by(approver)

    def give_up(self) -> None:
        """Clear what was typed and go home."""
        for name in ("amount", "narrative"):
            edit = self.hands.shown(QLineEdit, name)
            if edit is not None:
                edit.clear()
        self.to_home()

    def approve(self, person: str) -> None:
        """The second person types their own code, password and one-time code."""
        self._clock.advance(TOTP_STEP_MS)
        self.hands.find(QWidget, "approval")
        dialog = Hands(self.hands.find(QWidget, "approval"))
        fields = [edit for edit in dialog.window.findChildren(QLineEdit) if edit.isVisible()]
        for edit, text in zip(fields, (person, world.PEOPLE[person].password, self._people.code(person)), strict=True):
            edit.setFocus()
            dialog.type(text)
        dialog.press(Qt.Key.Key_Return)
        wait(lambda: self.hands.shown(QWidget, "approval") is None, f"{person} could not approve")

    # Getting about

    def journal(self) -> None:
        """The journal."""
        wait(lambda: self.shell.open("journal"), "the journal can't be reached")
        self.hands.find(QTableView, "journal")

    def open_first_hit(self) -> None:
        """The first customer that was found."""
        table = self.hands.find(QTableView, "customer_hits")
        wait(lambda: table.model() is not None and table.model().rowCount() > 0, "no customer was found")
        table.setFocus()
        table.selectRow(0)
        self.hands.press(Qt.Key.Key_Return)
        self.wait_screen("customer")

    def wake(self) -> None:
        """Send and fetch at once."""
        if self.application.running is not None:
            self.application.running.wake()

    def knows_it_is_offline(self) -> bool:
        """Whether the line has said that it is down."""
        running = self.application.running
        return running is not None and running.loop.state.offline_since_ms is not None

    def operations_after(self, seq: int) -> list[str]:
        """The ids of this desk's own operations after that place of its chain."""
        identity = self.device.identity
        lines = self.device.export_chain(identity.device, identity.epoch)
        operations = (read_operation(line).operation for line in lines)
        return [operation.id for operation in operations if operation.seq > seq]

    def to_home(self) -> None:
        """Home, by Esc."""
        wait(lambda: self.shell.open("home"), "home can't be reached")
        look()

    def search(self, text: str) -> None:
        """Ctrl+K, then a trade code or a name, then Enter."""
        box = self.shell.top_bar.search.edit

        def is_there() -> bool:
            if not box.hasFocus():
                self.hands.press(Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
            return box.hasFocus()

        wait(is_there, "the search box can't be reached")
        self.hands.type(text)
        self.hands.press(Qt.Key.Key_Return)

    def to(self, code: str, landmark: str) -> None:
        """A screen by its trade code; there once the landmark is shown."""
        self.search(code)
        self.hands.find(QWidget, landmark)

    def _choose_account(self, code: str, iban: str) -> None:
        self.search(code)
        self.hands.fill("account_search", iban)
        table = self.hands.find(QTableView, "accounts")
        wait(lambda: table.model() is not None and table.model().rowCount() == 1, f"{iban} was not found")
        self.hands.press(Qt.Key.Key_Return)
        self.hands.find(QLineEdit, "amount")

    def _review_and_confirm(self, landmark: str) -> None:
        self.hands.find(QWidget, landmark)
        self.hands.push("review_button")
        self.confirm_review()

    def confirm_review(self) -> None:
        """Post what a form's review shows."""
        self._wait_confirm()
        button = self.hands.find(QAbstractButton, "confirm")
        button.setFocus()
        self.hands.press(Qt.Key.Key_Return)

    def _wait_confirm(self) -> None:
        def ready() -> bool:
            button = self.hands.shown(QAbstractButton, "confirm")
            return button is not None and button.isEnabled()

        wait(ready, f"no review came at {self.plan.device}: {self._errors()}")

    def wait_screen(self, name: str) -> None:
        """Wait until that screen is shown."""
        wait(lambda: self.shell.current_name() == name, f"{name} did not come: {self._errors()}")

    def _errors(self) -> str:
        fields = self.application.window.findChildren(Field)
        return "; ".join(error for field in fields if field.isVisible() and (error := field.error()))
