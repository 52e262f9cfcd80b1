"""Time, ids and randomness are passed in, and money is never a float: the code itself is read to see it."""

import ast
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

# The two places that the outside comes in through, and the shell that starts everything, which hands it on.
SOURCES = ("core/clock.py", "core/ids.py")
ROOMS = ("core", "desktop", "sync_server")

OUTSIDE_CALLS = {
    ("datetime", "now"),
    ("datetime", "utcnow"),
    ("datetime", "today"),
    ("date", "today"),
    ("time", "time"),
    ("time", "time_ns"),
    ("os", "urandom"),
    *(("uuid", f"uuid{version}") for version in (1, 3, 4, 5, 6, 7, 8)),
}
OUTSIDE_MODULES = {"random", "secrets"}

MONEY_MODULES = ("core/money.py", "core/ledger.py", "core/rights.py", "core/operations/", "core/book/")


def modules(checkout: Path, files: Sequence[Path], beginnings: tuple[str, ...]) -> Iterator[tuple[str, ast.Module]]:
    for path in files:
        name = path.relative_to(checkout).as_posix()
        if path.suffix == ".py" and name.startswith(beginnings):
            yield name, ast.parse(path.read_text(encoding="utf-8"))


def outside_calls(tree: ast.Module) -> list[str]:
    """Calls, by their written names, that ask the machine for the time or for randomness."""
    imported = {
        (alias.asname or alias.name): (node.module, alias.name)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module is not None
        for alias in node.names
    }
    found = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        if isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name):
            pair = (node.func.value.id, node.func.attr)
        elif isinstance(node.func, ast.Name) and node.func.id in imported:
            pair = imported[node.func.id]
        else:
            continue
        if pair in OUTSIDE_CALLS or pair[0] in OUTSIDE_MODULES:
            found.append(f"line {node.lineno}: {'.'.join(pair)}")
    return found


def float_arithmetic(tree: ast.Module) -> list[str]:
    """Places where a float is written, named, or comes out of a true division."""
    return [
        f"line {node.lineno}"
        for node in ast.walk(tree)
        if (isinstance(node, ast.Constant) and isinstance(node.value, float))
        or (isinstance(node, ast.Name) and node.id == "float")
        or (isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div))
    ]


def test_time_and_randomness_are_passed_in(checkout: Path, project_files: Sequence[Path]) -> None:
    found = {
        name: calls
        for name, tree in modules(checkout, project_files, tuple(f"{room}/" for room in ROOMS))
        if name not in SOURCES and (calls := outside_calls(tree))
    }
    assert found == {}


def test_money_is_never_a_float(checkout: Path, project_files: Sequence[Path]) -> None:
    read = dict(modules(checkout, project_files, MONEY_MODULES))
    assert "core/money.py" in read
    assert {name: places for name, tree in read.items() if (places := float_arithmetic(tree))} == {}


@pytest.mark.parametrize(
    "written",
    ["import time\ntime.time()", "from secrets import token_hex as t\nt(4)", "import random\nrandom.choice([1])"],
)
def test_a_hidden_clock_or_dice_would_be_seen(written: str) -> None:
    assert len(outside_calls(ast.parse(written))) == 1


@pytest.mark.parametrize("written", ["fee = 0.5 * amount", "half = amount / 2", "amount /= 2", "x = float(amount)"])
def test_a_float_would_be_seen(written: str) -> None:
    assert float_arithmetic(ast.parse(written)) != []
