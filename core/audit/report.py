"""What a check of chains says: the sums that it found, or the first thing that is wrong and where it stands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from core.audit.explanations import explanation_of
from core.audit.trust import Vouched
from core.errors import IntegrityFault
from core.money import Money, format_amount


@dataclass(frozen=True, slots=True)
class Fault:
    """The first thing that is wrong: a stable `code`, the file and, from 1, its line."""

    file: str
    line: int | None
    code: str
    where: str = ""

    @property
    def explanation(self) -> str:
        """What the code means, in words."""
        return explanation_of(self.code)

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file} line {self.line}"
        named = f": {self.where}" if self.where else ""
        return _printable(f"{place}: {self.explanation} ({self.code}{named})")


def _printable(text: str) -> str:
    """Without what a terminal would obey: names of files and parts of a forged operation come from anybody."""
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)


class Faulty(Exception):
    """Carries the fault out of the place where it was found."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(str(fault))
        self.fault = fault


def at_line(file: str, line: int | None, problem: IntegrityFault) -> Faulty:
    """The fault of something read at that line."""
    return Faulty(Fault(file, line, problem.code, problem.where))


@dataclass(frozen=True, slots=True)
class BranchTotal:
    """All debits and all credits of a branch in a currency, in minor units; they are equal."""

    branch: str
    currency: str
    debits: int
    credits: int


@dataclass(frozen=True, slots=True)
class Report:
    """What was checked and holds. `centre` is the thumbprint of the centre's key; `to_look_at` needs a person."""

    centre: str
    vouched: Vouched
    at: str
    chains: int
    operations: int
    entries: int
    people: int
    totals: tuple[BranchTotal, ...]
    to_look_at: tuple[Fault, ...] = ()

    def lines(self) -> Iterator[str]:
        """A short account for a person."""
        yield (
            f"Every chain holds: {self.operations:,} operations on {self.chains:,} chains, "
            f"{self.entries:,} entries, {self.people:,} people, as of {self.at}."
        )
        wide = max((len(total.branch) for total in self.totals), default=0)
        for total in self.totals:
            debits = format_amount(Money(total.debits, total.currency))
            credits_ = format_amount(Money(total.credits, total.currency))
            yield f"  {total.branch:<{wide}}  {total.currency}  turnover: debits {debits:>20}  credits {credits_:>20}"
        yield f"The centre's key is {self.centre}."
        yield from self.vouched.lines()
        for fault in self.to_look_at:
            yield f"To be looked at: {fault}"
