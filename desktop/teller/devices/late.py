"""What an ended desk still brought: read as a list, and booked or refused as a whole by two supervisors."""

from __future__ import annotations

from babel.numbers import format_decimal

from core.device import Performed
from core.errors import EnvironmentProblem
from core.money import format_amount
from core.operations.ended import LateDecided
from core.operations.kind import SUPERVISOR
from core.sync.messages import LateRun
from desktop.desk import Desk
from desktop.teller.devices.reading import DeviceView, LateLine, late_lines
from desktop.teller.posting import PostingScreen, Proposal
from desktop.teller.saying import moment_text
from desktop.widgets import Button, Column, DataTable, EmptyState, PagedModel, Text
from desktop.wording import desk_epoch


class LateScreen(PostingScreen):
    """One ended desk (`opened` with its `DeviceView`)."""

    def __init__(self, desk: Desk) -> None:
        title = self.tr("Late operations")
        super().__init__(desk, title, review=self.tr("Late operations"), confirm=self.tr("Confirm"))
        self._words = title
        self._view: DeviceView | None = None
        self._lines: tuple[LateLine, ...] = ()
        self._accept = True
        self.model: PagedModel[LateLine] = PagedModel(self._table_columns(), None, desk.tasks, parent=self)
        self._empty = EmptyState("", "", icon="inbox")
        self.table = DataTable(self.tr("Late operations"), self.model, empty=self._empty)
        self.table.setObjectName("late")
        self.table.setMinimumHeight(280)
        self.table.opened.connect(lambda _row: self.begin_review())
        self.refuse = Button(self.tr("Refuse all"), "danger", key="F9")
        self.refuse.setObjectName("refuse_all")
        self.refuse.clicked.connect(self._begin_refusal)
        self.review_button.set_label(self.tr("Book all"))
        self.form.body.addWidget(self.table)
        self.form.body.addWidget(
            Text(
                self.tr(
                    "Booked, each counts as it was signed. Refused, nothing is posted, all of it stays kept, and a "
                    "case is opened for every credit."
                ),
                "quiet",
                wrap=True,
            )
        )
        self.add_actions(self.refuse)

    def opened(self, arguments: object) -> None:
        """Ask the centre for the run."""
        if isinstance(arguments, DeviceView):
            self._view, self._lines = arguments, ()
            found = arguments.found
            self.set_title(self._words, desk_epoch(found.device, found.epoch))
            self._enable(LateRun(found.device, found.epoch, ()))
            self._empty.show_text(
                self.tr("Asking the centre\u2026"), self.tr("What this desk still brought is fetched.")
            )
            line = self.desk.line
            self.desk.tasks.run_network(
                lambda: line.late_run(found.device, found.epoch), done=self._take, failed=self._not_read, owner=self
            )
        self.show_form()

    def back(self) -> bool:
        """To the form, then to the desks."""
        if not super().back():
            self.go.emit("devices", None)
        return True

    def begin_review(self) -> None:
        """Book all, unless refusing was asked for."""
        super().begin_review()
        self._accept = True

    def propose(self) -> Proposal | None:
        """The decision over the whole run that is shown."""
        view, lines, locale = self._view, self._lines, self.desk.place.locale
        if view is None or not lines:
            return None
        body = LateDecided(
            device=view.found.device,
            epoch=view.found.epoch,
            first_seq=lines[0].seq,
            last_seq=lines[-1].seq,
            last_hash=lines[-1].hash,
            accept=self._accept,
        )
        done = self.tr("Book all of them") if self._accept else self.tr("Refuse all of them")
        self.review.confirm_button.set_label(done)
        self.review.confirm_button.set_kind("primary" if self._accept else "danger")

        def number(line: LateLine) -> str:
            return str(format_decimal(line.seq, locale=locale))

        pairs = [
            (self.tr("Desk"), desk_epoch(*view.key)),
            (self.tr("Operations"), format_decimal(len(lines), locale=locale)),
            (self.tr("Numbers"), f"{number(lines[0])} \u2013 {number(lines[-1])}"),
            (self.tr("What is done"), done),
        ]
        return Proposal(
            body, pairs, self.tr("A desk that has ended brought this late. Two supervisors decide over it.")
        )

    def posted(self, _performed: Performed) -> None:
        """The desks, where the answer will stand."""
        self.go.emit("devices", None)

    def _begin_refusal(self) -> None:
        self._accept = False
        self.begin_review()

    def _take(self, run: LateRun) -> None:
        self._empty.show_text(self.tr("Nothing is waiting"), self.tr("What this desk still brings will stand here."))
        self._enable(run)
        if self._lines and not self.is_reviewing():
            self.table.setFocus()

    def _enable(self, run: LateRun) -> None:
        self._lines = lines = late_lines(run)
        self.model.reload(lambda _key, _limit: (lines, None))
        waits = self._view is not None and self._view.waiting
        may = bool(lines) and self.desk.role == SUPERVISOR and not waits
        self.review_button.setEnabled(may)
        self.refuse.setEnabled(may)
        why = self.tr("Two supervisors decide over them.") if self.desk.role != SUPERVISOR else ""
        why = self.tr("It is decided, and the centre's answer is awaited.") if waits else why
        self.problem.setVisible(bool(why and lines))
        if why and lines:
            self.problem.show_notice(self.tr("To look at only."), why, "info")

    def _not_read(self, problem: EnvironmentProblem) -> None:
        text = self.tr("What it brought is shown with the line up.")
        self._empty.show_text(self.tr("Nothing could be fetched"), text)
        self.problem.show_notice(problem.message, text, "warn")
        self.problem.show()

    def _table_columns(self) -> list[Column[LateLine]]:
        locale = self.desk.place.locale
        return [
            Column(self.tr("Number"), lambda line: format_decimal(line.seq, locale=locale), align="amount", width=11),
            Column(self.tr("When"), lambda line: moment_text(line.at, locale), width=20),
            Column(self.tr("Who"), lambda line: self.desk.name_of(line.person) or self.tr("the desk"), width=18),
            Column(self.tr("What"), lambda line: line.what, strong=True),
            Column(
                self.tr("Amount"),
                lambda line: f"{format_amount(line.amount, locale)}\u00a0{line.amount.currency}" if line.amount else "",
                align="amount",
                width=20,
            ),
        ]
