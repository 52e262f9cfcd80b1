"""A centre that was restored waits for what its devices know, and says and pays nothing twice."""

from __future__ import annotations

import msgspec
import pytest
from nacl.signing import SigningKey

from core.book.rows import LedgerBalance
from core.envelope import encode_body, read_operation, sign_operation
from core.errors import CentreRefusal, IntegrityFault, Refusal
from core.ledger import CLEARING_BRANCHES, CLEARING_PARTNERS
from core.operations.rights import RightsGranted
from core.sync.messages import FeedPage, GivenBack, GivenItem, Reported, ReportedAnswer, VisitAnswer
from sync_server.centre import given_back
from sync_server.centre.feed import read_page
from sync_server.centre.given_back import IncarnationDiffers, take_given_back
from sync_server.centre.incarnations import take_report
from sync_server.centre.recovery import gather
from sync_server.centre.rights import grant_rights
from sync_server.centre.terms import charge_fee
from sync_server.partner_bank.messages import Party, Payment
from sync_server.payments.inbound import take_payment
from sync_server.store.home import Home
from tests.sync_server.restored_bank import SKOV_IBAN, DeskAtWork, RestoredBank, books, case_codes, in_memory


@in_memory
def test_what_could_not_be_taken_when_it_was_given_back_is_pushed_afterwards(
    bank: RestoredBank, one: DeskAtWork, monkeypatch: pytest.MonkeyPatch
) -> None:
    one.sync()
    restore = bank.backup()
    account = one.account(deposit=100_00)
    one.sync()
    restore()
    # As where nobody has what it rests on.
    monkeypatch.setattr(given_back._Placing, "_is_dealt_with", lambda *_arguments: False)
    one.loop.step()
    assert bank.account_row(account).posted == 100_00
    assert one.desk.device.outbox().length == 0


def clearing(bank: RestoredBank) -> int:
    """What is on its way to partner banks, in minor units."""
    rows = (row for row in bank.rows(LedgerBalance) if isinstance(row, LedgerBalance))
    return sum(row.balance for row in rows if row.account == CLEARING_PARTNERS)


def test_what_was_done_since_the_backup_comes_back_from_the_desks(
    bank: RestoredBank, one: DeskAtWork, two: DeskAtWork
) -> None:
    old = one.account(deposit=500_00)
    one.sync()
    restore = bank.backup()
    new = one.account(deposit=100_00)
    one.desk.perform(one.teller, one.desk.withdrawn(old, 50_00))
    one.sync()
    one.desk.device.hand_back_surplus(0)
    one.sync()
    two.sync()
    assert two.loop.fetch_rights(old, 40_00, 40_00).granted == 40_00
    two.desk.perform(two.teller, two.desk.withdrawn(old, 30_00))
    two.sync()
    one.sync()
    before = books(bank)
    restore()
    assert books(bank) != before
    assert bank.awaited("nor") == ["nor-1", "nor-2"]
    state = one.loop.step()
    assert state.recovering
    assert bank.awaited("nor") == ["nor-2"]
    assert books(bank) == before
    two.sync()
    one.sync()
    assert not one.loop.state.recovering
    assert bank.awaited() == []
    assert books(bank) == before
    assert case_codes(bank) == []
    assert (one.payable(new), two.payable(old)) == (0, 10_00)


@in_memory
def test_nothing_is_granted_or_drawn_for_a_branch_until_all_of_it_has_reported(
    bank: RestoredBank, one: DeskAtWork, two: DeskAtWork
) -> None:
    account = one.account(deposit=500_00)
    one.sync()
    restore = bank.backup()
    one.desk.device.hand_back_surplus(0)
    one.sync()
    two.sync()
    assert two.loop.fetch_rights(account, 400_00, 400_00).granted == 400_00
    restore()
    one.loop.step()
    with pytest.raises(Exception, match="waits for what desks know"):
        one.loop.fetch_rights(account, 400_00, 400_00)
    assert bank.doing(lambda home: charge_fee(home, bank.centre, account, 1_00, "monthly")) == "centre_recovering"
    two.loop.step()
    assert bank.doing(lambda home: charge_fee(home, bank.centre, account, 1_00, "monthly")) is None
    assert one.loop.fetch_rights(account, 400_00, 400_00).granted == 0
    assert bank.account_row(account).rights == 400_00


def test_a_payment_that_was_sent_is_asked_about_and_never_sent_again(bank: RestoredBank, one: DeskAtWork) -> None:
    account = one.account(deposit=500_00)
    one.send(account, 10_00, SKOV_IBAN, "partner")
    one.sync()
    restore = bank.backup()
    bank.jobs()
    one.send(account, 20_00, SKOV_IBAN, "partner")
    one.sync()
    bank.jobs()
    one.line.cut = True
    one.send(account, 30_00, SKOV_IBAN, "partner")
    assert sorted(bank.partner.booked.values()) == [10_00, 20_00]
    restore()
    bank.jobs()
    assert bank.partner.asked == []
    one.line.cut = False
    one.sync()
    bank.jobs()
    assert sorted(bank.partner.booked.values()) == [10_00, 20_00, 30_00]
    assert len(bank.partner.asked) == 2, "what became of the first one was given back"
    one.sync()
    assert clearing(bank) == 0


def test_a_device_that_the_centre_forgot_makes_itself_known_again(bank: RestoredBank, one: DeskAtWork) -> None:
    restore = bank.backup()
    with bank.at_work("nor-3", "nor") as newcomer:
        account = newcomer.account(deposit=90_00)
        newcomer.sync()
        restore()
        one.loop.step()
        assert bank.awaited() == []
        newcomer.sync()
        one.sync()
        assert bank.account_row(account).posted == 90_00
        assert bank.awaited() == []
        assert case_codes(bank) == []
        newcomer.desk.perform(newcomer.teller, newcomer.desk.withdrawn(account, 10_00))
        newcomer.sync()


@in_memory
def test_a_forgotten_device_is_awaited_once_others_have_given_its_enrolment_back(
    bank: RestoredBank, one: DeskAtWork
) -> None:
    restore = bank.backup()
    with bank.at_work("nor-3", "nor") as newcomer:
        newcomer.account(deposit=90_00)
        newcomer.sync()
        one.sync()
        restore()
        one.loop.step()
        assert bank.awaited() == ["nor-3"]
        newcomer.sync()
        assert bank.awaited() == []
        assert case_codes(bank) == []


@in_memory
def test_money_between_branches_crosses_once_whichever_half_was_given_back(bank: RestoredBank, one: DeskAtWork) -> None:
    with bank.at_work("syd-1", "syd") as there:
        sent = one.account(deposit=500_00)
        payee = there.account()
        for desk in (one, there):
            desk.sync()
        iban = bank.account_row(payee).iban
        restore = bank.backup()
        for heard_by in ((one,), (there,), (one, there), ()):
            one.send(sent, 10_00, iban, "branch")
            one.sync()
            bank.jobs()
            for desk in heard_by:
                desk.sync()
            restore()
            bank.jobs()
            for desk in (there, one):
                desk.loop.step()
            bank.jobs()
            one.sync()
            there.sync()
            restore = bank.backup()
        assert bank.account_row(payee).posted == 40_00
        assert bank.account_row(sent).posted == 460_00
        ledger = {row.branch: row.balance for row in bank.rows(LedgerBalance) if row.account == CLEARING_BRANCHES}  # type: ignore[attr-defined]
        assert sum(ledger.values()) == 0
        assert set(case_codes(bank)) <= {"transfer_already_answered"}


def test_what_a_partner_sent_in_counts_once(bank: RestoredBank, one: DeskAtWork) -> None:
    account = one.account()
    one.sync()
    payment = Payment(
        end_to_end_id="e2e-1",
        amount=10_00,
        currency="DKK",
        debtor=Party(name="Bo Fjord", iban="DK1"),
        debtor_agent="SKOVDKKK",
        creditor=Party(name="Ane Holm", iban=bank.account_row(account).iban),
        creditor_agent="CFOLDKKK",
        remittance="Rent",
    )

    def take(home: Home) -> object:
        return take_payment(home, bank.centre, bank.maker.randomness, "skov", "CFOLDKKK", payment)

    restore = bank.backup()
    assert bank.doing(take) is None
    one.sync()
    restore()
    assert bank.doing(take) == "centre_recovering"
    one.sync()
    assert bank.doing(take) is None
    assert bank.account_row(account).posted == 10_00
    other = msgspec.structs.replace(payment, amount=11_00)
    with bank.database.transaction() as home:
        assert take_payment(home, bank.centre, bank.maker.randomness, "skov", "CFOLDKKK", other) is None


def test_two_lives_from_one_backup_are_two_incarnations(bank: RestoredBank, one: DeskAtWork, two: DeskAtWork) -> None:
    account = one.account(deposit=500_00)
    one.sync()
    restore = bank.backup()
    restore()
    first = bank.incarnation()
    for desk in (one, two):
        desk.loop.step()
    one.desk.perform(one.teller, one.desk.withdrawn(account, 1_00))
    one.sync()
    one.desk.device.hand_back_surplus(100_00)
    one.sync()
    two.sync()
    assert two.loop.fetch_rights(account, 50_00, 50_00).granted == 50_00
    before = books(bank)
    restore()
    assert bank.incarnation() > first
    two.loop.step()
    one.sync()
    two.sync()
    assert books(bank) == before
    assert case_codes(bank) == []


@in_memory
def test_a_feed_is_the_same_again_as_far_as_anybody_had_read_it(
    bank: RestoredBank, one: DeskAtWork, two: DeskAtWork
) -> None:
    restore = bank.backup()
    for desk in (one, two, one):
        desk.account(deposit=90_00)
        desk.desk.device.hand_back_surplus(50_00)
        desk.sync()
    one.sync()
    with bank.database.transaction() as home:
        before = [(row.position, row.jws) for row in home.feed_rows("nor", 0, 500)]
    two.account(deposit=10_00)
    two.sync_as_far_as_it_goes()
    restore()
    two.loop.step()
    one.sync()
    two.sync()
    with bank.database.transaction() as home:
        after = [(row.position, row.jws) for row in home.feed_rows("nor", 0, 500)]
    assert after[: len(before)] == before
    assert case_codes(bank) == []


@in_memory
def test_a_device_that_has_reported_takes_no_page_of_an_older_incarnation(bank: RestoredBank, one: DeskAtWork) -> None:
    account = one.account(deposit=90_00)
    one.sync()
    restore = bank.backup()
    one.desk.device.hand_back_surplus(0)
    one.sync()
    position = one.desk.device.feed_position("nor")
    with bank.database.transaction() as home:
        grant_rights(home, bank.centre, bank.row_of(one), account, least=1, amount=50_00)
        late = read_page(home, "nor", position, 500)
    restore()
    one.sync()
    with pytest.raises(IntegrityFault, match="incarnation_older"):
        one.desk.device.accept_feed_page(late)
    assert one.payable(account) == bank.account_row(account).rights == 0


def grant_for(bank: RestoredBank, desk: DeskAtWork, account: str, granted: int, key: SigningKey | None = None) -> str:
    """A grant as the centre signed it in the life that is forgotten, or as somebody else would like it to have."""
    body = RightsGranted(account=account, device="nor-1", epoch=1, currency="DKK", granted=granted)
    last = read_operation(list(desk.desk.device.export_chain("centre-nor", 1))[-1]).operation
    said = msgspec.structs.replace(
        last,
        id=bank.maker.ids.new(),
        seq=last.seq + 7,
        prev="A" * 43,
        kind="rights.granted",
        kind_version=1,
        authority=None,
        body=msgspec.Raw(encode_body(body)),
    )
    return sign_operation(said, key or bank.centre.keys.signing, bank.centre.keys.kid).jws


def test_a_grant_that_only_its_holder_remembers_counts_by_the_centres_signature_alone(
    bank: RestoredBank, one: DeskAtWork
) -> None:
    account = one.account(deposit=90_00)
    one.sync()
    restore = bank.backup()
    restore()
    forged = grant_for(bank, one, account, 80_00, SigningKey(bytes(32)))
    grant = grant_for(bank, one, account, 30_00)
    with bank.database.transaction() as home:
        part = Reported(bank.incarnation(), (forged, "no grant at all"), more=True)
        assert isinstance(take_report(home, bank.centre, bank.row_of(one), part), ReportedAnswer)
    assert bank.awaited() == ["nor-1"]
    for _ in range(2):
        with bank.database.transaction() as home:
            take_report(home, bank.centre, bank.row_of(one), Reported(bank.incarnation(), (grant,)))
        gather(bank.database, bank.centre)
        assert bank.account_row(account).rights == 120_00
        assert case_codes(bank) == ["free_below_zero", "not_available"]
    with bank.database.transaction() as home:
        assert isinstance(take_report(home, bank.centre, bank.row_of(one), Reported(1, (grant,))), Refusal)


@in_memory
def test_a_payment_out_of_which_no_desk_heard_is_asked_about(bank: RestoredBank, one: DeskAtWork) -> None:
    account = one.account(deposit=500_00)
    one.send(account, 10_00, SKOV_IBAN, "partner")
    one.sync()
    restore = bank.backup()
    bank.jobs()
    assert len(bank.partner.booked) == 1
    restore()
    one.sync()
    bank.jobs()
    assert (len(bank.partner.booked), len(bank.partner.asked)) == (1, 1)
    assert clearing(bank) == 0


@in_memory
def test_what_was_paid_out_by_a_forgotten_grant_is_not_held_against_anybody(
    bank: RestoredBank, one: DeskAtWork, two: DeskAtWork
) -> None:
    account = one.account(deposit=500_00)
    one.sync()
    one.desk.device.hand_back_surplus(0)
    one.sync()
    two.sync()
    restore = bank.backup()
    assert two.loop.fetch_rights(account, 40_00, 40_00).granted == 40_00
    two.line.cut = True
    two.desk.perform(two.teller, two.desk.withdrawn(account, 30_00))
    restore()
    two.line.cut = False
    two.loop.step()
    one.sync()
    two.sync()
    right = bank.right(account, two)
    assert right is not None
    assert (right.granted, right.used) == (40_00, 30_00)
    assert case_codes(bank) == []


@in_memory
def test_what_does_not_fit_is_passed_over_and_stops_nobody(
    bank: RestoredBank, one: DeskAtWork, two: DeskAtWork
) -> None:
    one.account(deposit=90_00)
    one.sync()
    texts = list(one.desk.device.export_chain("nor-1", 1))
    restore = bank.backup()
    fork = forked(bank, one)
    restore()
    forged = texts[-1][:-4] + "AAAA"
    items = [
        GivenItem(place, jws) for place, jws in enumerate((texts[2], "no jws at all", texts[0], texts[-1], forged))
    ]
    given = GivenBack(bank.incarnation(), "nor", tuple(items))
    with bank.database.transaction() as home:
        before = home.chain(("nor-1", 1))
    assert take_given_back(bank.database, bank.known, given) == 3
    gather(bank.database, bank.centre)
    with bank.database.transaction() as home:
        assert home.chain(("nor-1", 1)) == before
        assert not home.incarnations.has_given(None)
    with pytest.raises(IncarnationDiffers):
        take_given_back(bank.database, bank.known, msgspec.structs.replace(given, incarnation=1))
    take_given_back(bank.database, bank.known, GivenBack(bank.incarnation(), "nor", (GivenItem(90, fork),)))
    gather(bank.database, bank.centre)
    assert case_codes(bank) == ["chain_forked"]
    two.loop.step()
    assert bank.awaited() == ["nor-1"]


def forked(bank: RestoredBank, desk: DeskAtWork) -> str:
    """Another operation than the centre has at the last place of the desk's chain, well signed."""
    *_, last = map(read_operation, desk.desk.device.export_chain("nor-1", 1))
    other = msgspec.structs.replace(last.operation, at="2026-11-20T08:00:01.000Z", id=bank.maker.ids.new())
    return sign_operation(other, desk.teller.key, desk.teller.kid).jws


@in_memory
def test_a_centre_restored_in_the_middle_of_a_step_is_told_in_the_next_one(
    bank: RestoredBank, monkeypatch: pytest.MonkeyPatch
) -> None:
    with bank.at_work("nor-1", "nor") as desk:
        restore = bank.backup()
        asked = desk.line.lease

        def restored_meanwhile(after: int) -> FeedPage:
            monkeypatch.undo()
            restore()
            return asked(after)

        monkeypatch.setattr(desk.line, "lease", restored_meanwhile)
        bank.maker.clock.advance(11 * 60_000)
        assert desk.loop.step().recovering
        assert bank.awaited() == ["nor-1"]
        desk.sync()
        assert bank.awaited() == []


@in_memory
def test_a_visitor_at_a_restored_centre_is_asked_to_wait(bank: RestoredBank, monkeypatch: pytest.MonkeyPatch) -> None:
    with bank.at_work("nor-1", "nor") as desk:
        bank.backup()()
        with bank.database.transaction() as home:
            page = read_page(home, "nor", 0, 100)
        monkeypatch.setattr(desk.line, "visit", lambda _wanted, **_limits: VisitAnswer("account", page))
        with pytest.raises(CentreRefusal) as refused:
            desk.loop.ask_for_file("DK5000400440116243")
        assert refused.value.code == "centre_recovering"
