"""The scripted day: two branches, three desks, a line that is cut and mended, told as it happens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from PySide6.QtWidgets import QAbstractButton, QLineEdit, QWidget

from core.clock import SharedClock
from core.money import Money, format_amount
from core.store.queries.accounts import account_summary
from counterfoil.demo import world
from counterfoil.demo.hands import NothingHappened, look, wait
from counterfoil.demo.history import SeededAccount
from counterfoil.demo.player import Player
from counterfoil.line_proxy import Line
from desktop.teller.statement import StatementScreen

Tell = Callable[[str], None]
_MINUTE_MS = 60_000
_BEYOND = 60_000
"""What is paid at the bank's own risk, in minor units: within its policy."""


@dataclass
class Stage:
    """What the day is played with."""

    players: dict[str, Player]
    accounts: dict[str, list[SeededAccount]]
    lines: dict[str, Line]
    clock: SharedClock
    pictures: Path
    tell: Tell
    partner_open: tuple[str, str]
    partner_closed: tuple[str, str]
    payments_final: Callable[[], bool]


@dataclass
class Account:
    """What is said of the day afterwards."""

    refused: list[dict[str, str]] = field(default_factory=list)
    offline: list[str] = field(default_factory=list)
    stood_in: int = 0
    statement: Path | None = None


class Day:
    """Plays the day, step by step; every step leaves a picture."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._account = Account()
        self._steps = 0
        self.ane = stage.players["norrebro-desk-1"]
        self.mads = stage.players["norrebro-desk-2"]
        self.lise = stage.players["aarhus-desk-1"]

    def play(self) -> Account:
        """From opening to closing."""
        self._open()
        self._welcome_a_customer()
        self._serve_norrebro()
        self._send_money()
        self._serve_aarhus_without_a_line()
        self._undo_a_mistake()
        self._print_a_statement()
        self._close()
        return self._account

    # Steps

    def _open(self) -> None:
        self._picture(self.ane, "sign-in")
        for player, person in ((self.ane, "ane"), (self.mads, "mads"), (self.lise, "lise")):
            player.sign_in(person)
        self._picture(self.ane, "home-before-opening")
        for player in (self.ane, self.mads, self.lise):
            player.open_day("60,000.00")
        self._picture(self.ane, "drawer-open")
        self._say("Three desks are open: days begun, drawers filled from the vaults")

    def _welcome_a_customer(self) -> None:
        player = self.lise
        player.search("Signe Amalie Vestergaard Holm")
        player.hands.push("register_customer")
        fields = {
            "field_given_name": "Signe Amalie",
            "field_family_name": "Vestergaard Holm",
            "field_born_on": "1991-04-17",
            "field_street": "Mejlgade 71, 3. tv",
            "field_postcode": "8000",
            "field_city": "Aarhus C",
        }
        for name, text in fields.items():
            player.hands.fill(name, text)
        self._picture(player, "register-a-customer")
        player.hands.push("review_button")
        player.confirm_review()
        player.wait_screen("customer")
        self._picture(player, "customer-waits-for-kyc")
        player.sign_out()
        player.sign_in("otto")
        player.search("Signe Amalie Vestergaard")
        player.open_first_hit()
        player.hands.push("decide_kyc")
        player.hands.fill("kyc_number", "210458833")
        player.hands.fill("kyc_country", "Denmark")
        player.hands.fill("kyc_expires", "2031-08-30")
        self._picture(player, "kyc-decision")
        player.hands.push("review_button")
        player.confirm_review()
        player.wait_screen("customer")
        player.hands.push("open_account")
        player.hands.push("review_button")
        player.confirm_review()
        player.wait_screen("customer")
        self._picture(player, "account-opened")
        player.sign_out()
        player.sign_in("lise")
        self._say("A customer is registered at Aarhus, identified by the supervisor, and has an account")

    def _serve_norrebro(self) -> None:
        accounts = self._stage.accounts["norrebro"]
        self.ane.cash("1401", accounts[7].iban, "3,450.00", "Saturday takings")
        self._picture(self.ane, "deposit-review")
        self.ane.confirm()
        self._picture(self.ane, "deposit-posted")
        self.ane.next_customer()
        self.mads.cash("1001", accounts[12].iban, "800.00", "Cash at counter")
        self.mads.confirm()
        self._picture(self.mads, "withdrawal-posted")
        self.mads.next_customer()
        self.ane.cash("1001", accounts[20].iban, "12,000.00", "Deposit on a flat")
        self._picture(self.ane, "withdrawal-above-the-limit")
        self.ane.confirm_approved_by("karl")
        self._picture(self.ane, "withdrawal-approved")
        self.ane.next_customer()
        for place, amount in ((25, "1,200.00"), (31, "95.50"), (40, "18,300.00")):
            self.mads.cash("1401", accounts[place].iban, amount, "Savings")
            self.mads.confirm()
            self.mads.next_customer()
        self._say("Deposits and withdrawals at Nørrebro, one of them approved by a supervisor")

    def _send_money(self) -> None:
        here, there = self._stage.accounts["norrebro"], self._stage.accounts["aarhus"]
        self.mads.transfer(here[41].iban, "250.00", here[44].iban, here[44].name, "Concert tickets")
        self.mads.confirm()
        self._picture(self.mads, "transfer-within-the-branch")
        self.mads.next_customer()
        self.ane.transfer(here[46].iban, "640.00", there[9].iban, there[9].name, "Rent")
        self._picture(self.ane, "transfer-to-the-other-branch")
        self.ane.confirm()
        self.ane.next_customer()
        self.ane.transfer(here[50].iban, "175.25", *self._stage.partner_open, "Invoice 4021")
        self.ane.confirm()
        self._picture(self.ane, "transfer-to-another-bank")
        self.ane.next_customer()
        self.mads.transfer(here[52].iban, "310.00", *self._stage.partner_closed, "Refund")
        self.mads.confirm()
        self.mads.next_customer()
        self._settle()
        self.mads.to_home()
        self._picture(self.mads, "a-payment-came-back")
        self._say("Transfers within the branch, to the other branch and to another bank; one comes back")

    def _serve_aarhus_without_a_line(self) -> None:
        accounts = self._stage.accounts["aarhus"]
        held, nobody_asked_for = accounts[14], accounts[23]
        self.lise.cash("1001", held.iban, "500.00", "Cash at counter")
        self.lise.confirm()
        self.lise.next_customer()
        wait(lambda: self.lise.device.payable_here(nobody_asked_for.id) > 0, "the desk holds no allowance")
        self._stage.lines["aarhus"].cut()
        wait(lambda: not self.lise.is_online() and self.lise.knows_it_is_offline(), "the cut was not noticed")
        self._say("The line to Aarhus is cut; its customers still queue")
        before = self.lise.device.chain_head()[0]
        self.lise.cash("1401", accounts[18].iban, "2,600.00", "Market day")
        self.lise.confirm()
        self._picture(self.lise, "offline-deposit")
        self.lise.next_customer()
        self.lise.cash("1001", held.iban, "900.00", "Cash at counter")
        self._picture(self.lise, "offline-withdrawal-within-rights")
        self.lise.confirm()
        self.lise.next_customer()
        self.lise.transfer(nobody_asked_for.iban, "120.00", accounts[22].iban, accounts[22].name, "Choir trip")
        self.lise.confirm()
        self.lise.next_customer()
        self.lise.cash("1001", held.iban, "9,000.00", "Cash at counter")
        sentence = self.lise.refused()
        self._picture(self.lise, "offline-refused-beyond-rights")
        self._account.refused.append({"device": self.lise.plan.device, "amount": "9,000.00", "why": sentence})
        self.lise.give_up()
        self._stand_in()
        waiting = self.lise.device.outbox().length
        self._account.offline = self.lise.operations_after(before)
        self.lise.to_home()
        self._picture(self.lise, "offline-home")
        self._say(
            f"Without the line: {waiting} operations are queued; beyond its rights the desk pays once, by two people's "
            "word, and once it does not"
        )
        self._stage.lines["aarhus"].mend()
        self._wait_all_sent()
        self._picture(self.lise, "line-mended")
        self._say("The line is back, and everything is reconciled")

    def _stand_in(self) -> None:
        """Cash beyond the desk's rights, within the bank's policy, for a customer whose account holds it."""
        account, payable = self._account_with_more_than_is_held_here()
        amount = payable + _BEYOND
        self.lise.cash("1001", account.iban, format_amount(Money(amount, world.CURRENCY)), "Wages")
        self.lise.refused()
        self._picture(self.lise, "offline-what-is-possible")
        self.lise.stand_in("otto", lambda name: self._picture(self.lise, name))
        self._picture(self.lise, "stand-in-signed-by-two")
        self.lise.next_customer()
        self._account.stood_in += self.lise.device.spending().stood_in

    def _account_with_more_than_is_held_here(self) -> tuple[SeededAccount, int]:
        """The first account at Aarhus with whole amounts enough that the desk may pay only in part."""
        device = self.lise.device
        for account in self._stage.accounts["aarhus"][24:]:
            payable = device.payable_here(account.id)
            with device.reading() as connection:
                found = account_summary(connection, account.id)
            if found is not None and payable >= _BEYOND and found.posted >= payable + 2 * _BEYOND:
                return account, payable
        raise NothingHappened("no account at Aarhus holds more than its desk may pay out")

    def _undo_a_mistake(self) -> None:
        account = self._stage.accounts["norrebro"][60]
        self.ane.cash("1401", account.iban, "4,500.00", "Savings")
        self.ane.confirm()
        self.ane.hands.push("undo")
        self.ane.approve("karl")
        wait(self._is_undone, "the deposit was not undone")
        self._picture(self.ane, "undone-by-two-people")
        self.ane.next_customer()
        self._say("A deposit typed wrong is undone by a new entry, approved by the supervisor")

    def _is_undone(self) -> bool:
        button = self.ane.hands.shown(QAbstractButton, "undo")
        return button is not None and not button.isEnabled()

    def _print_a_statement(self) -> None:
        account = self._stage.accounts["norrebro"][46]
        player = self.ane
        self._wait_all_sent()
        player.shell.open("statement", account.id)
        player.hands.find(QLineEdit, "period_from")
        today = self._today()
        player.hands.fill("period_from", (today - timedelta(days=30)).isoformat())
        player.hands.fill("period_to", today.isoformat())
        player.hands.push("make_statement")
        player.hands.find(QWidget, "statement_saved")
        screen = player.shell.current_screen()
        if isinstance(screen, StatementScreen) and screen.made is not None:
            self._account.statement = screen.made.path
        self._picture(player, "statement-made")
        player.to_home()
        self._say(f"A statement is printed for {account.name}")

    def _close(self) -> None:
        self._picture(self.ane, "home-at-the-end")
        self.ane.journal()
        self._picture(self.ane, "journal")
        self.ane.close_day()
        self.mads.close_day(short=2_000, approver="karl", picture=lambda name: self._picture(self.mads, name))
        self.lise.close_day()
        self._picture(self.mads, "day-closed")
        self._wait_all_sent()
        for player in (self.ane, self.mads, self.lise):
            player.sign_out()
        self._wait_all_sent()
        short = format_amount(Money(2_000, world.CURRENCY))
        self._say(
            f"Drawers are counted and closed, one of them {short} short, as the supervisor saw; the days are over"
        )

    # What is needed in between

    def _settle(self) -> None:
        """Time passes until every payment has been answered, and every desk has heard of it."""

        def answered() -> bool:
            self._stage.clock.advance(20_000)
            return self._stage.payments_final()

        wait(answered, "the partner bank did not answer", seconds=60)
        self._wait_all_sent()

    def _wait_all_sent(self) -> None:
        players = (self.ane, self.mads, self.lise)
        for player in players:
            player.wake()
        wait(lambda: all(player.is_online() for player in players), "not everything was sent")
        look()

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._stage.clock.now_ms() / 1000, UTC).astimezone()

    def _today(self) -> date:
        return self._now().date()

    def _picture(self, player: Player, name: str) -> None:
        self._steps += 1
        player.picture(self._stage.pictures / f"{self._steps:02d}-{name}.png")

    def _say(self, text: str) -> None:
        self._stage.tell(f"{self._now():%H:%M}  {text}")
        self._stage.clock.advance(5 * _MINUTE_MS)
