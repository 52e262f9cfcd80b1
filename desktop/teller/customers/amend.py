"""Amending a customer's file: only what was changed is stamped and signed; the old values stay in its history."""

from __future__ import annotations

from core.device import Performed
from core.ids import Randomness, system_randomness
from core.operations.customers import CustomerAmended
from core.records import make_record
from core.store.queries.customers import CustomerFile, customer_file
from desktop.desk import Desk
from desktop.teller.customers.profile import ProfileForm, field_title, value_text
from desktop.teller.posting import PostingScreen, Proposal
from desktop.widgets import Field


class AmendScreen(PostingScreen):
    """The fields of one customer (`opened` with their id), as they stand, to be typed over."""

    def __init__(self, desk: Desk, randomness: Randomness = system_randomness) -> None:
        title = self.tr("Amend the file")
        super().__init__(desk, title, review=title, confirm=self.tr("Amend"))
        self._randomness = randomness
        self._words = title
        self._customer = ""
        self._before: dict[str, str] = {}
        self.profile = ProfileForm(desk.place.locale, desk.today())
        self.form.body.addWidget(self.profile)
        self.add_actions()
        self.setFocusProxy(self.profile.fields["given_name"])

    def opened(self, arguments: object) -> None:
        """Load the customer's fields."""
        if isinstance(arguments, str):
            self._customer, self._before = arguments, {}
            self.profile.clear()
            self.desk.read(lambda connection: customer_file(connection, arguments), self._show, owner=self)
        self.show_form()

    def _show(self, file: CustomerFile | None) -> None:
        if file is None or file.customer != self._customer:
            return
        self._before = {name: value for name, value in file.profile.items() if value}
        self.profile.show_values(self._before)
        self.set_title(self._words, file.name)

    def first_field(self) -> Field:
        """The given names."""
        return self.profile.fields["given_name"]

    def back(self) -> bool:
        """To the form, then to the file."""
        if not super().back():
            self.go.emit("customer", self._customer)
        return True

    def may_leave(self) -> bool:
        """Not with changes that were not posted."""
        typed = {name: field.text() for name, field in self.profile.fields.items()}
        before = ProfileForm.texts_of(self._before, self.desk.place.locale)
        return not self._customer or typed == before

    def field_of(self, name: str | None) -> Field | None:
        """The rules name fields as the file does."""
        return self.profile.fields.get(name or "")

    def propose(self) -> Proposal | None:
        """What differs from the file; a field that was emptied is kept as empty."""
        values = self.profile.values()
        if values is None:
            return None
        before = self._before
        changed = {
            name: values.get(name, "") for name in self.profile.fields if values.get(name, "") != before.get(name, "")
        }
        if not changed:
            self.first_field().set_error(self.tr("Nothing was changed yet."))
            self.first_field().setFocus()
            return None
        digest, data = make_record(changed, self._randomness)
        body = CustomerAmended(
            customer=self._customer,
            fields=tuple(changed),  # type: ignore[arg-type]
            stamp=self.desk.device.next_stamp(),
            record=digest,
        )
        locale = self.desk.place.locale
        pairs = [
            (
                field_title(name),
                self.tr("{before} \N{RIGHTWARDS ARROW} {after}").format(
                    before=value_text(name, before.get(name), locale), after=value_text(name, value, locale)
                ),
            )
            for name, value in changed.items()
        ]
        return Proposal(body, pairs, records={digest: data})

    def posted(self, _performed: Performed) -> None:
        """Their file."""
        self._before = {}
        customer, self._customer = self._customer, ""
        self.go.emit("customer", customer)
