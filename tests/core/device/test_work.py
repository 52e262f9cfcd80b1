"""A desk's own file gives its people what they signed, with the line cut."""

from __future__ import annotations

from pathlib import Path

from core.audit.trust import Trust
from core.audit.work import WorkReport, verify_work, write_work
from core.audit.work.desk import DeskWork
from tests.bank import DATE
from tests.core.audit.work.independent_work_checker import WorkChecker
from tests.core.device.conftest import OpenBranch


def test_a_desk_writes_out_what_its_people_signed(branch: OpenBranch, tmp_path: Path) -> None:
    branch.desk.sync()
    account = branch.desk.account(branch.teller, branch.desk.customer(branch.teller, branch.supervisor))
    branch.desk.perform(branch.teller, branch.desk.deposited(account, 500_00), drawer="kasse-1")
    with branch.desk.device.reading() as connection:
        write_work(
            tmp_path / "work",
            DeskWork(connection),
            person=branch.teller.person,
            first_day=DATE,
            last_day=DATE,
            made_at=f"{DATE}T18:00:00.000Z",
            made_from="a desk",
        )
    report = verify_work(tmp_path / "work", Trust())
    assert isinstance(report, WorkReport), report
    assert (report.made["session.opened"], report.made["cash.deposited"]) == (1, 1)
    assert WorkChecker(tmp_path / "work").check() >= sum(report.made.values())
