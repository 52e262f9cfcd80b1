"""One run: a bank, the people at its desks, the line, the faults, all in one thread and from one seed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple, NoReturn

from core.envelope import Signed
from core.errors import LineProblem
from core.operations import rules
from core.operations.kind import Decoded
from counterfoil.simulation.centre_host import CentreHost
from counterfoil.simulation.chance import Chance
from counterfoil.simulation.clocks import TrueTime
from counterfoil.simulation.conversations import Conversation, Conversations
from counterfoil.simulation.counter import Account
from counterfoil.simulation.desk import Desk, DeskDied
from counterfoil.simulation.network import DeskGone, Network
from counterfoil.simulation.partner import PartnerBank
from counterfoil.simulation.receipts import Receipt
from sync_server.centre.keys import CentreKeys
from sync_server.partner_bank.messages import Payment
from sync_server.store.memory import MemoryDatabase


class PartnerName(NamedTuple):
    """A partner bank: its short code here, its BIC, and the bank code inside its IBANs."""

    code: str
    bic: str
    bank_code: str


PARTNER = PartnerName("nordhavn", "NORDDKKK", "9999")


class Violation(Exception):
    """A promise was broken: the invariant's name, and what was seen."""

    def __init__(self, invariant: str, seen: str) -> None:
        super().__init__(f"{invariant}: {seen}")
        self.invariant = invariant
        self.seen = seen


@dataclass
class Simulation:
    """What a run consists of. `chance` is the current step's own; `journal` is None unless somebody wants to read.

    `forgotten` are the operations that the centre had, and has not after the last of its `restores`;
    `forgotten_payments` are the end-to-end ids of payments among them, with the operations that say of them.
    `once_ended` are device epochs that had ended in a life of the centre that is over.
    """

    seed: int
    keys: CentreKeys
    date: str
    time: TrueTime
    chance: Chance
    conversations: Conversations = field(default_factory=Conversations)
    desks: list[Desk] = field(default_factory=list)
    others: list[Desk] = field(default_factory=list)
    founded: tuple[Desk, ...] = ()
    accounts: dict[str, list[Account]] = field(default_factory=dict)
    partner_ibans: tuple[str, ...] = ()
    journal: list[str] | None = None
    active: dict[str, Desk] = field(default_factory=dict)
    dishonest: set[tuple[str, int]] = field(default_factory=set)
    sent_in: list[Payment] = field(default_factory=list)
    came_in: dict[str, int] = field(default_factory=dict)
    receipts: list[Receipt] = field(default_factory=list)
    backup: MemoryDatabase | None = None
    restores: int = 0
    forgotten: tuple[str, ...] = ()
    forgotten_payments: dict[str, str] = field(default_factory=dict)
    once_ended: set[tuple[str, int]] = field(default_factory=set)
    network: Network = field(init=False)
    centre: CentreHost = field(init=False)
    partner: PartnerBank = field(init=False)

    def note(self, text: str) -> None:
        """Write down what happens, where a trace is wanted."""
        if self.journal is not None:
            self.journal.append(text)

    def violated(self, invariant: str, seen: str) -> NoReturn:
        """Raises `Violation`."""
        raise Violation(invariant, seen)

    def decode(self, signed: Signed) -> Decoded[Any]:
        """An operation with its body and entry."""
        return rules.decode(signed)

    def payee_elsewhere(self, branch: str) -> tuple[str, bool]:
        """An IBAN that is not of this branch, and whether it is a partner bank's."""
        roll = self.chance.random()
        if roll < 0.4 and self.partner_ibans:
            return self.chance.one_of(self.partner_ibans), True
        if roll < 0.5:
            return "DK5000400440116243", False
        others = [account for name in sorted(self.accounts) if name != branch for account in self.accounts[name]]
        return (self.chance.one_of(others[:2] if self.chance.happens(60) else others).iban, False)

    # Desks at work

    @property
    def machines(self) -> list[Desk]:
        """Every machine that there is: those of living device epochs, and those that are no longer wanted."""
        return self.desks + self.others

    def free_desks(self) -> list[Desk]:
        """Desks that run and are not in the middle of something."""
        busy = {each.owner for each in self.conversations.paused}
        return [desk for desk in self.machines if desk.on and desk.title not in busy]

    def at_desk(self, desk: Desk, work: Callable[[], None]) -> Conversation:
        """Let a desk do something, which may stop in the middle; its machine may die over it."""
        self.active[desk.title] = desk
        return self.conversations.begin(desk.title, lambda: self._alive(desk, work))

    def _alive(self, desk: Desk, work: Callable[[], None]) -> None:
        try:
            work()
        except DeskDied:
            self.note(f"{desk.title} dies at a write")
            desk.die()
        except DeskGone:
            return

    def resume(self, conversation: Conversation) -> None:
        """Let what has paused go on."""
        desk = next((each for each in self.machines if each.title == conversation.owner), None)
        if desk is not None:
            self.active[desk.title] = desk
        self.conversations.resume(conversation)

    def at_centre(self, work: Callable[[], None]) -> None:
        """Let the centre do something, which may stop in the middle."""

        def tried() -> None:
            try:
                work()
            except LineProblem:
                self.note("the server dies")

        self.conversations.begin("centre", tried)

    def die(self, desk: Desk) -> None:
        """A desk's machine stops at once; what it had asked for goes on at the centre."""
        self.active[desk.title] = desk
        desk.die()
