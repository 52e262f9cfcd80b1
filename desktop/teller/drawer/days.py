"""Opening and closing the desk's business day."""

from __future__ import annotations

from datetime import date, timedelta

from core.device import Performed
from core.operations.drawers import DayClosed, DayOpened
from core.store.queries.day import DayTotals, day_totals
from core.store.queries.drawers import DayState, day_state
from desktop.desk import Desk
from desktop.teller.fields import DateField
from desktop.teller.posting import PostingScreen, Proposal
from desktop.teller.saying import date_text, kind_title
from desktop.widgets import Field, KeyValueList, Text

AHEAD_DAYS_MAX = 7
YEAR_DAYS = 300
"""So far ahead it is the year that was mistyped."""


class OpenDayScreen(PostingScreen):
    """The business date to be opened: today's, or the next after one that was closed."""

    def __init__(self, desk: Desk) -> None:
        title = self.tr("Open the day")
        super().__init__(desk, title, review=title, confirm=self.tr("Open the day"))
        self.business_date = DateField(self.tr("&Business date"), desk.place.locale)
        self.business_date.edit.setObjectName("business_date")
        self._last: DayState | None = None
        note = self.tr("Everything that is booked at this desk until the day is closed carries this date.")
        self.form.body.addWidget(self.business_date)
        self.form.body.addWidget(Text(note, "quiet", wrap=True))
        self.add_actions()

    def opened(self, arguments: object) -> None:  # noqa: ARG002 - nothing is asked for
        """Offer today, or the next day after the one closed last."""
        self.business_date.set_date(self.desk.today())
        self.desk.read(day_state, self._show, owner=self)
        self.show_form()

    def first_field(self) -> Field:
        """The date."""
        return self.business_date

    def back(self) -> bool:
        """To the form, then to the drawer."""
        if not super().back():
            self.go.emit("drawer", None)
        return True

    def _show(self, last: DayState | None) -> None:
        self._last = last
        if last is not None and last.state == "closed" and last.business_date >= self.desk.today():
            following = date.fromisoformat(last.business_date) + timedelta(days=1)
            self.business_date.set_date(following.isoformat())

    def propose(self) -> Proposal | None:
        """The day."""
        chosen = self.business_date.check()
        wrong = "" if chosen is None else self._wrong_with(chosen)
        if wrong:
            self.business_date.set_error(wrong)
        if chosen is None or wrong:
            self.business_date.setFocus()
            return None
        pairs = [
            (self.tr("Business date"), date_text(chosen, self.desk.place.locale)),
            (self.tr("Desk"), self.desk.place.desk_name),
        ]
        return Proposal(DayOpened(), pairs, business_date=chosen)

    def _wrong_with(self, chosen: str) -> str:
        locale = self.desk.place.locale
        if self._last is not None and self._last.state == "open":
            day = date_text(self._last.business_date, locale)
            return self.tr("The business day {day} is still open. Close it first.").format(day=day)
        if self._last is not None and chosen <= self._last.business_date:
            day = date_text(self._last.business_date, locale)
            return self.tr("{day} was closed already. Choose a later date.").format(day=day)
        ahead = (date.fromisoformat(chosen) - date.fromisoformat(self.desk.today())).days
        if ahead > AHEAD_DAYS_MAX:
            if ahead > YEAR_DAYS:
                return self.tr("This date is far ahead. Check the year.")
            return self.tr("This is {n} days ahead. Check the date.").format(n=ahead)
        return ""

    def posted(self, performed: Performed) -> None:
        """To the drawer, which is next."""
        self.desk.set_business_date(performed.signed.operation.business_date)
        self.go.emit("drawer", None)


class CloseDayScreen(PostingScreen):
    """The end of the desk's business day, once its drawer is closed."""

    def __init__(self, desk: Desk) -> None:
        title = self.tr("Close the day")
        super().__init__(desk, title, review=title, confirm=self.tr("Close the day"))
        self.facts = KeyValueList()
        note = self.tr("After this nothing more can be booked on this date at this desk. The drawer is closed first.")
        self.form.body.addWidget(self.facts)
        self.form.body.addWidget(Text(note, "quiet", wrap=True))
        self.add_actions()

    def opened(self, arguments: object) -> None:  # noqa: ARG002 - nothing is asked for
        """Say what the day was."""
        place = self.desk.place
        self.desk.read(lambda c: day_totals(c, place.drawer, place.currency), self._show, owner=self)
        self.show_form()

    def back(self) -> bool:
        """To the form, then to the drawer."""
        if not super().back():
            self.go.emit("drawer", None)
        return True

    def _show(self, totals: DayTotals) -> None:
        counted = [kind for kind in totals.counts if not kind.startswith(("session.", "staff.", "rights."))]
        day = date_text(self.desk.business_date, self.desk.place.locale)
        rows = [(self.tr("Business date"), day)]
        rows += [(kind_title(kind), str(totals.counts[kind])) for kind in sorted(counted, key=kind_title)]
        self.facts.set_rows(rows)

    def propose(self) -> Proposal | None:
        """The end of the day."""
        locale, place = self.desk.place.locale, self.desk.place
        pairs = [
            (self.tr("Business date"), date_text(self.desk.business_date, locale)),
            (self.tr("Desk"), place.desk_name),
        ]
        return Proposal(DayClosed(), pairs)

    def posted(self, _performed: Performed) -> None:
        """To the drawer's page, which says what is next."""
        self.desk.set_business_date(None)
        self.go.emit("drawer", None)
