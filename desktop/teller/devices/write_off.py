"""Writing a desk off: what it may have paid out unheard is shown beforehand, and two supervisors sign for it."""

from __future__ import annotations

from babel.numbers import format_decimal
from PySide6.QtWidgets import QWidget

from core.device import Performed
from core.money import format_money
from core.operations.ended import DeviceWriteOffRequested
from desktop.desk import Desk
from desktop.teller.devices.reading import DeviceView
from desktop.teller.posting import PostingScreen, Proposal
from desktop.teller.saying import NOTHING, moment_text
from desktop.widgets import KeyValueList, Notice, Text
from desktop.wording import desk_epoch


class WriteOffScreen(PostingScreen):
    """One lost desk (`opened` with its `DeviceView`)."""

    def __init__(self, desk: Desk) -> None:
        title = self.tr("Write off a desk")
        super().__init__(desk, title, review=self.tr("Write off a desk"), confirm=self.tr("Write off"))
        self._words = title
        self._view: DeviceView | None = None
        self.review.confirm_button.set_kind("danger")
        self.facts = KeyValueList()
        self.risk = Notice("", " ", "warn")
        self.form.body.addWidget(self.risk)
        self.form.body.addWidget(self.facts)
        self.form.body.addWidget(
            Text(
                self.tr(
                    "The desk loses the bank's trust for good, and what was reserved for it is free again for other "
                    "desks. Its exposure is booked as the bank's risk. Should it turn up, its unsent work is put "
                    "before two supervisors, all at once."
                ),
                "quiet",
                wrap=True,
            )
        )
        self.add_actions()

    def opened(self, arguments: object) -> None:
        """Show the desk."""
        if isinstance(arguments, DeviceView):
            self._view = arguments
            self.set_title(self._words, desk_epoch(*arguments.key))
            self.facts.set_rows(self._pairs(arguments))
            exposure = format_money(arguments.exposure, self.desk.place.locale)
            text = self.tr("It may have paid out up to this since the centre last heard of it.")
            self.risk.show_notice(self.tr("Exposure {amount}.").format(amount=exposure), text, "warn")
        self.show_form()

    def back(self) -> bool:
        """To the form, then to the desks."""
        if not super().back():
            self.go.emit("devices", None)
        return True

    def _pairs(self, view: DeviceView) -> list[tuple[str, str]]:
        locale = self.desk.place.locale
        return [
            (self.tr("Desk"), desk_epoch(*view.key)),
            (self.tr("Last operation at the centre"), format_decimal(view.found.head_seq, locale=locale)),
            (self.tr("Made at"), moment_text(view.heard_at, locale) if view.heard_at else NOTHING),
            (self.tr("Exposure"), format_money(view.exposure, locale)),
        ]

    def propose(self) -> Proposal | None:
        """The request, with the head and the exposure that were shown."""
        view = self._view
        if view is None:
            return None
        found = view.found
        body = DeviceWriteOffRequested(
            device=found.device,
            epoch=found.epoch,
            head_seq=found.head_seq,
            currency=found.currency,
            exposure=found.exposure,
        )
        reason = self.tr("What this desk may have paid out becomes the bank's risk. Two supervisors decide that.")
        consequence = (self.tr("What is done"), self.tr("Booked as the bank's risk; the desk is out for good"))
        pairs = [*self._pairs(view), consequence]
        return Proposal(body, pairs, reason, amount=view.exposure)

    def _shown_to_approver(self, proposal: Proposal) -> list[tuple[str, str | QWidget]]:
        """The exposure is among the pairs, under its own name."""
        return [*proposal.pairs]

    def posted(self, _performed: Performed) -> None:
        """The desks, where the answer will stand."""
        self.go.emit("devices", None)
