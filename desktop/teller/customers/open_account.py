"""Opening an account: a product, and an IBAN from the block of numbers that the centre leased to this desk."""

from __future__ import annotations

from core.device import Performed
from core.operations.accounts import AccountOpened
from core.store.queries.customers import CustomerFile, customer_file
from desktop.desk import Desk
from desktop.teller.customers.profile import value_text
from desktop.teller.fields import ChoiceField
from desktop.teller.posting import PostingScreen, Proposal
from desktop.teller.saying import PRODUCTS, iban_text, kyc_word, product_name
from desktop.widgets import Button, Field, KeyValueList


class OpenAccountScreen(PostingScreen):
    """An account for one customer (`opened` with their id)."""

    def __init__(self, desk: Desk) -> None:
        title = self.tr("Open an account")
        super().__init__(desk, title, review=title, confirm=self.tr("Open the account"))
        self._words = title
        self._customer = ""
        self._file: CustomerFile | None = None
        self._number: tuple[str, int] | None = None
        self.product = ChoiceField(self.tr("&Product"), [(code, product_name(code)) for code in PRODUCTS])
        self.product.box.setObjectName("product")
        self.facts = KeyValueList()
        self.ask_line = Button(self.tr("Ask the centre for numbers"))
        self.ask_line.setObjectName("ask_for_numbers")
        self.ask_line.clicked.connect(desk.line.wake)
        self.ask_line.hide()
        self.form.body.addWidget(self.product)
        self.form.body.addWidget(self.facts)
        self.add_actions(self.ask_line)
        desk.changed.connect(self._changed)

    def opened(self, arguments: object) -> None:
        """Load the customer and take the next number."""
        if isinstance(arguments, str):
            self._customer, self._file, self._number = arguments, None, None
            self.review_button.setEnabled(False)
        self.show_form()
        self._load()

    def first_field(self) -> Field:
        """The product."""
        return self.product

    def back(self) -> bool:
        """To the form, then to the file."""
        if not super().back():
            self.go.emit("customer", self._customer)
        return True

    def _load(self) -> None:
        customer = self._customer
        self.desk.read(lambda connection: customer_file(connection, customer), self._show, owner=self)
        self.desk.tasks.run(self.desk.device.next_iban, done=self._show_number, owner=self)

    def _changed(self, _changed: object) -> None:
        if self.isVisible() and not self.is_reviewing():
            self._load()

    def _show(self, file: CustomerFile | None) -> None:
        if file is not None and file.customer == self._customer:
            self._file = file
            self.set_title(self._words, file.name)
            self._say()

    def _show_number(self, number: tuple[str, int] | None) -> None:
        self._number = number
        self._say()

    def _say(self) -> None:
        file, number = self._file, self._number
        if file is None:
            return
        currency = self.desk.place.currency
        self.facts.set_rows(
            [
                (self.tr("Customer"), file.name),
                (self.tr("Born on"), value_text("born_on", file.profile.get("born_on"), self.desk.place.locale)),
                (self.tr("Currency"), currency),
                (self.tr("IBAN"), iban_text(number[0]) if number else iban_text("")),
            ]
        )
        reason = self._why_not(file)
        self.review_button.setEnabled(not reason)
        self.ask_line.setVisible(number is None)
        self.problem.setVisible(bool(reason))
        if reason:
            self.problem.show_notice(self.tr("Not possible."), reason, "warn")

    def _why_not(self, file: CustomerFile) -> str:
        if file.kyc != "approved":
            return self.tr(
                "The customer's identity has not been approved ({kyc}). A supervisor decides that in the file."
            ).format(kyc=kyc_word(file.kyc))
        if self._number is None:
            return self.tr("This desk has no account number left. The centre sends new ones when the line is up.")
        return ""

    def propose(self) -> Proposal | None:
        """The account under the next number."""
        if self._file is None or self._number is None:
            return None
        iban, block = self._number
        currency = self.desk.place.currency
        body = AccountOpened(
            customer=self._customer, product=self.product.code(), currency=currency, iban=iban, block=block
        )
        pairs = [
            (self.tr("Customer"), self._file.name),
            (self.tr("Product"), self.product.words()),
            (self.tr("IBAN"), iban_text(iban)),
            (self.tr("Currency"), currency),
        ]
        return Proposal(body, pairs)

    def posted(self, _performed: Performed) -> None:
        """Their file."""
        self.go.emit("customer", self._customer)
