"""The README's pictures, taken from a played day: `python -m counterfoil.demo.pictures DIR` after `demo --out DIR`."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

PICTURES = Path(__file__).resolve().parents[2] / "docs" / "pictures"
_WANTED = {
    "offline-withdrawal-within-rights": "offline-withdrawal",
    "offline-refused-beyond-rights": "refused-beyond-rights",
    "offline-what-is-possible": "what-is-possible",
    "stand-in-review": "stand-in",
    "sign-in": "sign-in",
    "offline-home": "home-offline",
    "line-mended": "line-back",
    "journal": "journal",
    "account-opened": "customer",
}
_DOTS_PER_INCH = "80"


def take(played: Path, pictures: Path = PICTURES) -> list[Path]:
    """Copy the wanted screens and draw the statement's first page (with poppler's pdftoppm)."""
    pictures.mkdir(parents=True, exist_ok=True)
    taken = []
    for screen in sorted((played / "screens").glob("*.png")):
        name = _WANTED.get(screen.stem.partition("-")[2])
        if name is not None:
            taken.append(Path(shutil.copyfile(screen, pictures / f"{name}.png")))
    drawing = shutil.which("pdftoppm")
    if drawing is not None:
        page = pictures / "statement"
        subprocess.run(
            [drawing, "-r", _DOTS_PER_INCH, "-png", "-singlefile", played / "statement.pdf", page], check=True
        )
        taken.append(page.with_suffix(".png"))
    return taken


if __name__ == "__main__":
    for path in take(Path(sys.argv[1])):
        print(path)
