"""Registering a customer: the fields go into a record of their own, and the signed operation names only which."""

from __future__ import annotations

from core.device import Performed
from core.ids import Randomness, system_randomness
from core.operations.customers import CustomerRegistered
from core.records import make_record
from desktop.desk import Desk
from desktop.teller.customers.profile import ProfileForm, field_title, value_text
from desktop.teller.posting import PostingScreen, Proposal
from desktop.widgets import Field, Text


class RegisterScreen(PostingScreen):
    """A new customer's file. Opened with a text that was searched for in vain, a whole name is taken from it."""

    def __init__(self, desk: Desk, randomness: Randomness = system_randomness) -> None:
        title = self.tr("Register a customer")
        super().__init__(desk, title, review=title, confirm=self.tr("Register"))
        self._randomness = randomness
        self.profile = ProfileForm(desk.place.locale, desk.today())
        note = self.tr("Take the names from an identity document, in its own script. A supervisor then decides on KYC.")
        self.form.body.addWidget(Text(note, "quiet", wrap=True))
        self.form.body.addWidget(self.profile)
        self.add_actions()
        self.setFocusProxy(self.profile.fields["given_name"])

    def opened(self, arguments: object) -> None:
        """Begin, or go on with what was begun."""
        if isinstance(arguments, str) and self.profile.is_empty():
            words = [word for word in arguments.split() if not any(letter.isdigit() for letter in word)]
            # One word alone may be either name.
            if len(words) > 1:
                self.profile.fields["given_name"].set_text(" ".join(words[:-1]))
                self.profile.fields["family_name"].set_text(words[-1])
        self.show_form()

    def first_field(self) -> Field:
        """The given names."""
        return self.profile.fields["given_name"]

    def may_leave(self) -> bool:
        """Not with a file half filled in."""
        return self.profile.is_empty()

    def field_of(self, name: str | None) -> Field | None:
        """The rules name fields as the file does."""
        return self.profile.fields.get(name or "")

    def propose(self) -> Proposal | None:
        """The file as typed."""
        values = self.profile.values()
        if values is None:
            return None
        digest, data = make_record(values, self._randomness)
        body = CustomerRegistered(fields=tuple(values), stamp=self.desk.device.next_stamp(), record=digest)  # type: ignore[arg-type]
        locale = self.desk.place.locale
        pairs = [(field_title(name), value_text(name, value, locale)) for name, value in values.items()]
        return Proposal(body, pairs, records={digest: data})

    def posted(self, performed: Performed) -> None:
        """Their file."""
        self.profile.clear()
        self.go.emit("customer", performed.id)
