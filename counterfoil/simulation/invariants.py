"""What must hold after every step, looked at where something has changed: each broken promise has a name.

`conserved`, `free_has_case`, `rights_sum`, `rights_counted`, `exactly_once`, `chain_whole`, `acknowledged_kept`,
`feed_whole`, `model_agrees`; those of `promises` and `paying_out` are called from here. To add one: look at what the
step has brought (`_Centre`, `_Desk`), and call `violated` with its name and what was seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import msgspec

from core.book.rows import DepositAccount, DeviceEpoch, LedgerBalance, Right
from core.ledger import Posting, deposit_id, imbalances
from core.operations.kind import Decoded
from core.store.log import Stored
from counterfoil.simulation import restoring
from counterfoil.simulation.desk import Desk
from counterfoil.simulation.model import MODELLED, Model, payload_of
from counterfoil.simulation.narrating import told
from counterfoil.simulation.paying_out import look_at_payouts, payable, reports_awaited
from counterfoil.simulation.promises import Promises
from counterfoil.simulation.register import Chain, ChainRegister, Register
from counterfoil.simulation.restoring import has_reported
from counterfoil.simulation.simulation import Simulation
from sync_server.store.memory import MemoryDatabase
from sync_server.store.memory.tables import CASES, CHAINS, FEED_HEADS, FEED_ITEMS, OPEN_CASES, OPERATIONS, Kept

WITH_SECOND_BANK = True
"""Whether the bank is compared with the second one: it is, unless one wants to know what the other promises notice."""


@dataclass
class Replica:
    """How far a desk's file was looked at, and what its postings come to."""

    file: int = 1
    seen: int = 0
    sums: dict[tuple[str, str, str], int] = field(default_factory=dict)

    def copy(self) -> Replica:
        """Another that is as this one is."""
        return Replica(self.file, self.seen, dict(self.sums))


@dataclass
class Watch:
    """Looks at a run after each step. `copy` begins another at what a founded bank has come to."""

    model: Model = field(default_factory=Model)
    register: Register = field(default_factory=Register)
    promises: Promises = field(default_factory=Promises)
    replicas: dict[str, Replica] = field(default_factory=dict)
    heads: dict[Chain, tuple[int, str | None]] = field(default_factory=dict)
    feeds: dict[str, int] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)
    operations: int = 0
    cases: int = 0
    restores: int = 0
    incarnation: int = 1
    heard: set[str] = field(default_factory=set)
    unjudged: set[str] = field(default_factory=set)

    def copy(self) -> Watch:
        """Another that is as this one is."""
        return Watch(
            self.model.copy(),
            self.register.copy(),
            self.promises.copy(),
            {name: replica.copy() for name, replica in self.replicas.items()},
            dict(self.heads),
            dict(self.feeds),
            dict(self.places),
            self.operations,
            self.cases,
            self.restores,
            self.incarnation,
            set(self.heard),
            set(self.unjudged),
        )

    def look(self, simulation: Simulation) -> None:
        """Check everything that the step has changed. Raises `Violation`."""
        if self.restores != simulation.restores:
            self._begin_again(simulation)
        touched: set[str] = set()
        desks = [_Desk(self, simulation, desk) for desk in simulation.active.values()]
        for desk in desks:
            touched |= desk.made()
        touched |= _Centre(self, simulation).look()
        self.promises.look_at_payments(simulation)
        judged = self._judged(simulation, touched)
        for desk in desks:
            heard = desk.look(judged)
            touched = touched | heard
            judged = judged | self._judged(simulation, heard)
        look_at_payouts(simulation, self.register, self.model, touched, judged)

    def _judged(self, simulation: Simulation, touched: set[str]) -> set[str]:
        """Accounts to look at now: none until it is known again what a restored centre had promised on them."""
        if not simulation.restores:
            return touched
        self.unjudged |= touched
        if restoring.is_recovering(simulation):
            return set()
        touched, self.unjudged = self.unjudged, set()
        return touched

    def _begin_again(self, simulation: Simulation) -> None:
        """The centre was restored: its order is looked at from its beginning, beside all that was ever made."""
        self.restores = simulation.restores
        self.heard |= self.places.keys()
        self.model = Model()
        self.promises.begin_again()
        self.heads, self.feeds, self.places, self.operations, self.incarnation = {}, {}, {}, 0, 1
        remembered = restoring.remembered(simulation)
        for jws in simulation.forgotten:
            operation = payload_of(jws)
            if operation["actor"] == "centre" and operation["id"] not in remembered:
                self.register.forget(jws)
        for desk in simulation.machines:
            own = self.register.chain(desk.chain)
            own.acknowledged = min(own.acknowledged, _length(desk))

    def look_at_all(self, simulation: Simulation) -> None:
        """Check every account and balance at the centre, touched or not. Raises `Violation`."""
        _Centre(self, simulation).all()


def _length(desk: Desk) -> int:
    """How many operations of its own a desk's file has."""
    return 0 if desk.is_lost else desk.home.log.own_head(*desk.chain, 0).seq


def _new(values: Mapping[Any, Any], seen: int) -> list[Any]:
    """What has been added to a table since it had `seen` entries, in the order of commits."""
    count = len(values)
    if count <= seen:
        return []
    return list(islice(reversed(values.values()), count - seen))[::-1]  # type: ignore[call-overload]


class _Centre:
    """The centre's database after a step."""

    def __init__(self, watch: Watch, simulation: Simulation) -> None:
        self._watch = watch
        self._simulation = simulation
        self._database = simulation.centre.database

    def look(self) -> set[str]:
        watch, database = self._watch, self._database
        operations = database.committed(OPERATIONS)
        if len(operations) < watch.operations:
            self._simulation.violated("acknowledged_kept", "the centre has fewer operations than it had")
        touched: set[str] = set()
        balances: set[tuple[str, str, str]] = set()
        for kept in _new(operations, watch.operations):
            touched |= self._operation(kept, balances)
        if watch.operations != len(operations):
            watch.operations = len(operations)
            self._feeds()
            self._accounts(touched)
            self._balances(balances)
        return touched

    def all(self) -> None:
        self._accounts({key[0] for key in self._database.rows(DepositAccount)})
        self._balances(set(self._database.rows(LedgerBalance)) | set(self._watch.model.balances))

    def _operation(self, kept: Kept, balances: set[tuple[str, str, str]]) -> set[str]:
        watch, simulation = self._watch, self._simulation
        device, epoch, seq = kept.place
        where = f"{device}/{epoch}/{seq}"
        operation = payload_of(kept.jws)
        if simulation.journal is not None and kept.id not in watch.heard:
            found_there = ", ".join(exception.code for exception in kept.verdict.exceptions)
            simulation.note(f"  at the centre: {where} {told(operation)}{' finds ' * bool(found_there)}{found_there}")
        seq_before, hash_before = watch.heads.get((device, epoch), (0, None))
        if (seq, operation["prev"]) != (seq_before + 1, hash_before):
            simulation.violated("chain_whole", f"{where} follows {seq_before} at the centre")
        watch.heads[device, epoch] = (seq, kept.verdict.hash)
        if watch.places.setdefault(kept.id, where) != where:
            simulation.violated("exactly_once", f"{kept.id} stands at {watch.places[kept.id]} and at {where}")
        self._as_made((device, epoch), seq, kept)
        if imbalances(kept.postings):
            simulation.violated("conserved", f"the entry of {where} does not balance")
        found = frozenset(exception.code for exception in kept.verdict.exceptions)
        received_at = kept.verdict.received_at
        stands = operation["actor"] == "centre" and epoch < watch.incarnation
        if operation["kind"] == "incarnation.begun":
            watch.incarnation = max(watch.incarnation, epoch)
        if not stands:
            news = simulation.restores and epoch == restoring.incarnation(simulation) and not found
            if operation["actor"] == "centre" and news:
                reports_awaited(simulation, watch.model, operation)
            watch.promises.at_centre(simulation, watch.model, operation, found, watch.places.keys(), received_at)
        watch.promises.note(operation)
        expected, said = watch.model.take(operation, found, stands=stands), found & MODELLED
        if said != expected and WITH_SECOND_BANK:
            simulation.violated("model_agrees", f"the verdict of {where} says {sorted(said)}, not {sorted(expected)}")
        watch.register.note(kept.jws)
        touched = {account for posting in kept.postings if (account := deposit_id(posting.account)) is not None}
        named = operation["body"].get("account")
        balances.update(_books(kept.postings))
        return touched | ({named} if isinstance(named, str) else set())

    def _as_made(self, chain: Chain, seq: int, kept: Kept) -> None:
        made = self._watch.register.chains.get(chain)
        if made is None or chain in self._simulation.dishonest:
            return
        if len(made.made) < seq or made.made[seq - 1].hash != kept.verdict.hash:
            self._simulation.violated("exactly_once", f"{chain} {seq} is not what the device made there")

    def _feeds(self) -> None:
        """Positions without gaps, each entered once and never changed."""
        items = self._database.committed(FEED_ITEMS)
        for feed, head in self._database.committed(FEED_HEADS).items():
            before = self._watch.feeds.get(feed, 0)
            if head < before:
                self._simulation.violated("feed_whole", f"{feed} went back from {before} to {head}")
            for position in range(before + 1, head + 1):
                if (feed, position) not in items:
                    self._simulation.violated("feed_whole", f"{feed} has nothing at {position}")
            self._watch.feeds[feed] = head

    def _accounts(self, touched: set[str]) -> None:
        rows = self._database.rows(DepositAccount)
        for name in sorted(touched):
            row, model = rows.get((name,)), self._watch.model.account(name)
            if row is None:
                continue
            found = (row.posted, row.rights, row.overdraft_limit, row.holds, row.freezes)
            expected = (model.posted, model.reserved, model.limit, model.holds, len(model.freezes))
            if found != expected and WITH_SECOND_BANK:
                self._simulation.violated(
                    "model_agrees",
                    f"{name} has posted, rights, limit, holds, freezes {found} at the centre, not {expected}",
                )
            terms = [payable(right) for right in self._counting(name)]
            if row.rights != sum(terms) or min(terms, default=0) < 0:
                self._simulation.violated(
                    "rights_sum", f"{row.rights} of {name} is held back at the centre, devices have rights to {terms}"
                )
            if row.posted + row.overdraft_limit - row.rights < 0 and not has_case(self._database, name):
                self._simulation.violated("free_has_case", f"{name} is short and has no case")

    def _counting(self, account: str) -> Iterator[Right]:
        """The rights on an account of every device epoch that the centre has not released in words."""
        rows, released = self._database.rows(Right), self._watch.promises.released
        for chain in self._watch.model.devices:
            right = rows.get((account, *chain))
            if right is not None and (account, chain) not in released:
                yield right

    def _balances(self, touched: set[tuple[str, str, str]]) -> None:
        rows = self._database.rows(LedgerBalance)
        for key in sorted(touched):
            row, expected = rows.get(key), self._watch.model.balances.get(key, 0)
            if (row.balance if row else 0) != expected:
                self._simulation.violated("conserved", f"{key} holds {row}, its postings come to {expected}")


def has_case(database: MemoryDatabase, account: str) -> bool:
    """Whether a case is open that says that the account is short."""
    for number in database.committed(OPEN_CASES):
        case = database.committed(CASES)[number]
        if case.code == "free_below_zero" and msgspec.json.decode(case.detail).get("account") == account:
            return True
    return False


def _books(postings: Iterable[Posting]) -> Iterator[tuple[str, str, str]]:
    for posting in postings:
        if deposit_id(posting.account) is None:
            yield posting.branch, posting.account, posting.currency


class _Desk:
    """A desk's home after a step."""

    def __init__(self, watch: Watch, simulation: Simulation, desk: Desk) -> None:
        self._watch = watch
        self._simulation = simulation
        self._desk = desk
        found = watch.replicas.get(desk.title)
        if found is None or found.file != desk.file:
            found = watch.replicas[desk.title] = Replica(desk.file)
        self._replica = found

    def made(self) -> set[str]:
        """Write down what the desk has made, before the centre is held against it."""
        desk, register = self._desk, self._watch.register
        log = desk.home.log
        head = log.chains.get(desk.chain)
        touched: set[str] = set()
        if head is None:
            return touched
        for stored in log.operations[self._replica.seen :]:
            if stored.chain == head.no:
                decoded = self._own(stored, register.chain(desk.chain))
                touched |= {name for line in decoded.postings if (name := deposit_id(line.account)) is not None}
        return touched

    def _own(self, stored: Stored, own: ChainRegister) -> Decoded[Any]:
        """An operation on its own chain, which goes on where it ended, unless there are two machines of it."""
        register, chain, operation = self._watch.register, self._desk.chain, payload_of(stored.jws)
        before = own.made[-1].hash if own.made else None
        if (stored.seq, operation["prev"]) == (len(own.made) + 1, before):
            self._watch.promises.made(operation)
            return register.note_own(stored.jws)
        if stored.seq <= len(own.made) and own.made[stored.seq - 1].hash == stored.hash:
            return register.note(stored.jws)
        row = self._simulation.centre.database.committed(CHAINS).get(chain)
        if chain not in self._simulation.dishonest and (row is None or row.state == "living"):
            self._simulation.violated("chain_whole", f"{chain} makes {stored.seq} after {len(own.made)}")
        return register.note_fork(stored.jws)

    def look(self, judged: set[str]) -> set[str]:
        """Check the replica against the register and the centre; the accounts of which it has heard."""
        desk = self._desk
        log, replica = desk.home.log, self._replica
        changed: set[tuple[str, str, str]] = set()
        heard: set[str] = set()
        own = log.chains.get(desk.chain)
        for stored in log.operations[replica.seen :]:
            for posting in log.postings.get(payload_of(stored.jws)["id"], ()):
                key = (posting.branch, posting.account, posting.currency)
                replica.sums[key] = replica.sums.get(key, 0) + posting.amount
                changed.add(key)
            if own is None or stored.chain != own.no:
                self._is_at_centre(stored)
                named = payload_of(stored.jws)["body"].get("account")
                if isinstance(named, str):
                    heard.add(named)
        replica.seen = len(log.operations)
        self._sums(changed)
        self._acknowledged()
        device = desk.device
        if device is not None and device.stopped is None and desk.chain not in self._simulation.dishonest:
            for name in sorted(judged | heard):
                self._rights(name)
        return heard

    def _is_at_centre(self, stored: Stored) -> None:
        operation = payload_of(stored.jws)
        if operation["id"] not in self._watch.places and operation["id"] not in self._watch.heard:
            self._simulation.violated(
                "acknowledged_kept",
                f"{self._desk.chain} has read {operation['kind']} that the centre has not committed",
            )

    def _sums(self, changed: set[tuple[str, str, str]]) -> None:
        tables = self._desk.home.rows.tables
        accounts, balances = tables.get(DepositAccount, {}), tables.get(LedgerBalance, {})
        for key in sorted(changed):
            name = deposit_id(key[1])
            if name is not None and key[0] != self._desk.branch:
                # A visitor's account holds what was said with its file.
                continue
            row: Any = accounts.get((name,)) if name is not None else balances.get(key)
            held = 0 if row is None else -row.posted if name is not None else row.balance
            if held != self._replica.sums[key]:
                self._simulation.violated(
                    "conserved",
                    f"{self._desk.chain} holds {held} on {key}, its postings come to {self._replica.sums[key]}",
                )

    def _acknowledged(self) -> None:
        head = self._desk.home.head()
        if head is None:
            return
        chain = self._simulation.centre.database.committed(CHAINS).get(self._desk.chain)
        at_centre = chain.seq if chain is not None else 0
        register = self._watch.register.chain(self._desk.chain)
        register.acknowledged = max(register.acknowledged, head.acked_seq)
        # After a restore a desk sends again what the centre has forgotten, and takes it for acknowledged no more.
        told = head.acked_seq if self._simulation.restores else register.acknowledged
        if at_centre < told and self._is_settled():
            self._simulation.violated(
                "acknowledged_kept", f"{self._desk.chain} was told {told}, the centre has {at_centre}"
            )

    def _is_settled(self) -> bool:
        """Whether a centre that forgot what it had acknowledged has it again; a chain may have ended before that."""
        simulation, chain = self._simulation, self._desk.chain
        if not simulation.restores:
            return True
        device, row = self._desk.device, simulation.centre.database.rows(DeviceEpoch)[chain]
        if device is None or device.stopped is not None or device.incarnation != self._watch.incarnation:
            return False
        return row.state == "living" and chain not in simulation.dishonest and has_reported(simulation, chain)

    def _rights(self, account: str) -> None:
        """What a device may pay is counted at the centre, once what it has not sent is added."""
        desk = self._desk
        if self._simulation.restores and restoring.is_recovering(self._simulation):
            return
        epoch = self._simulation.centre.database.rows(DeviceEpoch).get(desk.chain)
        if epoch is None or epoch.state != "living":
            # It counts no more, and what two people accept of it is booked by the centre.
            return
        here = payable(desk.home.rows.tables.get(Right, {}).get((account, *desk.chain)))
        if here <= 0:
            return
        there = payable(self._simulation.centre.database.rows(Right).get((account, *desk.chain)))
        chain = self._simulation.centre.database.committed(CHAINS).get(desk.chain)
        unsent = self._watch.register.unsent(desk.chain, account, chain.seq if chain is not None else 0)
        if here > there + unsent:
            self._simulation.violated(
                "rights_counted", f"{desk.chain} may pay {here} of {account}; the centre counts {there} and {unsent}"
            )
