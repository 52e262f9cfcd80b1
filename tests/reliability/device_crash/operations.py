"""A case for each kind of operation that a device may sign, and for what signing in keeps."""

from __future__ import annotations

from core.ledger import reversed_postings
from core.operations.accounts import AccountFrozen, AccountOpened, FreezeLifted
from core.operations.bank import DeviceRevoked
from core.operations.customers import CustomerAmended, CustomerRegistered, KycDecided
from core.operations.drawers import (
    DayClosed,
    DayOpened,
    DrawerClosed,
    DrawerCounted,
    DrawerOpened,
    VaultFunded,
    VaultReturned,
)
from core.operations.ended import DeviceWriteOffRequested, LateDecided
from core.operations.reversals import EntryReversed, ReversalRequested, lines
from core.operations.terms import AccountClosureRequested
from core.operations.transfers import TransferMade, TransferRequested, TransferSent
from core.people.keys import new_signing_key, public_text
from core.records import make_record
from core.store.sign_in import LocalPerson
from tests.reliability.device_crash.case import Step, case, done, performing
from tests.reliability.device_crash.scene import NEXT_DATE, Scene, another_desk


@case("cash.deposited")
def deposit(scene: Scene) -> Step:
    return performing(scene, scene.teller, scene.desk.deposited(scene.account, 250_00))


@case("cash.withdrawn")
def _withdraw(scene: Scene) -> Step:
    return performing(scene, scene.teller, scene.desk.withdrawn(scene.account, 300_00))


@case("transfer.made")
def _transfer(scene: Scene) -> Step:
    body = TransferMade(account=scene.account, payee_account=scene.payee, currency="DKK", amount=75_00)
    return performing(scene, scene.teller, body)


@case("transfer.sent")
def _send(scene: Scene) -> Step:
    details, data = make_record({"iban": "DK8376540001000000", "name": "Freja"}, scene.desk.randomness)
    body = TransferSent(account=scene.account, route="partner", currency="DKK", amount=40_00, details=details)
    return performing(scene, scene.teller, body, records={details: data})


@case("entry.reversed")
def _reverse(scene: Scene) -> Step:
    wrong = scene.desk.perform(scene.teller, scene.desk.deposited(scene.account, 77_00))
    body = EntryReversed(
        reverses=wrong.id, reverses_hash=wrong.signed.hash, postings=lines(reversed_postings(wrong.postings))
    )
    return performing(scene, scene.teller, body, approver=scene.supervisor)


@case("customer.registered")
def _register(scene: Scene) -> Step:
    body, records = _registration(scene)
    return performing(scene, scene.teller, body, records=records)


def _registration(scene: Scene) -> tuple[CustomerRegistered, dict[str, bytes]]:
    fields = {"given_name": "Freja", "family_name": "Thorvaldsen", "born_on": "1991-02-03"}
    digest, data = make_record(fields, scene.desk.randomness)
    body = CustomerRegistered(fields=tuple(fields), stamp=scene.device.next_stamp(), record=digest)  # type: ignore[arg-type]
    return body, {digest: data}


@case("customer.amended")
def _amend(scene: Scene) -> Step:
    digest, data = make_record({"family_name": "Østergaard"}, scene.desk.randomness)
    body = CustomerAmended(
        customer=scene.customer, fields=("family_name",), stamp=scene.device.next_stamp(), record=digest
    )
    return performing(scene, scene.teller, body, records={digest: data})


@case("customer.kyc_decided")
def _decide(scene: Scene) -> Step:
    body, records = _registration(scene)
    customer = scene.desk.perform(scene.teller, body, records=records).id
    digest, data = make_record({"document": "passport"}, scene.desk.randomness)
    decided = KycDecided(customer=customer, decision="approved", term=1, evidence=digest)
    return performing(scene, scene.supervisor, decided, records={digest: data})


@case("account.opened")
def _open_account(scene: Scene) -> Step:
    number = scene.device.next_iban()
    assert number is not None
    body = AccountOpened(customer=scene.customer, product="current", currency="DKK", iban=number[0], block=number[1])
    return performing(scene, scene.teller, body)


@case("account.frozen")
def _freeze(scene: Scene) -> Step:
    return performing(scene, scene.teller, AccountFrozen(account=scene.payee, reason="court-order"))


@case("account.freeze_lifted")
def _lift(scene: Scene) -> Step:
    freeze = scene.desk.perform(scene.teller, AccountFrozen(account=scene.payee, reason="court-order")).id
    body = FreezeLifted(account=scene.payee, freeze=freeze)
    return performing(scene, scene.teller, body, approver=scene.supervisor)


@case("account.closure_requested")
def _ask_to_close(scene: Scene) -> Step:
    empty = scene.desk.account(scene.teller, scene.customer)
    return performing(scene, scene.teller, AccountClosureRequested(account=empty))


@case("transfer.requested")
def _ask_to_transfer(scene: Scene) -> Step:
    body = TransferRequested(
        account=scene.account, route="own", payee_account=scene.payee, currency="DKK", amount=9_000_00, details=None
    )
    return performing(scene, scene.teller, body)


@case("rights.returned")
def _return_rights(scene: Scene) -> Step:
    return lambda: scene.device.hand_back_surplus(1_950_00) == 1 or _fail("nothing was handed back")


def _fail(why: str) -> object:
    raise AssertionError(why)


@case("day.opened")
def _open_day(scene: Scene) -> Step:
    return performing(scene, scene.teller, DayOpened(), business_date=NEXT_DATE)


def _counted(scene: Scene) -> int:
    with scene.device.reading() as connection:
        row = connection.exec_driver_sql(
            "SELECT sum(amount) FROM postings JOIN ledger_accounts ON no = postings.account "
            "WHERE ledger_accounts.account = 'drawer:kasse-1'"
        ).one()
    return int(row[0])


@case("day.closed")
def _close_day(scene: Scene) -> Step:
    holds = _counted(scene)
    closed = DrawerClosed(currency="DKK", counts={100: holds // 100}, counted=holds, expected=holds)
    scene.desk.perform(scene.teller, closed)
    return performing(scene, scene.teller, DayClosed())


@case("drawer.opened")
def _open_drawer(scene: Scene) -> Step:
    return performing(scene, scene.supervisor, DrawerOpened(currency="DKK", amount=1_000_00), drawer="kasse-2")


@case("drawer.counted")
def _count_drawer(scene: Scene) -> Step:
    holds = _counted(scene)
    body = DrawerCounted(currency="DKK", counts={100: holds // 100}, counted=holds, expected=holds)
    return performing(scene, scene.teller, body)


@case("drawer.closed")
def _close_drawer(scene: Scene) -> Step:
    holds = _counted(scene)
    body = DrawerClosed(currency="DKK", counts={100: holds // 100}, counted=holds, expected=holds)
    return performing(scene, scene.teller, body)


@case("vault.funded")
def _fund(scene: Scene) -> Step:
    return performing(scene, scene.supervisor, VaultFunded(currency="DKK", amount=5_000_00))


@case("vault.returned")
def _return_cash(scene: Scene) -> Step:
    return performing(scene, scene.supervisor, VaultReturned(currency="DKK", amount=5_000_00))


# People


@case("session.opened")
def _open_session(scene: Scene) -> Step:
    return lambda: scene.desk.sign_in("jens")


@case("session.closed")
def _close_session(scene: Scene) -> Step:
    return lambda: done(scene.device.close_session(scene.teller, "signed-out"))


@case("staff.keys_registered")
def _register_key(scene: Scene) -> Step:
    desk = scene.desk
    registered = desk._registration("sofie", new_signing_key(desk.randomness), desk.staff_keys["mette"])
    return lambda: done(desk.device.register_keys([registered]))


_KAREN = LocalPerson("karen", "Karen Holm", b"sealed" * 40, 59_000_000, 1, 1_700_000_000_000)


def _lose_a_device(scene: Scene) -> None:
    lost = public_text(new_signing_key(scene.desk.randomness))
    scene.desk.centre.enrol("odense-2", "odense", lost)
    scene.open()
    scene.desk.read()
    scene.device.close()


def _end_a_device(scene: Scene) -> None:
    _lose_a_device(scene)
    scene.desk.centre.issue(DeviceRevoked(device="odense-2", epoch=1, head_seq=0))
    scene.open()
    scene.desk.read()
    scene.device.close()


@case("device.write_off_requested", stage=_lose_a_device)
def _write_off(scene: Scene) -> Step:
    body = DeviceWriteOffRequested(device="odense-2", epoch=1, head_seq=0, currency="DKK", exposure=0)
    return performing(scene, scene.supervisor, body, approver=scene.desk.sign_in("karen"))


@case("late.decided", stage=_end_a_device)
def _decide_late(scene: Scene) -> Step:
    body = LateDecided(device="odense-2", epoch=1, first_seq=1, last_seq=2, last_hash="A" * 43, accept=False)
    return performing(scene, scene.supervisor, body, approver=scene.desk.sign_in("karen"))


def _end_a_desk_that_worked(scene: Scene) -> None:
    """Another desk of the branch has taken cash in, and was then ended."""
    centre = scene.desk.centre
    other, supervisor, teller = another_desk(scene, "odense-3", "odense")
    other.open_day(teller, supervisor, "kasse-3")
    scene.kept["made there"] = other.perform(teller, other.deposited(scene.account, 60_00), drawer="kasse-3")
    other.sync()
    other.device.close()
    centre.issue(DeviceRevoked(device="odense-3", epoch=1, head_seq=99))
    scene.open()
    scene.desk.read()
    scene.device.close()


@case("reversal.requested", stage=_end_a_desk_that_worked)
def _ask_to_reverse(scene: Scene) -> Step:
    made = scene.kept["made there"]
    body = ReversalRequested(
        reverses=made.id, reverses_hash=made.signed.hash, postings=lines(reversed_postings(made.postings))
    )
    return performing(scene, scene.supervisor, body, approver=scene.desk.sign_in("karen"))


@case("a person kept")
def _keep_person(scene: Scene) -> Step:
    return lambda: scene.device.save_local_person(_KAREN)


@case("a person forgotten")
def _forget_person(scene: Scene) -> Step:
    scene.device.save_local_person(_KAREN)
    return lambda: scene.device.forget_local_person("karen")


@case("a setting kept")
def _put_setting(scene: Scene) -> Step:
    return lambda: scene.device.put_setting("language", "da")


@case("the device stopped", works_after=False)
def _stop(scene: Scene) -> Step:
    return lambda: scene.device.stop("device_revoked")
