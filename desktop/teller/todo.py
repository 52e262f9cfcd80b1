"""What needs doing at a desk: the day and drawer to be opened, transfers that came back, what the centre looks at."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta

from sqlalchemy import Connection

from core.errors import Refusal
from core.money import Money, format_money
from core.operations.kind import SUPERVISOR
from core.store.queries.attention import unseen_exceptions
from core.store.queries.customers import KycWaiting, awaiting_kyc
from core.store.queries.day import DayTotals, day_totals
from core.store.queries.drawers import DayState, DrawerState, day_state, drawer_state
from core.store.queries.journal import JournalLine, journal
from core.store.queries.requests import RequestLine, requests
from core.store.queries.transfers import TransferLine, transfers, waiting_transfers
from desktop.desk import Desk
from desktop.teller.answers import answer_sentence
from desktop.teller.refusals import say_refusal
from desktop.teller.returns import return_reason
from desktop.teller.saying import date_text, kind_title, reference
from desktop.widgets import LineState, Tone
from desktop.widgets.line_faces import face_of
from desktop.widgets.line_status import clock_text, paying_text

RETURNED_DAYS = 7
"""How long a returned transfer is shown here; the journal and the account's file show it for ever."""

BESIDE_WORK = ("session.", "staff.", "rights.")
"""Kinds that are signed beside the work of the counter, and are not listed on home."""

_LOOKED_AT = 100
_SHOWN_MAX = 4


@dataclass(frozen=True, slots=True)
class HomeView:
    """Everything that home shows, read at one moment. `waiting_beside`: what waits to be sent and is not listed."""

    day: DayState | None
    drawer: DrawerState | None
    totals: DayTotals
    returned: tuple[TransferLine, ...]
    waiting: tuple[TransferLine, ...]
    exceptions: tuple[JournalLine, ...]
    kyc: tuple[KycWaiting, ...]
    requests: tuple[RequestLine, ...] = ()
    waiting_beside: int = 0


@dataclass(frozen=True, slots=True)
class Todo:
    """One thing to do: a badge, what and why, and the button that leads there. `first` is what to begin with.

    `ends_return`: once looked at it is said no more.
    """

    badge: str
    tone: Tone
    title: str
    text: str
    action: str
    screen: str
    arguments: object = None
    first: bool = False
    ends_return: bool = False


def read_home(connection: Connection, device: str, drawer: str, currency: str, today: str) -> HomeView:
    """The desk's day, its drawer, and what of its work came back or is looked at."""
    since = (date.fromisoformat(today) - timedelta(days=RETURNED_DAYS)).isoformat()
    came_back = transfers(connection, state="returned", limit=_LOOKED_AT)
    done = journal(connection, limit=_LOOKED_AT).lines
    unseen = frozenset(unseen_exceptions(connection))
    asked = (line for line in requests(connection, limit=_LOOKED_AT) if line.note is not None)
    return HomeView(
        day=day_state(connection),
        drawer=drawer_state(connection, drawer, currency),
        totals=day_totals(connection, drawer, currency),
        returned=tuple(line for line in came_back if line.note and (line.note.business_date or "") >= since),
        waiting=waiting_transfers(connection, limit=_LOOKED_AT),
        exceptions=tuple(line for line in done if line.operation in unseen),
        requests=tuple(line for line in asked if line.note is not None and line.note.device == device),
        kyc=awaiting_kyc(connection, device),
        waiting_beside=sum(line.state == "queued" and line.kind.startswith(BESIDE_WORK) for line in done),
    )


def todos(view: HomeView, desk: Desk) -> tuple[Todo, ...]:
    """What needs doing, the most pressing first."""
    found = (_line, _returned_line, _beginning, _exceptions, _declined, _returned, _kyc, _waiting, _asked)
    return tuple(todo for find in found for todo in find(view, desk))


def _line(_view: HomeView, desk: Desk) -> list[Todo]:
    """What is to be known of the line; what the strip counts has its own line here."""
    status, found = desk.line_status, list[Todo]()
    face = face_of(status)
    quiet = (LineState.STARTING, LineState.ONLINE, LineState.SENDING, LineState.WAITING)
    only_exceptions = status.state is LineState.HELD and not status.code and status.exceptions > 0
    if status.state not in quiet and not only_exceptions:
        tone: Tone = face.tone if face.tone != "quiet" else "plain"
        found.append(Todo(desk.tr("Line"), tone, face.word, face.next_step, desk.tr("Look"), "this_desk"))
    if status.paying_out != "plain":
        ended = status.paying_out == "ended"
        title = paying_text(status)
        text = desk.tr("The centre prolongs it over the line; until then customers can be paid out up to that time.")
        if ended:
            text = desk.tr("What the centre allowed this desk has ended. Deposits and everything else go on.")
        badge = desk.tr("Paying out")
        found.append(Todo(badge, "danger" if ended else "warn", title, text, desk.tr("Look"), "this_desk"))
    return found


def _returned_line(_view: HomeView, desk: Desk) -> list[Todo]:
    """What the desk had done without the line is at the centre: how much, and what was found about it."""
    back = desk.line_return
    if back is None:
        return []
    title = desk.tr("Line back at {time}").format(time=clock_text(back.at))
    sent = desk.tr("1 operation sent") if back.sent == 1 else desk.tr("{n} operations sent")
    booked = back.sent - back.found - back.asked
    parts = [desk.tr("{n} booked").format(n=booked)] if booked else []
    if back.asked:
        parts.append(desk.tr("{n} asked of the centre").format(n=back.asked))
    if back.found:
        parts.append(desk.tr("{n} with an exception, named below").format(n=back.found))
    sent = sent.format(n=back.sent)
    text = desk.tr("{sent}, all booked.").format(sent=sent) if booked == back.sent else f"{sent}: {', '.join(parts)}."
    tone: Tone = "warn" if back.found else "ok"
    return [Todo(desk.tr("Line"), tone, title, text, desk.tr("Look"), "journal", ends_return=True)]


def _declined(view: HomeView, desk: Desk) -> list[Todo]:
    """Answers of the last days that somebody has to be told."""
    since = (date.fromisoformat(desk.today()) - timedelta(days=RETURNED_DAYS)).isoformat()
    found: list[Todo] = []
    for line in view.requests:
        if line.state != "declined" or line.note is None or line.note.at[:10] < since or len(found) == _SHOWN_MAX:
            continue
        title = " ".join(part for part in (kind_title(line.kind), line.holder) if part)
        text = answer_sentence(line.kind, line.state, line.reason, desk.place.locale)
        found.append(
            Todo(desk.tr("Declined"), "machine", title, text, desk.tr("Look"), "journal", arguments=line.request)
        )
    return found


def _asked(view: HomeView, desk: Desk) -> list[Todo]:
    waiting = [line for line in view.requests if line.state == "waiting"]
    if not waiting:
        return []
    title = desk.tr("1 request waits for the centre") if len(waiting) == 1 else desk.tr("{n} requests wait")
    text = desk.tr("Nothing of it is posted yet. The answer comes by itself.")
    oldest = waiting[-1].request
    return [
        Todo(desk.tr("Asked"), "info", title.format(n=len(waiting)), text, desk.tr("Look"), "journal", arguments=oldest)
    ]


def _beginning(view: HomeView, desk: Desk) -> list[Todo]:
    day_open = view.day is not None and view.day.state == "open"
    if not day_open:
        text = desk.tr("Nothing can be booked at this desk before.")
        title, action = desk.tr("The business day is not open"), desk.tr("Open the day")
        return [Todo(desk.tr("First"), "warn", title, text, action, "open_day", first=True)]
    found = []
    if view.day is not None and view.day.business_date < desk.today():
        day = date_text(view.day.business_date, desk.place.locale)
        title = desk.tr("The business day {day} is still open").format(day=day)
        text = desk.tr("What is booked here carries that date until it is closed.")
        found.append(Todo(desk.tr("Late"), "warn", title, text, desk.tr("My drawer"), "drawer"))
    if view.drawer is None or view.drawer.state != "open":
        title, action = desk.tr("Your drawer is not open"), desk.tr("Open the drawer")
        text = desk.tr("Cash is taken in and paid out from an open drawer.")
        found.append(Todo(desk.tr("Next"), "warn", title, text, action, "open_drawer", first=True))
    return found


def _exceptions(view: HomeView, desk: Desk) -> list[Todo]:
    found = []
    for line in view.exceptions[:_SHOWN_MAX]:
        why = " ".join(
            say_refusal(Refusal(exception.code, detail=exception.detail), desk.place.locale)
            for exception in line.exceptions
        )
        title = f"{kind_title(line.kind)} {reference(line.operation)}"
        text = why or desk.tr("The centre looks at it.")
        found.append(
            Todo(desk.tr("Exception"), "danger", title, text, desk.tr("Look"), "journal", arguments=line.operation)
        )
    return found


def _returned(view: HomeView, desk: Desk) -> list[Todo]:
    found = []
    for line in view.returned[:_SHOWN_MAX]:
        amount = format_money(Money(line.amount, line.currency), desk.place.locale)
        title = desk.tr("{amount} came back to {name}").format(amount=amount, name=line.payer_name)
        payee = line.details.get("payee_name", "")
        text = desk.tr("The transfer to {payee} was returned ({reason}). Tell the customer.").format(
            payee=payee or desk.tr("the payee"), reason=return_reason(line.reason)
        )
        found.append(
            Todo(desk.tr("Returned"), "machine", title, text, desk.tr("Look"), "journal", arguments=line.transfer)
        )
    return found


def _kyc(view: HomeView, desk: Desk) -> list[Todo]:
    """Customers on whom a supervisor decides at this desk; others can't, and are not asked."""
    if desk.role != SUPERVISOR:
        return []
    found = []
    for waiting in view.kyc[:_SHOWN_MAX]:
        day = date_text(waiting.registered_on, desk.place.locale)
        title = desk.tr("KYC of {name} is not decided").format(name=waiting.name or reference(waiting.customer))
        text = desk.tr("Registered on {day}. No account can be opened before.").format(day=day)
        found.append(
            Todo(desk.tr("KYC"), "warn", title, text, desk.tr("Decide"), "decide_kyc", arguments=waiting.customer)
        )
    more = len(view.kyc) - len(found)
    if more > 0:
        found[-1] = replace(found[-1], text=found[-1].text + " " + desk.tr("{n} more wait after this.").format(n=more))
    return found


def _waiting(view: HomeView, desk: Desk) -> list[Todo]:
    if not view.waiting:
        return []
    number = len(view.waiting)
    total = sum(line.amount for line in view.waiting)
    amount = format_money(Money(total, desk.place.currency), desk.place.locale)
    title = desk.tr("1 transfer is on its way") if number == 1 else desk.tr("{n} transfers are on their way")
    text = desk.tr("{amount} has left customers' accounts and has not been answered yet. Nothing to do.")
    oldest = view.waiting[-1]
    return [
        Todo(
            desk.tr("Waiting"),
            "info",
            title.format(n=number),
            text.format(amount=amount),
            desk.tr("Look"),
            "journal",
            arguments=oldest.transfer,
        )
    ]
