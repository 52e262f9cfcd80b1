"""What is promised of each operation by itself, looked at when it is made and when the centre has it.

`holds_kept`: the centre grants and draws only what no device holds and no hold binds. `lease_kept`: a desk pays within
the lease that its payment names. `within_rights`: of an honest desk the centre never finds that it went beyond.
`closed_clean`: an account is closed with nothing on it and nothing out. `undone_once`: what an operation moved is moved
back once. `exactly_once`: what is booked late was not booked before.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from counterfoil.simulation.model import Model, Payload, debits, entry, payload_of
from counterfoil.simulation.register import Chain
from counterfoil.simulation.simulation import Simulation

BEYOND = frozenset(
    {
        "rights_exceeded",
        "return_exceeds_rights",
        "lease_missing",
        "lease_ended",
        "payment_above_lease",
        "lease_payments_used",
        "lease_sum_used",
        "standin_above_lease",
        "standin_payments_used",
        "standin_sum_used",
    }
)
"""Findings of the centre that no honest desk gives cause for."""


class Spent(NamedTuple):
    """What a chain has ever paid: the number and the sum (minor units) of payments by rights, and of stand-ins."""

    payments: int = 0
    paid: int = 0
    standins: int = 0
    stood_in: int = 0

    def and_by(self, rights: int, standin: int) -> Spent:
        """With one more payment, of so much by rights and so much by stand-in."""
        return Spent(
            self.payments + (rights > 0), self.paid + rights, self.standins + (standin > 0), self.stood_in + standin
        )


@dataclass
class Promises:
    """What operations have said so far of leases, payments, reversals and late bookings.

    `undone` are the operations that each chain has undone; `undone_at_centre` those that count there as undone.
    `released` are the accounts on which the centre has released the rights of a chain.
    """

    leases: dict[tuple[str, int, int], Payload] = field(default_factory=dict)
    spent: dict[Chain, Spent] = field(default_factory=dict)
    carried: set[str] = field(default_factory=set)
    undone: set[tuple[Chain, str]] = field(default_factory=set)
    undone_at_centre: set[str] = field(default_factory=set)
    released: set[tuple[str, Chain]] = field(default_factory=set)
    paying: list[tuple[Payload, Spent]] = field(default_factory=list)
    undoing: list[Payload] = field(default_factory=list)

    def copy(self) -> Promises:
        """Another that is as this one is."""
        return Promises(
            dict(self.leases),
            dict(self.spent),
            set(self.carried),
            set(self.undone),
            set(self.undone_at_centre),
            set(self.released),
        )

    def begin_again(self) -> None:
        """The centre was restored: what it had said is said again, by it or by those who had heard it."""
        self.carried, self.undone_at_centre, self.released = set(), set(), set()

    def made(self, operation: Payload) -> None:
        """A desk has made an operation on its own chain."""
        rights, standin, _lease = authority_of(operation)
        chain = (operation["device"], operation["epoch"])
        if operation["kind"] == "entry.reversed":
            named = (chain, operation["body"]["reverses"])
            if named in self.undone:
                self.undoing.append(operation)
            self.undone.add(named)
        if not rights + standin:
            return
        after = self.spent.get(chain, Spent()).and_by(rights, standin)
        self.spent[chain] = after
        self.paying.append((operation, after))

    def look_at_payments(self, simulation: Simulation) -> None:
        """Hold what desks have paid against their leases, and what they paid back against once. Raises `Violation`."""
        for operation, after in self.paying:
            chain = (operation["device"], operation["epoch"])
            if chain not in simulation.dishonest:
                for what in self._beyond_lease(operation, after):
                    simulation.violated("lease_kept", f"{chain} {operation['seq']}: {what}")
        self.paying.clear()
        for operation in self.undoing:
            chain = (operation["device"], operation["epoch"])
            if chain not in simulation.dishonest:
                moved = sum(line[3] for line in entry(operation) if line[3] > 0)
                simulation.violated(
                    "undone_once",
                    f"{chain} {operation['seq']} undoes {operation['body']['reverses']} again: {moved} twice",
                )
        self.undoing.clear()

    def _beyond_lease(self, operation: Payload, after: Spent) -> Iterator[str]:
        rights, standin, number = authority_of(operation)
        lease = self.leases.get((operation["device"], operation["epoch"], number))
        if lease is None:
            yield f"the centre has made no lease {number}"
            return
        limits = (
            (rights, "per_payment"),
            (after.payments if rights else 0, "payments_to"),
            (after.paid if rights else 0, "sum_to"),
            (standin, "standin_per_payment"),
            (after.standins if standin else 0, "standin_payments_to"),
            (after.stood_in if standin else 0, "standin_sum_to"),
        )
        for amount, limit in limits:
            if amount > lease[limit]:
                yield f"{limit} is {lease[limit]}, it has come to {amount}"

    def note(self, operation: Payload) -> None:
        """The centre has an operation, of whichever of its lives."""
        undone = undone_by(operation)
        if undone is not None:
            self.undone_at_centre.add(undone)
        if operation["kind"] == "rights.released":
            body = operation["body"]
            self.released.update((account, (body["device"], body["epoch"])) for account in body["accounts"])

    def at_centre(
        self,
        simulation: Simulation,
        model: Model,
        operation: Payload,
        found: Collection[str],
        known: Collection[str],
        received_at: str,
    ) -> None:
        """An operation is about to count at the centre, with these findings; `known` are the ids that it has already.

        Raises `Violation`.
        """
        chain, kind, body = (operation["device"], operation["epoch"]), operation["kind"], operation["body"]
        where = f"{operation['device']}/{operation['epoch']}/{operation['seq']}"
        # What a restored centre had granted is granted again, whatever is there by now: with a case.
        said_again = simulation.restores > 0 and kind == "rights.granted" and len(found) > 0
        if operation["actor"] == "centre" and not said_again:
            for account, amount in drawn(model, operation):
                if amount > model.account(account).available:
                    simulation.violated(
                        "holds_kept",
                        f"{where} draws {amount} of {account}, of which {model.account(account).available} is there",
                    )
        elif operation["actor"] != "centre" and chain not in simulation.dishonest:
            # What was signed by a time ahead of its receipt may have been done at any time before that.
            forgiven = {"lease_ended"} if operation["at"] > received_at else set()
            beyond = sorted(BEYOND.intersection(found) - forgiven)
            if beyond:
                simulation.violated("within_rights", f"{where} is found {beyond}")
        if kind == "lease.renewed":
            self.leases[body["device"], body["epoch"], body["number"]] = body
        if kind == "operation.booked":
            inside = payload_of(body["jws"])["id"]
            if inside in known or inside in self.carried:
                simulation.violated("exactly_once", f"{where} books {inside} once more")
            self.carried.add(inside)
        undone = undone_by(operation)
        if undone in self.undone_at_centre and "already_reversed" not in found:
            simulation.violated("undone_once", f"{where} undoes {undone} once more, and no case is opened")
        if kind == "account.closed":
            account_ = model.account(body["account"])
            if account_.posted or account_.reserved or account_.holds:
                simulation.violated("closed_clean", f"{body['account']} is closed with {account_}")


def undone_by(operation: Payload) -> str | None:
    """The id of the operation that it undoes, or that what it carries does."""
    made = payload_of(operation["body"]["jws"]) if operation["kind"] == "operation.booked" else operation
    undone: str | None = made["body"]["reverses"] if made["kind"] == "entry.reversed" else None
    return undone


def authority_of(operation: Payload) -> tuple[int, int, int]:
    """What an operation pays by rights and by stand-in (minor units), and the number of the lease that it names."""
    said = operation["authority"] or {}
    return said.get("rights", 0), said.get("standin", 0), said.get("lease", 0)


def drawn(model: Model, operation: Payload) -> Iterator[tuple[str, int]]:
    """What an operation of the centre takes of what is available on accounts, in minor units."""
    kind, body = operation["kind"], operation["body"]
    if kind == "rights.granted":
        before = model.account(body["account"]).rights.get((body["device"], body["epoch"]), (0, 0, 0, 0))[0]
        yield body["account"], body["granted"] - before
    elif kind != "operation.booked":
        yield from debits(entry(operation)).items()
