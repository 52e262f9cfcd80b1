"""What a person takes away from the enrolment: whose key the centre has, and this desk's own, for their own paper."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from core.device import DeviceIdentity
from core.errors import EnvironmentProblem
from core.signing_in.enrolling import in_groups
from desktop.fingerprints import centre_fingerprint, device_lines, keep_on_paper
from desktop.widgets import Button, Text

_GROUPS_A_LINE = 4


class KeepingFace(QWidget):
    """Shows both fingerprints. `went_on` when the person has compared the centre's with the bank's own paper."""

    went_on = Signal()

    def __init__(self, papers: Path | None = None) -> None:
        super().__init__()
        self._papers = papers
        self._identity: DeviceIdentity | None = None
        self.centre, self.device = self._figure("centre_fingerprint"), self._figure("device_fingerprint")
        self.kept = Text("", "small", wrap=True)
        self.keep_button = Button(self.tr("Save and print"), key="Ctrl+P")
        self.go_button = Button(self.tr("They agree: go on"), "primary", shown_key=self.tr("Enter"))
        self.keep_button.clicked.connect(self.keep)
        self.go_button.clicked.connect(self.went_on)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(12)
        for words, figure in ((self.tr("The centre's key"), self.centre), (self.tr("This desk's key"), self.device)):
            column.addWidget(Text(words, "quiet"))
            column.addWidget(figure, 0, Qt.AlignmentFlag.AlignHCenter)
        row = QHBoxLayout()
        row.addWidget(self.go_button)
        row.addWidget(self.keep_button)
        row.addStretch(1)
        column.addLayout(row)
        column.addWidget(self.kept)

    def show_keys(self, identity: DeviceIdentity) -> None:
        """Show whose keys they are."""
        self._identity = identity
        for figure, fingerprint in ((self.centre, centre_fingerprint(identity)), (self.device, identity.kid)):
            groups = in_groups(fingerprint).split(" ")
            lines = [groups[start : start + _GROUPS_A_LINE] for start in range(0, len(groups), _GROUPS_A_LINE)]
            figure.setText("\n".join("  ".join(line) for line in lines))
            figure.setAccessibleName(" ".join(groups))
        self.kept.setText("")

    def keep(self) -> None:
        """Write the sheet, and say where it is."""
        identity = self._identity
        if identity is None:
            return
        name = f"fingerprints-{identity.device}-{identity.epoch}"
        try:
            path = keep_on_paper(self._papers, name, device_lines(identity))
        except EnvironmentProblem as problem:
            self.kept.setText(problem.message)
            return
        self.kept.setText(self.tr("Saved as {path}. Print it and keep it.").format(path=path))

    def _figure(self, name: str) -> Text:
        figure = Text("", "figure")
        figure.setObjectName(name)
        figure.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        return figure
