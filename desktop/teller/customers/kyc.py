"""The KYC decision: a supervisor says that the customer is who they say they are, and what they saw of it."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout

from core.device import Performed
from core.ids import Randomness, system_randomness
from core.operations.customers import KycDecided
from core.operations.kind import SUPERVISOR
from core.records import make_record
from core.store.queries.customers import CustomerFile, customer_file
from desktop.desk import Desk
from desktop.teller.customers.profile import read_country, value_text, wrong_with
from desktop.teller.fields import ChoiceField, DateField
from desktop.teller.posting import PostingScreen, Proposal
from desktop.teller.saying import kyc_word
from desktop.widgets import Card, Field, KeyValueList, TextField


class KycScreen(PostingScreen):
    """One customer (`opened` with their id): the decision, and the evidence for it."""

    def __init__(self, desk: Desk, randomness: Randomness = system_randomness) -> None:
        title = self.tr("Decide on KYC")
        super().__init__(desk, title, review=title, confirm=self.tr("Decide"))
        self._randomness = randomness
        self._words = title
        self._file: CustomerFile | None = None
        self._customer = ""
        self.decision = ChoiceField(
            self.tr("&Decision"),
            [("approved", self.tr("Approve: is who they say they are")), ("refused", self.tr("Refuse"))],
        )
        self.document = ChoiceField(
            self.tr("What was &seen"),
            [
                ("passport", self.tr("Passport")),
                ("identity-card", self.tr("National identity card")),
                ("driving-licence", self.tr("Driving licence")),
                ("residence-permit", self.tr("Residence permit")),
            ],
        )
        self.number = TextField(self.tr("Document &number"), length_max=40)
        self.country = TextField(self.tr("Issued &by"), hint=self.tr("The country, by its name or two letters"))
        self.expires = DateField(self.tr("Valid &until"), desk.place.locale)
        self.remark = TextField(self.tr("&Remark"), hint=self.tr("Needed when you refuse: why"))
        fields = {
            "kyc_decision": self.decision.box,
            "kyc_document": self.document.box,
            "kyc_number": self.number.edit,
            "kyc_country": self.country.edit,
            "kyc_expires": self.expires.edit,
            "kyc_remark": self.remark.edit,
        }
        for name, control in fields.items():
            control.setObjectName(name)
        grid = QGridLayout()
        grid.setHorizontalSpacing(14)
        for place, field in enumerate(
            (self.decision, self.document, self.number, self.country, self.expires, self.remark)
        ):
            grid.addWidget(field, place // 2, place % 2, Qt.AlignmentFlag.AlignTop)
            grid.setColumnStretch(place % 2, 1)
        self.form.body.addLayout(grid)
        self.add_actions()
        self.facts = KeyValueList()
        side = Card(self.tr("Compare with the document"))
        side.body.addWidget(self.facts)
        self.add_side(side)

    def opened(self, arguments: object) -> None:
        """Load the customer, with an empty form."""
        if isinstance(arguments, str):
            self._customer, self._file = arguments, None
            for field in (self.number, self.country, self.expires, self.remark):
                field.clear()
            self.desk.read(lambda connection: customer_file(connection, arguments), self._show, owner=self)
        self.show_form()

    def first_field(self) -> Field:
        """The decision."""
        return self.decision

    def back(self) -> bool:
        """To the form, then to the file."""
        if not super().back():
            self.go.emit("customer", self._customer)
        return True

    def may_leave(self) -> bool:
        """Not with evidence typed in."""
        return not (self.number.text() or self.remark.text())

    def _show(self, file: CustomerFile | None) -> None:
        if file is None or file.customer != self._customer:
            return
        self._file = file
        self.set_title(self._words, file.name)
        locale = self.desk.place.locale
        rows = [
            (self.tr("Given names"), value_text("given_name", file.profile.get("given_name"), locale)),
            (self.tr("Family name"), value_text("family_name", file.profile.get("family_name"), locale)),
            (self.tr("Born on"), value_text("born_on", file.profile.get("born_on"), locale)),
            (self.tr("National id number"), value_text("national_id", file.profile.get("national_id"), locale)),
        ]
        self.facts.set_rows(rows)
        reason = why_not_decide(file, self.desk)
        self.review_button.setEnabled(not reason)
        if reason:
            self.problem.show_notice(self.tr("Not possible."), reason, "warn")
            self.problem.show()

    def propose(self) -> Proposal | None:
        """The decision with its evidence in a record."""
        file = self._file
        if file is None or not self._is_in_order():
            return None
        locale = self.desk.place.locale
        evidence = {
            "document": self.document.code(),
            "document_number": self.number.text(),
            "issued_by": read_country(self.country.text(), locale) or "",
            "valid_until": self.expires.date() or "",
            "remark": self.remark.text(),
            "seen_on": self.desk.today(),
        }
        evidence = {name: value for name, value in evidence.items() if value}
        digest, data = make_record(evidence, self._randomness)
        decision = "approved" if self.decision.code() == "approved" else "refused"
        body = KycDecided(customer=file.customer, decision=decision, term=file.kyc_term, evidence=digest)  # type: ignore[arg-type]
        pairs = [
            (self.tr("Customer"), file.name),
            (self.tr("Decision"), kyc_word(decision)),
            (self.tr("What was seen"), f"{self.document.words()}, {self.number.text()}"),
            (self.tr("Issued by"), value_text("country", evidence.get("issued_by"), locale)),
            (self.tr("Valid until"), value_text("born_on", evidence.get("valid_until"), locale)),
        ]
        if self.remark.text():
            pairs.append((self.tr("Remark"), self.remark.text()))
        return Proposal(body, pairs, records={digest: data})

    def posted(self, _performed: Performed) -> None:
        """Their file."""
        self.number.clear()
        self.remark.clear()
        self.go.emit("customer", self._customer)

    def _is_in_order(self) -> bool:
        """Every field says what is wrong with it; the first that is takes the focus."""
        for field in (self.number, self.country, self.expires, self.remark):
            field.set_error(None)
        number, remark = self.number.text(), self.remark.text()
        wrong_number = wrong_with("national_id", number) if number else self.tr("Type the number of the document.")
        if wrong_number:
            self.number.set_error(wrong_number)
        if read_country(self.country.text(), self.desk.place.locale) is None:
            self.country.set_error(self.tr("Type the country's name or its two letters."))
        expires = self.expires.check()
        if expires is not None and expires < self.desk.today() and self.decision.code() == "approved":
            self.expires.set_error(self.tr("This document is no longer valid. Ask for another one."))
        if self.decision.code() == "refused" and not remark:
            self.remark.set_error(self.tr("Say why you refuse."))
        elif remark and (wrong := wrong_with("remark", remark)):
            self.remark.set_error(wrong)
        fields = (self.number, self.country, self.expires, self.remark)
        first = next((field for field in fields if field.error()), None)
        if first is not None:
            first.setFocus()
        return first is None


def why_not_decide(file: CustomerFile, desk: Desk) -> str:
    """Why whoever is at work can't decide on this customer here; empty if they can."""
    if file.kyc_decision is not None:
        return desk.tr("This has been decided already.")
    if desk.role != SUPERVISOR:
        return desk.tr("A supervisor decides on KYC.")
    if file.kyc_keeper != desk.device.identity.device:
        return desk.tr("This is decided at the desk where the customer was registered ({keeper}).").format(
            keeper=file.kyc_keeper
        )
    return ""
