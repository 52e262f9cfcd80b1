"""Any valid body of any kind, and the entry of an operation that carries it, for properties of entries."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import strategies as st

from core.envelope import Operation, Seen
from core.ledger import Posting, drawer, reversed_postings
from core.operations.kind import Kind
from core.operations.registry import KINDS
from core.operations.reversals import lines

ID = "01939c3e-7c00-7000-8000-000000000001"
OTHER_ID = "01939c3e-7c00-7000-8000-000000000002"
DIGEST = "A" * 43
AMOUNTS = st.integers(1, 10**12)
COUNTED = st.integers(0, 10**12)
CURRENCIES = st.sampled_from(["DKK", "EUR", "JPY", "KWD"])
BRANCHES = st.sampled_from(["odense", "aarhus"])

_MEMBERS: dict[str, st.SearchStrategy[Any]] = {
    "account": st.just(ID),
    "payee_account": st.just(OTHER_ID),
    "transfer": st.just(OTHER_ID),
    "account_branch": BRANCHES,
    "currency": CURRENCIES,
    "amount": AMOUNTS,
    "counts": st.dictionaries(st.sampled_from([50, 100, 10_000]), st.integers(0, 100), max_size=3),
    "counted": COUNTED,
    "expected": COUNTED,
    "route": st.sampled_from(["branch", "partner"]),
    "details": st.sampled_from([DIGEST, None]),
    "reason": st.just("AC04"),
    "request": st.just(OTHER_ID),
    "device": st.just("odense-1"),
    "epoch": st.just(1),
    "reverses": st.just(ID),
    "reverses_hash": st.just(DIGEST),
}
WITH_ENTRIES = tuple(
    kind for kind in KINDS.values() if kind.entries is not Kind.__dataclass_fields__["entries"].default
)
CARRYING = next(kind for kind in WITH_ENTRIES if kind.name == "operation.booked")
"""Its entry is that of another operation, so no body can be made up for it."""


@st.composite
def carried_postings(draw: st.DrawFn) -> Any:
    """The postings of a reversal: those of a deposit the other way round, or any that may not balance."""
    amount, branch = draw(AMOUNTS), draw(BRANCHES)
    entry = (
        Posting(branch, drawer("kasse-1"), "DKK", amount),
        Posting(branch, f"deposit:{ID}", "DKK", -draw(st.one_of(st.just(amount), AMOUNTS))),
    )
    return msgspec.to_builtins(lines(reversed_postings(entry)))


@st.composite
def bodies(draw: st.DrawFn, kind: Kind[Any]) -> Any:
    """A body that decodes strictly."""
    members = {**_MEMBERS, "postings": carried_postings()}
    values = {name: draw(members[name]) for name in kind.body.__struct_fields__}
    if kind.name == "transfer.sent":
        values["details"] = DIGEST
    if kind.name == "transfer.carried_out":
        values["route"] = draw(st.sampled_from(["own", "branch", "partner"]))
        values["payee_account"] = OTHER_ID if values["route"] == "own" else None
    if kind.name == "fee.charged":
        values["reason"] = "monthly"
    counts = values.get("counts")
    if counts is not None:
        values["counts"] = {str(value): pieces for value, pieces in counts.items()}
    return msgspec.json.decode(msgspec.json.encode(values), type=kind.body)


def operation_of(kind: Kind[Any], body: Any) -> Operation:
    """An envelope around the body."""
    return Operation(
        v=1,
        id=ID,
        device="odense-1",
        epoch=1,
        seq=1,
        prev=None,
        kind=kind.name,
        kind_version=kind.version,
        at="2026-11-20T09:42:00.000Z",
        seen=Seen(0, 0, 1),
        business_date="2026-11-20",
        branch="odense",
        drawer="kasse-1",
        actor="staff:jens",
        approver=None,
        authority=None,
        body=msgspec.Raw(msgspec.json.encode(body)),
    )
