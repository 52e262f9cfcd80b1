"""Where a person is on the way of a money screen, what it was opened with, and the account that it is about."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto

from PySide6.QtCore import QObject, Signal

from desktop.desk import Desk
from desktop.teller.money.facts import CounterFacts, counter_facts

DESK_KINDS = frozenset({"day.opened", "day.closed", "drawer.opened", "drawer.closed", "drawer.counted"})
"""What changes what every account's page says."""


class Stage(Enum):
    """Where a person is on the way."""

    CHOOSING = auto()
    FILLING = auto()
    REVIEWING = auto()
    POSTED = auto()


class AccountReader(QObject):
    """Reads one account at a time: `found` carries its `CounterFacts`, `unknown` that it is not here."""

    found = Signal(object)
    unknown = Signal()

    def __init__(self, desk: Desk, parent: QObject) -> None:
        super().__init__(parent)
        self._desk = desk
        self._account: str | None = None

    def read(self, account: str) -> None:
        """Read that account, and no other from here on."""
        self._account = account
        self.again()

    def forget(self) -> None:
        """No answer that is still on its way counts."""
        self._account = None

    def again(self) -> None:
        """Read it once more, if there is one."""
        account, drawer = self._account, self._desk.place.drawer
        if account is None:
            return

        def answered(facts: CounterFacts | None) -> None:
            if self._account != account:
                return
            if facts is None:
                self.unknown.emit()
            else:
                self.found.emit(facts)

        self._desk.read(lambda connection: counter_facts(connection, account, drawer), answered, owner=self)


def named_in(arguments: object) -> tuple[str, str]:
    """The account and the customer that a screen was opened with; empty where it was not."""
    if isinstance(arguments, str):
        return arguments, ""
    if isinstance(arguments, Mapping):
        return str(arguments.get("account") or ""), str(arguments.get("customer") or "")
    return "", ""
