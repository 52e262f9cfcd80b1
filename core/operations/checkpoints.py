"""Checkpoints: what the centre says that every feed has been so far, which a device compares with what it has read.

Each feed has a running hash: empty before the first position, then SHA-256 over the hash before it and the hash of the
operation there. Two feeds with the same running hash held the same operations in the same order.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from itertools import pairwise
from typing import Annotated

import msgspec

from core.book import Book
from core.canonical import base64url, from_base64url
from core.errors import Refusal
from core.operations.kind import BY_CENTRE, Body, Decoded, Digest, Kind, ShortCode

NOTHING_READ = ""
"""The running hash before the first position."""

_Position = Annotated[int, msgspec.Meta(ge=1, le=2**53 - 1)]


class FeedMark(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A feed up to a position, as `[feed, position, hash]`."""

    feed: ShortCode
    position: _Position
    hash: Digest


class CheckpointMade(Body, frozen=True):
    """Every feed that has something in it, by name, in one life of the centre's database (`incarnation`)."""

    incarnation: _Position
    feeds: tuple[FeedMark, ...]


def running_hash(before: str, operation_hash: str) -> str:
    """The running hash one position on; all are base64url, and the one before the first is empty."""
    return running_hashes(before, (operation_hash,))[0]


def running_hashes(before: str, operation_hashes: Iterable[str]) -> list[str]:
    """The running hash at each position that these operations take."""
    running, hashes = from_base64url(before), []
    for operation_hash in operation_hashes:
        running = hashlib.sha256(running + from_base64url(operation_hash)).digest()
        hashes.append(base64url(running))
    return hashes


def _check(decoded: Decoded[CheckpointMade], _book: Book) -> Iterable[Refusal]:
    """Findings: `checkpoint_disordered`."""
    feeds = [mark.feed for mark in decoded.body.feeds]
    if any(first >= second for first, second in pairwise(feeds)):
        yield Refusal("checkpoint_disordered")


KINDS = (
    Kind(
        name="checkpoint.made",
        version=1,
        body=CheckpointMade,
        signers=BY_CENTRE,
        check=_check,
        bank_wide=True,
    ),
)
