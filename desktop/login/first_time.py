"""A person's first time at this desk: password or sign-in at the centre, authenticator, then a colleague as witness.

At a desk without any keys the first two people are each other's witness: the second goes through the same steps.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, Signal

from core.errors import EnvironmentProblem, Refusal
from core.signing_in import NewSeed, Proven, SigningIn, Stage, Standing
from desktop.full_page import FullPage
from desktop.login.credentials import Credentials
from desktop.login.steps import ActivationStep, CredentialStep, PasswordStep, QrStep, Step, WaitStep, WhoStep
from desktop.tasks import Tasks

_WIDTH = 560


class FirstTimePage(FullPage):
    """The steps in one card; which one is shown is for `FirstTime` to say."""

    left = Signal()

    def __init__(self, now_ms: Callable[[], int], locale: str = "en_GB") -> None:
        super().__init__(self.tr("First time at this desk"), width=_WIDTH, locale=locale)
        self.who = WhoStep()
        self.activation = ActivationStep()
        self.unconfirmed = PasswordStep()
        self.qr = QrStep()
        self.online = CredentialStep(now_ms, self.tr("Sign in at the centre"), self.tr("I have an activation code"))
        self.again = CredentialStep(now_ms, self.tr("Go on"))
        self.witness = CredentialStep(
            now_ms, self.tr("I am the witness"), code_hint=self.tr("Six digits from the colleague's own phone")
        )
        self.introduction = WaitStep()
        self._shown: Step = self.who
        self.card.body.addSpacing(4)
        for step in self.steps():
            self.card.body.addWidget(step)
            step.setVisible(step is self.who)

    def steps(self) -> tuple[Step, ...]:
        """Every step."""
        return (
            self.who,
            self.activation,
            self.unconfirmed,
            self.qr,
            self.online,
            self.again,
            self.witness,
            self.introduction,
        )

    def step(self) -> Step:
        """The step that is shown."""
        return self._shown

    def show_step(self, step: Step, title: str, lead: str) -> None:
        """Show another step; what was secret in the one before is gone. The card is as tall as what it holds."""
        self._shown.forget()
        self._shown = step
        for each in self.steps():
            each.setVisible(each is step)
        self.set_title(title, lead)
        step.notice.hide()
        step.set_busy(busy=False)

    def primary(self) -> None:
        """Enter goes on."""
        if self.step().button.isEnabled():
            self.step().submit()

    def back(self) -> None:
        """Esc leads back to the sign-in; what was reached is kept."""
        self.left.emit()


class FirstTime(QObject):
    """Leads through the steps. `arrived` carries `Proven` of somebody whose key is registered; `left` ends it."""

    arrived = Signal(object)
    left = Signal()

    def __init__(self, page: FirstTimePage, signing_in: SigningIn, tasks: Tasks, desk_code: str) -> None:
        super().__init__(page)
        self._page, self._signing_in, self._tasks = page, signing_in, tasks
        self._desk_code = desk_code
        self._first: Proven | None = None
        self._second: Proven | None = None
        self._seed: NewSeed | None = None
        self._person = ""
        page.left.connect(self._leave)
        page.who.answered.connect(self._look_up)
        page.activation.answered.connect(self._activate)
        page.activation.other.connect(self._ask_online)
        page.online.other.connect(self._ask_activation)
        page.unconfirmed.answered.connect(self._show_again)
        page.qr.answered.connect(self._confirm)
        page.online.answered.connect(self._fetch)
        page.again.answered.connect(self._prove)
        page.witness.answered.connect(self._witness)
        page.introduction.answered.connect(lambda _nothing: self._register_again())

    def begin(self, person: str = "") -> None:
        """Start with this staff code, or by asking for it."""
        self._first = self._second = self._seed = None
        self._ask_who()
        if person:
            self._page.who.staff_code.set_text(person)
            self._page.who.submit()

    def _ask_who(self) -> None:
        page, tr = self._page, self.tr
        if self._first is None:
            lead = tr("Your key for this desk is made now, and a colleague is its witness. It takes about two minutes.")
            page.show_step(page.who, tr("First time at this desk"), lead)
        else:
            lead = tr(
                "This desk has no keys yet, so its first two people are each other's witness. {name} is ready. "
                "Now a second member of staff, here at the desk: who are you?"
            ).format(name=self._first.name)
            page.show_step(page.who, tr("Now the second person"), lead)
        page.who.begin()

    def _look_up(self, person: str) -> None:
        if self._first is not None and person == self._first.person:
            self._page.who.show_refusal(Refusal("witness_same_person", "person"))
            return
        self._do(lambda: self._signing_in.standing(person), self._show_stage)

    def _show_stage(self, standing: Standing) -> None:
        page, tr = self._page, self.tr
        self._person = standing.person
        match standing.stage:
            case Stage.UNKNOWN:
                page.who.show_refusal(Refusal("staff_unknown", "person"))
            case Stage.FIRST_HERE if standing.introduction_needed:
                self._ask_online()
            case Stage.FIRST_HERE:
                self._ask_activation()
            case Stage.UNCONFIRMED:
                lead = tr("Your password is set. The authenticator was not confirmed yet.")
                page.show_step(page.unconfirmed, standing.name, lead)
                page.unconfirmed.begin()
            case Stage.UNREGISTERED | Stage.READY:
                lead = tr("Your key on this desk is made. Show who you are, then a colleague is its witness.")
                if standing.stage is Stage.READY:
                    lead = tr("You are known at this desk already. Sign in.")
                page.show_step(page.again, standing.name, lead)
                page.again.begin_for(standing.person)

    def _ask_activation(self) -> None:
        page, tr = self._page, self.tr
        lead = tr("With the activation code you choose your own password. It is used up by that.")
        page.show_step(page.activation, tr("Choose your password"), lead)
        page.activation.begin()

    def _ask_online(self) -> None:
        page, tr = self._page, self.tr
        lead = tr("Sign in at the centre as you do at your other desk: the same password, the same authenticator.")
        page.show_step(page.online, tr("You have a sign-in already"), lead)
        page.online.begin_for(self._person)

    def _activate(self, answer: tuple[str, str]) -> None:
        code, password = answer
        person = self._person
        self._do(lambda: self._signing_in.activate(person, code, password), self._show_qr)

    def _show_again(self, password: str) -> None:
        person = self._person
        self._do(lambda: self._signing_in.show_again(person, password), self._show_qr)

    def _show_qr(self, seed: NewSeed) -> None:
        page, tr = self._page, self.tr
        self._seed = seed
        page.show_step(page.qr, tr("Your authenticator, {name}").format(name=seed.name), "")
        page.qr.show_seed(seed)

    def _confirm(self, code: str) -> None:
        seed = self._seed
        if seed is not None:
            self._do(lambda: self._signing_in.confirm(seed, code), self._take_proven)

    def _fetch(self, typed: Credentials) -> None:
        self._do(lambda: self._signing_in.fetch_seed(typed.person, typed.password, typed.code), self._take_proven)

    def _prove(self, typed: Credentials) -> None:
        self._do(lambda: self._signing_in.prove(typed.person, typed.password, typed.code), self._take_proven)

    def _take_proven(self, proven: Proven) -> None:
        self._seed = None
        self._do(lambda: (proven, self._signing_in.standing(proven.person)), self._go_on)

    def _go_on(self, reached: tuple[Proven, Standing]) -> None:
        proven, standing = reached
        page, tr = self._page, self.tr
        if standing.stage is Stage.READY and self._first is None:
            self._arrive(proven)
        elif self._first is not None:
            self._second = proven
            self._register(self._first, proven)
        elif standing.desk_founded:
            self._first = proven
            lead = tr(
                "{name}, your key is made. Now a colleague who works at this desk confirms that it is you, with "
                "their own password and code. Look away while they type."
            ).format(name=proven.name)
            page.show_step(page.witness, tr("A colleague is your witness"), lead)
            page.witness.begin()
        else:
            self._first = proven
            self._ask_who()

    def _witness(self, typed: Credentials) -> None:
        if self._first is not None and typed.person == self._first.person:
            self._page.witness.show_refusal(Refusal("witness_same_person", "person"))
            return
        prove = self._signing_in.prove
        self._do(lambda: prove(typed.person, typed.password, typed.code), self._take_witness)

    def _take_witness(self, witness: Proven) -> None:
        self._second = witness
        if self._first is not None:
            self._register(self._first, witness)

    def _register_again(self) -> None:
        if self._first is not None and self._second is not None:
            self._register(self._first, self._second)

    def _register(self, newcomer: Proven, witness: Proven) -> None:
        def registered(refusal: Refusal | None) -> None:
            if refusal is None:
                self._arrive(newcomer)
            elif refusal.code in {"introduction_missing", "introduction_expired"}:
                self._wait_for_introduction(refusal)
            else:
                self._page.step().show_refusal(refusal)

        self._do_plain(lambda: self._signing_in.register(newcomer, witness), registered)

    def _wait_for_introduction(self, refusal: Refusal) -> None:
        page, tr = self._page, self.tr
        if page.step() is page.introduction:
            page.introduction.show_refusal(refusal)
            return
        page.show_step(page.introduction, tr("Introduced from the other desk"), "")
        page.introduction.text.setText(
            tr(
                "{person} has a key at another desk, and that key must introduce this one. At the other desk: sign "
                "in, press F11, choose \u201cIntroduce me to another desk\u201d and then {desk}. Come back here and "
                "look again."
            ).format(person=refusal.detail.get("person", ""), desk=self._desk_code)
        )
        page.introduction.begin()

    def _arrive(self, proven: Proven) -> None:
        self._forget()
        self.arrived.emit(proven)

    def _leave(self) -> None:
        self._forget()
        self.left.emit()

    def _forget(self) -> None:
        self._first = self._second = self._seed = None
        for step in self._page.steps():
            step.forget()

    def _do(self, work: Callable[[], Any], done: Callable[[Any], None]) -> None:
        """Off the UI thread; a refusal is shown at the step that asked."""
        step = self._page.step()

        def answered(result: Any) -> None:
            step.set_busy(busy=False)
            if isinstance(result, Refusal):
                step.show_refusal(result)
            else:
                done(result)

        self._do_plain(work, answered)

    def _do_plain(self, work: Callable[[], Any], done: Callable[[Any], None]) -> None:
        step = self._page.step()
        step.set_busy(busy=True)

        def failed(problem: EnvironmentProblem) -> None:
            step.show_notice(self.tr("Not yet."), problem.message)

        self._tasks.run_network(work, done=done, failed=failed, owner=self._page)
