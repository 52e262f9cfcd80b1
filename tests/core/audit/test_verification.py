"""An export holds as the bank wrote it, and whatever was changed in it afterwards is found and named."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nacl.signing import SigningKey

from core.audit import Fault, Report, verify_chains
from core.audit.heads import Head, make_heads
from core.canonical import base64url, from_base64url
from core.clock import instant
from core.people.keys import key_name
from tests.bank import BankInADict

Copies = Callable[[], Path]
DESK = "odense-1-1.jws"


def fault_of(directory: Path, centre: str | None = None) -> Fault:
    """The fault that there has to be."""
    found = verify_chains(directory, centre)
    assert isinstance(found, Fault)
    return found


def lines_of(directory: Path, name: str = DESK) -> list[bytes]:
    return (directory / name).read_bytes().splitlines(keepends=True)


def put_lines(directory: Path, lines: list[bytes], name: str = DESK) -> None:
    (directory / name).write_bytes(b"".join(lines))


def sign_heads(directory: Path, bank: BankInADict, heads: list[Head], key: SigningKey | None = None) -> None:
    (directory / "heads.json").write_bytes(make_heads(heads, instant(bank.clock.now_ms()), key or bank.centre_key))


def heads_of(bank: BankInADict) -> list[Head]:
    return [
        Head(chain.device, chain.epoch, len(chain.operations), chain.operations[-1].hash)
        for chain in bank.chains.values()
    ]


def test_what_the_bank_wrote_holds_and_its_debits_equal_its_credits(worked_bank: BankInADict, exported: Path) -> None:
    report = verify_chains(exported, key_name(worked_bank.centre_key))
    assert isinstance(report, Report), str(report)
    assert report.vouched.centre
    assert report.operations == sum(len(chain.operations) for chain in worked_bank.chains.values())
    assert (report.chains, report.people) == (4, 3)
    assert [(total.branch, total.currency) for total in report.totals] == [("odense", "DKK")]
    assert [total.debits == total.credits > 0 for total in report.totals] == [True]


def test_without_a_fingerprint_the_account_says_where_the_centres_key_came_from(exported: Path) -> None:
    report = verify_chains(exported)
    assert isinstance(report, Report)
    assert "--trust" in "\n".join(report.lines())


def test_a_centre_that_one_did_not_name_is_not_believed(exported: Path) -> None:
    fault = fault_of(exported, "A" * 43)
    assert (fault.file, fault.line, fault.code) == ("centre-1.jws", 1, "centre_key_differs")


@settings(
    max_examples=300, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_any_changed_byte_is_found_at_its_line(copy_of: Copies, spoilt: Path, data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(sorted(spoilt.glob("*.jws"))))
    sound = path.read_bytes()
    place = data.draw(st.integers(0, len(sound) - 1))
    other = data.draw(st.one_of(st.integers(0, 255), st.sampled_from(b"\r\n.=AQgw_-")).filter(sound[place].__ne__))
    path.write_bytes(sound[:place] + bytes([other]) + sound[place + 1 :])
    try:
        fault = fault_of(spoilt)
    finally:
        path.write_bytes(sound)
    assert (fault.file, fault.line) == (path.name, sound[:place].count(b"\n") + 1)


@pytest.fixture(scope="module")
def spoilt(copy_of: Copies) -> Path:
    """A copy that is spoilt and mended again and again."""
    return copy_of()


def test_the_last_line_of_any_chain_is_missed(copy_of: Copies) -> None:
    directory = copy_of()
    for path in sorted(directory.glob("*.jws")):
        lines = lines_of(directory, path.name)
        put_lines(directory, lines[:-1], path.name)
        fault = fault_of(directory)
        assert (fault.file, fault.code) == (path.name, "chain_cut_short" if len(lines) > 1 else "chain_empty")
        put_lines(directory, lines, path.name)
    assert isinstance(verify_chains(directory), Report)


def _swapped(lines: list[bytes]) -> list[bytes]:
    return [*lines[:3], lines[4], lines[3], *lines[5:]]


def _respelt_header(lines: list[bytes]) -> list[bytes]:
    header, rest = lines[2].split(b".", 1)
    spaced = json.dumps(json.loads(from_base64url(header.decode()))).encode()
    return [*lines[:2], base64url(spaced).encode() + b"." + rest, *lines[3:]]


def _other_last_character(lines: list[bytes]) -> list[bytes]:
    """The last character of a signature has four bits that a lenient reader passes over."""
    line = lines[2][:-1]
    letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    other = letters[letters.index(line[-1]) ^ 1]
    return [*lines[:2], line[:-1] + bytes([other]) + b"\n", *lines[3:]]


@pytest.mark.parametrize(
    ("spoil", "line", "code"),
    [
        (_swapped, 4, "seq_not_contiguous"),
        (lambda lines: [*lines[:3], lines[2], *lines[3:]], 4, "seq_not_contiguous"),
        (lambda lines: [*lines[:3], *lines[4:]], 4, "seq_not_contiguous"),
        (lambda lines: [*lines[:-1], lines[-1][:-1]], None, "line_end_missing"),
        (lambda lines: [*lines[:2], b"\n", *lines[2:]], 3, "line_blank"),
        (lambda lines: [*lines, b"\n"], None, "line_blank"),
        (lambda lines: [*lines, lines[-1]], None, "seq_not_contiguous"),
        (lambda lines: [line[:-1] + b"\r\n" for line in lines], 1, "line_end_not_lf"),
        (lambda lines: [b"\xef\xbb\xbf" + lines[0], *lines[1:]], 1, "line_not_ascii"),
        (lambda _lines: [], None, "chain_empty"),
        (lambda lines: [b"A" * 100_000 + b"\n", *lines], 1, "line_too_long"),
        (lambda lines: [lines[0][:-1] + b"=\n", *lines[1:]], 1, "base64url_not_canonical"),
        (lambda lines: [lines[0].swapcase(), *lines[1:]], 1, "jws_header"),
        (_respelt_header, 3, "jws_header"),
        (_other_last_character, 3, "base64url_not_canonical"),
    ],
)
def test_a_file_that_was_worked_on_is_named_with_its_line(
    copy_of: Copies, spoil: Callable[[list[bytes]], list[bytes]], line: int | None, code: str
) -> None:
    directory = copy_of()
    put_lines(directory, spoil(lines_of(directory)))
    fault = fault_of(directory)
    assert (fault.file, fault.code) == (DESK, code)
    if line is not None:
        assert fault.line == line
    assert str(fault).startswith(DESK)


def test_a_chain_is_neither_left_out_nor_slipped_in(copy_of: Copies) -> None:
    directory = copy_of()
    moved = (directory / DESK).rename(directory / "odense-9-1.jws")
    assert (fault_of(directory).file, fault_of(directory).code) == (DESK, "chain_missing")
    (directory / DESK).write_bytes(moved.read_bytes())
    assert (fault_of(directory).file, fault_of(directory).code) == ("odense-9-1.jws", "chain_not_in_heads")


@pytest.mark.parametrize("name", ["notes.txt", "Odense-1-1.jws", "odense-1-01.jws", "odense-1.jws.bak", "--1.jws"])
def test_no_other_file_lies_in_an_export(copy_of: Copies, name: str) -> None:
    directory = copy_of()
    (directory / name).write_bytes(b"")
    assert (fault_of(directory).file, fault_of(directory).code) == (name, "file_unknown")


@pytest.mark.parametrize("name", ["heads.json", "keys.json", "centre-1.jws"])
def test_no_file_of_an_export_is_missing(copy_of: Copies, name: str) -> None:
    directory = copy_of()
    (directory / name).unlink()
    assert (fault_of(directory).file, fault_of(directory).code) == (name, "file_missing")


def test_heads_are_the_centres_own(copy_of: Copies, worked_bank: BankInADict) -> None:
    directory = copy_of()
    sign_heads(directory, worked_bank, heads_of(worked_bank), SigningKey(bytes(32)))
    assert (fault_of(directory).file, fault_of(directory).code) == ("heads.json", "jws_key")


def test_heads_that_differ_from_the_chains_are_found(copy_of: Copies, worked_bank: BankInADict) -> None:
    directory = copy_of()
    heads = heads_of(worked_bank)
    for changed, code in (
        (msgspec.structs.replace(heads[1], hash="A" * 43), "head_differs"),
        (msgspec.structs.replace(heads[1], seq=heads[1].seq - 1), "chain_beyond_heads"),
        (msgspec.structs.replace(heads[1], seq=heads[1].seq + 1), "chain_cut_short"),
    ):
        sign_heads(directory, worked_bank, [heads[0], changed, *heads[2:]])
        assert (fault_of(directory).file, fault_of(directory).code) == (DESK, code)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda keys: keys[:-1], "keys_missing"),
        (lambda keys: [*keys, keys[0] | {"counterfoil:owner": "staff:mette:odense-9:1"}], "keys_of_nobody"),
        (lambda keys: [*keys, keys[0]], "keys_repeated"),
        (lambda keys: [keys[0] | {"kid": "A" * 43}, *keys[1:]], "keys_kid_wrong"),
        (lambda keys: [keys[0] | {"d": "A" * 43}, *keys[1:]], "keys_malformed"),
        (lambda _keys: {}, "keys_malformed"),
    ],
)
def test_the_key_set_is_what_the_operations_name(
    copy_of: Copies, change: Callable[[object], object], code: str
) -> None:
    directory = copy_of()
    keys = json.loads((directory / "keys.json").read_bytes())["keys"]
    (directory / "keys.json").write_text(json.dumps({"keys": change(keys)}))
    assert (fault_of(directory).file, fault_of(directory).code) == ("keys.json", code)


def test_a_folder_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    assert fault_of(tmp_path / "nowhere").code == "directory_missing"


def test_what_a_stranger_named_does_not_speak_to_the_terminal(copy_of: Copies) -> None:
    directory = copy_of()
    (directory / "\x1b[2J.jws").write_bytes(b"")
    assert "\x1b" not in str(fault_of(directory))
