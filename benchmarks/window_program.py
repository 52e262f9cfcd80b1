"""`counterfoil desktop` that says on its standard output when the sign-in page has been drawn, and when it is idle."""

from __future__ import annotations

import sys

from PySide6.QtCore import QTimer

import desktop.app
from benchmarks.window import IDLE, READY
from counterfoil.command_line import main

IDLE_MS = 1500
"""How long the page is left alone before the program counts as idle."""


class Telling(desktop.app.Application):
    """The desk's program, which tells whoever measures it."""

    def start(self) -> None:
        """Show the window, and speak once the sign-in can be used."""
        self.ready.connect(self._tell)
        super().start()

    def _tell(self) -> None:
        self.window.repaint()
        print(READY, flush=True)
        QTimer.singleShot(IDLE_MS, lambda: print(IDLE, flush=True))


def run() -> int:
    """The very command, with the telling program in the place of the silent one."""
    desktop.app.Application = Telling  # type: ignore[misc]
    sys.argv = ["counterfoil", "desktop"]
    return main()


if __name__ == "__main__":
    sys.exit(run())
