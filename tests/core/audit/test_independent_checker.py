"""Anybody else's program comes to the same end: one written from the pages alone agrees on the sound and the spoilt."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from core.audit import Fault, Report, verify_chains
from tests.core.audit.independent_checker import Bad, Checker


def test_it_holds_the_export_to_be_sound_with_the_same_sums(exported: Path) -> None:
    report = verify_chains(exported)
    assert isinstance(report, Report)
    checker = Checker(exported)
    assert checker.check() == report.operations
    assert {(t.branch, t.currency): [t.debits, t.credits] for t in report.totals} == checker.totals


@pytest.mark.parametrize("seed", range(40))
def test_both_name_the_same_line_where_a_byte_was_changed(copy_of: Callable[[], Path], seed: int) -> None:
    directory = copy_of()
    dice = random.Random(seed)
    path = dice.choice(sorted(directory.glob("*.jws")))
    data = bytearray(path.read_bytes())
    place = dice.randrange(len(data))
    data[place] = dice.choice([byte for byte in b"AaZz09-_.=\n\r" if byte != data[place]])
    path.write_bytes(data)
    fault = verify_chains(directory)
    assert isinstance(fault, Fault)
    with pytest.raises(Bad) as bad:
        Checker(directory).check()
    assert bad.value.place.startswith(path.name)


def test_both_miss_the_last_line_of_each_chain(copy_of: Callable[[], Path]) -> None:
    for path in sorted(copy_of().glob("*.jws")):
        whole = path.read_bytes()
        path.write_bytes(b"".join(whole.splitlines(keepends=True)[:-1]))
        assert isinstance(verify_chains(path.parent), Fault)
        with pytest.raises(Bad):
            Checker(path.parent).check()
        path.write_bytes(whole)


def test_both_miss_a_key(copy_of: Callable[[], Path]) -> None:
    directory = copy_of()
    keys = json.loads((directory / "keys.json").read_bytes())["keys"]
    (directory / "keys.json").write_text(json.dumps({"keys": keys[1:]}))
    assert isinstance(verify_chains(directory), Fault)
    with pytest.raises(Bad):
        Checker(directory).check()
