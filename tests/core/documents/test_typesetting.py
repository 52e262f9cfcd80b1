"""Any text can be set: nothing is dropped, nothing is wider than its column, nothing misleads."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.documents.typefaces import Typefaces, Weight, load_faces
from core.documents.typesetting import (
    TEXT_LENGTH_MAX,
    GlyphRun,
    MissingBox,
    SetText,
    Typesetter,
    unicode_number,
)
from core.errors import EnvironmentProblem


def spoken(line: SetText) -> str:
    """The characters that a line stands for, from left to right."""
    said = ""
    for piece in line.pieces:
        said += piece.character if isinstance(piece, MissingBox) else "".join(glyph.text for glyph in piece.glyphs)
    return said


def runs(line: SetText) -> list[GlyphRun]:
    return [piece for piece in line.pieces if isinstance(piece, GlyphRun)]


@pytest.mark.parametrize("name", ["Sørensen", "Ελένη Παπαδοπούλου", "Дмитрий", "משה כהן", "محمد الأحمد", "Ốc Ňǔ"])
def test_every_letter_of_these_names_has_a_glyph(typefaces: Typefaces, name: str) -> None:
    setter = Typesetter(typefaces)
    for weight in Weight:
        line = setter.line(name, weight)
        assert all(glyph.number for run in runs(line) for glyph in run.glyphs)
    assert setter.missing == ()


def test_arabic_letters_are_joined(typefaces: Typefaces) -> None:
    setter = Typesetter(typefaces)
    alone = {glyph.number for letter in "محمد" for run in runs(setter.line(letter)) for glyph in run.glyphs}
    joined = {glyph.number for run in runs(setter.line("محمد")) for glyph in run.glyphs}
    assert joined != alone


def test_a_hebrew_name_stands_from_right_to_left(typefaces: Typefaces) -> None:
    assert spoken(Typesetter(typefaces).line("משה")) == "משה"[::-1]


def test_a_character_that_no_typeface_has_is_boxed_and_reported(typefaces: Typefaces) -> None:
    setter = Typesetter(typefaces)
    line = setter.line("Tak 漢 😀")
    boxes = [piece.character for piece in line.pieces if isinstance(piece, MissingBox)]
    assert boxes == ["漢", "😀"]
    assert [unicode_number(character) for character in setter.missing] == ["U+6F22", "U+1F600"]


@pytest.mark.parametrize("hostile", ["\x00", "\x1b", "\u202e", "\u2066", "\ud800", "\ue000", "\U000e0041", "\uffff"])
def test_what_could_mislead_is_boxed_rather_than_obeyed(typefaces: Typefaces, hostile: str) -> None:
    setter = Typesetter(typefaces)
    line = setter.line(f"exe{hostile}fdp")
    assert spoken(line) == f"exe{hostile}fdp"
    assert setter.missing == (hostile,)


def test_a_line_break_in_a_name_is_a_space(typefaces: Typefaces) -> None:
    assert spoken(Typesetter(typefaces).line(" one\r\ntwo\tthree ")) == "one two three"


def test_a_tower_of_accents_can_not_climb_into_the_line_above(typefaces: Typefaces) -> None:
    setter = Typesetter(typefaces)
    line = setter.line("e" + "\u0301" * 30)
    assert max(glyph.y for run in runs(line) for glyph in run.glyphs) < 400
    assert setter.missing == ("\u0301",)


def test_figures_are_all_equally_wide(typefaces: Typefaces) -> None:
    setter = Typesetter(typefaces)
    assert len({round(setter.line(digit * 8).width, 3) for digit in "0123456789"}) == 1
    assert setter.line("\u22121,111.11").width == pytest.approx(setter.line("+8,888.88").width)


def test_an_arrow_that_was_typed_as_two_signs_stays_two_signs(typefaces: Typefaces) -> None:
    assert len(runs(Typesetter(typefaces).line("->"))[0].glyphs) == 2


def test_an_overlong_text_says_that_it_was_cut(typefaces: Typefaces) -> None:
    said = spoken(Typesetter(typefaces).line("x" * 5000))
    assert said == "x" * TEXT_LENGTH_MAX + " [\u2026]"


WORDS = st.text(alphabet="abcWMi -/,é漢😀אבגمحل\u0301\u200d\u202e\x07 ", max_size=120)


@given(text=WORDS, width=st.integers(20, 200))
def test_no_line_is_wider_than_its_column_and_no_letter_is_lost(typefaces: Typefaces, text: str, width: int) -> None:
    setter = Typesetter(typefaces)
    lines = setter.wrap(text, width, 9)
    assert all(line.width_at(9) <= width for line in lines)
    whole = spoken(setter.line(text))
    assert sorted("".join(map(spoken, lines)).replace(" ", "")) == sorted(whole.replace(" ", ""))


def test_a_damaged_typeface_is_named(typefaces: Typefaces, tmp_path: Path) -> None:
    damaged = tmp_path / "Inter-Regular.ttf"
    with pytest.raises(EnvironmentProblem, match=r"Inter-Regular\.ttf") as missing:
        load_faces((damaged,))
    assert missing.value.code == "typeface_missing"
    damaged.write_bytes(b"wOF2" + bytes(100))
    with pytest.raises(EnvironmentProblem) as unreadable:
        load_faces((damaged,))
    assert unreadable.value.code == "typeface_unreadable"
