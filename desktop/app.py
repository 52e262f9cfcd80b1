"""The desk's program: opens what it was enrolled with, shows who may sign in, and lets go of everything at its end.

`Application` is one desk in one window, without any global, so that tests and the demo can have several in a process.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication
from sqlalchemy import Connection

from core.clock import Clock, SimulatedClockRefused, clock_from_environment
from core.device import DeviceIdentity, lives
from core.errors import EnvironmentProblem
from core.ids import Randomness, system_randomness
from core.people.stretching import MODERATE, Stretching
from core.secrets.opening import open_secret_store
from core.secrets.store import SecretStore
from core.store.queries import people
from core.sync.transport import Transport
from desktop.desk import Desk, Place
from desktop.desk_watch import DeskWatch
from desktop.ending import end_on_signals
from desktop.enrolling.first_start import FirstStart
from desktop.full_page import FullPage, Whereabouts
from desktop.handing_over import HandingOver, words_of
from desktop.line_reporting import LineReporter
from desktop.login.approving import SecondPerson
from desktop.login.entrance import Entrance, ScreensOf
from desktop.problem_page import ProblemPage
from desktop.running import LineOf, RunningDesk, open_desk
from desktop.screens import ScreenEntry
from desktop.settings import DesktopSettings, desktop_settings
from desktop.stopped_desk import StoppedDesk
from desktop.tasks import Tasks
from desktop.theme import Theme, ThemeName, apply_theme
from desktop.widgets import FocusRing
from desktop.window import Window


def teller_screens_of(desk: Desk, papers: Path | None = None) -> Sequence[ScreenEntry]:
    """The teller's screens; imported only when somebody has signed in, so that the sign-in is there sooner.

    `papers` is where what is printed is kept; None for the user's documents.
    """
    from desktop.teller import teller_screens
    from desktop.teller.money.aftermath import Papers

    return teller_screens(desk, Papers(papers))


MILLISECONDS = 1000
"""In a second."""


class Application(QObject):
    """One desk: `start` it, and `close` it however it ends. `ready` once the sign-in can be used, `ended` at its end.

    `secrets` None opens the store that the settings name; `line_of` makes the line of an opened device. Stretching
    passwords costs what `cost` says. Call `dress` before the first.
    """

    ready = Signal()
    ended = Signal()

    _changed_below = Signal()

    def __init__(
        self,
        settings: DesktopSettings,
        clock: Clock,
        *,
        secrets: SecretStore | None = None,
        screens: ScreensOf | None = None,
        randomness: Randomness = system_randomness,
        cost: Stretching = MODERATE,
        line_of: LineOf = Transport.of_device,
    ) -> None:
        super().__init__()
        self.settings = settings
        self.clock = clock
        self.window = Window()
        self.tasks = Tasks()
        self.reporter = LineReporter(clock, self)
        self.running: RunningDesk | None = None
        self.desk: Desk | None = None
        self.entrance: Entrance | None = None
        self.first_start: FirstStart | None = None
        self.problem_page: ProblemPage | None = None
        self.stopped: StoppedDesk | None = None
        self.handing_over: HandingOver | None = None
        self._secrets = secrets
        self._screens = screens or partial(teller_screens_of, papers=settings.papers)
        self._randomness, self._cost, self._line_of = randomness, cost, line_of
        self._waiting_page: FullPage | None = None
        self._watch: DeskWatch | None = None
        self._end_looking: Callable[[], None] = lambda: None
        self._closed = False
        self._changed_below.connect(self._look_for_place, Qt.ConnectionType.QueuedConnection)
        self.window.closed.connect(self.close)
        self.tasks.bug_found.connect(self._show_bug)
        self.tasks.problem_found.connect(self._show_loose_problem)

    def start(self) -> None:
        """Show the window and begin to open the desk."""
        self._open()
        self.window.show()

    def close(self) -> None:
        """Sign out, stop the line, let go of the file. Twice is harmless."""
        if self._closed:
            return
        self._closed = True
        self.reporter.stop()
        session = self.desk.session if self.desk is not None else None
        self.tasks.shutdown()
        if self.first_start is not None:
            self.first_start.stop()
        if self.handing_over is not None:
            self.handing_over.close()
        if self.running is not None:
            if session is not None:
                self.running.signing_in.end(session, "signed-out")
            if self.desk is not None:
                self.desk.close()
            self._end_looking()
            self.running.close()
        self.window.hide()
        self.window.deleteLater()
        self.ended.emit()

    # Opening

    def _open(self) -> None:
        self._show_waiting(self.tr("Opening\u2026"), "")
        self.tasks.run(self._open_parts, done=self._opened, failed=self._show_problem, owner=self)

    def _open_parts(self) -> RunningDesk | SecretStore:
        """In the background: the keyring may ask its user, and the file may be brought up to date."""
        secrets = self._secrets = self._secrets or open_secret_store(self.settings.secret_settings())
        if lives.is_ready(self.settings.store_path):
            lives.take_up(self.settings.store_path, secrets)
        if not self.settings.store_path.exists():
            return secrets
        return open_desk(
            self.settings,
            secrets,
            self.clock,
            on_state=self.reporter.take_state,
            on_bug=self.tasks.report_bug,
            randomness=self._randomness,
            cost=self._cost,
            line_of=self._line_of,
        )

    def _opened(self, found: RunningDesk | SecretStore) -> None:
        if not isinstance(found, RunningDesk):
            self._begin_first_start(found)
            return
        self.running = found
        lead = self.tr("This desk is new, and reads them for the first time.")
        self._show_waiting(self.tr("Fetching the bank's books\u2026"), lead)
        self._end_looking = found.device.on_change(lambda _changed: self._changed_below.emit())
        found.start()
        self._look_for_place()

    def _look_for_place(self) -> None:
        """The names of bank and branch come with the first pages of the feed."""
        running = self.running
        if running is None or self.desk is not None:
            return

        def look() -> Place | None:
            with running.device.reading() as connection:
                return place_of(connection, running.device.identity, self.settings)

        self.tasks.run(look, done=self._begin_work, owner=self)

    def _begin_work(self, place: Place | None) -> None:
        running = self.running
        if running is None or place is None or self.desk is not None:
            return
        self._end_looking()
        second_person = SecondPerson(running.signing_in, self.tasks, self._maker_name)
        desk = self.desk = Desk(running.device, self.tasks, running, place, second_person)
        self._watch = DeskWatch(desk, self.reporter, self)
        idle_ms = self.settings.idle_seconds * MILLISECONDS
        self.entrance = Entrance(self.window, desk, running.signing_in, self.reporter, self._screens, idle_ms=idle_ms)
        self.entrance.begin()
        self.stopped = StoppedDesk(self.window, desk, running, self.entrance, self.reporter)
        self.stopped.enrol_wanted.connect(self._begin_next_life)
        self._hand_over()
        self._drop_waiting()
        self.ready.emit()

    def _hand_over(self) -> None:
        """What earlier lives on this computer had not sent, beside whoever works here."""
        if self._secrets is None or self.entrance is None:
            return
        handing = self.handing_over = HandingOver(
            self.settings.store_path,
            self._secrets,
            self.clock,
            self,
            line_of=self._line_of,
            on_bug=self.tasks.report_bug,
        )
        page = self.entrance.sign_in_page
        handing.changed.connect(lambda handovers: page.show_earlier(*words_of(handovers)))
        handing.start()

    def _maker_name(self) -> str:
        return self.desk.person_name if self.desk is not None else ""

    def _begin_first_start(self, secrets: SecretStore) -> None:
        first = self.first_start = FirstStart(self.settings, self.tasks, secrets, self.clock, self._randomness, self)
        first.created.connect(self._end_first_start)
        first.failed.connect(self._show_problem)
        self.window.show_page(first.page)
        first.begin()
        self._drop_waiting()

    def _end_first_start(self) -> None:
        self._open()
        self._drop_first_start()

    # The next life of a desk that was stopped

    def _begin_next_life(self) -> None:
        """Beside what is here, which goes on handing over what it can until the next life is whole."""
        if self._secrets is None or self.first_start is not None:
            return
        first = self.first_start = FirstStart(
            self.settings, self.tasks, self._secrets, self.clock, self._randomness, self, anew=True
        )
        first.created.connect(self._leave_life)
        first.failed.connect(self._show_problem)
        first.page.close_wanted.connect(self._stay_in_life)
        self.window.show_page(first.page)
        first.begin(self.running.device.identity.centre_url if self.running is not None else "")

    def _stay_in_life(self) -> None:
        self._drop_first_start()
        if self.stopped is not None:
            self.stopped.come_forward()
        else:
            self._open()

    def _leave_life(self) -> None:
        """The next life's file is whole: let go of the old one, then open again, which takes the next one up."""
        running, self.running = self.running, None
        handing, self.handing_over = self.handing_over, None
        for part in (self.stopped, self.entrance, self.desk):
            if part is not None:
                part.close()
        if self._watch is not None:
            self._watch.deleteLater()
        self.stopped = self.entrance = self.desk = self._watch = None

        def let_go() -> None:
            if handing is not None:
                handing.close()
            if running is not None:
                running.close()

        self._show_waiting(self.tr("Opening\u2026"), "")
        self.tasks.run(let_go, done=lambda _nothing: self._end_first_start(), failed=self._show_problem, owner=self)

    def _drop_first_start(self) -> None:
        first, self.first_start = self.first_start, None
        if first is not None:
            first.stop()
            self.window.drop(first.page)

    # Pages of the program itself

    def _show_waiting(self, title: str, lead: str) -> None:
        page = self._waiting_page
        if page is None:
            page = self._waiting_page = FullPage(title, locale=self.settings.locale)
            page.show_status(self.reporter.status)
            self.reporter.status_changed.connect(page.show_status)
        page.set_title(title, lead)
        if self.running is not None:
            identity = self.running.device.identity
            page.show_place(Whereabouts(branch=identity.branch, desk=identity.device))
        self.window.show_page(page)

    def _drop_waiting(self) -> None:
        page, self._waiting_page = self._waiting_page, None
        if page is not None:
            self.window.drop(page)

    def _show_problem(self, problem: EnvironmentProblem) -> None:
        page = self.problem_page
        if page is None:
            page = self.problem_page = ProblemPage(self.settings.locale)
            page.again.connect(self._open)
            page.close_wanted.connect(self.window.close)
            page.enrol_wanted.connect(self._begin_next_life)
        self._drop_first_start()
        self.window.show_page(page)
        page.show_problem(problem)
        self._drop_waiting()

    def _show_bug(self, name: str) -> None:
        if self.entrance is not None and self.entrance.shell is not None:
            self.entrance.shell.show_bug(name)
        elif self.entrance is None:
            text = self.tr("Something in the program went wrong: {name}.").format(name=name)
            self._show_problem(EnvironmentProblem(text, code="bug"))

    def _show_loose_problem(self, problem: EnvironmentProblem) -> None:
        if self.entrance is not None and self.entrance.shell is not None:
            self.entrance.shell.show_notice(self.tr("That did not work."), problem.message)
        elif self.entrance is None:
            self._show_problem(problem)


def place_of(connection: Connection, identity: DeviceIdentity, settings: DesktopSettings) -> Place | None:
    """Where the desk stands, in names; None until the bank's books have come."""
    bank = people.bank(connection)
    branch = next((found for found in people.branches(connection) if found.code == identity.branch), None)
    if bank is None or branch is None:
        return None
    return Place(
        bank_name=bank.name,
        branch=branch.code,
        branch_name=branch.name,
        desk_name=settings.desk_name or identity.device,
        drawer=settings.drawer or identity.device,
        currency=branch.currency,
        locale=settings.locale,
    )


def dress(application: QApplication, settings: DesktopSettings) -> None:
    """Give the whole program its look, and the ring around what has the focus. Once for all windows of a process."""
    apply_theme(application, Theme(settings.theme or _system_theme(), settings.text_scale))
    if application.findChild(FocusRing) is None:
        FocusRing(application)


def _system_theme() -> ThemeName:
    return "dark" if QGuiApplication.styleHints().colorScheme() == Qt.ColorScheme.Dark else "light"


def run(settings: DesktopSettings | None = None, *, clock: Clock | None = None) -> int:
    """The program until its window is closed, or Ctrl+C or SIGTERM ends it; answers its exit code."""
    application = QApplication.instance()
    if not isinstance(application, QApplication):
        application = QApplication(["counterfoil"])
    application.setApplicationName("counterfoil")
    application.setQuitOnLastWindowClosed(False)
    try:
        chosen = settings or desktop_settings(os.environ)
        dress(application, chosen)
        desk = Application(chosen, clock or clock_from_environment(dict(os.environ)))
    except (EnvironmentProblem, SimulatedClockRefused) as problem:
        return _refuse_to_start(application, problem)
    # Queued: the window's own end comes first.
    desk.ended.connect(application.quit, Qt.ConnectionType.QueuedConnection)
    with end_on_signals(desk.close):
        desk.start()
        return application.exec()


def _refuse_to_start(application: QApplication, problem: Exception) -> int:
    """A setting that can't be meant: said in the same window as everything else."""
    apply_theme(application, Theme(_system_theme()))
    window, page = Window(), ProblemPage()
    message = problem.message if isinstance(problem, EnvironmentProblem) else str(problem)
    code = problem.code if isinstance(problem, EnvironmentProblem) else "simulated_clock_refused"
    page.show_problem(EnvironmentProblem(message, code=code))
    page.again_button.hide()
    page.close_wanted.connect(window.close)
    window.closed.connect(application.quit, Qt.ConnectionType.QueuedConnection)
    window.show_page(page)
    window.show()
    with end_on_signals(application.quit):
        application.exec()
    return 1
