"""A changed operation signed once more, with the authority that it needs now and perhaps an approval."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from nacl.signing import SigningKey

from core.envelope import Authority, Operation, read_operation, sign_operation
from core.errors import IntegrityFault
from core.operations import rules
from core.operations.money import authority_for
from core.people.keys import key_name


def authorised(text: str, key: SigningKey, approval: Callable[[Operation], str | None]) -> str:
    """The operation with its authority and that approval; what can't be decoded stays as it is."""
    try:
        decoded = rules.decode(read_operation(text))
    except IntegrityFault:
        return text
    operation = decoded.operation
    lease = operation.authority.lease if operation.authority is not None else 0
    needed = authority_for(decoded.postings, by_centre=operation.actor == "centre", lease=lease)
    operation = msgspec.structs.replace(operation, authority=needed or Authority())
    operation = msgspec.structs.replace(operation, approver=approval(operation))
    return sign_operation(operation, key, key_name(key)).jws
