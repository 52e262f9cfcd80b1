"""The snapshot that a new device starts from, as it travels: lines of JSON, the last one signed by the centre.

First a `SnapshotHead`, then `SnapshotRows` table by table, then a `SnapshotOperation` for every item of the bank-wide
feed and of the branch's, in the order of their positions, and a `SnapshotEnd`. The end carries a compact JWS over a
`SnapshotStatement`, whose `digest` is over every line before it, each with the line feed that ends it. A line is a JSON
array whose first element says which it is; elements are only ever added, at the end.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Annotated, Any, get_type_hints

import msgspec
from nacl.signing import SigningKey

from core.book.rows import ROWS, LedgerBalance, Row
from core.canonical import base64url
from core.envelope import sign_compact, verify_compact
from core.errors import IntegrityFault

SNAPSHOT_VERSION = 1
SNAPSHOT_TYPE = "counterfoil-snapshot+jws"
SNAPSHOT_MEDIA_TYPE = "application/vnd.counterfoil.snapshot+gzip"
"""Lines, each ended by a line feed, in one gzip stream (RFC 1952)."""

LINE_BYTES_MAX = 1024 * 1024
"""The longest line that is read, without the line feed that ends it."""

_GZIP = zlib.MAX_WBITS | 16
_PIECE_BYTES = 128 * 1024
ROWS_PER_LINE = 200
TABLES: dict[str, type[Row]] = {row.TABLE: row for row in ROWS if row is not LedgerBalance}
"""What is sent as rows; what the accounts of the books hold follows from the entries."""

_Count = Annotated[int, msgspec.Meta(ge=0, le=2**53 - 1)]


class SnapshotHead(msgspec.Struct, frozen=True, array_like=True, tag="snapshot"):
    """For which device epoch, and of what: the position of each feed, and the centre's incarnation.

    The running hashes of the feeds at these positions, where the centre has them, are empty at position 0.
    """

    v: int
    device: str
    epoch: int
    branch: str
    bank_position: _Count
    branch_position: _Count
    incarnation: _Count
    bank_hash: str | None = None
    branch_hash: str | None = None

    @property
    def operations(self) -> int:
        """How many operations' lines there are."""
        return self.bank_position + self.branch_position


class SnapshotRows(msgspec.Struct, frozen=True, array_like=True, tag="rows"):
    """Rows of one table, each an array of its fields in the order of its struct (`core.book.rows`)."""

    table: str
    rows: msgspec.Raw


class SnapshotVerdict(msgspec.Struct, frozen=True, array_like=True):
    """A verdict that says more than "applied on its own date". `exceptions` is the JSON that is kept of them."""

    verdict: str
    accounting_date: str | None
    received_at: str
    exceptions: str


class SnapshotOperation(msgspec.Struct, frozen=True, array_like=True, tag="operation"):
    """An item of a feed: the operation as it was signed, and the records (base64url by digest) that still exist."""

    feed: str
    position: _Count
    jws: str
    verdict: SnapshotVerdict | None = None
    records: dict[str, str] = {}


class SnapshotEnd(msgspec.Struct, frozen=True, array_like=True, tag="end"):
    """The centre's signature over all of it."""

    statement: str


class SnapshotStatement(msgspec.Struct, frozen=True):
    """What the centre signs: the head again, when, how many rows of each table, and the digest over the lines."""

    head: SnapshotHead
    at: str
    rows: dict[str, _Count]
    lines: _Count
    digest: str


Line = SnapshotHead | SnapshotRows | SnapshotOperation | SnapshotEnd

_encode = msgspec.json.Encoder().encode
_decoder: msgspec.json.Decoder[Line] = msgspec.json.Decoder(Line)
_statement_decoder = msgspec.json.Decoder(SnapshotStatement)


class RunningDigest:
    """SHA-256 over lines as they come, each with its line feed."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self.lines = 0

    def add(self, line: bytes) -> None:
        """One more line, without its line feed."""
        self._hash.update(line)
        self._hash.update(b"\n")
        self.lines += 1

    def value(self) -> str:
        """The digest so far, base64url."""
        return base64url(self._hash.digest())


def encode_line(line: Line) -> bytes:
    """The line without its line feed."""
    return _encode(line)


def encode_rows(rows: Sequence[tuple[object, ...]]) -> msgspec.Raw:
    """Rows' values as `SnapshotRows` carries them."""
    return msgspec.Raw(_encode(rows))


def decode_line(line: bytes) -> Line:
    """Raises `IntegrityFault("snapshot_malformed")` for what is no line, or too long to be one."""
    if len(line) > LINE_BYTES_MAX:
        raise IntegrityFault("snapshot_malformed", "line too long")
    try:
        return _decoder.decode(line)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as problem:
        raise IntegrityFault("snapshot_malformed", str(problem)[:200]) from problem


def compressed(lines: Iterable[bytes]) -> Iterator[bytes]:
    """The lines, each ended by a line feed, as one gzip stream in pieces of some size."""
    gzip = zlib.compressobj(1, wbits=_GZIP)
    waiting: list[bytes] = []
    size = 0
    for line in lines:
        waiting.append(gzip.compress(line + b"\n"))
        size += len(waiting[-1])
        if size >= _PIECE_BYTES:
            yield b"".join(waiting)
            waiting, size = [], 0
    yield b"".join((*waiting, gzip.flush()))


def expanded(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The whole lines of a gzip stream, without their line feeds, however little is in memory.

    Raises `IntegrityFault("snapshot_malformed")` for what is no such stream, or a line without an end.
    """
    gzip = zlib.decompressobj(wbits=_GZIP)
    rest = b""
    for piece in pieces:
        while piece:
            try:
                text = gzip.decompress(piece, LINE_BYTES_MAX)
            except zlib.error as problem:
                raise IntegrityFault("snapshot_malformed", str(problem)) from problem
            *lines, rest = (rest + text).split(b"\n")
            if len(lines[0] if lines else rest) > LINE_BYTES_MAX:
                raise IntegrityFault("snapshot_malformed", "line too long")
            yield from lines
            piece = gzip.unconsumed_tail  # noqa: PLW2901 - what one step left of the piece


def decode_rows(line: SnapshotRows) -> tuple[type[Row], list[tuple[Any, ...]]]:
    """The table and its rows' values. Raises `IntegrityFault("snapshot_malformed")`."""
    table = TABLES.get(line.table)
    if table is None:
        raise IntegrityFault("snapshot_malformed", line.table[:100])
    try:
        return table, _rows_decoder(table).decode(line.rows)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as problem:
        raise IntegrityFault("snapshot_malformed", f"{line.table}: {problem}"[:200]) from problem


@lru_cache(maxsize=64)
def _rows_decoder(table: type[Row]) -> msgspec.json.Decoder[list[tuple[Any, ...]]]:
    hints = get_type_hints(table)
    shape: Any = tuple[tuple(hints[name] for name in table.__struct_fields__)]  # type: ignore[misc]
    return msgspec.json.Decoder(list[shape])


def sign_end(statement: SnapshotStatement, key: SigningKey, kid: str) -> SnapshotEnd:
    """The last line, by the centre's key."""
    return SnapshotEnd(sign_compact(_encode(statement), key, kid, SNAPSHOT_TYPE))


def verify_end(end: SnapshotEnd, centre_key: bytes) -> SnapshotStatement:
    """What the centre signed. Raises `IntegrityFault("snapshot_signature")`."""
    try:
        return _statement_decoder.decode(verify_compact(end.statement, centre_key, SNAPSHOT_TYPE))
    except (IntegrityFault, msgspec.MsgspecError, UnicodeError, RecursionError) as problem:
        where = problem.code if isinstance(problem, IntegrityFault) else ""
        raise IntegrityFault("snapshot_signature", where) from problem
