"""Finding the operation that a reversal names: as it was sent, or inside the one by which the centre booked it late."""

from __future__ import annotations

import msgspec

from core.book import Book, Key
from core.book.rows import LateAnswer
from core.envelope import Signed, read_operation


class _Carrying(msgspec.Struct, frozen=True):
    """What books another operation late."""

    jws: str


_carried = msgspec.json.Decoder(_Carrying).decode


def original_of(identifier: str, hash_: str, book: Book) -> Signed | None:
    """The operation of that id, as its maker signed it; None if it was neither sent in time nor booked late."""
    jws = book.operation(identifier)
    if jws is not None:
        return read_operation(jws)
    answer = book.get(LateAnswer, hash_)
    booked = book.operation(answer.answered_by) if answer is not None and answer.booked else None
    if booked is None:
        return None
    inside = read_operation(_carried(bytes(read_operation(booked).operation.body)).jws)
    return inside if inside.operation.id == identifier else None


def original_key(hash_: str) -> Key:
    """The row that says whether it was booked late."""
    return LateAnswer, (hash_,)
