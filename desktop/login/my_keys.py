"""The screen of the person at work about themselves: their keys, an introduction to another desk, signing out."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout

from core.audit.trust import written
from core.book.rows import DeviceEpoch
from core.device.feed_hashes import CheckpointSeen
from core.errors import EnvironmentProblem
from core.signing_in import KeyShown, SigningIn
from desktop.desk import Desk
from desktop.fingerprints import device_lines, keep_on_paper
from desktop.login.introducing import IntroduceDialog
from desktop.login.keys import KeyList, checkpoint_text, moment_text
from desktop.screens import Screen
from desktop.widgets import Button, Card, KeyValueList, Text


class MyKeysScreen(Screen):
    """`sign_out` asks for the end of the session and of everything that was begun in it."""

    sign_out = Signal()

    def __init__(self, desk: Desk, signing_in: SigningIn) -> None:
        super().__init__(self.tr("My sign-in"))
        self._desk, self._signing_in = desk, signing_in
        self._keys = KeyList(desk.place.locale)
        self._session = KeyValueList()
        self._reason = Text("", "small", wrap=True)
        self.introduce_button = Button(self.tr("Introduce me to another desk"), key="Ctrl+I")
        self.sign_out_button = Button(self.tr("Sign out"), "danger", key="Shift+F12")
        self._shown: tuple[KeyShown, ...] = ()
        self._checkpoint = Text("", "small", wrap=True)
        self._kept = Text("", "small", wrap=True)
        self.keep_button = Button(self.tr("Save fingerprints"), key="Ctrl+P")
        self.keep_button.clicked.connect(self._keep)
        self.introduce_button.clicked.connect(self._begin_introduction)
        self.sign_out_button.clicked.connect(self.sign_out)
        keys = Card(self.tr("Keys that sign in my name"))
        keys.body.addWidget(self._keys)
        row = QHBoxLayout()
        row.setSpacing(12)
        row.addWidget(self.introduce_button)
        row.addWidget(self.keep_button)
        row.addWidget(self._reason, 1)
        keys.body.addSpacing(4)
        keys.body.addLayout(row)
        keys.body.addWidget(self._kept)
        session = Card(self.tr("This session"))
        session.body.addWidget(self._session)
        session.body.addWidget(self._checkpoint)
        session.body.addWidget(self.sign_out_button)
        self.add_main(keys)
        self.add_side(session)
        desk.line_changed.connect(self._show_line)

    def opened(self, arguments: object) -> None:
        """Read the keys again."""
        super().opened(arguments)
        session = self._desk.session
        if session is None:
            return
        self.set_title(self.tr("My sign-in"), self._desk.person_name)
        self._session.set_rows(
            [
                (self.tr("Staff code"), session.person),
                (self.tr("Role"), self.tr("Supervisor") if session.role == "supervisor" else self.tr("Teller")),
                (self.tr("Ends by itself"), moment_text(session.ends_at, self._desk.place.locale)),
            ]
        )
        self._kept.setText("")
        device = self._desk.device
        self._desk.tasks.run(lambda: device.newest_checkpoint, done=self._show_checkpoint, owner=self)
        person = session.person
        self._desk.tasks.run(lambda: self._signing_in.keys_of(person), done=self._show_keys, owner=self)
        self._show_line()
        self.introduce_button.setFocus()

    def _show_checkpoint(self, seen: CheckpointSeen | None) -> None:
        said = self.tr("The bank's newest checkpoint: {checkpoint}")
        self._checkpoint.setText(said.format(checkpoint=checkpoint_text(seen, self._desk.place.locale)))

    def _show_keys(self, keys: tuple[KeyShown, ...]) -> None:
        self._keys.show_keys(keys)
        self._shown = keys

    def _keep(self) -> None:
        session, identity = self._desk.session, self._desk.device.identity
        if session is None:
            return
        own = (
            written(f"staff:{session.person}:{key.device}:{key.epoch}", key.kid) for key in self._shown if key.living
        )
        try:
            path = keep_on_paper(None, f"fingerprints-{session.person}", (*device_lines(identity), *own))
        except EnvironmentProblem as problem:
            self._kept.setText(problem.message)
            return
        self._kept.setText(self.tr("Saved as {path}. Print it and keep it.").format(path=path))

    def _show_line(self) -> None:
        offline = self._desk.line_status.without_line
        self.introduce_button.setEnabled(not offline)
        self._reason.setText(self.tr("An introduction needs the line.") if offline else "")

    def _begin_introduction(self) -> None:
        self._desk.tasks.run(self._signing_in.other_desks, done=self._introduce, owner=self)

    def _introduce(self, desks: tuple[DeviceEpoch, ...]) -> None:
        session = self._desk.session
        if session is None:
            return
        if not desks:
            self._reason.setText(self.tr("This branch has no other desk."))
            return
        clock = self._desk.device.clock
        dialog = IntroduceDialog(self._signing_in, self._desk.tasks, session.person, desks, clock.now_ms, self.window())
        dialog.setObjectName("introduce")
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()
