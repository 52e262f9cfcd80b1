"""Options that become the body of an operation, held to the body's own limits before anything is opened or signed."""

from __future__ import annotations

import msgspec

from core.errors import EnvironmentProblem, Refusal, Refused
from core.money import is_currency
from core.operations.kind import Body, Words

_CODE_SHAPE = "must be a short code: a-z, 0-9 and -, at most 32 characters"
_SHAPES = {
    "person": _CODE_SHAPE,
    "branch": _CODE_SHAPE,
    "device": _CODE_SHAPE,
    "name": "must have 1 to 140 characters, none of them a control character",
    "address": "must have 1 to 140 characters, none of them a control character",
    "country": "must be the two capital letters of ISO 3166, such as DK",
    "bank_code": "must be the bank's part of an IBAN: 2 to 10 digits and capital letters",
    "bic": "must be a BIC (ISO 9362) of 8 or 11 capital letters and digits",
    "currency": "must be the three capital letters of ISO 4217, such as DKK",
}


def held(body: Body) -> None:
    """Raises `EnvironmentProblem("option_malformed")`, or `Refused` for a currency that does not exist."""
    for name in body.__struct_fields__:
        _hold(body, name)
    currency = getattr(body, "currency", None)
    if currency is not None and not is_currency(currency):
        raise Refused(Refusal("currency_unknown", "currency", {"currency": currency}))


def held_name(name: str) -> str:
    """A person's name that may stand in a record and on a screen. Raises `EnvironmentProblem`."""
    try:
        return msgspec.convert(name, Words)
    except msgspec.ValidationError as problem:
        raise _malformed("name") from problem


def _hold(body: Body, name: str) -> None:
    """One member by itself, so that what is said names the right one."""
    hint = next(field.type for field in msgspec.structs.fields(body) if field.name == name)
    try:
        msgspec.convert(getattr(body, name), hint)
    except msgspec.ValidationError as problem:
        raise _malformed(name) from problem


def _malformed(name: str) -> EnvironmentProblem:
    shape = _SHAPES.get(name, "is not what it can be")
    return EnvironmentProblem(f"{name.replace('_', '-')} {shape}.", code="option_malformed")
