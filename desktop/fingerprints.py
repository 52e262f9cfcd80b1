"""Fingerprints for a person's own paper: written where the desk keeps its papers, in the form that `verify` reads."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QStandardPaths, QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication

from core.audit.key_set import CENTRE
from core.audit.trust import written
from core.canonical import from_base64url, thumbprint
from core.device import DeviceIdentity
from core.errors import StoreProblem

_SCREENLESS = {"offscreen", "minimal"}


def centre_fingerprint(identity: DeviceIdentity) -> str:
    """The thumbprint of the centre's key, as this device has pinned it."""
    return thumbprint(from_base64url(identity.centre_key))


def device_lines(identity: DeviceIdentity) -> tuple[str, str]:
    """The centre's key and the device's own."""
    return (
        written(CENTRE, centre_fingerprint(identity)),
        written(f"device:{identity.device}:{identity.epoch}", identity.kid),
    )


def keep_on_paper(papers: Path | None, name: str, lines: Sequence[str]) -> Path:
    """Write the sheet and hand it to the system's viewer, from where it is printed. Raises `StoreProblem`.

    `papers` is the desk's folder; None for the user's documents.
    """
    documents = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
    folder = papers or Path(documents) / "Counterfoil"
    path = folder / f"{name}.txt"
    heading = QCoreApplication.translate(
        "fingerprints", "Keep this sheet on paper, away from the computer. An auditor needs it:"
    )
    text = "\n".join((f"# {heading}", "# counterfoil verify FOLDER --trust FILE", "", *lines, ""))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as problem:
        raise StoreProblem(f"{path} can't be written: {problem.strerror}.", code="store_read_only") from problem
    if QGuiApplication.platformName() not in _SCREENLESS:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(path)))
    return path
