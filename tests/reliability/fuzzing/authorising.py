"""A changed operation signed once more, with the authority that it needs now and perhaps an approval."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from nacl.signing import SigningKey

from core.envelope import Authority, Operation, Signed, sign_operation
from core.errors import IntegrityFault
from core.operations import rules
from core.operations.money import authority_for
from core.people.keys import key_name


def authorised(payload: bytes, key: SigningKey, approval: Callable[[Operation], str | None]) -> str | None:
    """The operation with its authority and that approval, signed; None for what can't be decoded."""
    try:
        operation = msgspec.json.decode(payload, type=Operation)
        decoded = rules.decode(Signed(jws="", operation=operation, hash="", kid=""))
    except (msgspec.MsgspecError, UnicodeError, RecursionError, IntegrityFault):
        return None
    if msgspec.json.encode(operation) != payload:
        # Spelt in another way, and that is what is to be tried.
        return None
    lease = operation.authority.lease if operation.authority is not None else 0
    needed = authority_for(decoded.postings, by_centre=operation.actor == "centre", lease=lease)
    operation = msgspec.structs.replace(operation, authority=needed or Authority())
    operation = msgspec.structs.replace(operation, approver=approval(operation))
    return sign_operation(operation, key, key_name(key)).jws
