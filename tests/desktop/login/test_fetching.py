"""The first start fetches the branch's books before the person's eyes, and begins again where the line goes down."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from core.device import Device
from core.errors import LineProblem
from core.ids import system_randomness
from core.people.stretching import CHEAPEST
from core.secrets.vault import FileVault
from core.signing_in import enrolling
from desktop.enrolling.first_start import FirstStart
from desktop.settings import DesktopSettings
from desktop.tasks import Tasks
from tests.signing_bank import VAULT_PASSPHRASE, SigningBank


def test_how_far_it_has_come_is_shown_and_a_cut_line_is_tried_again(
    bank: SigningBank, tasks: Tasks, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    branch = bank.found_branch()
    vault = FileVault.create(tmp_path / "secrets.vault", VAULT_PASSPHRASE, cost=CHEAPEST)
    settings = DesktopSettings(tmp_path, idle_seconds=0)
    whole, cuts, parent = enrolling.start, [1500], QObject()
    first = FirstStart(settings, tasks, vault, bank.clock, system_randomness, parent, retry_ms=10)
    qtbot.addWidget(first.page)

    def start(*arguments: Any, **more: Any) -> Device:
        if cuts:
            more["progress"](cuts.pop(), 130_000)
            raise LineProblem("The centre can't be reached.")
        return whole(*arguments, **more)

    shown: list[str] = []
    monkeypatch.setattr(enrolling, "start", start)
    first.progressed.connect(lambda *_counts: shown.append(first.page.progress.text()))
    first.begin()
    first.page.address.set_text(bank.address)
    first.page.code.set_text(bank.invite(f"{branch}-1", branch))
    first.page.primary()
    qtbot.waitUntil(lambda: bool(first.page.fingerprint.text()))
    bank.trust(f"{branch}-1", "".join(first.page.fingerprint.text().split()))
    qtbot.waitUntil(lambda: bool(first.page.keeping.centre.text()))
    with qtbot.waitSignal(first.created):
        first.page.primary()
    assert shown[0] == "1,500 of 130,000"
    assert settings.store_path.exists()
    first.stop()
