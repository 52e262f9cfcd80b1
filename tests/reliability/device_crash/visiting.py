"""Cases with a visitor: a customer of another branch whose account is lent to this desk."""

from __future__ import annotations

from core.book.rows import DepositAccount
from core.operations.cash import CashWithdrawn
from tests.reliability.device_crash.case import Step, case, done, performing
from tests.reliability.device_crash.scene import Scene, another_desk

_GRANTED = 300_00


def _lend(scene: Scene) -> None:
    """A customer of another branch, with money there, is at the counter; their file and some rights are here."""
    desk, centre = scene.desk, scene.desk.centre
    keeper, supervisor, teller = another_desk(scene, "aarhus-1", "aarhus")
    keeper.open_day(teller, supervisor)
    account = keeper.account(teller, keeper.customer(teller, supervisor))
    keeper.perform(teller, keeper.deposited(account, 900_00))
    keeper.device.hand_back_surplus(0)
    keeper.sync()
    keeper.device.close()
    held = centre.book.get(DepositAccount, account)
    assert held is not None
    centre.lend(held.iban, "odense-1", {"given_name": "Søren", "family_name": "Ørsted", "born_on": "1970-01-31"})
    assert centre.grant(account, "odense-1", _GRANTED) == _GRANTED
    scene.kept["visitor"] = account
    scene.open()
    desk.read()
    scene.device.close()


def _pay_visitor(scene: Scene, amount: int) -> Step:
    body = CashWithdrawn(account=scene.kept["visitor"], account_branch="aarhus", currency="DKK", amount=amount)
    return performing(scene, scene.teller, body)


@case("a visitor paid", stage=_lend)
def _pay(scene: Scene) -> Step:
    return _pay_visitor(scene, 200_00)


@case("file.returned", stage=_lend)
def _give_back(scene: Scene) -> Step:
    """With nothing left to pay out; rights that are left go back before it, as `rights.returned` does."""
    _pay_visitor(scene, _GRANTED)()
    return lambda: done(scene.device.give_back(scene.kept["visitor"]))
