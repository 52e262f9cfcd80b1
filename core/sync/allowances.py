"""Keeps the device's allowances topped up while the line is there, a small page at a time, and out of everyone's way.

Which accounts: those with the latest business at the branch that hold little here. Each is asked for once in a while
at most, whatever the centre answers.
"""

from __future__ import annotations

from collections import deque

from core.device import Device
from core.errors import CentreRefusal
from core.rights import USUAL_ALLOWANCE, AllowancePolicy
from core.sync.messages import AllowancesAnswer, AllowancesWanted, FeedPage
from core.sync.transport import Transport

PAGE = 50
"""Accounts asked for at once: a teller waits while what was granted is applied."""
LOOKED_MS = 5 * 60_000
"""How often it is looked for accounts that hold little."""
ASKED_MS = 15 * 60_000
"""For so long nothing more is asked for an account after it was asked for."""
POLICY_MS = 60 * 60_000
"""How long what the bank allows is believed before it is asked for again."""

_NO_MORE_HERE = "allowance_cap_reached"
_NONE_FOR_NOW = frozenset({"not_found", "grants_stopped", "centre_recovering", "database_busy"})
"""Refusals of allowances alone: nothing else is the worse for them."""


class Allowances:
    """What a device holds by allowance. `amount` is the allowance on one account until the centre has named it."""

    def __init__(self, device: Device, amount: int = USUAL_ALLOWANCE.amount) -> None:
        self._device = device
        self._policy = AllowancePolicy(amount=amount)
        self._heard_ms: int | None = None
        self._looked_ms: int | None = None
        self._resting: tuple[int, int] = (0, 0)
        self._waiting: deque[str] = deque()
        self._asked: dict[str, int] = {}
        self._crowded = False

    @property
    def amount(self) -> int:
        """The allowance on one account, in minor units."""
        return self._policy.amount

    def ask(self, transport: Transport) -> FeedPage | None:
        """Ask for the next page of allowances, if it is time: the branch's feed with what was granted.

        Raises what the transport does; a centre that grants no allowances for now is left alone for a while.
        """
        now_ms = self._device.clock.now_ms()
        since, rest_ms = self._resting
        if _within(since, now_ms, rest_ms):
            return None
        accounts = self._next(now_ms)
        if not accounts and self._heard_ms is not None and _within(self._heard_ms, now_ms, POLICY_MS):
            return None
        after = self._device.feed_position(self._device.identity.branch)
        try:
            answer = transport.allowances(AllowancesWanted(after, tuple(accounts)))
        except CentreRefusal as problem:
            if problem.code not in _NONE_FOR_NOW:
                raise
            self._resting = (now_ms, LOOKED_MS)
            return None
        self._take(answer, [account for account, _ in accounts], now_ms)
        return answer.page

    def make_room(self, keeping: frozenset[str]) -> int:
        """Hand back what is held of old where the centre said that there is room for no more; from how many accounts.

        `keeping` are accounts that somebody has just asked for.
        """
        if not self._crowded:
            return 0
        self._crowded = False
        return self._device.allowances.make_room(
            self._device.allowances.recent(self._policy.accounts), self._policy, keeping
        )

    def _next(self, now_ms: int) -> list[tuple[str, int]]:
        """The next accounts that are worth asking for, each with what was granted on it altogether."""
        if not self._waiting and not (self._looked_ms is not None and _within(self._looked_ms, now_ms, LOOKED_MS)):
            self._looked_ms = now_ms
            self._asked = {account: at for account, at in self._asked.items() if _within(at, now_ms, ASKED_MS)}
            self._waiting.extend(self._device.allowances.recent(self._policy.accounts))
        found: list[tuple[str, int]] = []
        while self._waiting and len(found) < PAGE:
            here = [self._waiting.popleft() for _ in range(min(PAGE - len(found), len(self._waiting)))]
            fresh = [account for account in here if account not in self._asked]
            found += self._device.allowances.wanting(fresh, self._policy)
        return found

    def _take(self, answer: AllowancesAnswer, asked: list[str], now_ms: int) -> None:
        self._policy, self._heard_ms = answer.policy, now_ms
        self._asked.update((account, now_ms) for account in asked)
        self._crowded = self._crowded or any(each.code == _NO_MORE_HERE for each in answer.skipped)
        if answer.retry_after_ms:
            self._resting = (now_ms, answer.retry_after_ms)


def _within(since_ms: int, now_ms: int, most_ms: int) -> bool:
    """Whether so little time has passed; a clock that went back has said nothing of it."""
    return 0 <= now_ms - since_ms < most_ms
