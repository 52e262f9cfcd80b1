"""`python -m desktop.gallery --out DIR`: draws every picture, with or without a screen."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QDeadlineTimer, QEventLoop, QPoint, QSize, Qt
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QApplication, QWidget

from core.money import format_money
from desktop.gallery.boards import fields_board, marks_board, money_board, table_board
from desktop.gallery.sample import kroner, sample_shell
from desktop.tasks import Tasks
from desktop.theme import THEME_NAMES, Theme, apply_theme
from desktop.widgets import ApprovalDialog, ConfirmDialog, FocusRing

BOARD_SIZE = QSize(1366, 768)
SIZES = {"1366x768": (QSize(1366, 768), 1.0), "3840x2160": (QSize(1920, 1080), 2.0)}


def picture(widget: QWidget, size: QSize, ratio: float, target: Path) -> None:
    """Show the widget at a size, let it settle, and write what it looks like on a screen of that pixel ratio."""
    widget.resize(size)
    widget.show()
    _until(widget.isActiveWindow)
    _settle()
    pixmap = QPixmap(size * ratio)
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    widget.render(pixmap, QPoint(0, 0))
    pixmap.save(str(target), "PNG")
    widget.hide()


def draw_all(application: QApplication, into: Path) -> list[Path]:
    """Every picture of every theme."""
    FocusRing(application)
    drawn: list[Path] = []
    tasks = Tasks()
    boards: dict[str, Callable[[], QWidget]] = {
        "fields": fields_board,
        "marks": marks_board,
        "money": money_board,
        "table": lambda: table_board(tasks),
        "approval": _approval,
        "confirm": _confirm,
    }
    for name in THEME_NAMES:
        apply_theme(application, Theme(name))
        for board, make in boards.items():
            widget = make()
            widget.show()
            _until(lambda: not tasks.is_busy())
            size = widget.size() if board in {"approval", "confirm"} else BOARD_SIZE
            drawn.append(into / f"{board}_{name}.png")
            picture(widget, size, 1.0, drawn[-1])
        for label, (size, ratio) in SIZES.items():
            drawn.append(into / f"shell_{name}_{label}.png")
            _draw_shell(size, ratio, drawn[-1])
    apply_theme(application, Theme("light", 1.5))
    drawn.append(into / "shell_light_large_text.png")
    _draw_shell(SIZES["1366x768"][0], 1.0, drawn[-1])
    tasks.shutdown()
    return drawn


def _draw_shell(size: QSize, ratio: float, target: Path) -> None:
    shell = sample_shell()
    shell.resize(size)
    shell.show()
    shell.activateWindow()
    shell.open("withdrawal")
    _settle()
    picture(shell, size, ratio, target)
    shell.deleteLater()


def _approval() -> QWidget:
    dialog = ApprovalDialog(
        "Approve a withdrawal",
        f"It is beyond the teller's own limit: {format_money(kroner(20_000_00))}",
        [
            ("Customer", "Mikkel Sørensen"),
            ("Account", "DK18 5051 0012 0300 47"),
            ("Amount", format_money(kroner(24_000_00))),
        ],
        maker="Ane Holm, desk 2",
    )
    dialog.code.set_error("This code was used already. Wait for the next one.")
    return dialog


def _confirm() -> QWidget:
    text = "What was typed here has not been posted and will be gone."
    return ConfirmDialog("Leave without posting?", text, "Leave", cancel="Stay")


def _settle() -> None:
    for _ in range(5):
        QApplication.processEvents(QEventLoop.ProcessEventsFlag.AllEvents)


def _until(condition: Callable[[], bool]) -> None:
    deadline = QDeadlineTimer(5000)
    while not condition() and not deadline.hasExpired():
        QApplication.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 20)


def main() -> int:
    """Draw into the folder that was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    into: Path = parser.parse_args().out
    into.mkdir(parents=True, exist_ok=True)
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    application = QApplication(sys.argv[:1])
    for path in draw_all(application, into):
        print(path)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
