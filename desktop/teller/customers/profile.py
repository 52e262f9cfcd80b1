"""The fields of a customer's file as a form: names in any script, dates, country, e-mail and telephone, all checked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from babel import Locale
from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtWidgets import QCompleter, QGridLayout, QWidget

from core.operations.customers import FIELDS, REQUIRED_FIELDS
from desktop.teller.fields import DateField
from desktop.teller.money.texts import check_text
from desktop.teller.refusals import say_refusal
from desktop.teller.saying import date_text, typed_date
from desktop.widgets import Field, TextField

AGE_YEARS_MAX = 130
NAME_LENGTH_MAX = 100
ADDRESS_LENGTH_MAX = 120
NAME_FIELDS = ("given_name", "family_name")
_ADDRESS_FIELDS = ("street", "city", "email")
_EMAIL = re.compile(r"[^\s@\x00-\x1f]{1,64}@[^\s@.\x00-\x1f]+(\.[^\s@.\x00-\x1f]+)+")
_TELEPHONE = re.compile(r"\+?[0-9][0-9 ().-]{3,22}[0-9]")
_POSTCODE = re.compile(r"[0-9A-Za-z][0-9A-Za-z -]{0,9}")
_NATIONAL_ID = re.compile(r"[0-9A-Za-z][0-9A-Za-z ./+-]{2,24}")
_EXAMPLES = {"telephone": "+45 31 42 53 64", "email": "name@example.com"}


def _tr(text: str) -> str:
    return QCoreApplication.translate("profile", text)


def field_title(name: str) -> str:
    """What a field of the file is called."""
    titles = {
        "given_name": _tr("Given names"),
        "family_name": _tr("Family name"),
        "born_on": _tr("Born on"),
        "street": _tr("Street and number"),
        "postcode": _tr("Postcode"),
        "city": _tr("City"),
        "country": _tr("Country"),
        "telephone": _tr("Telephone"),
        "email": _tr("E-mail"),
        "national_id": _tr("National id number"),
    }
    return titles[name]


def value_text(name: str, value: str | None, locale: str) -> str:
    """A field's value as it is shown."""
    if not value:
        return "\u2014"
    if name == "born_on":
        return date_text(value, locale)
    if name == "country":
        return countries(locale).get(value, value)
    return value


@lru_cache(maxsize=8)
def countries(locale: str) -> dict[str, str]:
    """The countries' names in the locale by their ISO 3166 code."""
    names = Locale.parse(locale).territories
    # Two letters are countries; three digits are regions. These are no countries although they have letters.
    grouped = {"EU", "EZ", "UN", "ZZ", "QO", "XA", "XB"}
    return {code: name for code, name in names.items() if re.fullmatch("[A-Z]{2}", code) and code not in grouped}


def read_country(text: str, locale: str) -> str | None:
    """The ISO 3166 code of what was typed: the code itself or the name in the locale."""
    typed = text.strip().casefold()
    known = countries(locale)
    if typed.upper() in known:
        return typed.upper()
    return next((code for code, name in known.items() if name.casefold() == typed), None)


def wrong_with(name: str, value: str) -> str | None:
    """What is wrong with a value that is there, in a sentence; None if nothing is."""
    refusal = check_text(value, name)
    if refusal is not None:
        return say_refusal(refusal)
    if name in NAME_FIELDS and not any(character.isalpha() for character in value):
        return _tr("A name has at least one letter.")
    if name in NAME_FIELDS and len(value) > NAME_LENGTH_MAX:
        return _tr("At most {n} characters. Shorten it as the identity document does.").format(n=NAME_LENGTH_MAX)
    if name in _ADDRESS_FIELDS and len(value) > ADDRESS_LENGTH_MAX:
        return _tr("At most {n} characters.").format(n=ADDRESS_LENGTH_MAX)
    if name == "email" and _EMAIL.fullmatch(value) is None:
        return _tr("This is not an e-mail address. Write it like {example}.").format(example=_EXAMPLES["email"])
    if name == "telephone" and _TELEPHONE.fullmatch(value) is None:
        return _tr("This is not a telephone number. Write it like {example}.").format(example=_EXAMPLES["telephone"])
    if name == "postcode" and _POSTCODE.fullmatch(value) is None:
        return _tr("At most ten letters and digits.")
    if name == "national_id" and _NATIONAL_ID.fullmatch(value) is None:
        return _tr("Letters and digits, at least three.")
    return None


class ProfileForm(QWidget):
    """The form. `values` gives what was typed once every field is in order; a field that is not says why."""

    def __init__(self, locale: str, today: str) -> None:
        super().__init__()
        self._locale, self._today = locale, today
        self._shown: dict[str, str] = {}
        self.fields: dict[str, TextField] = {name: self._make(name) for name in FIELDS}
        country = self.fields["country"]
        completer = QCompleter(sorted(countries(locale).values()), country.edit)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        # In the line itself: a list that pops up would take Enter and Tab from the form.
        completer.setCompletionMode(QCompleter.CompletionMode.InlineCompletion)
        country.edit.setCompleter(completer)
        self._lay_out()

    def _make(self, name: str) -> TextField:
        hint = "" if name in REQUIRED_FIELDS else _tr("Optional")
        if name == "born_on":
            made: TextField = DateField(field_title(name), self._locale)
        else:
            made = TextField(field_title(name), hint=hint)
        made.edit.setObjectName(f"field_{name}")
        return made

    def _lay_out(self) -> None:
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(14)
        grid.setVerticalSpacing(8)
        places = {
            "given_name": (0, 0, 3),
            "family_name": (0, 3, 3),
            "born_on": (1, 0, 3),
            "national_id": (1, 3, 3),
            "street": (2, 0, 6),
            "postcode": (3, 0, 1),
            "city": (3, 1, 2),
            "country": (3, 3, 3),
            "telephone": (4, 0, 3),
            "email": (4, 3, 3),
        }
        before: QWidget | None = None
        for name, (row, column, span) in places.items():
            grid.addWidget(self.fields[name], row, column, 1, span, Qt.AlignmentFlag.AlignTop)
            if before is not None:
                QWidget.setTabOrder(before, self.fields[name].edit)
            before = self.fields[name].edit
        for column in range(6):
            grid.setColumnStretch(column, 1)

    @staticmethod
    def texts_of(values: Mapping[str, str], locale: str) -> dict[str, str]:
        """A file's values as they stand in the form's fields."""
        texts = {name: values.get(name, "") for name in FIELDS}
        texts["born_on"] = typed_date(texts["born_on"], locale) if texts["born_on"] else ""
        texts["country"] = countries(locale).get(texts["country"], texts["country"])
        return texts

    def show_values(self, values: Mapping[str, str]) -> None:
        """Put a file's values in."""
        self._shown = dict(values)
        for name, text in self.texts_of(values, self._locale).items():
            self.fields[name].set_text(text)

    def clear(self) -> None:
        """Empty every field."""
        self.show_values({})

    def is_empty(self) -> bool:
        """Whether nothing was typed."""
        return not any(field.text() for field in self.fields.values())

    def values(self) -> dict[str, str] | None:
        """Every field that holds something, dates as ISO 8601 and countries as ISO 3166; None if one is wrong."""
        found: dict[str, str] = {}
        first_wrong: Field | None = None
        for name, field in self.fields.items():
            value = self._value(name, field)
            if value is None:
                first_wrong = first_wrong or field
            elif value:
                found[name] = value
        if first_wrong is not None:
            first_wrong.setFocus()
            return None
        return found

    def _value(self, name: str, field: TextField) -> str | None:
        """The value in the form in which it is kept; None once the field has said what is wrong."""
        typed = field.text()
        field.set_error(None)
        if not typed:
            if name in REQUIRED_FIELDS:
                field.set_error(_tr("This is needed."))
                return None
            return ""
        if isinstance(field, DateField):
            return self._born_on(field)
        if name == "country":
            code = read_country(typed, self._locale)
            if code is None:
                field.set_error(_tr("There is no country of that name. Type its name or two letters."))
            return code
        # What the file says already is not judged anew: an old value must not keep others from being amended.
        wrong = wrong_with(name, typed) if typed != self._shown.get(name) else None
        if wrong is not None:
            field.set_error(wrong)
            return None
        return typed

    def _born_on(self, field: DateField) -> str | None:
        born = field.check()
        if born is None:
            return None
        if born > self._today:
            field.set_error(_tr("This day has not come yet."))
            return None
        if int(self._today[:4]) - int(born[:4]) > AGE_YEARS_MAX:
            field.set_error(_tr("Nobody is that old. Check the year."))
            return None
        return born
