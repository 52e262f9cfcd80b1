"""The sheet of fingerprints is what `verify --trust` reads."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication

from core.audit.trust import Known, read_trust
from core.device import DeviceIdentity
from core.errors import StoreProblem
from desktop.fingerprints import centre_fingerprint, device_lines, keep_on_paper

IDENTITY = DeviceIdentity("odense-1", 2, "odense", "desktop", "K" * 43, "A" * 43, "http://127.0.0.1:1")


def test_what_is_printed_is_what_an_auditor_reads(look: QApplication, tmp_path: Path) -> None:
    del look
    path = keep_on_paper(tmp_path / "papers", "fingerprints", device_lines(IDENTITY))
    assert read_trust([str(path)]).known == (
        Known(centre_fingerprint(IDENTITY), "centre"),
        Known("K" * 43, "device:odense-1:2"),
    )


def test_a_folder_that_can_not_be_written_is_said_so(look: QApplication, tmp_path: Path) -> None:
    del look
    (tmp_path / "papers").write_text("a file")
    with pytest.raises(StoreProblem):
        keep_on_paper(tmp_path / "papers", "fingerprints", ())
