"""The branch's desks: how each stands, its last operation at the centre, and what it may have paid out unheard."""

from __future__ import annotations

from collections.abc import Sequence

from babel.numbers import format_decimal
from PySide6.QtWidgets import QHBoxLayout

from core.device import Changed
from core.errors import EnvironmentProblem
from core.money import format_amount, format_money
from core.operations.kind import SUPERVISOR
from core.sync.messages import BranchDevice
from desktop.desk import Desk
from desktop.screens import Screen
from desktop.teller.answers import answer_sentence
from desktop.teller.devices.reading import DeviceView, device_tone, device_word, views
from desktop.teller.saying import NOTHING, moment_text
from desktop.widgets import (
    Badge,
    Button,
    Card,
    Column,
    DataTable,
    EmptyState,
    KeyValueList,
    Notice,
    PagedModel,
    Text,
)
from desktop.wording import desk_epoch

LIST_WIDTH_MIN = 560
ROWS_LEAST, ROWS_MOST = 6, 14
_KINDS = frozenset({"device.written_off", "late.settled", "request.declined", "device.revoked", "exposure.booked"})


class DevicesScreen(Screen):
    """The page behind code 9005. What the centre says is asked for whenever the page is opened."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(self.tr("Devices"))
        self._desk = desk
        self._chosen: DeviceView | None = None
        self._wanted: tuple[str, int] | None = None
        again = Button(self.tr("Ask again"), key="F5", small=True)
        again.setObjectName("ask_again")
        again.clicked.connect(self._ask)
        self.problem = Notice("", " ", "warn", action=again)
        self.problem.setObjectName("devices_problem")
        self.problem.hide()
        self._empty = EmptyState(
            self.tr("No desk is shown yet"),
            self.tr("The branch's desks stand here once the centre has answered."),
            icon="monitor",
        )
        self.model: PagedModel[DeviceView] = PagedModel(self._table_columns(), None, desk.tasks, parent=self)
        self.table = DataTable(self.tr("Devices"), self.model, empty=self._empty)
        self.table.setObjectName("devices")
        self.table.set_least(width=LIST_WIDTH_MIN)
        card = Card(padding=14)
        card.body.addWidget(self.problem)
        card.body.addWidget(self.table)
        self.add_main(card)
        self.facts = KeyValueList()
        self.answer = Text("", "small", wrap=True)
        self.reason = Text("", "small", wrap=True)
        self.write_off = Button(self.tr("Write off\u2026"), "danger", key="F8", small=True)
        self.late = Button(self.tr("Late operations"), key="F9", small=True)
        self.chosen_card = self._side_card()
        self.chosen_card.hide()
        self.add_side(self.chosen_card)
        self.table.chosen.connect(self._choose)
        self.model.loaded.connect(self._loaded)
        self.setFocusProxy(self.table)
        desk.changed.connect(self._changed)
        desk.line_changed.connect(self._line_changed)

    def opened(self, arguments: object) -> None:  # noqa: ARG002 - nothing is asked for
        """Ask the centre."""
        self._ask()
        self.table.setFocus()

    def _table_columns(self) -> list[Column[DeviceView]]:
        locale = self._desk.place.locale

        def number(many: int) -> str:
            return str(format_decimal(many, locale=locale)) if many else NOTHING

        return [
            Column(self.tr("Desk"), lambda view: view.found.device, strong=True),
            Column(self.tr("Epoch"), lambda view: str(view.found.epoch), align="amount", width=7),
            Column(self.tr("State"), device_word, width=16, tone=device_tone),
            Column(self.tr("Last operation"), lambda view: number(view.found.head_seq), align="amount", width=15),
            Column(self.tr("Late"), lambda view: number(view.found.late), align="amount", width=9),
            Column(self.tr("Exposure"), lambda view: format_amount(view.exposure, locale), align="amount", width=17),
        ]

    def _side_card(self) -> Card:
        card = Card(padding=16)
        card.set_title(self.tr("The chosen desk"))
        for button, name in ((self.write_off, "write_off"), (self.late, "late_operations")):
            button.setObjectName(name)
            button.setEnabled(False)
            button.clicked.connect(lambda _checked=False, name=name: self._go(name))
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.write_off)
        row.addWidget(self.late)
        row.addStretch(1)
        for part in (self.facts, self.answer):
            card.body.addWidget(part)
        card.body.addLayout(row)
        card.body.addWidget(self.reason)
        return card

    # Asking

    def _ask(self) -> None:
        self._desk.tasks.run_network(
            self._desk.line.branch_devices, done=self._answered, failed=self._failed, owner=self
        )

    def _answered(self, devices: Sequence[BranchDevice]) -> None:
        identity = self._desk.device.identity
        here = (identity.device, identity.epoch)
        self._desk.read(lambda connection: views(connection, devices, here), self._show, owner=self)

    def _failed(self, problem: EnvironmentProblem) -> None:
        text = self.tr("What the centre knows of the desks is shown with the line up.")
        self.problem.show_notice(problem.message, text, "warn")
        self.problem.show()
        if not self.model.rowCount():
            self._show_rows(())

    def _line_changed(self) -> None:
        """What could not be asked for is asked for as soon as it can be."""
        if self.isVisible() and self.problem.isVisible() and self._desk.line_status.with_line:
            self._ask()

    def _show(self, found: tuple[DeviceView, ...]) -> None:
        self.problem.hide()
        self._wanted = self._chosen.key if self._chosen is not None else None
        self._show_rows(found)

    def _show_rows(self, found: tuple[DeviceView, ...]) -> None:
        self.model.reload(lambda _key, _limit: (found, None))

    def _loaded(self, _any_rows: bool) -> None:
        self.table.fit_rows(ROWS_LEAST, ROWS_MOST)
        rows = [self.model.row(number) for number in range(self.model.rowCount())]
        keys = [row.key if row is not None else None for row in rows]
        if self._wanted in keys:
            self.table.setCurrentIndex(self.model.index(keys.index(self._wanted), 0))

    def _changed(self, changed: Changed) -> None:
        if self.isVisible() and (changed.own or not changed.kinds.isdisjoint(_KINDS)):
            self._ask()

    # The chosen one

    def _choose(self, view: DeviceView | None) -> None:
        self._chosen = view
        self.chosen_card.setVisible(view is not None)
        if view is None:
            return
        locale, found = self._desk.place.locale, view.found
        self.facts.set_rows(
            [
                (self.tr("Desk"), desk_epoch(*view.key)),
                (self.tr("State"), Badge(device_word(view), device_tone(view))),
                (self.tr("Last operation"), format_decimal(found.head_seq, locale=locale)),
                (self.tr("Made at"), moment_text(view.heard_at, locale) if view.heard_at else NOTHING),
                (self.tr("Exposure"), format_money(view.exposure, locale)),
                (self.tr("Late operations"), format_decimal(found.late, locale=locale) if found.late else NOTHING),
            ]
        )
        asked = view.asked
        said = answer_sentence(asked.kind, asked.state, asked.reason, locale) if asked is not None else ""
        self.answer.setText(said)
        self.answer.setVisible(bool(said))
        why = self._why_not_write_off(view)
        self.write_off.setEnabled(not why)
        self.late.setEnabled(found.late > 0 and found.state != "living")
        self.reason.setText(why)
        # That the centre is asked is said already.
        self.reason.setVisible(bool(why) and not view.waiting)

    def _why_not_write_off(self, view: DeviceView) -> str:
        if self._desk.role != SUPERVISOR:
            return self.tr("Two supervisors write a desk off.")
        if view.here:
            return self.tr("A desk does not write itself off. Do this at another desk.")
        if view.waiting:
            return self.tr("The centre's answer is awaited.")
        if view.found.state == "written_off":
            return self.tr("It is written off already.")
        return ""

    def _go(self, name: str) -> None:
        if self._chosen is not None:
            self.go.emit(name, self._chosen)
