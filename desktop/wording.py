"""Sentences for the codes that the bank's rules refuse with: what is wrong and what to do, in the reader's language."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta

from babel.numbers import get_currency_name
from num2words import num2words
from PySide6.QtCore import QCoreApplication

from core.errors import Refusal
from core.money import Money, decimals, format_amount


def _tr(text: str) -> str:
    return QCoreApplication.translate("wording", text)


def _most(detail: Mapping[str, object], locale: str) -> str:
    most, currency = detail.get("most"), detail.get("currency", "DKK")
    return format_amount(Money(most, str(currency)), locale) if isinstance(most, int) else ""


Sentence = Callable[[Mapping[str, object], str], str]

_SENTENCES: dict[str, Sentence] = {
    "amount_missing": lambda _d, _l: _tr("Type an amount."),
    "amount_malformed": lambda d, _l: _tr("This is not an amount. Write it like {example}.").format(
        example=d.get("example", "1,234.50")
    ),
    "amount_too_many_decimals": lambda d, _l: (
        _tr("This currency has no decimals.")
        if d.get("decimals") == 0
        else _tr("At most {decimals} decimals, please.").format(decimals=d.get("decimals", 2))
    ),
    "amount_not_positive": lambda _d, _l: _tr("Type an amount above zero."),
    "amount_too_large": lambda d, locale: _tr("At most {most} in one operation.").format(most=_most(d, locale)),
    "currency_unknown": lambda d, _l: _tr("There is no currency {currency}.").format(currency=d.get("currency", "")),
}


def refusal_sentence(refusal: Refusal, locale: str = "en_GB", more: Mapping[str, Sentence] | None = None) -> str:
    """The sentence for a refusal; `more` holds a screen's own. A code without one is shown as it is."""
    sentence = (more or {}).get(refusal.code) or _SENTENCES.get(refusal.code)
    if sentence is not None:
        return sentence(refusal.detail, locale)
    return _tr("This can't be done ({code}).").format(code=refusal.code)


def amount_in_words(money: Money, locale: str = "en_GB") -> str:
    """The amount as it is said on a slip: `Two thousand four hundred Danish kroner, 50/100`.

    Empty where the language's numbers are not known, rather than in another language.
    """
    places = decimals(money.currency)
    whole, part = divmod(abs(money.minor), 10**places)
    try:
        words = str(num2words(whole, lang=locale.split("_", maxsplit=1)[0])).replace(",", "")
    except NotImplementedError:
        return ""
    text = f"{words} {get_currency_name(money.currency, count=whole, locale=locale)}"
    if part:
        text += f", {part:0{places}d}/{10**places}"
    return text[0].upper() + text[1:]


def short_age(age: timedelta) -> str:
    """How long ago, in the largest unit that says it: `now`, `40 s`, `6 min`, `2 h`, `3 d`."""
    seconds = max(0, int(age.total_seconds()))
    if seconds < 5:
        return _tr("now")
    if seconds < 60:
        return _tr("{n} s").format(n=seconds)
    if seconds < 3600:
        return _tr("{n} min").format(n=seconds // 60)
    if seconds < 86_400:
        return _tr("{n} h").format(n=seconds // 3600)
    return _tr("{n} d").format(n=seconds // 86_400)


def desk_epoch(device: str, epoch: int) -> str:
    """One life of a desk's chain, as people name it: `odense-1, epoch 2`."""
    return _tr("{device}, epoch {epoch}").format(device=device, epoch=epoch)
