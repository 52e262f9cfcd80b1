"""What the screens of one desk are handed: the device, the background tasks, the line, and who is at work.

A screen reads and changes through here alone: `read` for what is shown, `draft` for what would be posted, `post` to do
it (asking a second person where the bank wants one). Answers come back on the UI thread; nothing here blocks it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol, TypeVar

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget
from sqlalchemy import Connection

from core.device import Changed, Device, Draft, OpenSession, Performed, Refusals
from core.errors import EnvironmentProblem, Refusal
from core.operations.kind import Body
from core.operations.registry import KINDS
from core.store.queries.attention import SEEN, with_seen
from core.store.queries.people import StaffMember, staff
from core.sync.fetched import FetchedRights
from core.sync.messages import BranchDevice, LateRun
from desktop.tasks import Job, Tasks
from desktop.widgets import LineStatus

Result = TypeVar("Result")
Failed = Callable[[EnvironmentProblem], None]
_NAMES = {kind.body: kind.name for kind in KINDS.values()}


@dataclass(frozen=True, slots=True)
class Place:
    """Where the desk stands: names for the screen, codes for operations, and how amounts are written."""

    bank_name: str
    branch: str
    branch_name: str
    desk_name: str
    drawer: str
    currency: str
    locale: str


class Line(Protocol):
    """The line to the centre, as the screens use it."""

    def wake(self) -> None:
        """Send and fetch at once."""
        ...

    def fetch_rights(self, account: str, least: int, amount: int) -> FetchedRights:
        """Ask the centre for spending rights, in minor units; answers once they are here. Blocks: network pool only.

        Raises `LineProblem` within a few seconds when the line is down, `CentreRefusal` where the centre says no.
        """
        ...

    def ask_for_file(self, iban: str) -> str:
        """Ask the centre for the file of an account of another branch; its id once it is here. Blocks likewise.

        Raises `LineProblem`, and `CentreRefusal` where the centre says no.
        """
        ...

    def hold_allowance(self, account: str) -> None:
        """See to it that this desk may pay out the account's allowance should the line be cut.

        Blocks and raises like `fetch_rights`; does nothing where the allowance is here already.
        """
        ...

    def branch_devices(self) -> Sequence[BranchDevice]:
        """Every device epoch of the branch as the centre has it. Blocks and raises like `fetch_rights`."""
        ...

    def try_now(self) -> str:
        """Speak to the centre at once; what is in the way, in a sentence, or nothing. Blocks, raises nothing."""
        ...

    def late_run(self, device: str, epoch: int) -> LateRun:
        """What an ended epoch still brought, and is not booked. Blocks and raises like `fetch_rights`."""
        ...


@dataclass(frozen=True, slots=True)
class ApprovalRequest:
    """What a second person is shown before they sign: what it is, why they are asked, and the figures."""

    title: str
    reason: str
    pairs: Sequence[tuple[str, str | QWidget]]


@dataclass(frozen=True, slots=True)
class LineReturn:
    """The line came back `at` that time: of `sent` operations that had waited, the centre found something about
    `found` and decides over `asked` later; the others are booked.
    """

    at: datetime
    sent: int
    found: int
    asked: int


class Approving(Protocol):
    """Asks a second person, in a window of their own, to look at a draft and sign for it."""

    def ask(
        self,
        parent: QWidget,
        draft: Draft,
        request: ApprovalRequest,
        *,
        approved: Callable[[str], None],
        declined: Callable[[], None],
        cancelled: Callable[[], None],
    ) -> None:
        """Exactly one follows: `approved` with the approval (compact JWS) for `Device.perform`, `declined` where the
        second person said no, `cancelled` where the question was taken back."""
        ...


class Desk(QObject):
    """One desk at work. `changed` carries `core.device.Changed`: what to read again; it is emitted on the UI thread."""

    changed = Signal(object)
    session_changed = Signal()
    day_changed = Signal()
    line_changed = Signal()

    _changed_elsewhere = Signal(object)

    def __init__(self, device: Device, tasks: Tasks, line: Line, place: Place, approving: Approving) -> None:
        super().__init__()
        self.device = device
        self.tasks = tasks
        self.line = line
        self.place = place
        self.approving = approving
        self.session: OpenSession | None = None
        self.person_name = ""
        self.business_date: str | None = None
        self.line_status = LineStatus()
        self.line_return: LineReturn | None = None
        self._names: Mapping[str, str] = {}
        self._seen: set[str] = set()
        self._changed_elsewhere.connect(self.changed)
        self.session_changed.connect(self._read_names)
        self._end_listening = device.on_change(self._changed_elsewhere.emit)

    def close(self) -> None:
        """Stop listening to the device."""
        self._end_listening()

    @property
    def role(self) -> str:
        """The role of the person at work (`teller`, `supervisor`), empty when nobody is."""
        return self.session.role if self.session else ""

    def set_session(self, session: OpenSession | None, name: str = "") -> None:
        """Somebody signed in, or out."""
        self.session, self.person_name = session, name if session else ""
        self.session_changed.emit()

    def set_business_date(self, date: str | None) -> None:
        """The business date that is open on this device; None while no day is open."""
        self.business_date = date
        self.day_changed.emit()

    def set_line_status(self, status: LineStatus) -> None:
        """What is true about the line, for screens that say what can be done without it."""
        self.line_status = status
        self.line_changed.emit()

    def set_line_return(self, back: LineReturn | None) -> None:
        """What became of what had waited for the line; None once it was looked at, or the line is cut again."""
        if back != self.line_return:
            self.line_return = back
            self.line_changed.emit()

    def name_of(self, person: str | None) -> str:
        """What a member of staff is called, by their code; the code itself where the name is not known here."""
        return self._names.get(person, person) if person else ""

    def _read_names(self) -> None:
        def keep(members: Sequence[StaffMember]) -> None:
            self._names = {member.code: member.name for member in members}

        self.read(staff, keep, owner=self)

    def note_seen(self, operation: str) -> None:
        """Somebody has looked at what the centre found about that operation of this desk."""
        device = self.device

        def keep() -> None:
            device.put_setting(SEEN, with_seen(device.setting(SEEN), operation))

        if operation not in self._seen:
            self._seen.add(operation)
            self.tasks.run(keep, done=lambda _none: self.changed.emit(Changed()), owner=self)

    def today(self) -> str:
        """Today's date at this machine, ISO 8601."""
        return datetime.fromtimestamp(self.device.clock.now_ms() / 1000, UTC).astimezone().date().isoformat()

    def read(
        self,
        query: Callable[[Connection], Result],
        done: Callable[[Result], None],
        *,
        failed: Failed | None = None,
        owner: QObject | None = None,
    ) -> Job:
        """Run a query of `core.store.queries` off the UI thread: `desk.read(lambda c: customer_file(c, id), show)`."""

        def work() -> Result:
            with self.device.reading() as connection:
                return query(connection)

        return self.tasks.run(work, done=done, failed=failed, owner=owner)

    def draft(
        self,
        body: Body,
        done: Callable[[Draft], None],
        *,
        records: Mapping[str, bytes] | None = None,
        with_drawer: bool = False,
        business_date: str | None = None,
        standin: bool = False,
        failed: Failed | None = None,
        owner: QObject | None = None,
    ) -> Job:
        """Work out what would be posted by whoever is at work; `draft.findings` says what speaks against it.

        With `standin` what exceeds this desk's rights is paid at the bank's own risk.
        """
        arguments: dict[str, Any] = {
            "session": self.session,
            "drawer": self.place.drawer if with_drawer else None,
            "business_date": business_date or self.business_date or self.today(),
            "records": records or {},
            "standin": standin,
        }
        return self.tasks.run(
            lambda: self.device.draft(_NAMES[type(body)], body, **arguments), done=done, failed=failed, owner=owner
        )

    def post(
        self,
        parent: QWidget,
        draft: Draft,
        request: ApprovalRequest,
        *,
        done: Callable[[Performed], None],
        refused: Callable[[Refusal], None],
        failed: Failed | None = None,
    ) -> None:
        """Do it. Where the bank wants a second person they are asked first.

        Declining is `refused` with `approval_declined`; taking the question back with `approval_cancelled`, which is
        nobody's fault and is not to be shown as one.
        """

        def perform(approval: str | None) -> None:
            self.tasks.run(lambda: self.device.perform(draft, approval), done=answered, failed=failed, owner=parent)

        def answered(outcome: Performed | Refusals) -> None:
            if isinstance(outcome, Refusals):
                refused(outcome.first)
                return
            self.line.wake()
            done(outcome)

        if not draft.needs_second_person:
            perform(None)
            return
        self.approving.ask(
            parent,
            draft,
            request,
            approved=perform,
            declined=lambda: refused(Refusal("approval_declined")),
            cancelled=lambda: refused(Refusal("approval_cancelled")),
        )
