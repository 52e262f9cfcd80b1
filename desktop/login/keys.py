"""Every key ever registered in one's name, shown at each sign-in: a key that one did not make is seen at once."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from babel.dates import format_datetime
from PySide6.QtCore import QCoreApplication, Qt, Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QWidget

from core.clock import instant_ms
from core.device.feed_hashes import CheckpointSeen
from core.signing_in import KeyShown
from core.signing_in.enrolling import in_groups
from desktop.full_page import FullPage
from desktop.line_reporting import local_time
from desktop.theme import current_theme
from desktop.widgets import Badge, Button, ElidedText, Hairline, Notice, Text
from desktop.widgets.panels import empty_layout
from desktop.wording import desk_epoch

_WIDTH = 640
_DESK_WIDTH = 200
_SHOWN_MAX = 8
_HASH_SHOWN = 16


def _tr(text: str) -> str:
    return QCoreApplication.translate("keys", text)


def moment_text(instant: str, locale: str) -> str:
    """A time as people here write it."""
    moment: datetime = local_time(instant_ms(instant))
    return str(format_datetime(moment, "d MMM y, HH:mm", locale=locale))


class KeyList(QWidget):
    """Keys as a small table: desk, since when, before which witness, and whether it lives. The newest first."""

    def __init__(self, locale: str = "en_GB") -> None:
        super().__init__()
        self._locale = locale
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(20)
        self._grid.setVerticalSpacing(8)
        self._grid.setColumnStretch(3, 1)

    def show_keys(self, keys: Sequence[KeyShown], fresh: Collection[str] = ()) -> None:
        """Show these; those in `fresh` (by thumbprint) are marked as new."""
        empty_layout(self._grid)
        for column, word in enumerate((_tr("Desk"), _tr("Registered"), _tr("Witness"), "")):
            self._grid.addWidget(Text(word, "column"), 0, column)
        self._grid.addWidget(Hairline(strong=True), 1, 0, 1, 4)
        for number, key in enumerate(keys[:_SHOWN_MAX], start=2):
            self._add(number, key, is_fresh=key.kid in fresh)
        if len(keys) > _SHOWN_MAX:
            more = _tr("and {n} older ones").format(n=len(keys) - _SHOWN_MAX)
            self._grid.addWidget(Text(more, "small"), _SHOWN_MAX + 2, 0, 1, 4)

    def _add(self, row: int, key: KeyShown, *, is_fresh: bool) -> None:
        desk = key.device if key.epoch == 1 else desk_epoch(key.device, key.epoch)
        witness = ElidedText(key.witness or "\u2014", "cell")
        named = ElidedText(desk, "strong")
        named.ensurePolished()
        named.setMinimumWidth(min(named.sizeHint().width(), current_theme().px(_DESK_WIDTH)))
        self._grid.addWidget(named, row, 0)
        self._grid.addWidget(Text(moment_text(key.registered_at, self._locale), "cell"), row, 1)
        self._grid.addWidget(witness, row, 2)
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        self._grid.addWidget(_badge(key, is_fresh=is_fresh), row, 3, right)


def _badge(key: KeyShown, *, is_fresh: bool) -> Badge:
    if key.outlived:
        return Badge(_tr("Its desk has ended"), "plain")
    if not key.living:
        return Badge(_tr("Ended"), "plain")
    if is_fresh:
        return Badge(_tr("New"), "warn")
    return Badge(_tr("This desk"), "ok") if key.here else Badge(_tr("Living"), "plain")


def checkpoint_text(seen: CheckpointSeen | None, locale: str) -> str:
    """The newest checkpoint that agreed with what this desk had read: the beginning of its hash, and its time."""
    if seen is None:
        return QCoreApplication.translate("checkpoint", "none seen yet")
    return f"{in_groups(seen.hash[:_HASH_SHOWN])}\u2026 \u00b7 {moment_text(seen.at, locale)}"


class KeysPage(FullPage):
    """What a person sees before the work begins. `done` by Enter."""

    done = Signal()

    def __init__(self, locale: str = "en_GB") -> None:
        super().__init__("", width=_WIDTH, locale=locale)
        self._shown_in = locale
        self.keys = KeyList(locale)
        self.notice = Notice("", " ", "warn")
        self.notice.hide()
        self.button = Button(self.tr("Begin"), "primary", shown_key=self.tr("Enter"))
        self.button.setObjectName("begin")
        self.button.clicked.connect(self.done)
        row = QHBoxLayout()
        row.addWidget(self.button)
        row.addStretch(1)
        self.card.body.addWidget(self.notice)
        self.card.body.addSpacing(4)
        self.card.body.addWidget(self.keys)
        self.checkpoint = Text("", "small", wrap=True)
        self.card.body.addWidget(self.checkpoint)
        self.card.body.addSpacing(8)
        self.card.body.addLayout(row)

    def show_keys(self, name: str, keys: Sequence[KeyShown], fresh: Collection[str]) -> None:
        """Greet the person with their keys."""
        lead = self.tr(
            "These keys sign in your name. Nobody can make one without a colleague of yours as witness. Tell the "
            "bank's office at once about any that you do not know."
        )
        self.set_title(self.tr("Welcome, {name}").format(name=name), lead)
        self.keys.show_keys(keys, fresh)
        self.notice.setVisible(bool(fresh))
        if fresh:
            text = self.tr("A key has been registered in your name since you were last at this desk.")
            self.notice.show_notice(self.tr("New."), text, "warn")

    def show_checkpoint(self, seen: CheckpointSeen | None) -> None:
        """What the session that was just opened names: who signs in signs for this past of the bank."""
        said = self.tr("The bank's newest checkpoint: {checkpoint}")
        self.checkpoint.setText(said.format(checkpoint=checkpoint_text(seen, self._shown_in)))

    def primary(self) -> None:
        """Enter begins."""
        self.done.emit()

    def back(self) -> None:
        """Esc begins too: there is nothing to decide here."""
        self.done.emit()
