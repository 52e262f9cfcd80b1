"""A bank day with something of everything in it, written out as chains."""

from __future__ import annotations

from pathlib import Path

from core.audit import ChainExport, write_chains
from core.audit.heads import Head
from core.clock import instant
from core.envelope import read_operation
from core.ledger import reversed_postings
from core.operations import cash, drawers, rights, transfers
from core.operations.reversals import EntryReversed, lines
from core.operations.rules import decode
from core.operations.sessions import StaffKeyEnded
from core.people.keys import key_name
from core.people.registration import IntroductionStatement, make_introduction
from tests.bank import BankInADict, BranchDay, open_branch


def introduction(bank: BankInADict, person: str, older: str, device: str) -> str:
    """By the person's key on the device `older`: that they mean to work on `device` too."""
    said = IntroductionStatement(
        person=person, device=device, epoch=1, expires_at=instant(bank.clock.now_ms() + 86_400_000)
    )
    return make_introduction(said, bank.chains[older, 1].staff_keys[person])


def worked_day() -> BranchDay:
    """Two desks, an approved withdrawal, a reversal, the centre's grant and credit, a lost key, a short drawer."""
    day = open_branch("worked")
    bank = day.bank
    account, other = day.account(), day.account()
    day.deposit(account, 8_000_00)
    large = cash.CashWithdrawn(account=account, account_branch="odense", currency="DKK", amount=6_000_00)
    bank.perform(day.teller, large, drawer=day.drawer, approver=day.supervisor)
    bank.perform(
        day.teller, transfers.TransferMade(account=account, payee_account=other, currency="DKK", amount=500_00)
    )
    _reverse(day, day.deposit(other, 70_00).jws)
    bank.by_centre(
        transfers.TransferReceived(account=account, route="partner", transfer=None, currency="DKK", amount=900_00),
        "odense",
    )
    _second_desk(day)
    bank.by_centre(
        rights.RightsGranted(account=account, device="odense-2", epoch=1, currency="DKK", granted=0), "odense"
    )
    body = drawers.DrawerClosed(currency="DKK", counts={10_000: 119, 100: 99}, counted=11_999_00, expected=12_000_00)
    bank.perform(day.teller, body, drawer=day.drawer, approver=day.supervisor)
    bank.sign_out(day.teller)
    bank.sign_out(day.supervisor)
    return day


def _reverse(day: BranchDay, jws: str) -> None:
    old = decode(read_operation(jws))
    body = EntryReversed(
        reverses=old.operation.id, reverses_hash=old.signed.hash, postings=lines(reversed_postings(old.postings))
    )
    day.bank.perform(day.teller, body, approver=day.supervisor)


def _second_desk(day: BranchDay) -> None:
    """Both people come with an introduction; then one key is lost, ended, and another made in its place."""
    bank = day.bank
    desk = bank.enrol("odense-2")
    introductions = [introduction(bank, person, "odense-1", "odense-2") for person in ("mette", "jens")]
    bank.found_desk(desk, "mette", "jens", introductions)
    bank.sign_out(bank.sign_in(desk, "jens"))
    bank.admit("freja")
    bank.join_desk(desk, "freja", "mette")
    lost = key_name(desk.staff_keys["freja"])
    bank.by_centre(StaffKeyEnded(person="freja", key=lost, reason="password-reset"))
    bank.join_desk(desk, "freja", "mette")
    bank.sign_out(bank.sign_in(desk, "freja"))


def export(bank: BankInADict, directory: Path) -> tuple[Head, ...]:
    """Every chain of the bank, written out."""
    chains = (
        ChainExport(chain.device, chain.epoch, [signed.jws for signed in chain.operations])
        for chain in bank.chains.values()
    )
    return write_chains(directory, chains, at=instant(bank.clock.now_ms()), centre_key=bank.centre_key)
