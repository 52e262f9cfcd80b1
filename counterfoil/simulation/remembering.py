"""What a simulation computes once instead of many times: pure functions of an operation's text, and signatures.

A run passes each operation through half a dozen homes in one process; in the bank each of them is another machine.
Only results are shared, and only in here: the program itself knows nothing of it. A signature that was made here by a
key holds under that key; every other one is really checked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, TypeVar

from nacl.signing import SignedMessage, SigningKey, VerifyKey

from core import canonical, clock, envelope
from core.envelope import Signed
from core.operations import rules
from core.operations.kind import Decoded
from counterfoil.simulation.replacing import replaced, swapped

A = TypeVar("A")
R = TypeVar("R")
_KEPT_MAX = 20_000


def _kept(function: Callable[[A], R]) -> Callable[[A], R]:
    """The same function with its answers kept; what it raises is not."""
    answers: dict[A, R] = {}

    def answer(argument: A) -> R:
        found = answers.get(argument)
        if found is None:
            if len(answers) >= _KEPT_MAX:
                answers.clear()
            found = answers[argument] = function(argument)
        return found

    return answer


def _decode(decode: Callable[[Signed], Decoded[Any]]) -> Callable[[Signed], Decoded[Any]]:
    answers: dict[str, Decoded[Any]] = {}

    def answer(signed: Signed) -> Decoded[Any]:
        if not signed.jws:
            return decode(signed)
        found = answers.get(signed.jws)
        if found is None:
            if len(answers) >= _KEPT_MAX:
                answers.clear()
            found = answers[signed.jws] = decode(signed)
        return found

    return answer


class _Signatures:
    """Signatures that are known to hold: made here, or checked once."""

    def __init__(self) -> None:
        self._good: set[tuple[bytes, bytes, bytes]] = set()
        self._check = VerifyKey.verify
        self._sign = SigningKey.sign

    def sign(self, key: SigningKey, message: bytes, *rest: Any, **more: Any) -> SignedMessage:
        signed = self._sign(key, message, *rest, **more)
        self._note(bytes(key.verify_key), message, signed.signature)
        return signed

    def verify(self, key: VerifyKey, smessage: bytes, signature: bytes | None = None, *rest: Any, **more: Any) -> bytes:
        if signature is None or (bytes(key), smessage, signature) not in self._good:
            message = self._check(key, smessage, signature, *rest, **more)
            if signature is not None:
                self._note(bytes(key), smessage, signature)
            return message
        return smessage

    def check(self, check: Callable[[str, VerifyKey], None]) -> Callable[[str, VerifyKey], None]:
        """The same check of a whole token, passed over where that token held under that key before."""
        held: set[tuple[str, bytes]] = set()

        def checked(token: str, key: VerifyKey) -> None:
            named = (token, bytes(key))
            if named not in held:
                check(token, key)
                if len(held) >= _KEPT_MAX:
                    held.clear()
                held.add(named)

        return checked

    def _note(self, key: bytes, message: bytes, signature: bytes) -> None:
        if len(self._good) >= _KEPT_MAX:
            self._good.clear()
        self._good.add((key, message, signature))


@contextmanager
def remembering() -> Iterator[None]:
    """Inside, pure functions of texts answer from memory where they have answered before."""
    signatures = _Signatures()

    def sign(key: SigningKey, message: bytes, *rest: Any, **more: Any) -> SignedMessage:
        return signatures.sign(key, message, *rest, **more)

    def verify(key: VerifyKey, smessage: bytes, signature: bytes | None = None, *rest: Any, **more: Any) -> bytes:
        return signatures.verify(key, smessage, signature, *rest, **more)

    with ExitStack() as stack:
        for function in (envelope.read_operation, envelope.operation_hash, canonical.thumbprint, clock.instant_ms):
            stack.enter_context(replaced(function, _kept(function)))
        stack.enter_context(replaced(envelope.check_signature, signatures.check(envelope.check_signature)))
        stack.enter_context(replaced(rules.decode, _decode(rules.decode)))
        stack.enter_context(swapped(SigningKey, "sign", sign))
        stack.enter_context(swapped(VerifyKey, "verify", verify))
        yield
