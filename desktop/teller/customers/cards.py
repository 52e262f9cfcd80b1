"""The cards at the side of a customer's file: who they are, and whether that is settled."""

from __future__ import annotations

import re

from PySide6.QtWidgets import QHBoxLayout

from core.store.queries.customers import CustomerFile
from desktop.desk import Desk
from desktop.teller.customers.kyc import why_not_decide
from desktop.teller.customers.profile import countries, value_text
from desktop.teller.saying import NOTHING, date_text, kyc_tone, kyc_word
from desktop.widgets import Badge, Button, Card, KeyValueList, Text


class ProfileCard(Card):
    """Who the customer is, with the ways to change that and to see how it came to be."""

    def __init__(self, locale: str) -> None:
        super().__init__("", padding=16)
        self.set_title(self.tr("Profile"))
        self._locale = locale
        self.facts = KeyValueList()
        self.amend = Button(self.tr("Amend"), key="Alt+A", small=True)
        self.history = Button(self.tr("History"), key="Alt+H", small=True)
        self.amend.setObjectName("amend")
        self.history.setObjectName("history")
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.amend)
        row.addWidget(self.history)
        row.addStretch(1)
        self.body.addWidget(self.facts)
        self.body.addLayout(row)
        self.show_file(None)

    def show_file(self, file: CustomerFile | None) -> None:
        """Show a file; dashes while it is read, so that nothing moves when it comes."""
        self.amend.setEnabled(file is not None)
        self.history.setEnabled(file is not None)
        profile = file.profile if file else {}
        country = profile.get("country")
        places = (
            profile.get("street"),
            " ".join(part for part in (profile.get("postcode"), profile.get("city")) if part),
            countries(self._locale).get(country, country) if country else None,
        )
        self.facts.set_rows(
            [
                (self.tr("Born"), value_text("born_on", profile.get("born_on"), self._locale)),
                (self.tr("National id"), profile.get("national_id") or NOTHING),
                (self.tr("Address"), "\n".join(place for place in places if place) or NOTHING),
                (self.tr("Telephone"), profile.get("telephone") or NOTHING),
                (self.tr("E-mail"), _breakable(profile.get("email") or NOTHING)),
                (self.tr("Known since"), date_text(file.registered_on if file else None, self._locale)),
            ]
        )


def _breakable(address: str) -> str:
    """A long e-mail address with places where it may go on in the next line."""
    return re.sub(r"([@.])", "\\1\u200b", address)


class KycCard(Card):
    """Whether the customer's identity was approved, by whom and when; and the way to decide it."""

    def __init__(self, desk: Desk) -> None:
        super().__init__("", padding=16)
        self.set_title(self.tr("KYC"))
        self._desk = desk
        self.facts = KeyValueList()
        self.decide = Button(self.tr("Decide"), key="Alt+K", small=True)
        self.decide.setObjectName("decide_kyc")
        self.reason = Text("", "small", wrap=True)
        row = QHBoxLayout()
        row.setSpacing(10)
        row.addWidget(self.decide)
        row.addWidget(self.reason, 1)
        self.body.addWidget(self.facts)
        self.body.addLayout(row)
        self.show_file(None)

    def show_file(self, file: CustomerFile | None) -> None:
        """Show how it stands. Decided, the button goes; not this person's to decide, the reason stands beside it."""
        if file is None:
            self.facts.set_rows([(self.tr("State"), NOTHING)])
            self.decide.setEnabled(False)
            self.reason.setText("")
            return
        decided = file.kyc_decision
        rows: list[tuple[str, str | Badge]] = [(self.tr("State"), Badge(kyc_word(file.kyc), kyc_tone(file.kyc)))]
        if decided is not None:
            by = self._desk.name_of(decided.person) or self.tr("the centre")
            rows.append((self.tr("Decided by"), by))
            rows.append((self.tr("On"), date_text(decided.business_date or decided.at[:10], self._desk.place.locale)))
        self.facts.set_rows(rows)
        reason = why_not_decide(file, self._desk)
        self.decide.setVisible(decided is None)
        self.decide.setEnabled(not reason)
        self.reason.setText(reason)
        self.reason.setVisible(decided is None)
