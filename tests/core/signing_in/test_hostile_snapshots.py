"""No snapshot that was cut, changed, forged or meant for another leaves anything behind but its code."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from msgspec.structs import astuple
from msgspec.structs import replace as replace_struct

from core.book.rows import DepositAccount
from core.device.snapshots import Known
from core.errors import IntegrityFault, KeyringProblem
from core.ids import system_randomness
from core.people.keys import new_signing_key, public_text
from core.snapshot import (
    LINE_BYTES_MAX,
    Line,
    RunningDigest,
    SnapshotEnd,
    SnapshotHead,
    SnapshotOperation,
    SnapshotRows,
    compressed,
    decode_line,
    decode_rows,
    encode_line,
    encode_rows,
    expanded,
    sign_end,
    verify_end,
)
from tests.core.signing_in.new_devices import Trusted, Worked, trusted
from tests.signing_bank import SigningBank


def parts(lines: Sequence[bytes]) -> list[Line]:
    return [decode_line(line) for line in lines]


def resigned(bank: SigningBank, lines: Sequence[Line]) -> list[bytes]:
    """The lines as a centre would sign them that means what they say."""
    keys, digest = bank.centre.keys, RunningDigest()
    end = lines[-1]
    assert isinstance(end, SnapshotEnd)
    said = verify_end(end, bytes(keys.signing.verify_key))
    texts = [encode_line(line) for line in lines[:-1]]
    for line in texts:
        digest.add(line)
    head = lines[0]
    assert isinstance(head, SnapshotHead)
    statement = replace_struct(said, head=head, lines=digest.lines, digest=digest.value())
    return [*texts, encode_line(sign_end(statement, keys.signing, keys.kid))]


def place_of(lines: Sequence[Line], wanted: Callable[[Line], bool]) -> int:
    return next(place for place, line in enumerate(lines) if wanted(line))


def test_whatever_ends_before_its_end_is_incomplete(newcomer: Trusted) -> None:
    lines = newcomer.lines()
    for count in (0, 1, 5, len(lines) // 2, len(lines) - 1):
        assert newcomer.refused(lines[:count]) == "snapshot_incomplete"


def test_no_byte_can_be_another(newcomer: Trusted) -> None:
    lines = newcomer.lines()
    for place in (0, 3, len(lines) // 3, len(lines) // 2, len(lines) - 2, len(lines) - 1):
        for part in (3, 7):
            at = len(lines[place]) * part // 8
            flipped = lines[place][:at] + bytes([lines[place][at] ^ 1]) + lines[place][at + 1 :]
            code = newcomer.refused([*lines[:place], flipped, *lines[place + 1 :]])
            assert code in {"snapshot_malformed", "snapshot_differs", "snapshot_signature"}, (place, code)


def test_no_line_can_be_elsewhere_twice_or_missing(newcomer: Trusted) -> None:
    lines = newcomer.lines()
    half, last = len(lines) // 2, len(lines) - 2
    for changed in (
        [*lines[:half], lines[half + 1], lines[half], *lines[half + 2 :]],
        [*lines[:2], lines[3], lines[2], *lines[4:]],
        [*lines[:half], *lines[half + 1 :]],
        [*lines[:2], *lines[3:]],
        [*lines[:last], lines[last], lines[last], lines[-1]],
        [*lines[1:]],
        [lines[0], *lines],
        [*lines, lines[-1]],
        [*lines, lines[0]],
    ):
        assert newcomer.refused(changed) in {"snapshot_malformed", "snapshot_differs"}


def test_what_is_no_snapshot_is_malformed(newcomer: Trusted) -> None:
    lines = newcomer.lines()
    long = b'["rows","customers",[' + b" " * LINE_BYTES_MAX + b"]]"
    for line in (b"", b"{}", b"[]", b'["rows"]', b"\xff", b"[" * 100_000, b'["rows","nothing",[]]', long):
        assert newcomer.refused([lines[0], line]) == "snapshot_malformed"
    head = decode_line(lines[0])
    assert newcomer.refused([encode_line(replace_struct(head, v=2))]) == "snapshot_malformed"
    for pieces in ([b"no gzip at all"], list(compressed([b"x" * (LINE_BYTES_MAX + 2)]))):
        with pytest.raises(IntegrityFault, match="snapshot_malformed"):
            list(expanded(pieces))
    cut = list(expanded([b"".join(compressed(lines))[:-5000]]))
    assert cut == lines[: len(cut)]
    assert len(cut) < len(lines)


def test_it_is_for_one_device_of_one_branch_by_one_centre(worked: Worked, newcomer: Trusted, tmp_path: Path) -> None:
    lines = newcomer.lines()
    other = trusted(worked.bank, tmp_path / "other", worked.next_device(), worked.branch)
    assert other.refused(lines) == "snapshot_differs"
    away = replace(newcomer, identity=replace(newcomer.identity, branch="elsewhere"))
    assert away.refused(lines) == "snapshot_differs"
    key = public_text(new_signing_key(system_randomness))
    stranger = replace(newcomer, identity=replace(newcomer.identity, centre_key=key))
    assert stranger.refused(lines) == "snapshot_signature"
    again = replace(newcomer, identity=replace(newcomer.identity, kid="A" * 43))
    with pytest.raises(KeyringProblem):
        again.start(lines)


def test_it_is_not_older_than_what_is_known(newcomer: Trusted) -> None:
    lines = newcomer.lines()
    head = decode_line(lines[0])
    assert isinstance(head, SnapshotHead)
    reached = Known(head.bank_position, head.branch_position, head.incarnation)
    for known in (
        replace(reached, bank_position=reached.bank_position + 1),
        replace(reached, branch_position=reached.branch_position + 1),
        replace(reached, incarnation=reached.incarnation + 1),
    ):
        assert newcomer.refused(lines, known=known) == "snapshot_older"
    newcomer.start(lines, known=reached).close()


def _another_balance(lines: list[Line]) -> None:
    place = place_of(lines, lambda line: isinstance(line, SnapshotRows) and line.table == "deposit_accounts")
    line = lines[place]
    assert isinstance(line, SnapshotRows)
    _table, rows = decode_rows(line)
    first = DepositAccount(*rows[0])
    richer = astuple(replace_struct(first, posted=first.posted + 1))
    lines[place] = SnapshotRows(line.table, encode_rows([richer, *rows[1:]]))


def _an_account_less(lines: list[Line]) -> None:
    place = place_of(lines, lambda line: isinstance(line, SnapshotRows) and line.table == "deposit_accounts")
    line = lines[place]
    assert isinstance(line, SnapshotRows)
    _table, rows = decode_rows(line)
    lines[place] = SnapshotRows(line.table, encode_rows(rows[1:]))


def _an_operation_less(lines: list[Line]) -> None:
    last = lines[-2]
    head = lines[0]
    assert isinstance(last, SnapshotOperation)
    assert isinstance(head, SnapshotHead)
    del lines[-2]
    lines[0] = replace_struct(head, branch_position=head.branch_position - 1)


def _another_operation(lines: list[Line]) -> None:
    """A chain with another operation in place of one of its own."""
    places = [place for place, line in enumerate(lines) if isinstance(line, SnapshotOperation) and line.feed != "bank"]
    one, other = lines[places[3]], lines[places[4]]
    assert isinstance(one, SnapshotOperation)
    assert isinstance(other, SnapshotOperation)
    lines[places[3]] = replace_struct(one, jws=other.jws)


def _another_past(lines: list[Line]) -> None:
    head = lines[0]
    assert isinstance(head, SnapshotHead)
    lines[0] = replace_struct(head, branch_hash="A" * 43)


def _another_record(lines: list[Line]) -> None:
    place = place_of(lines, lambda line: isinstance(line, SnapshotOperation) and bool(line.records))
    line = lines[place]
    assert isinstance(line, SnapshotOperation)
    lines[place] = replace_struct(line, records=dict.fromkeys(line.records, "AAAA"))


def _rows_twice(lines: list[Line]) -> None:
    place = place_of(lines, lambda line: isinstance(line, SnapshotRows) and line.table == "ibans")
    lines.insert(place, lines[place])


def _not_this_device(lines: list[Line]) -> None:
    place = place_of(lines, lambda line: isinstance(line, SnapshotRows) and line.table == "devices")
    lines[place] = SnapshotRows("devices", encode_rows(decode_rows(lines[place])[1][:-1]))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "change",
    [
        _another_balance,
        _an_account_less,
        _an_operation_less,
        _another_operation,
        _another_past,
        _another_record,
        _rows_twice,
        _not_this_device,
    ],
)
def test_signed_or_not_it_may_not_contradict_itself(
    worked: Worked, newcomer: Trusted, change: Callable[[list[Line]], None]
) -> None:
    lines = parts(newcomer.lines())
    change(lines)
    assert newcomer.refused(resigned(worked.bank, lines)) in {"snapshot_differs", "snapshot_incomplete"}
