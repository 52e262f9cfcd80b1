"""The look: readable in every theme, at every text size, in the product's own typefaces."""

from __future__ import annotations

import re

import pytest
from PySide6.QtGui import QFont, QFontMetricsF, QRawFont
from PySide6.QtWidgets import QApplication, QLabel

import resources
from desktop.theme import THEME_NAMES, Theme, ThemeName, apply_theme, contrast_ratio, ui_font
from desktop.theme.stylesheet import style_sheet
from desktop.theme.tokens import SHAPE_PAIRS, TEXT_PAIRS, TOKEN_NAMES, tokens_of

WEIGHTS = (QFont.Weight.Normal, QFont.Weight.Medium, QFont.Weight.DemiBold, QFont.Weight.Bold)


def test_contrast_is_computed_as_wcag_defines_it() -> None:
    assert contrast_ratio("#000000", "#FFFFFF") == pytest.approx(21)
    assert contrast_ratio("#777777", "#FFFFFF") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("name", THEME_NAMES)
@pytest.mark.parametrize(("text", "ground"), TEXT_PAIRS)
def test_text_can_be_read_on_every_ground_that_it_may_stand_on(name: ThemeName, text: str, ground: str) -> None:
    tokens = tokens_of(name)
    at_least = 7.0 if name == "contrast" else 4.5
    assert contrast_ratio(tokens[text], tokens[ground]) >= at_least


@pytest.mark.parametrize("name", THEME_NAMES)
@pytest.mark.parametrize(("edge", "ground"), SHAPE_PAIRS)
def test_the_focus_ring_and_the_edges_of_fields_are_seen(name: ThemeName, edge: str, ground: str) -> None:
    tokens = tokens_of(name)
    assert contrast_ratio(tokens[edge], tokens[ground]) >= 3.0


def test_violet_belongs_to_the_machine_alone() -> None:
    rules = re.findall(r"([^{}]+)\{([^}]*)\}", resources.style_sheet_template())
    violet = [selector for selector, body in rules if "$machine" in body]
    assert violet
    assert all('[tone="machine"]' in selector for selector in violet)


@pytest.mark.parametrize("name", THEME_NAMES)
def test_the_style_sheet_holds_no_colour_of_its_own(name: ThemeName) -> None:
    template = resources.style_sheet_template()
    assert not re.search(r"#[0-9A-Fa-f]{6}\b", template)
    assert set(re.findall(r"\$([a-z_]+)", template)) <= set(TOKEN_NAMES)
    assert "$" not in style_sheet(tokens_of(name), 1.0)


@pytest.mark.parametrize("scale", [1.0, 1.15, 1.5, 2.0])
def test_no_text_is_smaller_than_eleven_pixels_and_all_of_it_grows(scale: float) -> None:
    small = [int(size) for size in re.findall(r"font-size: (\d+)px", style_sheet(tokens_of("light"), scale))]
    assert min(small) == round(11 * scale)


def test_a_text_size_that_no_screen_was_tried_with_is_refused() -> None:
    with pytest.raises(ValueError, match="text scale"):
        Theme("light", 0.5)


@pytest.mark.parametrize("weight", WEIGHTS)
def test_all_figures_are_equally_wide_in_every_weight(look: QApplication, weight: QFont.Weight) -> None:
    metrics = QFontMetricsF(ui_font(26, weight))
    assert len({round(metrics.horizontalAdvance(figure), 3) for figure in "0123456789"}) == 1
    assert metrics.horizontalAdvance("1,111.11") == pytest.approx(metrics.horizontalAdvance("8,888.88"))


@pytest.mark.parametrize("weight", WEIGHTS)
def test_each_weight_is_a_face_of_its_own(look: QApplication, weight: QFont.Weight) -> None:
    raw = QRawFont.fromFont(ui_font(14, weight))
    assert raw.familyName() == "Inter"
    assert raw.weight() == weight


@pytest.mark.parametrize(
    ("name", "family"),
    [("Sørensen", "Inter"), ("Παπαδοπούλου", "Inter"), ("Щукин", "Inter"), ("כהן", "Noto Sans Hebrew"),
     ("حداد", "Noto Sans Arabic")],
)  # fmt: skip
def test_names_are_written_in_our_own_typefaces(name: str, family: str) -> None:
    from fontTools.ttLib import TTFont

    file = {"Inter": "Inter-Regular.ttf"}.get(family, family.replace(" ", "") + "-Regular.ttf")
    letters = TTFont(resources.font_path(file)).getBestCmap()
    assert all(ord(letter) in letters for letter in name)


def test_the_look_changes_while_the_window_is_open(look: QApplication) -> None:
    label = QLabel("Cash withdrawal")
    label.setProperty("type", "title")
    label.ensurePolished()
    assert label.fontInfo().pixelSize() == 20
    apply_theme(look, Theme("dark", 1.5))
    label.ensurePolished()
    assert label.fontInfo().pixelSize() == 30
    assert label.palette().windowText().color().name().upper() == tokens_of("dark").ink
