"""The centre writes out what one person signed on all desks, and what it said of each."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from core.audit.trust import Trust
from core.audit.work import WorkReport, verify_work
from counterfoil.command_line import app
from tests.core.audit.work.independent_work_checker import WorkChecker
from tests.sync_server.centre_bank import CentreBank


def test_the_centre_writes_out_a_persons_work_and_its_own_database_holds(
    bank: CentreBank, address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = bank.desk("nor-1", "nor")
    account = desk.account(deposit=900_00)
    desk.make(desk.withdrawal(account, 5_000_00))
    desk.settle(address)
    for name, value in bank.environment().items():
        monkeypatch.setenv(name, value)
    folder = tmp_path / "work"
    ended = CliRunner().invoke(app, ["export-work", "--staff", "nor-1-t", "--out", str(folder), "--centre"])
    assert ended.exit_code == 0, ended.output
    report = verify_work(folder, Trust())
    assert isinstance(report, WorkReport), report
    assert (report.verdicts, report.exceptional) == (sum(report.made.values()), 1)
    assert WorkChecker(folder).check() >= report.verdicts
    paper = ["--trust", bank.keys.kid]
    for arguments in (["verify", str(folder), *paper], ["verify", "--database", *paper]):
        ended = CliRunner().invoke(app, arguments)
        assert ended.exit_code == 0, ended.output
        assert "Everything holds" in ended.stdout
