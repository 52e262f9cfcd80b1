"""What really happened, written down beside the bank: everything made, acknowledged and read, wherever it was.

No part of the bank sees this. It is what the invariants hold the bank's own books against.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from core.envelope import read_operation
from core.ledger import deposit_id
from core.operations import rules
from core.operations.ended import OperationBooked
from core.operations.kind import Decoded
from core.operations.reversals import EntryReversed
from core.operations.rights import RightsReturned
from core.operations.terms import OverdraftLimitSet

Chain = tuple[str, int]


class Made(NamedTuple):
    """An operation that was made on a chain, and what it changed of what its maker may pay, by account."""

    id: str
    hash: str
    payable: tuple[tuple[str, int], ...]


@dataclass
class ChainRegister:
    """A device epoch's own chain as it was made, by `seq` from 1 on; and how much of it was acknowledged to it."""

    made: list[Made] = field(default_factory=list)
    acknowledged: int = 0
    returned: dict[str, int] = field(default_factory=dict)

    def copy(self) -> ChainRegister:
        """Another that is as this one is."""
        return ChainRegister(list(self.made), self.acknowledged, dict(self.returned))


@dataclass
class Register:
    """`posted`: what every account would hold if all that was ever made anywhere were known; the customer's view.

    `beyond`: what was paid by stand-in, which two people have signed, and was not undone, by operation too in
    `stood_in`; `paid`: what each chain paid by rights; `limits`: the highest overdraft limit that was ever set.
    """

    chains: dict[Chain, ChainRegister] = field(default_factory=dict)
    posted: dict[str, int] = field(default_factory=dict)
    beyond: dict[str, int] = field(default_factory=dict)
    stood_in: dict[str, tuple[str, int]] = field(default_factory=dict)
    paid: dict[tuple[str, Chain], int] = field(default_factory=dict)
    limits: dict[str, int] = field(default_factory=dict)
    known: set[str] = field(default_factory=set)

    def copy(self) -> Register:
        """Another that is as this one is."""
        return Register(
            {name: chain.copy() for name, chain in self.chains.items()},
            dict(self.posted),
            dict(self.beyond),
            dict(self.stood_in),
            dict(self.paid),
            dict(self.limits),
            set(self.known),
        )

    def chain(self, name: Chain) -> ChainRegister:
        """A chain's register."""
        found = self.chains.get(name)
        if found is None:
            found = self.chains[name] = ChainRegister()
        return found

    def note(self, jws: str) -> Decoded[Any]:
        """An operation was made, by a device or by the centre."""
        decoded: Decoded[Any] = rules.decode(read_operation(jws))
        operation = decoded.operation
        if operation.id in self.known:
            return decoded
        self.known.add(operation.id)
        if isinstance(decoded.body, OperationBooked):
            # What it carries happened when it was made, and happens no second time.
            self.note(decoded.body.jws)
            return decoded
        for account, credit in _credits(decoded).items():
            self.posted[account] = self.posted.get(account, 0) + credit
        body = decoded.body
        if operation.authority is not None and operation.authority.standin:
            for account in _debited(decoded):
                self.beyond[account] = self.beyond.get(account, 0) + operation.authority.standin
                self.stood_in[operation.id] = (account, operation.authority.standin)
        if isinstance(body, EntryReversed):
            account, undone = self.stood_in.pop(body.reverses, ("", 0))
            self.beyond[account] = self.beyond.get(account, 0) - undone
        if isinstance(body, OverdraftLimitSet):
            self.limits[body.account] = max(body.limit, self.limits.get(body.account, 0))
        return decoded

    def forget(self, jws: str) -> None:
        """What the centre alone knew of, and has forgotten, was never done; what it carried of others was.

        A credit may have been promised to a desk by then: that is the bank's risk.
        """
        decoded: Decoded[Any] = rules.decode(read_operation(jws))
        if decoded.operation.id not in self.known or isinstance(decoded.body, OperationBooked):
            return
        self.known.discard(decoded.operation.id)
        for account, credit in _credits(decoded).items():
            self.posted[account] -= credit
            self.beyond[account] = self.beyond.get(account, 0) + max(0, credit)

    def note_fork(self, jws: str) -> Decoded[Any]:
        """One of two machines of the same device has made an operation at a place that is taken."""
        operation = read_operation(jws).operation
        is_new = operation.id not in self.known
        decoded = self.note(jws)
        if is_new and operation.authority is not None:
            for account in _debited(decoded):
                key = (account, (operation.device, operation.epoch))
                self.paid[key] = self.paid.get(key, 0) + operation.authority.rights
        return decoded

    def note_own(self, jws: str) -> Decoded[Any]:
        """A device has made an operation on its own chain."""
        decoded = self.note(jws)
        operation = decoded.operation
        name = (operation.device, operation.epoch)
        chain = self.chain(name)
        changes: dict[str, int] = {}
        by_rights = operation.authority.rights if operation.authority is not None else 0
        for account, credit in _credits(decoded).items():
            changes[account] = credit if credit > 0 else -by_rights
            if credit < 0:
                key = (account, name)
                self.paid[key] = self.paid.get(key, 0) + by_rights
        body = decoded.body
        if isinstance(body, RightsReturned):
            changes[body.account] = chain.returned.get(body.account, 0) - body.returned
            chain.returned[body.account] = body.returned
        chain.made.append(Made(operation.id, decoded.signed.hash, tuple(changes.items())))
        return decoded

    def unsent(self, name: Chain, account: str, head_seq: int) -> int:
        """What a chain's operations behind `head_seq` change of what its maker may pay of an account."""
        behind = self.chain(name).made[head_seq:]
        return sum(change for made in behind for changed, change in made.payable if changed == account)


def _credits(decoded: Decoded[Any]) -> dict[str, int]:
    """What an operation adds to each customer's account."""
    sums: dict[str, int] = {}
    for posting in decoded.postings:
        account = deposit_id(posting.account)
        if account is not None:
            sums[account] = sums.get(account, 0) - posting.amount
    return sums


def _debited(decoded: Decoded[Any]) -> list[str]:
    return [account for account, credit in _credits(decoded).items() if credit < 0]
