"""Changes that keep enough of the form to be read on: of JSON values, of the spelling of JSON, of signed texts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from core.canonical import base64url
from tests.reliability.fuzzing.choices import Choices

_DEPTH = 4
_SPELLINGS = (
    b" ",
    b"\n",
    b"\x00",
    b"\xff",
    b"\xed\xa0\x80",
    b"\\u0000",
    b"\\ud800",
    b"1e5",
    b"-0",
    b"00",
    b",",
    b"NaN",
)
_URL_CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def changed_value(choices: Choices, value: Any, pool: Sequence[Any]) -> Any:
    """The JSON value with something in it changed; `pool` holds values that mean something in this bank."""
    if isinstance(value, dict) and value and choices.below(8):
        name = choices.pick(list(value))
        return {**value, name: changed_value(choices, value[name], pool)}
    if isinstance(value, list) and value and choices.below(4):
        place = choices.below(len(value))
        return [*value[:place], changed_value(choices, value[place], pool), *value[place + 1 :]]
    return _another(choices, value, pool)


def _another(choices: Choices, value: Any, pool: Sequence[Any]) -> Any:
    way = choices.below(10)
    if way == 0:
        return any_value(choices, _DEPTH)
    if way == 1:
        return None
    if isinstance(value, dict):
        return _other_members(choices, value, pool)
    if isinstance(value, list):
        return _other_items(choices, value, pool)
    alike = [each for each in pool if type(each) is type(value)]
    if alike and way < 7:
        return choices.pick(alike)
    if isinstance(value, bool) or value is None:
        return choices.pick((True, False, None, 0, "", []))
    if isinstance(value, int):
        return value + choices.pick((1, -1, 100, -value)) if way < 9 else choices.number()
    return changed_text(choices, value) if isinstance(value, str) and way < 9 else choices.text()


def _other_members(choices: Choices, value: dict[str, Any], pool: Sequence[Any]) -> dict[str, Any]:
    if value and choices.below(2):
        gone = choices.pick(list(value))
        return {name: member for name, member in value.items() if name != gone}
    named = choices.pick([*value, choices.text(), "v", "amount", "1"])
    return {**value, named: choices.pick(pool) if choices.below(2) else any_value(choices, 2)}


def _other_items(choices: Choices, value: list[Any], pool: Sequence[Any]) -> list[Any]:
    way = choices.below(5)
    if way == 0:
        return value[:-1]
    if way == 1:
        return value + value
    if way == 2:
        return value[::-1]
    if way == 3:
        return (value or [0]) * (2 + choices.below(60))
    return [*value, choices.pick(pool)]


def any_value(choices: Choices, depth: int) -> Any:
    """Any JSON value."""
    kind = choices.below(7 if depth else 5)
    if kind == 0:
        return choices.pick((None, True, False, 1.5, -0.0, 1e300))
    if kind < 3:
        return choices.number()
    if kind < 5:
        return choices.text()
    if kind == 5:
        return [any_value(choices, depth - 1) for _ in range(choices.below(4))]
    return {choices.text(): any_value(choices, depth - 1) for _ in range(choices.below(4))}


def changed_text(choices: Choices, text: str) -> str:
    """The text with a character changed, gone, repeated or added."""
    if not text:
        return choices.text()
    place = choices.below(len(text))
    way = choices.below(6)
    if way == 0:
        return text[:place] + text[place + 1 :]
    if way == 1:
        return text[:place] + choices.pick(_URL_CHARACTERS) + text[place + 1 :]
    if way == 2:
        return text[:place] + choices.text() + text[place:]
    if way == 3:
        return text[:place]
    if way == 4:
        return text.swapcase()
    return text + text[place:]


def changed_spelling(choices: Choices, data: bytes) -> bytes:
    """The JSON bytes spelt in another way or spoilt: spaces, numbers, escapes, members twice, brackets without end."""
    place = choices.below(len(data) + 1)
    way = choices.below(6)
    if way == 0:
        return data[:place] + choices.pick(_SPELLINGS) + data[place:]
    if way == 1:
        return data[:place]
    if way == 2:
        return data.replace(b",", choices.pick((b", ", b",,", b"\t,")), 1)
    if way == 3 and data.startswith(b"{"):
        end = data.find(b",")
        return data[:end] + b"," + data[1:] if end > 0 else data
    if way == 4:
        return data[:place] + choices.pick((b"[", b'{"a":')) * choices.pick((10, 300, 2000)) + data[place:]
    return changed_data(choices, data)


def changed_data(choices: Choices, data: bytes) -> bytes:
    """The bytes with some of them changed, gone or repeated."""
    place = choices.below(len(data) + 1)
    return data[:place] + choices.data(4) + data[place + choices.below(4) :]


def changed_token(choices: Choices, token: str) -> str:
    """A compact JWS with one of its three parts changed, in its text or in what the text stands for."""
    parts = token.split(".")
    way = choices.below(7)
    if way == 0:
        return changed_text(choices, token)
    if way == 1:
        return ".".join(parts[: choices.below(3)] if choices.below(2) else [*parts, choices.pick(parts)])
    if way == 2:
        return ".".join(choices.pick(parts) for _ in parts)
    place = choices.below(len(parts))
    if way == 3:
        parts[place] = base64url(choices.data(80))
    elif way == 4:
        parts[place] += choices.pick(("=", "\n", "A", " ", "é", "+"))
    else:
        parts[place] = changed_text(choices, parts[place])
    return ".".join(parts)
