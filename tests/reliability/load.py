"""Load on a centre that is being killed: devices that push and repeat, followers that read, and what both hold true."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import httpx
import msgspec

from core.clock import instant, instant_ms
from core.envelope import Signed
from core.sync.messages import FeedPage, PushAnswer, Verdict
from tests.reliability.centre_site import CentreSite, wait_until
from tests.sync_server.centre_bank import Desk

_PAUSE_SECONDS = 0.03
_BATCH_MIN, _BATCH_MAX = 20, 80
_TRANSFER_EVERY = 25
_AMOUNT_MAX = 900_00


class Wrong(AssertionError):
    """A promise was broken."""


@dataclass
class Pusher:
    """A device at work: it makes a batch, pushes it until it is answered, and keeps every verdict it was given."""

    site: CentreSite
    desk: Desk
    accounts: Sequence[str]
    payees: Sequence[str]
    dice: random.Random
    making: threading.Lock
    verdicts: dict[int, Verdict] = field(default_factory=dict)
    said: Counter[str] = field(default_factory=Counter)
    in_flight: bool = False
    wrong: BaseException | None = None
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin."""
        self._thread = threading.Thread(target=self._run, name=self.desk.chain.device, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Make nothing more; what is under way is seen through."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(90)
            assert not self._thread.is_alive(), f"{self.desk.chain.device} hangs"
        self.hold()

    def hold(self) -> None:
        """Raise what this device has found wrong."""
        if self.wrong is not None:
            raise self.wrong

    @property
    def acknowledged(self) -> int:
        """How many operations of its chain the centre has answered for."""
        return len(self.verdicts)

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                self._see_through(self._batch())
        except BaseException as problem:  # noqa: BLE001 - told in the thread that watches
            self.wrong = problem

    def _batch(self) -> list[Signed]:
        with self.making:
            for step in range(self.dice.randint(_BATCH_MIN, _BATCH_MAX)):
                account, amount = self.dice.choice(self.accounts), self.dice.randint(100, _AMOUNT_MAX)
                self.desk.make(self.desk.deposit(account, amount))
                if step % _TRANSFER_EVERY == 1:
                    self.desk.make(self.desk.transfer(account, amount // 3 + 1, self.dice.choice(self.payees)))
                self.desk.make(self.desk.withdrawal(account, amount // 2 + 1))
        return list(self.desk.unsent)

    def _see_through(self, batch: list[Signed]) -> None:
        """Push until every operation of the batch has a verdict, as a device does: the same bytes again."""
        attempt = 0
        while batch:
            attempt += 1
            sent_at = instant(self.site.bank.clock.now_ms())
            answer = self._answer(batch)
            if answer is None:
                # What is under way is seen through even after a stop.
                threading.Event().wait(_PAUSE_SECONDS)
                continue
            if answer.refused is not None or len(answer.verdicts) != len(batch):
                raise Wrong(f"{self.desk.chain.device}: {answer.refused}, {len(answer.verdicts)} of {len(batch)}")
            self._note(batch, answer)
            if attempt > 1:
                early = instant_ms(answer.verdicts[0].received_at) < instant_ms(sent_at)
                self.said["answers lost after commit" if early else "batches lost before commit"] += 1
            self.desk.pushed += len(batch)
            self.desk.records.clear()
            batch = []

    def _answer(self, batch: list[Signed]) -> PushAnswer | None:
        self.in_flight = True
        try:
            response = self.desk.push(self.site.server.address, batch)
        except httpx.HTTPError as problem:
            self.said[type(problem).__name__] += 1
            return None
        finally:
            self.in_flight = False
        if response.status_code == 200:
            self.said["batches"] += 1
            return msgspec.json.decode(response.content, type=PushAnswer)
        document = response.json()
        if not document.get("retry"):
            raise Wrong(f"{response.status_code} {document}")
        self.said[document["code"]] += 1
        return None

    def _note(self, batch: list[Signed], answer: PushAnswer) -> None:
        for signed, verdict in zip(batch, answer.verdicts, strict=True):
            if (verdict.seq, verdict.hash) != (signed.operation.seq, signed.hash):
                raise Wrong(f"a verdict of another operation: {verdict}")
            if self.verdicts.setdefault(verdict.seq, verdict) != verdict:
                raise Wrong(f"a verdict that changed: {verdict}")


@dataclass
class Follower:
    """Reads a feed as a device of the branch does, a page at a time, and keeps every operation's hash by position."""

    site: CentreSite
    desk: Desk
    feed: str
    hashes: list[str] = field(default_factory=list)
    head: int = 0
    wrong: BaseException | None = None
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin."""
        self._thread = threading.Thread(target=self._run, name=f"feed {self.feed}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Read no more."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(90)
        self.hold()

    def hold(self) -> None:
        """Raise what this follower has found wrong."""
        if self.wrong is not None:
            raise self.wrong

    def read(self) -> bool:
        """A page; False at the end of the feed, or while nobody answers."""
        target = f"/v1/feeds/{self.feed}?after={len(self.hashes)}&limit=500"
        try:
            response = self.desk.request(self.site.server.address, "GET", target)
        except httpx.HTTPError:
            return False
        if response.status_code != 200:
            if not response.json().get("retry"):
                raise Wrong(response.text)
            return False
        page = msgspec.json.decode(response.content, type=FeedPage)
        if page.head < self.head:
            raise Wrong(f"the feed {self.feed} went back from {self.head} to {page.head}")
        self.head = page.head
        for item in page.items:
            if item.position != len(self.hashes) + 1:
                raise Wrong(f"the feed {self.feed} jumps from {len(self.hashes)} to {item.position}")
            self.hashes.append(item.verdict.hash)
        return bool(page.items)

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                if not self.read():
                    self._stop.wait(_PAUSE_SECONDS)
        except BaseException as problem:  # noqa: BLE001 - told in the thread that watches
            self.wrong = problem


class Load:
    """Devices of two branches, each with accounts of its own, all paying one another; and a follower of each feed."""

    def __init__(self, site: CentreSite, dice: random.Random, devices: int = 4) -> None:
        self.site = site
        names = [(f"{branch}-{number}", branch) for number in range(1, devices + 1) for branch in ("nor", "syd")]
        self.desks = [site.bank.desk(name, branch) for name, branch in names[:devices]]
        owned = [[desk.account(10_000_00) for _ in range(3)] for desk in self.desks]
        for desk in self.desks:
            desk.settle(site.server.address)
        making = threading.Lock()
        ibans: dict[str, list[str]] = {desk.branch: [] for desk in self.desks}
        for desk in self.desks:
            ibans[desk.branch] += desk.iban_of.values()
        self.pushers = [
            Pusher(
                site,
                desk,
                accounts,
                [iban for branch, known in ibans.items() if branch != desk.branch for iban in known],
                random.Random(dice.random()),
                making,
            )
            for desk, accounts in zip(self.desks, owned, strict=True)
        ]
        self.followers = [Follower(site, self.desks[0], feed) for feed in ("bank", self.desks[0].branch)]
        self.followers.append(Follower(site, self.desks[1], self.desks[1].branch))

    def start(self) -> None:
        """Have everybody work."""
        for each in self._everybody:
            each.start()

    def stop(self) -> None:
        """Let everybody finish what is under way; raises what anybody found wrong."""
        for each in self._everybody:
            each.stop()

    def wait_for_progress(self, batches: int = 1) -> None:
        """Until every device has had that many more batches acknowledged."""
        before = [pusher.said["batches"] for pusher in self.pushers]

        def moved() -> bool:
            for each in self._everybody:
                each.hold()
            return all(
                pusher.said["batches"] >= count + batches for pusher, count in zip(self.pushers, before, strict=True)
            )

        wait_until(moved, "every device to be answered again")

    @property
    def _everybody(self) -> tuple[Pusher | Follower, ...]:
        return (*self.pushers, *self.followers)

    @property
    def in_flight(self) -> int:
        """How many pushes are unanswered at this moment."""
        return sum(pusher.in_flight for pusher in self.pushers)

    @property
    def said(self) -> Counter[str]:
        """What happened to pushes altogether."""
        total: Counter[str] = Counter()
        for pusher in self.pushers:
            total.update(pusher.said)
        return total

    @property
    def acknowledged(self) -> int:
        """Operations that the centre has answered for."""
        return sum(pusher.acknowledged for pusher in self.pushers)
