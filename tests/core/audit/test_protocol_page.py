"""`docs/protocol.md` names what the program has: types, members in their order, messages, faults, problems."""

import re
from pathlib import Path

import pytest

from core.audit.explanations import EXPLANATIONS
from core.audit.heads import HEADS_TYPE
from core.envelope import OPERATION_TYPE, Operation
from core.people.approvals import ApprovalStatement
from core.people.registration import WITNESS_TYP, IntroductionStatement, RegistrationStatement
from core.people.sessions import SessionStatement
from core.people.statements import Statement
from core.snapshot import SNAPSHOT_TYPE
from core.sync import messages
from core.sync.enrolment import ENROLMENT_TYPE
from core.sync.requests import REQUEST_TYPE, RequestStatement
from sync_server.problems import PROBLEMS

TEXT = (Path(__file__).resolve().parents[3] / "docs" / "protocol.md").read_text(encoding="utf-8")
STATEMENTS = (RegistrationStatement, IntroductionStatement, SessionStatement, ApprovalStatement)
# What only the partner bank's interface and its kin answer, which devices never meet.
NOT_OF_DEVICES = {"token_missing", "token_wrong", "end_to_end_id_reused", "payment_unknown", "http_error"}


def first_cells(heading: str) -> list[str]:
    """The first column of the table that begins with that row."""
    rows = TEXT.partition(heading)[2].partition("\n\n")[0].splitlines()[2:]
    return re.findall(r"`([^`]+)`", "\n".join(row.split("|")[1] for row in rows))


def test_every_type_of_signed_text_is_listed() -> None:
    types = {OPERATION_TYPE, HEADS_TYPE, WITNESS_TYP, ENROLMENT_TYPE, REQUEST_TYPE, SNAPSHOT_TYPE}
    types.update(statement.TYP for statement in STATEMENTS)
    assert set(first_cells("| `typ` | what |")) == types


def test_the_members_of_an_operation_are_listed_in_their_order() -> None:
    assert first_cells("| member | type | meaning |") == list(Operation.__struct_fields__)


@pytest.mark.parametrize("statement", STATEMENTS, ids=lambda statement: statement.__name__)
def test_the_members_of_what_people_sign_are_listed_in_their_order(statement: type[Statement]) -> None:
    members = ", ".join(statement.__struct_fields__).replace("v,", "v (1),", 1)
    assert f"\n    {members}\n" in TEXT


def test_the_members_of_a_signed_request_are_listed_in_their_order() -> None:
    assert f"\n    {', '.join(RequestStatement.__struct_fields__)}\n" in TEXT


@pytest.mark.parametrize(
    "message",
    [
        messages.Push,
        messages.PushAnswer,
        messages.Verdict,
        messages.Exceptional,
        messages.Refused,
        messages.FeedPage,
        messages.FeedItem,
        messages.RightsWanted,
        messages.RightsAnswer,
        messages.IbanBlockWanted,
        messages.IncarnationWanted,
        messages.IncarnationAnswer,
        messages.ChainEnd,
        messages.GivenBack,
        messages.GivenBackAnswer,
        messages.Reported,
        messages.ReportedAnswer,
        messages.Enrolment,
        messages.Activation,
        messages.SignIn,
        messages.SeedAnswer,
        messages.Introduction,
        messages.Introductions,
    ],
    ids=lambda message: message.__name__,
)
def test_every_member_of_every_message_is_named(message: type) -> None:
    spoken = TEXT.partition("## 8. ")[2].partition("## 9. ")[0]
    assert [name for name in message.__struct_fields__ if f"`{name}`" not in spoken] == []  # type: ignore[attr-defined]


def test_the_faults_are_the_ones_that_a_check_finds() -> None:
    listed = dict(re.findall(r"^\| `([a-z0-9_]+)` \| (.+) \|$", TEXT.partition("### 9.5 ")[2], re.MULTILINE))
    assert listed == dict(EXPLANATIONS)


def test_every_problem_that_a_device_can_meet_is_named() -> None:
    spoken = set(re.findall(r"`([a-z_]+)`", TEXT.partition("## 8. ")[2].partition("## 9. ")[0]))
    assert set(PROBLEMS) - NOT_OF_DEVICES - spoken == set()
