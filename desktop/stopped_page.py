"""A desk that was stopped: why, what becomes of what was done here, and the way to its next life."""

from __future__ import annotations

from babel.numbers import format_decimal
from PySide6.QtCore import Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout

from desktop.full_page import FullPage
from desktop.widgets import Badge, Button, KeyValueList, Notice, Text

_WIDTH = 560
NOBODY_SIGNS_IN = frozenset({"rolled_back", "anchor_missing"})
"""Where not even a sign-in is written, lest it speak against the true file."""


class StoppedPage(FullPage):
    """`enrol_wanted` leads to the next life, `look_wanted` to the sign-in, where people may still look."""

    enrol_wanted = Signal()
    look_wanted = Signal()

    def __init__(self, locale: str = "en_GB") -> None:
        super().__init__(self.tr("This desk was stopped"), width=_WIDTH, locale=locale)
        self._locale = locale
        self.why = Text("", "body", wrap=True)
        self.code = Badge("-", "plain")
        self.unsent = KeyValueList()
        self.handed = Notice("", " ", "info")
        self.enrol_button = Button(self.tr("Enrol this desk anew"), "primary", shown_key=self.tr("Enter"))
        self.enrol_button.setObjectName("enrol_anew")
        self.look_button = Button(self.tr("Sign in to look"), shown_key="F4")
        self.look_button.setObjectName("sign_in_to_look")
        self.enrol_button.clicked.connect(self.enrol_wanted)
        self.look_button.clicked.connect(self.look_wanted)
        key = QShortcut(QKeySequence("F4"), self)
        key.activated.connect(self.look_button.click)
        row = QHBoxLayout()
        row.setSpacing(10)
        row.addWidget(self.enrol_button)
        row.addStretch(1)
        row.addWidget(self.look_button)
        body = self.card.body
        body.addWidget(self.why)
        body.addWidget(self.code)
        body.addSpacing(4)
        body.addWidget(self.unsent)
        body.addWidget(self.handed)
        body.addSpacing(4)
        body.addWidget(
            Text(
                self.tr(
                    "To enrol it anew you need a one-time code from the bank's office. The desk gets a new key and "
                    "the branch's books; the old file and key stay on this computer."
                ),
                "quiet",
                wrap=True,
            )
        )
        body.addLayout(row)

    def show_stop(self, why: str, unsent: int) -> None:
        """Say why it was stopped (a code), and how many operations the centre does not have yet."""
        self.set_title(self.tr("This desk was stopped"), self.tr("Nothing more is done here. Work at another desk."))
        self.why.setText(self._reason(why))
        self.code.show_state(why, "plain")
        self.look_button.setVisible(why not in NOBODY_SIGNS_IN)
        counted = format_decimal(unsent, locale=self._locale)
        self.unsent.set_rows([(self.tr("Operations that the centre does not have yet"), counted)])
        if unsent:
            text = self.tr("They are handed over as they were signed, as soon as the line allows.")
            if why not in NOBODY_SIGNS_IN:
                text += " " + self.tr("Leave this desk on.")
            self.handed.show_notice("", text, "warn")
        else:
            self.handed.show_notice("", self.tr("The centre has everything that was done here."), "ok")

    def primary(self) -> None:
        """Enter enrols anew."""
        self.enrol_wanted.emit()

    def _reason(self, why: str) -> str:
        return {
            "rolled_back": self.tr(
                "An older copy of this desk's file was put back. If you have the newest file, close this window and "
                "put it in its place: the desk then goes on. If it is lost, enrol the desk anew."
            ),
            "anchor_missing": self.tr(
                "This desk's file came here without the folder that says how far the desk had come. If you have that "
                "folder, put it back beside the file: the desk then goes on. If it is lost, enrol the desk anew."
            ),
            "device_behind": self.tr(
                "The centre has had more from this desk than its file holds: an older copy of it was put back. What "
                "was sent is at the centre."
            ),
            "own_operation_differs": self.tr(
                "The centre has had other work from this desk than its file holds: there is a second copy of it. "
                "Find the other copy; the centre keeps what both have done."
            ),
            "chain_forked": self.tr(
                "The centre has had other work from this desk than its file holds: there is a second copy of it. "
                "Find the other copy; the centre keeps what both have done."
            ),
            "quarantined": self.tr(
                "The centre takes nothing more from this desk. What came too late is kept there until two people have "
                "decided over it."
            ),
            "device_revoked": self.tr(
                "The bank has ended this desk. What is not at the centre is kept there until two people have decided "
                "over it."
            ),
        }.get(why, self.tr("What is done here would count nowhere."))
