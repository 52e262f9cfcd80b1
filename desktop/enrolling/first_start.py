"""The first start of a desk, or of its next life, from its page to its file: what was begun goes on after a restart."""

from __future__ import annotations

import threading
from functools import partial

import msgspec
from PySide6.QtCore import QObject, Qt, QTimer, Signal

from core.clock import Clock
from core.device import DeviceIdentity
from core.device.keys import DEVICE_KEY
from core.device.lives import NEXT_KEY
from core.errors import EnvironmentProblem, LineProblem, StoreProblem
from core.ids import Randomness
from core.secrets.store import SecretStore
from core.signing_in import enrolling
from core.sync.transport import Transport
from desktop.enrolling.page import Enrolling, EnrolmentPage
from desktop.settings import DesktopSettings
from desktop.tasks import Tasks

_CENTRE_FILE = "centre.json"
RETRY_MS = 5_000


class _CentreNote(msgspec.Struct, frozen=True):
    """Which centre this desk was shown to, kept beside the file until there is one."""

    address: str


class FirstStart(QObject):
    """`created` once the device's file is there; `failed` with an `EnvironmentProblem` where it can't be made.

    With `anew` it is the file of the next life, beside the one that is there, which may be at work meanwhile; who
    hears of `created` takes it up.
    """

    created = Signal()
    failed = Signal(object)
    progressed = Signal(int, int)

    def __init__(
        self,
        settings: DesktopSettings,
        tasks: Tasks,
        secrets: SecretStore,
        clock: Clock,
        randomness: Randomness,
        parent: QObject,
        *,
        anew: bool = False,
        retry_ms: int = RETRY_MS,
    ) -> None:
        super().__init__(parent)
        self._retry_ms = retry_ms
        self._settings, self._tasks, self._clock, self._randomness = settings, tasks, clock, randomness
        self._lines: dict[str, Transport] = {}
        self._guard = threading.Lock()
        self._stopped = False
        self._anew = anew
        self.page = EnrolmentPage(settings.locale, settings.papers, anew=anew)
        key_name = NEXT_KEY if anew else DEVICE_KEY
        self._enrolling = Enrolling(
            self.page, tasks, secrets, self._line_to, key_name=key_name, remember=self._remember_centre
        )
        self._identity: DeviceIdentity | None = None
        self._enrolling.trusted.connect(self._show_keys)
        self.page.keys_compared.connect(partial(self._go_on, secrets))
        # Told in the thread that fetches; shown in the one of the window.
        self.progressed.connect(self.page.show_progress, Qt.ConnectionType.QueuedConnection)

    def begin(self, address: str = "") -> None:
        """Ask, or go on waiting; `address` is the centre's where this desk has one already."""
        self._enrolling.begin(address or self._remembered_centre())

    def stop(self) -> None:
        """Ask the centre nothing more, and let its lines go."""
        self._enrolling.stop()
        with self._guard:
            self._stopped = True
            lines, self._lines = self._lines, {}
        for line in lines.values():
            line.close()

    def _show_keys(self, identity: DeviceIdentity) -> None:
        self._identity = identity
        self.page.show_keys(identity)

    def _go_on(self, secrets: SecretStore) -> None:
        identity, self._identity = self._identity, None
        if identity is not None:
            self._create(secrets, identity)

    def _create(self, secrets: SecretStore, identity: DeviceIdentity) -> None:
        self.page.fetch()
        failed = partial(self._failed, secrets, identity)
        work = partial(self._make_file, secrets, identity)
        self._tasks.run(work, done=lambda _nothing: self.created.emit(), failed=failed, owner=self)

    def _make_file(self, secrets: SecretStore, identity: DeviceIdentity) -> None:
        """Fetch the branch's books. In the background."""
        path, clock, randomness, told = self._settings.store_path, self._clock, self._randomness, self._note_progress
        if self._anew:
            enrolling.prepare_next(path, secrets, clock, identity, randomness, progress=told)
        else:
            enrolling.start(path, secrets, clock, identity, randomness, progress=told).close()

    def _note_progress(self, done: int, total: int) -> None:
        if self._stopped:
            raise LineProblem("The enrolment has been left.")
        self.progressed.emit(done, total)

    def _failed(self, secrets: SecretStore, identity: DeviceIdentity, problem: EnvironmentProblem) -> None:
        """What may pass by itself is tried again; for the rest somebody has to do something."""
        if not problem.retry or isinstance(problem, StoreProblem):
            self.failed.emit(problem)
            return
        self.page.show_problem(problem.message)
        QTimer.singleShot(self._retry_ms, self, partial(self._try_again, secrets, identity))

    def _try_again(self, secrets: SecretStore, identity: DeviceIdentity) -> None:
        if not self._stopped:
            self._create(secrets, identity)

    def _line_to(self, address: str) -> Transport:
        """One line to each address, whichever thread asks; none any more once this has stopped."""
        with self._guard:
            if self._stopped:
                raise LineProblem("The enrolment has been left.")
            line = self._lines.get(address)
            if line is None:
                line = self._lines[address] = Transport(address, self._clock)
            return line

    def _remember_centre(self, address: str) -> None:
        directory = self._settings.data_directory
        try:
            directory.mkdir(parents=True, exist_ok=True)
            (directory / _CENTRE_FILE).write_bytes(msgspec.json.encode(_CentreNote(address)))
        except OSError as problem:
            raise StoreProblem(
                f"The folder {directory} can't be written: {problem.strerror}.", code="store_read_only"
            ) from problem

    def _remembered_centre(self) -> str:
        try:
            kept = (self._settings.data_directory / _CENTRE_FILE).read_bytes()
            return msgspec.json.decode(kept, type=_CentreNote).address
        except (OSError, msgspec.MsgspecError):
            return self._settings.centre_url
