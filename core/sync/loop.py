"""The loop that keeps a device and the centre in step: push what is queued, read the feeds, wait, and say how it is.

It knows no window: it runs in a thread of its own (`run`), or by steps in tests.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from traceback import extract_tb
from typing import Any

import msgspec

from core.clock import instant_ms, is_instant
from core.device import Changed, Device, Outbox
from core.device.evidence import DIFFERS
from core.device.feeds import BANK_FEED
from core.errors import CentreRefusal, EnvironmentProblem, IntegrityFault, LineProblem, StoreProblem
from core.ids import Randomness, system_randomness
from core.operations.incarnations import FIRST
from core.rights import USUAL_ALLOWANCE
from core.sync.allowances import Allowances
from core.sync.fetched import FetchedRights
from core.sync.giving_back import NewIncarnation, report
from core.sync.heeding import ENDS_THE_DEVICE, NEEDS_A_PERSON, TOO_MUCH_AT_ONCE
from core.sync.line import LineState, Sending
from core.sync.messages import BATCH_MAX, FeedPage, PushAnswer, RightsWanted, VisitWanted
from core.sync.pausing import pause
from core.sync.transport import CentreProblem, Transport

POLL_SECONDS = 5.0
PAGE_MAX = 200
"""Items asked for at once: a teller waits while a page is applied, so pages are small."""

RIGHTS_SECONDS = 4.0
TIME_MS_MAX = 30_000
"""An answer that took longer says too little of the time."""

INSTANT_MS_MAX = 253_402_300_799_999
"""The last instant that can be written: the end of the year 9999."""

KEPT_AFTER_FETCH_MS = 15 * 60_000
"""What was asked for is not surplus while a teller may still be about to pay it out."""

LEASE_ASKED_MS = 10 * 60_000
"""How often the centre is asked whether the lease is to be renewed."""

ALLOWANCE_MINOR = USUAL_ALLOWANCE.amount
"""What a desk keeps payable on an account without the line until the centre says; asked for beyond a shortage too."""

_RECOVERING = "The centre was restored, and gathers what desks know."
_RESTORED_OTHERWISE = "What the centre restored is not what this desk had read. Tell the centre at once."

StateListener = Callable[[LineState], None]
BugListener = Callable[[Exception], None]


class SyncLoop:
    """Pushes and pulls for one device over one transport. `state` and `wake` may be used from any thread."""

    def __init__(
        self,
        device: Device,
        transport: Transport,
        *,
        on_state: StateListener | None = None,
        on_bug: BugListener | None = None,
        randomness: Randomness = system_randomness,
        poll_seconds: float = POLL_SECONDS,
        allowance: int = ALLOWANCE_MINOR,
    ) -> None:
        self._device = device
        self._transport = transport
        self._on_state = on_state
        self._on_bug = on_bug
        self._bugs_told: set[tuple[str, int]] = set()
        self._randomness = randomness
        self._poll_seconds = poll_seconds
        self._allowances = Allowances(device, allowance)
        self._fetched: dict[str, int] = {}
        self._lease_asked_ms: int | None = None
        self._woken = threading.Event()
        self._stepping = threading.Lock()
        self._guard = threading.RLock()
        self._failures = 0
        self._most = BATCH_MAX
        self._state = LineState()
        self._refresh_outbox()
        self._end_listening = device.on_change(self._note_change)

    @property
    def state(self) -> LineState:
        """How the line stands."""
        with self._guard:
            return self._state

    @property
    def allowance(self) -> int:
        """What the device keeps payable on an account without the line, in minor units."""
        return self._allowances.amount

    def close(self) -> None:
        """Stop listening to the device. The transport is its owner's to close."""
        self._end_listening()

    def wake(self) -> None:
        """Have the next step made at once."""
        self._woken.set()

    def run(self, stop: threading.Event) -> None:
        """Step until `stop` is set (and `wake` called, so that it is noticed at once), whatever a step runs into."""
        while not stop.is_set():
            self._woken.clear()
            try:
                self.step()
            except Exception as bug:  # noqa: BLE001 - a line that died unseen would look like one that is well
                # A step torn from its connection at the end is no bug; anything before that is.
                if not stop.is_set():
                    self._ran_into(bug)
            self._woken.wait(self.pause_seconds())

    def pause_seconds(self) -> float:
        """How long to wait before the next step; see `pausing`."""
        stopped = self._device.stopped is not None
        return pause(self._poll_seconds, self._failures, self._randomness, stopped=stopped)

    def step(self) -> LineState:
        """Push all that waits, read both feeds to their ends, ask for account numbers where they run out.

        A device that has stopped only hands over what it has, until the centre keeps all of it; then nothing is asked.
        """
        with self._stepping:
            if self.state.stopped and self._device.stopped is None:
                return self.state
            try:
                self._exchange()
                if self._device.stopped is not None:
                    self._rest()
                    return self.state
                self._renew_lease()
                self._lease_numbers()
                self._keep_allowances()
                self._hand_back()
                self._device.note_heard()
                self._heard(problem=None)
                self._failures = 0
            except NewIncarnation:
                # The centre was restored between two questions: the next step begins with what it forgot, at once
                # unless it says so again and again.
                self._change(recovering=True, sending=None)
                if not self._failures:
                    self.wake()
                self._failures += 1
            except LineProblem as problem:
                self._failures += 1
                self._offline(problem)
            except CentreRefusal as problem:
                self._failures += 1
                self._heed(problem)
                self._heard(problem=problem, stopped=problem.code in NEEDS_A_PERSON)
            except StoreProblem as problem:
                self._failures += 1
                self._change(problem=problem.code, message=problem.message, sending=None)
            return self.state

    def _exchange(self) -> None:
        """Everything there is to say and to hear; to a centre that was restored, first what it forgot."""
        if self._device.has_to_report():
            self._report()
        try:
            self._push_and_pull()
        except NewIncarnation:
            self._report()
            self._push_and_pull()
        except CentreRefusal as problem:
            enrolment = self._device.own_enrolment() if problem.code == "device_unknown" else None
            if enrolment is None:
                raise
            # A centre that was restored may have forgotten the device itself.
            self._report(enrolment)
            self._push_and_pull()

    def _push_and_pull(self) -> None:
        self._push()
        if self._device.stopped is None:
            self._pull()

    def _report(self, enrolment: str | None = None) -> None:
        self._change(recovering=True, sending=None)
        try:
            recovering = report(self._device, self._transport, enrolment=enrolment)
        except IntegrityFault as fault:
            # What was restored is not what this device had read: nothing more is said to it, and it is shown.
            raise CentreRefusal(_RESTORED_OTHERWISE, code=fault.code) from fault
        self._change(recovering=recovering, push_refused=None)

    def _rest(self) -> None:
        """Longer and longer, until somebody does something here."""
        self._failures += 1
        self._refresh_outbox()

    def resume(self) -> None:
        """Try again after a stop, a refused push or a fault of a feed: a person has seen to it."""
        self._change(stopped=False, push_refused=None, feed_faults=())
        self.wake()

    # Pushing

    def _push(self) -> None:
        if self.state.push_refused is not None and self._device.stopped is None:
            return
        total, done, most = self._device.outbox().length, 0, self._most
        while (run := self._device.next_run(most)) is not None:
            self._change(sending=Sending(done, max(total, done + len(run.operations))))
            before = self._device.outbox().length
            try:
                answer = self._transport.push(run)
            except CentreRefusal as problem:
                if problem.code not in TOO_MUCH_AT_ONCE or len(run.operations) == 1:
                    raise
                # What reads it, or something on the way, takes less at once than is agreed.
                most = len(run.operations) // 2
                continue
            except LineProblem as problem:
                if problem.code == "line_too_slow":
                    # A thin line carries less in the time there is; whether it took this is asked by sending again.
                    self._most = max(1, len(run.operations) // 2)
                raise
            self._most = min(BATCH_MAX, 2 * self._most)
            if not self._take_answer(answer):
                return
            self._heard(problem=None)
            after = self._device.outbox().length
            done += max(0, before - after)
            if answer.refused is not None:
                self._change(push_refused=answer.refused.code)
                break
            if after == before or not answer.verdicts:
                # The centre answered and took nothing: asking again at once would only ask again.
                break
        self._change(sending=None)

    def _take_answer(self, answer: PushAnswer) -> bool:
        self._meet(answer.incarnation)
        try:
            self._device.accept_push_answer(answer)
        except IntegrityFault as fault:
            self._change(push_refused=fault.code, sending=None)
            return False
        return True

    def _meet(self, incarnation: int) -> None:
        """Raises `NewIncarnation`: a device takes nothing from it before it has said what it knows itself."""
        if incarnation > max(FIRST, self._device.incarnation):
            raise NewIncarnation

    # Pulling

    def _pull(self) -> None:
        self._read_feed(BANK_FEED)
        self._read_feed(self._device.identity.branch)

    def _read_feed(self, feed: str, *, up_to: int = 0) -> None:
        """Read a feed to its end, or at least to a position."""
        while feed not in dict(self.state.feed_faults):
            after = self._device.feed_position(feed)
            asked_ms = self._device.clock.now_ms()
            page = self._transport.feed_page(feed, after, PAGE_MAX)
            if page.now is not None and is_instant(page.now):
                self._hear_time(instant_ms(page.now), asked_ms)
            if not self._take_page(page, feed):
                return
            reached = self._device.feed_position(feed)
            if reached >= max(page.head, up_to) or reached == after:
                return

    def _hear_time(self, centre_ms: int, asked_ms: int) -> None:
        """Hold the clock against the centre's, unless the answer was so long on its way that it says little."""
        if abs(self._device.clock.now_ms() - asked_ms) <= TIME_MS_MAX:
            self._device.hear_time(centre_ms)
            self._change(clock_wrong_by=self._device.clock_wrong_by)

    def _take_page(self, page: FeedPage, feed: str) -> bool:
        """Apply a page of the feed that was asked for, what it rests on first.

        False if it could not be trusted: then that feed is read no further, and where the past is another one, none is.
        """
        if DIFFERS in dict(self.state.feed_faults).values():
            return False
        self._meet(page.incarnation)
        if page.feed != feed:
            return self._read_no_further(feed, "feed_unknown")
        if feed != BANK_FEED:
            self._change(recovering=page.recovering)
        if feed != BANK_FEED and self._device.feed_position(BANK_FEED) < page.read_bank_to:
            self._read_feed(BANK_FEED, up_to=page.read_bank_to)
        try:
            self._device.accept_feed_page(page)
        except IntegrityFault as fault:
            return self._read_no_further(feed, fault.code)
        return True

    def _read_no_further(self, feed: str, code: str) -> bool:
        faults = dict(self.state.feed_faults) | {feed: code}
        self._change(feed_faults=tuple(sorted(faults.items())))
        return False

    def _keep_allowances(self) -> None:
        """A page of what is to be here should the line be cut, when there is nothing else to do."""
        branch = self._device.identity.branch
        if self.state.waiting or self.state.recovering or branch in dict(self.state.feed_faults):
            return
        page = self._allowances.ask(self._transport)
        if page is not None and self._take_page(page, branch):
            self._read_feed(branch, up_to=page.head)

    def _hand_back(self) -> None:
        """Surplus goes back to the centre, for other desks; twice the allowance is tolerated, lest it flutter."""
        now_ms = self._device.clock.now_ms()
        with self._guard:
            self._fetched = {
                account: at for account, at in self._fetched.items() if abs(now_ms - at) < KEPT_AFTER_FETCH_MS
            }
            keeping = frozenset(self._fetched)
        returned = self._device.answer_recalls() + self._device.give_back_what_is_over()
        amount = self.allowance
        returned += self._device.hand_back_surplus(amount, tolerated=2 * amount, keeping=keeping)
        returned += self._allowances.make_room(keeping)
        if returned:
            self._push()

    def _renew_lease(self) -> None:
        """The centre says whether the lease is to be renewed; asked now and then, and at once where there is none."""
        now_ms, branch = self._device.clock.now_ms(), self._device.identity.branch
        asked, self._lease_asked_ms = self._lease_asked_ms, now_ms
        if self._device.lease() is not None and asked is not None and 0 <= now_ms - asked < LEASE_ASKED_MS:
            self._lease_asked_ms = asked
            return
        if branch not in dict(self.state.feed_faults):
            self._take_page(self._transport.lease(self._device.feed_position(branch)), branch)

    def _lease_numbers(self) -> None:
        if self._device.wants_iban_block() and BANK_FEED not in dict(self.state.feed_faults):
            self._take_page(self._transport.iban_block(self._device.feed_position(BANK_FEED)), BANK_FEED)

    # Rights

    def fetch_rights(self, account: str, least: int, amount: int, *, seconds: float = RIGHTS_SECONDS) -> FetchedRights:
        """Ask for `amount` more rights on the account, at least `least` minor units, and have them on return.

        Raises `LineProblem` when there is no answer in that time, `CentreProblem` when the centre refuses.
        """
        with self._guard:
            self._fetched[account] = self._device.clock.now_ms()
        with self._asking():
            branch = self._device.identity.branch
            after = self._device.feed_position(branch)
            # What it was granted so far, so that a grant whose answer was lost is given again, not twice.
            wanted = RightsWanted(account, least, amount, after, self._device.granted_here(account))
            answer = self._transport.rights(wanted, seconds=seconds)
            if self._take_page(answer.page, branch) and answer.granted:
                self._read_feed(branch, up_to=answer.page.head)
        return FetchedRights(answer.granted, answer.available, self._device.payable_here(account), answer.coming)

    def ask_for_file(self, iban: str, *, seconds: float = RIGHTS_SECONDS) -> str:
        """Ask for the file of an account that another branch keeps, and have it on return: the account's id.

        Raises `LineProblem` when there is no answer in that time, `CentreProblem` when the centre refuses
        (`account_unknown`, `visit_not_needed`, `visit_refused`, `too_many_grants`).
        """
        with self._asking():
            branch = self._device.identity.branch
            answer = self._transport.visit(VisitWanted(iban, self._device.feed_position(branch)), seconds=seconds)
            if self._take_page(answer.page, branch):
                self._read_feed(branch, up_to=answer.page.head)
        return answer.account

    @contextmanager
    def _asking(self) -> Iterator[None]:
        """Somebody waits for the answer: what comes of it is for them, and for the state of the line."""
        try:
            yield
        except LineProblem as problem:
            self._offline(problem)
            raise
        except CentreRefusal as problem:
            self._heed(problem)
            raise
        except NewIncarnation as met:
            self.wake()
            raise CentreRefusal(_RECOVERING, code="centre_recovering", retry=True) from met

    def ensure_rights(self, account: str, amount: int, *, seconds: float = RIGHTS_SECONDS) -> int:
        """See to it that `amount` may be paid out here, asking the centre for what is lacking if it is.

        Answers what is payable here then, which may still be too little; without the line it is what it was.
        """
        here = self._device.payable_here(account)
        if here >= amount:
            return here
        try:
            lacking = amount - here
            return self.fetch_rights(account, lacking, lacking + self.allowance, seconds=seconds).payable_here
        except EnvironmentProblem:
            return self._device.payable_here(account)

    # State

    def _note_change(self, changed: Changed) -> None:
        if changed.own:
            self._refresh_outbox()
            if self.state.waiting:
                self.wake()

    def _refresh_outbox(self) -> None:
        # Under the device's lock, or an operation performed in between would be overlooked.
        self._device.with_outbox(self._note_outbox)

    def _note_outbox(self, outbox: Outbox) -> None:
        stopped = self._device.stopped
        self._change(waiting=outbox.length, oldest_waiting_at=outbox.oldest_at, device_stopped=stopped)

    def _heard(self, *, problem: CentreRefusal | None, stopped: bool = False) -> None:
        # A centre that only says no can't be asked for rights.
        self._device.note_line(up=problem is None)
        self._refresh_outbox()
        self._change(
            online=True,
            offline_since_ms=None,
            last_heard_ms=self._device.clock.now_ms(),
            problem=problem.code if problem else None,
            message=problem.message if problem else None,
            stopped=stopped,
            **({"sending": None} if problem else {}),
        )

    def _offline(self, problem: LineProblem) -> None:
        since = self.state.offline_since_ms
        self._device.note_line(up=False)
        self._refresh_outbox()
        self._change(
            online=False,
            offline_since_ms=since if since is not None else self._device.clock.now_ms(),
            problem=problem.code,
            message=problem.message,
            sending=None,
        )

    def _heed(self, problem: CentreRefusal) -> None:
        """Stop the device where the centre has ended it: no feed that it is still given would say so.

        A centre that speaks to no clock as wrong as this one says what time it is instead.
        """
        said = problem.members.get("server_time_ms") if isinstance(problem, CentreProblem) else None
        if problem.code == "clock_wrong" and isinstance(said, int) and 0 <= said <= INSTANT_MS_MAX:
            self._hear_time(said, self._device.clock.now_ms())
        why = ENDS_THE_DEVICE.get(problem.code)
        if why is not None:
            self._device.stop(why)

    def _ran_into(self, bug: Exception) -> None:
        """Say that it is not well, go on later, and tell of it once for each place in the program."""
        self._failures += 1
        # What the device knows is not asked here: the fault may be in asking.
        self._change(
            online=False,
            offline_since_ms=self.state.offline_since_ms or self._device.clock.now_ms(),
            problem="bug",
            message="The program ran into a fault of its own. It tries again by itself.",
            sending=None,
        )
        place = _place_of(bug)
        if place not in self._bugs_told:
            self._bugs_told.add(place)
            if self._on_bug is not None:
                self._on_bug(bug)

    def _change(self, **changes: Any) -> None:
        with self._guard:
            before, self._state = self._state, msgspec.structs.replace(self._state, **changes)
            if self._state == before:
                return
            if self._on_state is not None:
                self._on_state(self._state)


def _place_of(bug: Exception) -> tuple[str, int]:
    """Where in the program it was raised."""
    where = extract_tb(bug.__traceback__)[-1]
    return where.filename, where.lineno or 0
