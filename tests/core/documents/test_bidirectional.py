"""Names that run from right to left are put in order as the Unicode standard says."""

from __future__ import annotations

import random

from bidi import get_display
from hypothesis import given
from hypothesis import strategies as st

from core.documents.bidirectional import base_level, embedding_levels, is_plain, visual_runs

LETTERS = "ab אבג دجا 0123 \u0660\u0661 .,:-+%()[]{} /&\u0301\u05b0$é€"


def as_seen(text: str) -> str:
    levels = embedding_levels(text)
    seen = ""
    for run in visual_runs(text, levels, 0, len(text)):
        part = text[run.start : run.end]
        seen += part[::-1] if run.level % 2 else part
    return seen


@given(st.text(alphabet=LETTERS, min_size=1, max_size=24))
def test_the_order_on_paper_is_the_one_an_independent_implementation_gives(text: str) -> None:
    assert as_seen(text) == get_display(text)


def test_thousands_of_mixed_names_agree_with_the_independent_implementation() -> None:
    seeded = random.Random(20261120)
    names = ("".join(seeded.choices(LETTERS, k=seeded.randint(1, 16))) for _ in range(4000))
    assert all(as_seen(name) == get_display(name) for name in names)


def test_a_number_in_a_hebrew_name_keeps_its_direction() -> None:
    assert as_seen("חשבון 4711") == "4711 " + "חשבון"[::-1]


def test_a_line_of_a_wrapped_name_is_ordered_by_itself() -> None:
    text = "אבג דהו"
    (run,) = visual_runs(text, embedding_levels(text), 0, 3)
    assert (run.start, run.end, run.level) == (0, 3, 1)


def test_a_latin_name_needs_no_ordering() -> None:
    assert is_plain("Sørensen")
    assert base_level("Sørensen") == 0
    assert embedding_levels("Sørensen") == [0] * 8
