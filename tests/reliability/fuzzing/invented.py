"""Bodies of any kind made from its types alone, so that a kind added tomorrow is fuzzed tomorrow."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Protocol

import msgspec
from msgspec import inspect

from tests.reliability.fuzzing.choices import Choices


class Vocabulary(Protocol):
    """A bank's own values, by what they are and all together."""

    @property
    def words(self) -> Mapping[str, Sequence[Any]]:
        """By what they are."""

    @property
    def pool(self) -> Sequence[Any]:
        """Of every kind."""


_BY_FIELD = {
    "account": "identifier",
    "payee_account": "identifier",
    "counted": "amount",
    "expected": "amount",
    "amount": "amount",
    "epoch": "number",
    "iban": "iban",
    "block": "number",
    "stamp": "stamp",
    "currency": "currency",
}
_EXAMPLES = ("identifier", "code", "digest", "key", "instant", "currency", "iban", "account", "stamp", "token", "kind")
_INTEGER_MAX = 10**6


def invented(choices: Choices, kind: type[msgspec.Struct], bank: Vocabulary) -> Any:
    """JSON that decodes as that struct, more often than not."""
    return _value(choices, _type_info(kind), "", bank)


@cache
def _type_info(kind: type[msgspec.Struct]) -> inspect.Type:
    return inspect.type_info(kind)


def _value(choices: Choices, info: inspect.Type, name: str, bank: Vocabulary) -> Any:
    match info:
        case inspect.StructType(fields=fields, array_like=True):
            return [_value(choices, each.type, each.name, bank) for each in fields]
        case inspect.StructType(fields=fields):
            return {each.encode_name: _value(choices, each.type, each.name, bank) for each in fields}
        case inspect.UnionType(types=types):
            return _value(choices, choices.pick(types), name, bank)
        case inspect.LiteralType(values=values):
            return choices.pick(values)
        case inspect.NoneType():
            return None
        case inspect.BoolType():
            return bool(choices.below(2))
        case inspect.IntType():
            return _integer(choices, info, name, bank)
        case inspect.StrType():
            return _text(choices, info, name, bank)
        case inspect.VarTupleType(item_type=item) | inspect.ListType(item_type=item):
            return [_value(choices, item, name, bank) for _ in range(1 + choices.below(3))]
        case inspect.DictType(key_type=key, value_type=value):
            return {
                str(_value(choices, key, name, bank)): _value(choices, value, name, bank)
                for _ in range(choices.below(3))
            }
    return choices.pick(bank.pool)


def _integer(choices: Choices, info: inspect.IntType, name: str, bank: Vocabulary) -> int:
    named = bank.words[_BY_FIELD.get(name, "amount")]
    if choices.below(3):
        found = choices.pick([each for each in named if isinstance(each, int)] or [1])
    else:
        found = choices.below(_INTEGER_MAX)
    least = info.ge if info.ge is not None else 0
    return max(int(least), min(found, int(info.le) if info.le is not None else found))


def _text(choices: Choices, info: inspect.StrType, name: str, bank: Vocabulary) -> str:
    if name in _BY_FIELD:
        return str(choices.pick(bank.words[_BY_FIELD[name]]))
    if info.pattern is None:
        return str(choices.pick(bank.words["token"]))
    fitting = _fitting(info.pattern, id(bank), bank)
    return choices.pick(fitting) if fitting else "A1"


_known: dict[tuple[str, int], list[str]] = {}


def _fitting(pattern: str, key: int, bank: Vocabulary) -> list[str]:
    """Words of the bank that a member's pattern takes."""
    if (pattern, key) not in _known:
        taken = re.compile(pattern)
        texts = (word for what in _EXAMPLES for word in bank.words[what])
        _known[pattern, key] = [text for text in texts if isinstance(text, str) and taken.search(text)]
    return _known[pattern, key]
