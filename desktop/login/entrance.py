"""Coming and going at one desk: sign-in page, first time, keys, the shell of who is at work, and the lock before it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date as calendar_date

from babel.dates import format_date
from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QApplication, QWidget
from shiboken6 import isValid

from core.clock import instant_ms
from core.device.sessions import CloseReason
from core.errors import EnvironmentProblem, Refusal
from core.signing_in import KnownPerson, Proven, SignedIn, SigningIn
from desktop.desk import Desk
from desktop.full_page import FullPage, Whereabouts
from desktop.idle import IdleWatch
from desktop.line_reporting import LineReporter
from desktop.login.credentials import Credentials
from desktop.login.first_time import FirstTime, FirstTimePage
from desktop.login.keys import KeysPage
from desktop.login.my_keys import MyKeysScreen
from desktop.login.sign_in_page import SignInPage
from desktop.login.suspension import SuspensionWatch
from desktop.screens import Screen, ScreenEntry
from desktop.shell import Shell
from desktop.widgets import ConfirmDialog, LineStatus, Who
from desktop.window import Window

ScreensOf = Callable[[Desk], Sequence[ScreenEntry]]
_LOOK_UP = "customers"


@dataclass(frozen=True, slots=True)
class _Entered:
    """A sign-in, with the keys (by thumbprint) that are new since the person's last one here."""

    signed_in: SignedIn
    fresh: frozenset[str]


class Entrance(QObject):
    """`entered` once the shell is shown, `left` once nobody is at work (locked or signed out)."""

    entered = Signal()
    left = Signal()

    def __init__(
        self,
        window: Window,
        desk: Desk,
        signing_in: SigningIn,
        reporter: LineReporter,
        screens: ScreensOf,
        *,
        idle_ms: int,
    ) -> None:
        super().__init__(window)
        self._window, self._desk, self._signing_in, self._reporter = window, desk, signing_in, reporter
        self._screens = screens
        clock, locale = desk.device.clock, desk.place.locale
        self.sign_in_page = SignInPage(clock.now_ms, locale)
        self.first_time_page = FirstTimePage(clock.now_ms, locale)
        self.keys_page = KeysPage(locale)
        window.keep(*self._pages())
        self.shell: Shell | None = None
        self._shell_person = ""
        self._left_at: QWidget | None = None
        self._first_time = FirstTime(self.first_time_page, signing_in, desk.tasks, desk.device.identity.device)
        self._idle = IdleWatch(window, idle_ms)
        self._suspension = SuspensionWatch(desk, self)
        self._bind()

    def begin(self) -> None:
        """Ask who comes."""
        self._place_pages()
        self._show_status(self._reporter.status)
        self.sign_in_page.begin()
        self._window.show_page(self.sign_in_page)
        self.sign_in_page.fields.staff_code.setFocus()
        self._desk.tasks.run(self._signing_in.known_people, done=self._show_known, owner=self)

    def lock(self, reason: CloseReason = "locked") -> None:
        """Close the session and put the sign-in before the work, which stays as it is."""
        session = self._desk.session
        if session is None:
            return
        name = self._desk.person_name
        self._left_at = QApplication.focusWidget()
        self._end(reason)
        why = {
            "idle": self.tr("Nobody was here for a while."),
            "ended": self.tr("The session has come to its end."),
        }.get(reason, "")
        self.sign_in_page.begin_locked(session.person, name, why)
        self._window.show_page(self.sign_in_page)
        self.sign_in_page.fields.password.setFocus()

    def sign_out(self) -> None:
        """Close the session and forget everything that was begun in it."""
        self._end("signed-out")
        self._drop_shell()
        self.begin()

    def close(self) -> None:
        """The desk is left for good, with nobody at work: forget its pages."""
        self._idle.watch(on=False)
        self._reporter.status_changed.disconnect(self._show_status)
        self._drop_shell()
        for page in self._pages():
            self._window.drop(page)
        self.deleteLater()

    def _bind(self) -> None:
        page = self.sign_in_page
        page.submitted.connect(self._sign_in)
        page.first_time.connect(self._begin_first_time)
        page.somebody_else.connect(self._somebody_else)
        self._first_time.arrived.connect(self._open)
        self._first_time.left.connect(self.begin)
        self.keys_page.done.connect(self._go_to_work)
        self._idle.idle.connect(lambda: self.lock("idle"))
        self._reporter.status_changed.connect(self._show_status)
        self._desk.day_changed.connect(self._place_pages)
        self._suspension.heard.connect(self._end_suspended)

    # Coming

    def _sign_in(self, typed: Credentials) -> None:
        self._enter(lambda: self._signing_in.sign_in(typed.person, typed.password, typed.code))

    def _open(self, proven: Proven) -> None:
        """Who has just had their key registered need not sign in again."""
        self._enter(lambda: self._signing_in.open(proven))

    def _enter(self, work: Callable[[], SignedIn | Refusal]) -> None:
        def entering() -> _Entered | Refusal:
            signed_in = work()
            return signed_in if isinstance(signed_in, Refusal) else _Entered(signed_in, self._fresh_keys(signed_in))

        self._desk.tasks.run_network(entering, done=self._entered, failed=self._failed, owner=self)

    def _fresh_keys(self, signed_in: SignedIn) -> frozenset[str]:
        """Keys that the person has not been shown here yet; at their very first time here none is called new."""
        name = f"keys-seen:{signed_in.session.person}"
        kids = frozenset(key.kid for key in signed_in.keys)
        seen = self._desk.device.setting(name)
        self._desk.device.put_setting(name, " ".join(sorted(kids)))
        return kids - frozenset(seen.split()) if seen is not None else frozenset()

    def _entered(self, answer: _Entered | Refusal) -> None:
        if isinstance(answer, Refusal):
            if self._window.page() is not self.sign_in_page:
                self.begin()
            self.sign_in_page.show_refusal(answer)
            return
        signed_in = answer.signed_in
        self.sign_in_page.finish()
        if self.shell is not None and self._shell_person != signed_in.session.person:
            self._drop_shell()
        self._desk.set_session(signed_in.session, signed_in.name)
        self._idle.watch(on=True)
        if self.shell is not None and not answer.fresh:
            self._go_to_work()
            return
        self.keys_page.show_keys(signed_in.name, signed_in.keys, answer.fresh)
        device = self._desk.device
        self._desk.tasks.run(lambda: device.newest_checkpoint, done=self.keys_page.show_checkpoint, owner=self)
        self._window.show_page(self.keys_page)
        self.keys_page.button.setFocus()

    def _failed(self, problem: EnvironmentProblem) -> None:
        if self._window.page() is not self.sign_in_page:
            self.begin()
        self.sign_in_page.show_problem(problem)

    def _go_to_work(self) -> None:
        session = self._desk.session
        if session is None:
            return
        if self.shell is None:
            self.shell = self._make_shell()
            self._shell_person = session.person
            self._window.show_page(self.shell)
            self.shell.open_home()
        else:
            self._window.show_page(self.shell)
            self._put_focus_back(self.shell)
        self._show_person()
        self.entered.emit()

    def _put_focus_back(self, shell: Shell) -> None:
        """Where the hands were before the desk was locked, if that is still there to be used."""
        left_at, self._left_at = self._left_at, None
        screen = shell.current_screen()
        if left_at is not None and isValid(left_at) and left_at.isEnabled() and left_at.isVisibleTo(shell):
            left_at.setFocus()
        elif screen is not None:
            screen.setFocus()

    def _make_shell(self) -> Shell:
        entries = [*self._screens(self._desk)]
        entries.append(ScreenEntry("my-keys", self._make_my_keys, self.tr("My sign-in"), self.tr("Session"), key="F11"))
        names = [entry.name for entry in entries]
        shell = Shell(entries, look_up=_LOOK_UP if _LOOK_UP in names else names[0], locale=self._desk.place.locale)
        shell.lock_requested.connect(self.lock)
        shell.show_status(self._reporter.status)
        return shell

    def _make_my_keys(self) -> Screen:
        screen = MyKeysScreen(self._desk, self._signing_in)
        screen.sign_out.connect(self.sign_out)
        return screen

    def _begin_first_time(self, person: str) -> None:
        self.sign_in_page.finish()
        self._window.show_page(self.first_time_page)
        self._first_time.begin(person)

    # Going

    def _somebody_else(self) -> None:
        """Somebody else may come, but not unnoticed by the work that waits."""
        if self.shell is not None:
            question = ConfirmDialog(
                self.tr("Sign in as somebody else?"),
                self.tr("What was begun here and not posted will be gone."),
                self.tr("Somebody else"),
                parent=self._window,
            )
            if question.exec() != ConfirmDialog.DialogCode.Accepted:
                return
        self._drop_shell()
        self.begin()

    def _end_suspended(self, why: str) -> None:
        """The work of whoever the centre has suspended ends at once; colleagues go on."""
        self._end("ended")
        self._drop_shell()
        self.begin()
        self.sign_in_page.fields.show_problem(self.tr("Your work here has ended."), why)

    def _end(self, reason: CloseReason) -> None:
        session = self._desk.session
        if session is None:
            return
        self._idle.watch(on=False)
        self._window.dismiss_dialogs()
        self._desk.set_session(None)
        self._desk.tasks.run(self._signing_in.end, session, reason)
        self.left.emit()

    def _drop_shell(self) -> None:
        if self.shell is not None:
            self._window.drop(self.shell)
        self.shell, self._shell_person = None, ""

    # What is shown

    def _show_status(self, status: LineStatus) -> None:
        for page in self._pages():
            page.show_status(status)
        if self.shell is not None:
            self.shell.show_status(status)
        session = self._desk.session
        if session is not None and self._desk.device.clock.now_ms() >= instant_ms(session.ends_at):
            self.lock("ended")

    def _pages(self) -> tuple[FullPage, ...]:
        return self.sign_in_page, self.first_time_page, self.keys_page

    def _place_pages(self) -> None:
        place = self._desk.place
        here = Whereabouts(place.bank_name, place.branch_name, place.desk_name, self._date())
        for page in self._pages():
            page.show_place(here)
        self._show_person()

    def _show_person(self) -> None:
        if self.shell is not None and self._desk.session is not None:
            place = self._desk.place
            date = self._date() or self.tr("No day open")
            self.shell.show_person(Who(self._desk.person_name, place.desk_name, place.branch_name, date))

    def _date(self) -> str:
        date = self._desk.business_date
        if date is None:
            return ""
        return str(format_date(calendar_date.fromisoformat(date), "d MMM y", locale=self._desk.place.locale))

    def _show_known(self, people: tuple[KnownPerson, ...]) -> None:
        self.sign_in_page.show_known(people)
