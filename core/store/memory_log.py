"""The log of a home in memory, and how what a transaction wrote is taken back."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from functools import partial
from typing import NamedTuple, TypeVar

from core.book import Book
from core.envelope import Signed, operation_hash, read_operation
from core.ledger import Posting, deposit_id
from core.store.log import ChainHead, Place, Stored, codes_of

K = TypeVar("K")
V = TypeVar("V")


class KeptVerdict(NamedTuple):
    """A verdict that says more than "applied on its own date"; `exceptions` is JSON."""

    verdict: str
    accounting_date: str | None
    received_at: str
    exceptions: str


class Undo:
    """How to take back what the open transaction has written, last first."""

    def __init__(self) -> None:
        self._steps: list[Callable[[], object]] = []

    def put(self, kept: MutableMapping[K, V], key: K, value: V) -> None:
        """Put the value into what is kept."""
        if key in kept:
            self._steps.append(partial(kept.__setitem__, key, kept[key]))
        else:
            self._steps.append(partial(kept.__delitem__, key))
        kept[key] = value

    def remove(self, kept: MutableMapping[K, V], key: K) -> None:
        """Remove the key from what is kept, if it is there."""
        if key in kept:
            self._steps.append(partial(kept.__setitem__, key, kept.pop(key)))

    def append(self, kept: list[V], value: V) -> None:
        """Add the value at the end of what is kept."""
        self._steps.append(kept.pop)
        kept.append(value)

    def roll_back(self) -> None:
        """Take everything back."""
        while self._steps:
            self._steps.pop()()

    def forget(self) -> None:
        """It stays."""
        self._steps.clear()


class MemoryLog:
    """The operations by number, each chain's numbers in the order of their arrival, and what was posted."""

    def __init__(self, undo: Undo) -> None:
        self.operations: list[Stored] = []
        self.postings: dict[str, tuple[Posting, ...]] = {}
        self.verdicts: dict[int, KeptVerdict] = {}
        self.records: dict[str, bytes] = {}
        self.chains: dict[tuple[str, int], ChainHead] = {}
        self._items: dict[tuple[str, int], int] = {}
        self._by_id: dict[str, int] = {}
        self._arrived: list[list[int]] = []
        self._places: dict[tuple[int, int], int] = {}
        self._undo = undo

    def copy_from(self, other: MemoryLog) -> None:
        """Be as the other is."""
        self.operations = list(other.operations)
        self.postings, self.verdicts, self.records = dict(other.postings), dict(other.verdicts), dict(other.records)
        self.chains, self._by_id, self._places = dict(other.chains), dict(other._by_id), dict(other._places)
        self._arrived = [list(numbers) for numbers in other._arrived]
        self._items = dict(other._items)

    def append(self, chain: int, signed: Signed, postings: Sequence[Posting], book: Book) -> int:  # noqa: ARG002
        """Write an operation and its postings. Answers the operation's number."""
        operation = signed.operation
        if operation.id in self._by_id:
            raise ValueError(f"the operation {operation.id} is here already")
        no = len(self.operations) + 1
        self._undo.append(self.operations, Stored(no, chain, operation.seq, signed.jws))
        self._undo.append(self._arrived[chain - 1], no)
        self._undo.put(self._by_id, operation.id, no)
        if (chain, operation.seq) not in self._places:
            self._undo.put(self._places, (chain, operation.seq), no)
        if postings:
            self._undo.put(self.postings, operation.id, tuple(postings))
        return no

    def chain(self, device: str, epoch: int) -> ChainHead:
        """The head of a chain as last written by `move_chain`."""
        head = self.chains.get((device, epoch))
        if head is None:
            self._undo.append(self._arrived, [])
            head = ChainHead(len(self._arrived), 0, None)
            self._undo.put(self.chains, (device, epoch), head)
        return head

    def move_chain(self, device: str, epoch: int, seq: int, operation_hash_: str | None) -> None:
        """Write a chain's head."""
        no = self.chain(device, epoch).no
        self._undo.put(self.chains, (device, epoch), ChainHead(no, seq, operation_hash_))

    def own_head(self, device: str, epoch: int, after_no: int) -> ChainHead:
        """The head of the own chain, which is not written with each operation: looked for behind `after_no`."""
        head = self.chain(device, epoch)
        last = self._last(head.no, after_no)
        return head if last is None or last.seq <= head.seq else ChainHead(head.no, last.seq, last.hash)

    def last_text(self, chain: int, after_no: int) -> str | None:
        """The signed text of a chain's last operation, looked for behind `after_no`."""
        last = self._last(chain, after_no)
        return last.jws if last is not None else None

    def _last(self, chain: int, after_no: int) -> Stored | None:
        arrived = self._arrived[chain - 1]
        return self.operations[arrived[-1] - 1] if arrived and arrived[-1] > after_no else None

    def stored(self, operation_id: str) -> Stored | None:
        """The operation of that id, if it is here."""
        no = self._by_id.get(operation_id)
        return self.operations[no - 1] if no is not None else None

    def at_seq(self, chain: int, seq: int, *, after_no: int = 0) -> tuple[int, str] | None:
        """The number and hash of an operation by its place on a chain, looked for behind `after_no`."""
        no = self._places.get((chain, seq))
        return (no, operation_hash(self.operations[no - 1].jws)) if no is not None and no > after_no else None

    def after(self, chain: int, no: int, limit: int) -> list[tuple[int, int, str]]:
        """(number, seq, signed text) of a chain's operations that came after that number, oldest first."""
        arrived = self._arrived[chain - 1]
        first = bisect_right(arrived, no)
        found = (self.operations[number - 1] for number in arrived[first : first + limit])
        return [(kept.no, kept.seq, kept.jws) for kept in found]

    def arrived(self, after_no: int, limit: int) -> list[tuple[int, str, int, int, str]]:
        """(number, device, epoch, seq, signed text) of operations of any chain behind that number, as they came."""
        names = {head.no: name for name, head in self.chains.items()}
        found = self.operations[after_no : after_no + limit]
        return [(kept.no, *names[kept.chain], kept.seq, kept.jws) for kept in found]

    def place(self, feed: str, position: int, no: int) -> None:
        """Note where an operation was read in a feed; where it was read before is forgotten."""
        self._undo.put(self._items, (feed, no), position)

    def items(self, feed: str, after: Place, limit: int) -> list[tuple[Place, str]]:
        """(place, signed text) of what was read in a feed behind that place, in order."""
        places = (Place(position, no) for (name, no), position in self._items.items() if name == feed)
        behind = sorted(place for place in places if place > after)
        return [(place, self.operations[place.no - 1].jws) for place in behind[:limit]]

    def of_kind(self, kind: str) -> list[str]:
        """The signed texts of a kind, as they came."""
        return [one.jws for one in self.operations if read_operation(one.jws).operation.kind == kind]

    def add_records(self, records: Mapping[str, bytes]) -> None:
        """Keep records by their digests; one that is here already stays."""
        for digest, data in records.items():
            if digest not in self.records:
                self._undo.put(self.records, digest, data)

    def record(self, digest: str) -> bytes | None:
        """The bytes of a record, if they are here."""
        return self.records.get(digest)

    def findings(self, no: int) -> list[str]:
        """The codes of what the first verdict that was kept of an operation found against it."""
        kept = self.verdicts.get(no)
        return codes_of(kept.exceptions) if kept is not None else []

    def add_verdict(
        self, no: int, verdict: str, accounting_date: str | None, received_at: str, exceptions: str
    ) -> None:
        """Keep a verdict that says more than "applied on its own date"; the first one stays."""
        if no not in self.verdicts:
            self._undo.put(self.verdicts, no, KeptVerdict(verdict, accounting_date, received_at, exceptions))

    def posted_to_last(self) -> Iterator[str]:
        """The customers' accounts of every posting, the last posting first."""
        for postings in reversed(list(self.postings.values())):
            yield from (account for posting in postings if (account := deposit_id(posting.account)) is not None)

    def texts(self, device: str, epoch: int) -> Iterator[str]:
        """The signed text of every operation of a chain that is here, in order."""
        head = self.chains.get((device, epoch))
        if head is not None:
            kept = [self.operations[no - 1] for no in self._arrived[head.no - 1]]
            yield from (one.jws for one in sorted(kept, key=lambda one: one.seq))
