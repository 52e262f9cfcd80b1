"""A supervisor signs for one operation of a teller, in a session that is there for nothing else."""

import pytest

from core.device import Draft, OpenSession, Performed, Refusals
from core.envelope import read_operation
from core.errors import Refusal
from core.operations.drawers import DayOpened, VaultFunded
from core.signing_in import Approval
from tests.core.signing_in.conftest import Founded
from tests.signing_bank import PASSWORD

DATE = "2026-11-20"


@pytest.fixture
def teller(founded: Founded) -> OpenSession:
    desk = founded.desk
    session = desk.sign_in(founded.teller).session
    opened = desk.device.perform(desk.device.draft("day.opened", DayOpened(), session=session, business_date=DATE))
    assert isinstance(opened, Performed), opened
    return session


def funding(founded: Founded, session: OpenSession) -> Draft:
    body = VaultFunded(currency="DKK", amount=10**9)
    return founded.desk.device.draft("vault.funded", body, session=session)


def kinds(founded: Founded, last: int) -> list[str]:
    lines = list(founded.desk.device.export_chain(founded.desk.code, 1))[-last:]
    return [read_operation(line).operation.kind for line in lines]


def approve(founded: Founded, draft: Draft, person: str) -> Approval | Refusal:
    return founded.desk.signing_in.approve(draft, person, PASSWORD, founded.desk.phones[person].next_code())


def test_the_approvers_session_is_open_around_the_operation_and_closed_after_it(
    founded: Founded, teller: OpenSession
) -> None:
    draft = founded.desk.device.draft("day.opened", DayOpened(), session=teller, business_date="2026-11-21")
    approval = approve(founded, draft, founded.supervisor)
    assert isinstance(approval, Approval), approval
    done = founded.desk.device.perform(draft, approval.jws)
    assert isinstance(done, Performed), done
    assert done.signed.operation.approver == approval.jws
    founded.desk.signing_in.conclude(approval)
    assert kinds(founded, 3) == ["session.opened", "day.opened", "session.closed"]
    founded.desk.sync()


def test_an_approval_whose_session_was_ended_first_is_worth_nothing(founded: Founded, teller: OpenSession) -> None:
    draft = funding(founded, teller)
    approval = approve(founded, draft, founded.supervisor)
    assert isinstance(approval, Approval), approval
    founded.desk.signing_in.conclude(approval)
    done = founded.desk.device.perform(draft, approval.jws)
    assert isinstance(done, Refusals)
    assert done.first.code == "approval_session_closed"


def test_only_another_person_who_is_a_supervisor_approves_and_no_code_is_used_up(
    founded: Founded, teller: OpenSession
) -> None:
    desk = founded.desk
    draft = funding(founded, teller)
    own = approve(founded, draft, founded.teller)
    assert isinstance(own, Refusal)
    assert own.code == "approval_own"
    supervisor = desk.sign_in(founded.supervisor).session
    by_teller = approve(founded, funding(founded, supervisor), founded.teller)
    assert isinstance(by_teller, Refusal)
    assert by_teller.code == "approver_not_supervisor"
    signed = desk.signing_in.prove(founded.teller, PASSWORD, desk.phones[founded.teller].code())
    assert not isinstance(signed, Refusal)


def test_an_approver_must_show_password_and_code(founded: Founded, teller: OpenSession) -> None:
    draft = funding(founded, teller)
    phone = founded.desk.phones[founded.supervisor]
    answer = founded.desk.signing_in.approve(draft, founded.supervisor, "not the password", phone.next_code())
    assert isinstance(answer, Refusal)
    assert answer.code == "password_wrong"
    assert kinds(founded, 1) == ["day.opened"]
