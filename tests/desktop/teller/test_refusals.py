"""Whatever the bank's rules refuse is said in a sentence that ends with what to do."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.errors import Refusal
from desktop.teller.refusals import SENTENCES, say_refusal
from desktop.wording import refusal_sentence

# What a screen can never meet: the centre's own founding, and chains as a reader checks them.
ROOMS = ("core/operations", "core/device", "core/iban.py", "desktop/teller/money", "desktop/desk.py")
RAISED_BY_RULES = ("core/operations",)


def codes(checkout: Path, name: str, rooms: tuple[str, ...]) -> Iterator[str]:
    """The codes that are written in calls of `Refusal` or `IntegrityFault`."""
    for room in rooms:
        path = checkout / room
        for module in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name:
                    for part in ast.walk(node.args[0]) if node.args else ():
                        if isinstance(part, ast.Constant) and isinstance(part.value, str) and part.value.islower():
                            yield part.value


@pytest.fixture(scope="module")
def checkout() -> Path:
    return Path(__file__).resolve().parents[3]


def test_every_code_of_the_rules_has_its_sentence(checkout: Path) -> None:
    known = set(codes(checkout, "Refusal", ROOMS)) | set(codes(checkout, "IntegrityFault", RAISED_BY_RULES))
    known -= {"open"}
    assert len(known) > 60
    unsaid = sorted(code for code in known if f"({code})" in refusal_sentence(Refusal(code), "en_GB", SENTENCES)
                    and code not in SENTENCES)  # fmt: skip
    assert unsaid == []


def test_every_sentence_says_what_is_wrong_and_what_to_do() -> None:
    for code, sentence in SENTENCES.items():
        text = sentence({}, "en_GB")
        assert text.count(".") >= 1, code
        assert text.endswith((".", ").")), code
        assert "{" not in text, code


def test_amounts_in_sentences_are_written_as_the_place_writes_them() -> None:
    refusal = Refusal("rights_exceeded", "amount", {"payable": 1_250_00, "currency": "DKK"})
    assert "1,250.00" in say_refusal(refusal, "en_GB")
    assert "1.250,00" in say_refusal(refusal, "da_DK")
