"""A run in words: what each promise says, what an operation comes to, and short names in place of long ids."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from counterfoil.simulation.model import Payload

PROMISES = {
    "conserved": "every entry balances, and every balance is the sum of its entries",
    "free_has_case": "what is free on an account is below zero only with an open case",
    "never_beyond": "what honest desks paid by rights never exceeds what the account holds",
    "rights_covered": "what honest desks may pay by rights just now is there for all of them",
    "reports_awaited": "a restored centre takes nothing from an account while a device that may pay of it is awaited",
    "rights_sum": "the centre holds back on an account what its devices may pay",
    "undone_once": "what an operation moved is moved back once",
    "rights_counted": "what a desk may pay is counted at the centre once what it has not sent is added",
    "within_rights": "an honest desk is never found to have gone beyond its rights or its lease",
    "lease_kept": "each payment is within the ceilings of the lease that it names",
    "holds_kept": "the centre grants and draws only what no device holds and no hold binds",
    "closed_clean": "an account is closed with nothing on it, nothing held and nothing out",
    "exactly_once": "what was made counts once, as it was made",
    "chain_whole": "a chain has no gap and no fork",
    "feed_whole": "a feed has no gap, and no position comes later or changes",
    "acknowledged_kept": "what was acknowledged is at the centre, and what was read was committed",
    "model_agrees": "a second bank, written from the design alone, comes to the same",
    "rights_kept": "a desk refuses what is beyond its rights",
    "delivered": "in the end everything is sent and read",
    "replicas_equal": "in the end a desk has of its branch what the centre has",
    "feeds_commute": "the order in which operations come makes no difference",
    "receipt_kept": "what a customer has a receipt for is at the centre",
    "paid_once": "money goes to and comes from partners once",
    "recovered": "in the end a restored centre waits for nobody",
    "quiet": "the bank comes to rest by itself",
    "no_bug": "the program runs into no fault of its own",
}
"""What may break, and what was promised. The page docs/reliability/simulator.md says it in full."""

_TOLD = (
    "account",
    "payee_account",
    "amount",
    "granted",
    "returned",
    "keep",
    "limit",
    "device",
    "epoch",
    "number",
    "freeze",
    "hold",
    "reverses",
    "request",
    "transfer",
    "person",
    "accept",
)
_ID = re.compile(r"[0-9a-f]{8}(-?)[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{12}")


def told(operation: Payload) -> str:
    """What an operation says, as far as money, rights and devices go; amounts in minor units."""
    body, authority = operation["body"], operation["authority"] or {}
    said = [f"{name} {body[name]}" for name in _TOLD if body.get(name) is not None]
    said += [f"by {name} {authority[name]}" for name in ("rights", "standin") if authority.get(name)]
    return f"{operation['kind']} {operation['id']}" + (f" ({', '.join(said)})" if said else "")


def with_short_names(lines: Iterable[str]) -> Iterator[str]:
    """The same lines with `#1`, `#2` ... for ids, in the order in which they come up, however they are written."""
    names: dict[str, str] = {}
    for line in lines:
        yield _ID.sub(lambda found: names.setdefault(found[0].replace("-", ""), f"#{len(names) + 1}"), line)
