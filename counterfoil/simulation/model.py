"""A bank written a second time, as simply as can be: one thread, dicts, and the texts of operations in central order.

It knows nothing of `core.operations`. It reads an operation's payload as JSON, works out what should become of
balances, rights and verdicts, and the run is compared with it after every commit.
"""

from __future__ import annotations

import base64
from collections.abc import Collection
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import msgspec

Payload = dict[str, Any]
Line = tuple[str, str, str, int]
"""Branch, account, currency, amount in minor units, debit positive."""

_GIVES_OUT = frozenset({"cash.withdrawn", "transfer.made", "transfer.sent", "transfer.requested"})
_UNDOING = frozenset({"entry.reversed", "reversal.requested"})
_FREEZABLE = _GIVES_OUT | {"account.closure_requested", "file.lent"}
MODELLED = frozenset(
    {
        "rights_exceeded",
        "return_exceeds_rights",
        "free_below_zero",
        "account_frozen",
        "already_reversed",
        "freeze_already_lifted",
    }
)
"""The findings that the model predicts; of the others it says nothing."""

_NOT_ALLOWED = frozenset(
    {
        "staff_unknown",
        "staff_suspended",
        "staff_elsewhere",
        "staff_key_ended",
        "role_not_allowed",
        "approval_needed",
        "approver_suspended",
        "approver_key_ended",
        "approver_not_supervisor",
    }
)
"""With any of these a lift lifts nothing."""


@lru_cache(maxsize=4096)
def payload_of(jws: str) -> Payload:
    """What was signed. It is shared: nobody changes it."""
    text = jws.split(".")[1]
    decoded: Payload = msgspec.json.decode(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    return decoded


@dataclass
class ModelAccount:
    """A customer's account, in the customer's view; `rights` by device epoch: granted, minted, used, returned."""

    posted: int = 0
    limit: int = 0
    holds: int = 0
    freezes: set[str] = field(default_factory=set)
    rights: dict[tuple[str, int], tuple[int, int, int, int]] = field(default_factory=dict)
    released: set[tuple[str, int]] = field(default_factory=set)

    def payable(self, chain: tuple[str, int]) -> int:
        """What a device epoch may pay."""
        granted, minted, used, returned = self.rights.get(chain, (0, 0, 0, 0))
        return granted + minted - used - returned

    @property
    def reserved(self) -> int:
        """What all device epochs may pay together."""
        return sum(max(0, self.payable(chain)) for chain in self.rights if chain not in self.released)

    @property
    def free(self) -> int:
        """What nobody holds."""
        return self.posted + self.limit - self.reserved

    @property
    def available(self) -> int:
        """What the centre may grant or draw."""
        return max(0, self.free - self.holds)

    def copy(self) -> ModelAccount:
        """Another that is as this one is."""
        return ModelAccount(
            self.posted, self.limit, self.holds, set(self.freezes), dict(self.rights), set(self.released)
        )


@dataclass
class Model:
    """The state of the bank after the operations taken so far."""

    accounts: dict[str, ModelAccount] = field(default_factory=dict)
    balances: dict[tuple[str, str, str], int] = field(default_factory=dict)
    devices: dict[tuple[str, int], str] = field(default_factory=dict)
    written_off: set[tuple[str, int]] = field(default_factory=set)
    reversed: set[str] = field(default_factory=set)
    lifted: set[str] = field(default_factory=set)
    frozen: dict[str, str] = field(default_factory=dict)
    holds: dict[str, int] = field(default_factory=dict)
    transfers: dict[str, Payload] = field(default_factory=dict)
    by_rights: dict[str, int] = field(default_factory=dict)
    """What each operation said that it took by rights."""

    def copy(self) -> Model:
        """Another that is as this one is."""
        return Model(
            {name: account.copy() for name, account in self.accounts.items()},
            dict(self.balances),
            dict(self.devices),
            set(self.written_off),
            set(self.reversed),
            set(self.lifted),
            dict(self.frozen),
            dict(self.holds),
            dict(self.transfers),
            dict(self.by_rights),
        )

    def account(self, name: str) -> ModelAccount:
        """The account of that id."""
        return self.accounts.setdefault(name, ModelAccount())

    def take(self, operation: Payload, said: Collection[str] = (), *, stands: bool = False) -> frozenset[str]:
        """Let an operation count; answers what of `MODELLED` its verdict should say.

        `said` is all that it does say: of people the model knows nothing. `stands`: it was said before a restore.
        """
        found = set() if stands else set(self._found_before(operation))
        made_by = payload_of(operation["body"]["jws"]) if operation["kind"] == "operation.booked" else operation
        if made_by is not operation and not stands:
            found.update(self._found_before(made_by))
        lines = entry(made_by)
        promised = {operation["body"]["account"]} if operation["kind"] == "rights.granted" else set()
        concerned = deposits(lines) | promised
        free = {name: self.account(name).free for name in concerned}
        for line in lines:
            self._post(made_by, line)
        self.by_rights[made_by["id"]] = (made_by["authority"] or {}).get("rights", 0)
        if operation["kind"] != "account.freeze_lifted" or _NOT_ALLOWED.isdisjoint(said):
            self._effects(operation)
        if made_by is not operation:
            self._effects(made_by)
        if any(self.account(name).free < min(0, free[name]) for name in concerned):
            found.add("free_below_zero")
        return frozenset(found)

    def _found_before(self, operation: Payload) -> list[str]:
        kind, body, chain = operation["kind"], operation["body"], (operation["device"], operation["epoch"])
        found = []
        if kind in _FREEZABLE and self.account(body["account"]).freezes:
            found.append("account_frozen")
        if kind in _UNDOING and body["reverses"] in self.reversed:
            found.append("already_reversed")
        if kind == "account.freeze_lifted" and body["freeze"] in self.lifted:
            found.append("freeze_already_lifted")
        if kind == "rights.returned":
            account = self.account(body["account"])
            returned = account.rights.get(chain, (0, 0, 0, 0))[3]
            if body["returned"] - returned > account.payable(chain):
                found.append("return_exceeds_rights")
        if operation["actor"] != "centre" and kind != "operation.booked":
            by_rights = (operation["authority"] or {}).get("rights", 0)
            for name, amount in debits(entry(operation)).items():
                if self.account(name).payable(chain) < min(amount, by_rights):
                    found.append("rights_exceeded")
        return found

    def _post(self, operation: Payload, line: Line) -> None:
        branch, ledger_account, currency, amount = line
        name = deposit(ledger_account)
        if name is None:
            key = (branch, ledger_account, currency)
            self.balances[key] = self.balances.get(key, 0) + amount
            return
        account = self.account(name)
        account.posted -= amount
        chain = (operation["device"], operation["epoch"])
        if operation["actor"] == "centre":
            return
        granted, minted, used, returned = account.rights.get(chain, (0, 0, 0, 0))
        if amount > 0:
            by_rights = (operation["authority"] or {}).get("rights", 0)
            used += min(amount, by_rights, max(0, account.payable(chain)))
        elif self.devices.get(chain) == branch:
            minted += self._good_funds(operation, -amount, used)
        account.rights[chain] = (granted, minted, used, returned)

    def _good_funds(self, operation: Payload, credit: int, used: int) -> int:
        """A payment undone gives back what it took by rights, once; whatever else comes in is good in full."""
        if operation["kind"] != "entry.reversed":
            return credit
        undone = operation["body"]["reverses"]
        return 0 if undone in self.reversed else min(credit, self.by_rights.get(undone, 0), used)

    def _effects(self, operation: Payload) -> None:
        effect = getattr(self, "_" + operation["kind"].replace(".", "_"), None)
        if effect is not None:
            effect(operation, operation["body"])

    def _device_enrolled(self, _operation: Payload, body: Payload) -> None:
        self.devices[body["device"], body["epoch"]] = body["branch"]

    def _device_written_off(self, _operation: Payload, body: Payload) -> None:
        self.written_off.add((body["device"], body["epoch"]))

    def _rights_granted(self, _operation: Payload, body: Payload) -> None:
        account, chain = self.account(body["account"]), (body["device"], body["epoch"])
        granted, minted, used, returned = account.rights.get(chain, (0, 0, 0, 0))
        account.rights[chain] = (max(granted, body["granted"]), minted, used, returned)

    def _rights_returned(self, operation: Payload, body: Payload) -> None:
        account, chain = self.account(body["account"]), (operation["device"], operation["epoch"])
        granted, minted, used, returned = account.rights.get(chain, (0, 0, 0, 0))
        most = returned + max(0, account.payable(chain))
        account.rights[chain] = (granted, minted, used, max(returned, min(body["returned"], most)))

    def _rights_released(self, _operation: Payload, body: Payload) -> None:
        for name in body["accounts"]:
            self.account(name).released.add((body["device"], body["epoch"]))

    def _overdraft_limit_set(self, _operation: Payload, body: Payload) -> None:
        self.account(body["account"]).limit = body["limit"]

    def _hold_placed(self, operation: Payload, body: Payload) -> None:
        self.holds[operation["id"]] = body["amount"]
        self.account(body["account"]).holds += body["amount"]

    def _hold_released(self, _operation: Payload, body: Payload) -> None:
        self.account(body["account"]).holds -= self.holds.pop(body["hold"], 0)

    def _account_opened(self, operation: Payload, _body: Payload) -> None:
        self.account(operation["id"])

    def _account_frozen(self, operation: Payload, body: Payload) -> None:
        self.frozen[operation["id"]] = body["account"]
        if operation["id"] not in self.lifted:
            self.account(body["account"]).freezes.add(operation["id"])

    def _account_freeze_lifted(self, operation: Payload, body: Payload) -> None:
        if operation["approver"] is None and operation["actor"] != "centre":
            return
        self.lifted.add(body["freeze"])
        self.account(body["account"]).freezes.discard(body["freeze"])

    def _entry_reversed(self, _operation: Payload, body: Payload) -> None:
        self.reversed.add(body["reverses"])


def deposit(ledger_account: str) -> str | None:
    """The customer's account that a ledger account is, if it is one."""
    return ledger_account.removeprefix("deposit:") if ledger_account.startswith("deposit:") else None


def deposits(lines: list[Line]) -> set[str]:
    """The customers' accounts of an entry."""
    return {name for line in lines if (name := deposit(line[1])) is not None}


def debits(lines: list[Line]) -> dict[str, int]:
    """What leaves each customer's account."""
    sums: dict[str, int] = {}
    for _, ledger_account, _, amount in lines:
        name = deposit(ledger_account)
        if name is not None and amount > 0:
            sums[name] = sums.get(name, 0) + amount
    return sums


_CLEARING = {"branch": "clearing:branches", "partner": "clearing:partners"}


def entry(operation: Payload) -> list[Line]:
    """The lines that an operation posts: from one account to another for most kinds."""
    kind, body, branch = operation["kind"], operation["body"], operation["branch"]
    if kind == "operation.booked":
        return entry(payload_of(body["jws"]))
    if kind == "entry.reversed":
        return [(line[0], line[1], line[2], line[3]) for line in body["postings"]]
    if kind == "drawer.closed":
        drawer = f"drawer:{operation['drawer']}"
        lines = [
            (branch, "vault", body["currency"], body["counted"]),
            (branch, drawer, body["currency"], -body["expected"]),
            (branch, "over-short", body["currency"], body["expected"] - body["counted"]),
        ]
        return [line for line in lines if line[3]]
    moved = _from_and_to(kind, operation, body)
    if moved is None or not body["amount"]:
        return []
    debit, credit = moved
    there = body.get("account_branch", branch)
    if there != branch:
        here_, there_ = (branch, there) if kind == "cash.deposited" else (there, branch)
        return [*_moved(here_, debit, _BETWEEN, body), *_moved(there_, _BETWEEN, credit, body)]
    return _moved(branch, debit, credit, body)


_BETWEEN = "clearing:branches"


def _moved(branch: str, debit: str, credit: str, body: Payload) -> list[Line]:
    return [(branch, debit, body["currency"], body["amount"]), (branch, credit, body["currency"], -body["amount"])]


def _from_and_to(kind: str, operation: Payload, body: Payload) -> tuple[str, str] | None:
    """The account debited and the one credited."""
    drawer, mine = f"drawer:{operation['drawer']}", f"deposit:{body.get('account')}"
    theirs, clearing = f"deposit:{body.get('payee_account')}", _CLEARING.get(body.get("route", ""), "")
    moves = {
        "cash.deposited": (drawer, mine),
        "cash.withdrawn": (mine, drawer),
        "transfer.made": (mine, theirs),
        "transfer.sent": (mine, clearing),
        "transfer.carried_out": (mine, theirs if body.get("route") == "own" else clearing),
        "transfer.received": (clearing if body.get("route") == "branch" else "nostro", mine),
        "transfer.returned": (clearing, mine),
        "transfer.settled": ("clearing:partners", "nostro"),
        "fee.charged": (mine, "income:fees"),
        "drawer.opened": (drawer, "vault"),
        "vault.funded": ("vault", "cash-in-transit"),
        "vault.returned": ("cash-in-transit", "vault"),
        "exposure.booked": ("risk:devices", "provision:devices"),
        "exposure.released": ("provision:devices", "risk:devices"),
    }
    return moves.get(kind)
