"""The gallery draws every picture without a screen."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication

from desktop.gallery.__main__ import draw_all
from desktop.theme import THEME_NAMES, ThemeName
from desktop.theme.tokens import tokens_of


@pytest.fixture(scope="module")
def pictures(qapp: QApplication, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return draw_all(qapp, tmp_path_factory.mktemp("gallery"))


def test_every_picture_is_drawn_in_every_theme(pictures: list[Path]) -> None:
    names = {path.name for path in pictures}
    for theme in THEME_NAMES:
        assert {f"fields_{theme}.png", f"shell_{theme}_1366x768.png", f"shell_{theme}_3840x2160.png"} <= names
    assert all(path.stat().st_size > 1000 for path in pictures)


@pytest.mark.parametrize("theme", THEME_NAMES)
def test_the_window_stands_on_its_themes_ground_and_the_focus_is_seen(theme: ThemeName, pictures: list[Path]) -> None:
    path = next(p for p in pictures if p.name == f"shell_{theme}_1366x768.png")
    image = QImage(str(path))
    tokens = tokens_of(theme)
    assert image.pixelColor(600, 700).name().upper() == tokens.ground
    seen = {image.pixelColor(x, 222).name().upper() for x in range(240, 260)}
    assert tokens.focus in seen


def test_the_large_picture_has_the_pixels_of_a_large_screen(pictures: list[Path]) -> None:
    path = next(p for p in pictures if p.name == "shell_dark_3840x2160.png")
    image = QImage(str(path))
    assert (image.width(), image.height()) == (3840, 2160)
