"""The check of a device's file: every chain walked, every entry worked out anew, every balance the sum of its postings.

For a copy that nobody works on: a backup, before it is used.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from nacl.signing import VerifyKey

from core.audit.chain_walk import ChainWalk
from core.audit.report import Fault, Faulty, at_line
from core.book import Book, DictStore
from core.book.rows import DeviceEpoch, Session
from core.canonical import from_base64url
from core.envelope import check_signature, read_operation
from core.errors import IntegrityFault
from core.ledger import deposit_id
from core.operations import rules
from core.operations.bank import centre_chain
from core.operations.kind import Decoded, Signer
from core.store.engine import connect
from core.store.problems import DRIVER_ERROR, damaged, store_problem
from core.store.rows import RowStore
from core.store.state import Head, load_head

_HAS_HEAD = "SELECT 1 FROM sqlite_master WHERE name = 'head'"
_CHAINS = "SELECT no, device, epoch, seq, hash FROM chains ORDER BY device, epoch"
_OPERATIONS = "SELECT seq, jws FROM operations WHERE chain = ? ORDER BY seq"
_SUMS = (
    "SELECT l.branch, l.account, l.currency, sum(p.amount), count(*) FROM postings AS p "
    "JOIN ledger_accounts AS l ON l.no = p.account GROUP BY l.branch, l.account, l.currency"
)
_RUNNING = (
    "SELECT l.branch, l.account, l.currency, (SELECT p.balance FROM postings AS p WHERE p.account = l.no "
    "ORDER BY p.operation DESC, p.line DESC LIMIT 1) FROM ledger_accounts AS l"
)
_DEPOSITS = "SELECT branch, 'deposit:' || id, currency, -posted FROM deposit_accounts WHERE branch = ?"

Account = tuple[str, str, str]
"""Branch, account, currency."""


@dataclass(frozen=True, slots=True)
class DeviceFile:
    """What was gone through and holds. `unsent`: what the centre had not acknowledged; `last_at` is RFC 3339."""

    device: str
    epoch: int
    branch: str
    chains: int
    operations: int
    postings: int
    unsent: int
    last_at: str | None

    def lines(self) -> Iterator[str]:
        """A short account for a person."""
        yield (
            f"The file of {self.device}, epoch {self.epoch}, at {self.branch} holds: {self.operations:,} operations on "
            f"{self.chains:,} chains, {self.postings:,} postings, every balance the sum of its own."
        )
        yield (
            f"Its own last operation is of {self.last_at or 'no time'}; "
            f"{self.unsent:,} were not at the centre when it was copied."
        )


def check_device_file(path: Path, key: bytes) -> DeviceFile:
    """Check a file that nobody works on.

    Raises `Faulty` for the first thing that is wrong, and `StoreProblem` where it can't be read.
    """
    connection = connect(path, key, read_only=True, write_ahead=False)
    try:
        return _Check(path, connection).run()
    except DRIVER_ERROR as problem:
        raise store_problem(problem, path) or problem from problem
    finally:
        connection.close()


class _Chain(NamedTuple):
    no: int
    device: str
    epoch: int
    seq: int
    hash: str | None

    @property
    def name(self) -> str:
        return f"{self.device}/{self.epoch}"


class _Check:
    def __init__(self, path: Path, connection: Any) -> None:
        self._path = path
        self._connection = connection
        self._cursor = connection.cursor()
        self._keys = Book(RowStore(connection.cursor()))
        self._walked = DictStore()
        self._expected: dict[Account, list[int]] = {}
        self._operations = 0
        self._own_seq = 0
        self._last_at: str | None = None

    def run(self) -> DeviceFile:
        head = load_head(self._cursor) if self._cursor.execute(_HAS_HEAD).fetchone() else None
        if head is None:
            raise damaged(self._path, "it is no device's")
        chains = [_Chain(*row) for row in self._cursor.execute(_CHAINS).fetchall()]
        for chain in sorted(chains, key=_workable_order):
            self._check_chain(chain, head)
        self._check_sums(head)
        if self._own_seq < head.acked_seq:
            raise Faulty(Fault(f"{head.device}/{head.epoch}", self._own_seq, "stored_head_differs"))
        return DeviceFile(
            device=head.device,
            epoch=head.epoch,
            branch=head.branch,
            chains=len(chains),
            operations=self._operations,
            postings=sum(count for _, count in self._expected.values()),
            unsent=self._own_seq - head.acked_seq,
            last_at=self._last_at,
        )

    def _check_chain(self, chain: _Chain, head: Head) -> None:
        """A chain whose home this file is, from its first operation on; of any other, what has come here."""
        own = (chain.device, chain.epoch) == (head.device, head.epoch)
        book = Book(self._walked)
        walk = ChainWalk(chain.device, chain.epoch, book) if own or chain.seq else None
        for seq, jws in self._connection.cursor().execute(_OPERATIONS, (chain.no,)):
            try:
                decoded = walk.take(jws) if walk is not None else self._alone(jws, chain)
                if walk is None and decoded.kind.name == "file.lent":
                    decoded.kind.apply(decoded, book)
            except IntegrityFault as problem:
                raise at_line(chain.name, seq, problem) from problem
            if decoded.operation.seq != seq:
                raise Faulty(Fault(chain.name, seq, "seq_not_contiguous"))
            self._note(decoded)
            if own:
                self._own_seq, self._last_at = seq, decoded.operation.at
        if walk is None:
            # Of another branch's chain a visit is all that bears on this one's.
            self._walked.write(book)
            return
        # The own chain's head is written only now and then: it may be further on than is said.
        goes_on = own and walk.seq > chain.seq
        if not goes_on and (walk.seq, walk.hash) != (chain.seq, chain.hash):
            raise Faulty(Fault(chain.name, walk.seq, "stored_head_differs"))
        if chain.device.startswith(centre_chain(None)):
            self._walked.write(book)

    def _alone(self, jws: str, chain: _Chain) -> Decoded[Any]:
        """One operation of a chain that is not here from its beginning: by the key that this file knows for it."""
        signed = read_operation(jws)
        operation = signed.operation
        if (operation.device, operation.epoch) != (chain.device, chain.epoch):
            raise IntegrityFault("chain_differs", f"{operation.device}/{operation.epoch}")
        if rules.signer_of(operation) is Signer.STAFF:
            holder: Session | DeviceEpoch | None = self._keys.get(Session, signed.kid)
        else:
            holder = self._keys.get(DeviceEpoch, operation.device, operation.epoch)
        if holder is None:
            raise IntegrityFault("key_unknown", signed.kid)
        check_signature(jws, VerifyKey(from_base64url(holder.public_key)))
        return rules.decode(signed)

    def _note(self, decoded: Decoded[Any]) -> None:
        self._operations += 1
        for branch, account, currency, amount in decoded.postings:
            total = self._expected.setdefault((branch, account, currency), [0, 0])
            total[0] += amount
            total[1] += 1

    def _check_sums(self, head: Head) -> None:
        """Postings are those of the operations, by account; balances, running and stored, are their sums."""
        stored = {(row[0], row[1], row[2]): [row[3], row[4]] for row in self._cursor.execute(_SUMS)}
        for account in sorted(stored.keys() | self._expected.keys()):
            if stored.get(account) != self._expected.get(account):
                raise Faulty(Fault(self._path.name, None, "posting_differs", " ".join(account)))
        balances = self._cursor.execute(_RUNNING).fetchall()
        balances += self._cursor.execute(_DEPOSITS, (head.branch,)).fetchall()
        for branch, account, currency, balance in balances:
            if branch != head.branch and deposit_id(account) is not None:
                # An account that was lent holds what was said with it.
                continue
            if (balance or 0) != self._expected.get((branch, account, currency), [0])[0]:
                raise Faulty(Fault(self._path.name, None, "balance_differs", f"{branch} {account} {currency}"))


def _workable_order(chain: _Chain) -> tuple[int, str, int]:
    """The bank-wide chain first, then the centre's others: they say which devices there are."""
    rank = 0 if chain.device == centre_chain(None) else 1 if chain.device.startswith(centre_chain(None)) else 2
    return rank, chain.device, chain.epoch
