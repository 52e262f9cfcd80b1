"""`docs/operations.md` as a program reads it: its kinds, members, signers, findings, and postings to work out.

It imports nothing of the bank, so that what is worked out from it is what another program would work out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PAGE = Path(__file__).resolve().parents[2] / "docs" / "operations.md"
_CODE = re.compile(r"`([^`]+)`")
Posting = tuple[str, str, str, int]


@dataclass(frozen=True)
class DocumentedKind:
    """One section of the page."""

    name: str
    version: int
    signers: frozenset[str]
    role: str | None
    needs: str
    approval: str
    bank_wide: bool
    members: tuple[str, ...]
    findings: frozenset[str]
    lines: tuple[tuple[str, str, str, str, str], ...]
    carries_postings: bool

    def postings(self, envelope: Mapping[str, Any], body: Mapping[str, Any]) -> list[Posting]:
        """The entry, as the section's table says; debit positive, in minor units."""
        if self.carries_postings:
            carried = [tuple(line) for line in body["postings"]]
            return carried if _balances(carried) else []
        words = {**envelope, **body}
        # Between them `branch` and `drawer` are the envelope's.
        words.update(branch=envelope["branch"], drawer=envelope["drawer"])
        made = [_line(line, words) for line in self.lines if _holds(line[0], words)]
        return [line for line in made if line[3]]


def _balances(lines: list[tuple[Any, ...]]) -> bool:
    sums: dict[tuple[str, str], int] = {}
    for branch, _account, currency, amount in lines:
        sums[branch, currency] = sums.get((branch, currency), 0) + amount
    return not any(sums.values())


def _line(line: tuple[str, str, str, str, str], words: Mapping[str, Any]) -> Posting:
    _when, branch, account, debit, credit = line
    amount = _amount(debit, words) - _amount(credit, words)
    return words[_name(branch)], _name(account).format_map(words), words["currency"], amount


def _name(cell: str) -> str:
    found = _CODE.fullmatch(cell)
    assert found is not None, cell
    return found[1]


def _amount(cell: str, words: Mapping[str, Any]) -> int:
    """A member, or one less another, or nothing."""
    values = [int(words[name]) for name in _CODE.findall(cell)]
    return values[0] - sum(values[1:]) if values else 0


def _holds(when: str, words: Mapping[str, Any]) -> bool:
    if not when:
        return True
    left, sign, right = when.partition(" ≠ ") if "≠" in when else when.partition(" = ")
    value = right.strip('"') if right.startswith('"') else words[_name(right)]
    return (words[_name(left)] == value) is (sign == " = ")


def read_page() -> dict[tuple[str, int], DocumentedKind]:
    """Every kind of the page, by name and version."""
    sections = re.split(r"^### ", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    kinds = [_read_section(re.split(r"^## ", section, flags=re.MULTILINE)[0]) for section in sections]
    return {(kind.name, kind.version): kind for kind in kinds}


def general_findings() -> frozenset[str]:
    """The codes that are asked of all kinds."""
    text = PAGE.read_text(encoding="utf-8").partition("| finding | when |")[2].partition("\n\n")[0]
    return frozenset(
        code for row in text.splitlines() for code in _CODE.findall(row.split("|")[1] if "|" in row else "")
    )


def _read_section(section: str) -> DocumentedKind:
    heading = re.match(r"`([a-z_.]+)` version (\d+)\n", section)
    assert heading is not None, section[:60]
    facts = dict(re.findall(r"^- ([A-Z][a-z ]+): (.*)$", section, re.MULTILINE))
    role = re.search(r"\(role: (\w+)\)", facts["Made by"])
    findings = re.search(r"^Findings: (.*)$", section, re.MULTILINE)
    return DocumentedKind(
        name=heading[1],
        version=int(heading[2]),
        signers=frozenset(_CODE.findall(facts["Made by"])),
        role=role[1] if role else None,
        needs=facts["Needs"],
        approval=facts["Approval"],
        bank_wide="`bank`" in facts["Feeds"],
        members=tuple(_name(row[0]) for row in _table(section, "member")),
        findings=frozenset(re.findall(r"`([a-z_]+)` \(", findings[1])) if findings else frozenset(),
        lines=tuple((row[0], row[1], row[2], row[3], row[4]) for row in _table(section, "when")),
        carries_postings="Postings: those of `postings`" in section,
    )


def _table(section: str, first: str) -> list[list[str]]:
    text = section.partition(f"| {first} |")[2].partition("\n\n")[0]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in text.splitlines()[2:]]
