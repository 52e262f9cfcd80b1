"""A restored centre says whom it waits for, and gives up whoever will never report, once somebody has said yes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from core.errors import Refused
from counterfoil.command_line import app
from sync_server.centre.incarnations import begin_incarnation
from tests.sync_server.centre_bank import CentreBank, found_bank


@pytest.fixture
def bank(make_database: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CentreBank:
    """A restored bank of two branches; one of the three devices has reported."""
    made = found_bank(make_database(), tmp_path / "secrets")
    for device, branch in (("nor-1", "nor"), ("nor-2", "nor"), ("syd-1", "syd")):
        made.enrol(device, branch)
    with made.transaction() as home:
        begin_incarnation(home, made.centre)
        home.incarnations.report(("nor-1", 1))
    for name, value in made.environment().items():
        monkeypatch.setenv(name, value)
    return made


def run(*arguments: str, said: str | None = None) -> Result:
    return CliRunner().invoke(app, ["incarnation", *arguments], input=said)


def lines(result: Result) -> list[str]:
    assert result.exit_code == 0, result.output
    return [" ".join(line.split()) for line in result.stdout.splitlines()]


def states(bank: CentreBank) -> dict[str, str]:
    return dict(bank.rows("SELECT device, state FROM devices WHERE purpose <> 'centre'"))


def test_it_shows_who_has_reported_and_what_each_branch_waits_for(bank: CentreBank) -> None:
    del bank
    shown = lines(run("status"))
    assert "2 devices are awaited" in shown[0]
    assert {"nor nor-1 1 reported", "nor nor-2 1 awaited", "syd syd-1 1 awaited"} <= set(shown)
    assert {"nor what nor-2/1 has to report", "syd what syd-1/1 has to report"} <= set(shown)


def test_a_device_that_was_given_up_is_revoked_and_shown_until_it_is_written_off(bank: CentreBank) -> None:
    said = run("give-up", "nor", "--yes")
    assert lines(said) == ["Given up: nor-2/1. Two supervisors of the branch write each off at a desk."]
    assert states(bank) == {"nor-1": "living", "nor-2": "revoked", "syd-1": "living"}
    shown = lines(run("status"))
    assert "1 devices are awaited" in shown[0]
    assert {"nor nor-2 1 to be written off", "nor two supervisors to write nor-2/1 off"} <= set(shown)


def test_it_says_what_that_means_and_asks_first(bank: CentreBank) -> None:
    asked = run("give-up", "nor", "syd", said="n\n")
    assert asked.exit_code != 0
    assert "nor-2/1, syd-1/1" in asked.stdout
    assert "is lost" in asked.stdout
    assert set(states(bank).values()) == {"living"}, "nobody said yes"
    assert "nor-2/1, syd-1/1" in lines(run("give-up", "nor", "syd", said="y\n"))[-1]
    assert states(bank) == {"nor-1": "living", "nor-2": "revoked", "syd-1": "revoked"}


def test_where_nobody_is_awaited_nobody_is_given_up(bank: CentreBank) -> None:
    lines(run("give-up", "syd", "--yes"))
    assert lines(run("give-up", "syd", "--yes")) == ["Nobody is awaited there."]
    assert states(bank)["nor-2"] == "living"


def test_a_branch_that_is_not_there_is_refused(bank: CentreBank) -> None:
    ended = run("give-up", "nor", "west", "--yes")
    assert isinstance(ended.exception, Refused)
    assert ended.exception.refusal.code == "branch_unknown"
    assert set(states(bank).values()) == {"living"}
