"""One chain, line by line: each operation at its place, signed by a key that may sign there, saying only one thing."""

from __future__ import annotations

import dataclasses
from typing import Any

import msgspec
from nacl.signing import VerifyKey

from core.audit.heads import Head
from core.book import Book
from core.book.rows import Bank, DeviceEpoch, PersonKeys
from core.canonical import from_base64url, thumbprint
from core.envelope import check_signature, encode_body, read_header, read_operation
from core.errors import IntegrityFault
from core.ledger import imbalances
from core.operations import rules
from core.operations.bank import BankFounded, DeviceEnrolled, centre_chain
from core.operations.ended import OperationBooked, carried
from core.operations.incarnations import BEGUN
from core.operations.kind import Decoded
from core.operations.sessions import SessionOpened, StaffKeysRegistered

# What decides which keys may sign; nothing else is applied, so that memory does not grow with customers and money.
_KINDS_APPLIED = frozenset(
    {
        "bank.founded",
        "branch.founded",
        "device.enrolled",
        BEGUN,
        "incarnation.extended",
        "staff.keys_registered",
        "session.opened",
        "session.closed",
        "file.lent",
    }
)


class ChainWalk:
    """Where the check of one chain stands. `seq` and `hash` are those of the last operation that holds."""

    def __init__(self, device: str, epoch: int, book: Book) -> None:
        self.device = device
        self.epoch = epoch
        self.seq = 0
        self.hash: str | None = None
        self._book = book
        self._keys: dict[str, VerifyKey] = {}

    @property
    def head(self) -> Head | None:
        """The last operation that holds."""
        return Head(self.device, self.epoch, self.seq, self.hash) if self.hash is not None else None

    def take(self, jws: str) -> Decoded[Any]:
        """The next operation of the chain. Raises `IntegrityFault` for whatever does not hold."""
        check_signature(jws, self._key_of(jws))
        signed = read_operation(jws)
        operation = signed.operation
        if (operation.device, operation.epoch) != (self.device, self.epoch):
            raise IntegrityFault("chain_differs", f"{operation.device}/{operation.epoch}")
        if operation.seq != self.seq + 1:
            raise IntegrityFault("seq_not_contiguous", str(operation.seq))
        if operation.prev != self.hash:
            raise IntegrityFault("prev_differs", operation.prev or "null")
        decoded = rules.decode(signed)
        if encode_body(decoded.body) != bytes(operation.body):
            raise IntegrityFault("body_malformed", "spelling")
        if imbalances(decoded.postings):
            raise IntegrityFault("entry_unbalanced", operation.id)
        self._verify(decoded)
        self.seq, self.hash = operation.seq, signed.hash
        return decoded

    def take_late(self, inside: Decoded[Any]) -> None:
        """An operation of this chain that came after its end, and that the centre has booked word for word.

        It stands on what the chain has shown: its device, its sessions and its approvers are these. Raises
        `IntegrityFault`.
        """
        check_signature(inside.signed.jws, self._key_of(inside.signed.jws))
        if encode_body(inside.body) != bytes(inside.operation.body):
            raise IntegrityFault("body_malformed", "spelling")
        self._verify(inside)

    def _key_of(self, jws: str) -> VerifyKey:
        """The key that the header names, if it may sign on this chain as far as it has been read."""
        kid = read_header(jws).kid
        if not self._keys:
            self._remember(self._chain_key(jws))
        key = self._keys.get(kid)
        if key is None:
            raise IntegrityFault("key_unknown", kid)
        return key

    def _chain_key(self, jws: str) -> str:
        """The device's key; for the very first operation of all, the one that it names itself: the centre's.

        The first of a later incarnation is by that key too.
        """
        device = self._book.get(DeviceEpoch, self.device, self.epoch)
        if device is not None:
            return device.public_key
        bank = self._book.get(Bank, "bank")
        if bank is not None and self.device == centre_chain(None) and read_operation(jws).operation.kind == BEGUN:
            return bank.centre_key
        if (self.device, self.epoch) != (centre_chain(None), 1):
            raise IntegrityFault("device_unknown", self.device)
        founded = rules.decode(read_operation(jws))
        if not isinstance(founded.body, BankFounded):
            raise IntegrityFault("bank_not_founded", founded.operation.kind)
        return str(founded.body.centre_key)

    def _remember(self, public_key: str) -> None:
        raw = from_base64url(public_key)
        self._keys[thumbprint(raw)] = VerifyKey(raw)

    def _verify(self, decoded: Decoded[Any]) -> None:
        body = decoded.body
        if isinstance(body, BankFounded) and (decoded.operation.seq != 1 or self.device != centre_chain(None)):
            raise IntegrityFault("bank_founded_already", decoded.operation.id)
        if isinstance(body, DeviceEnrolled) and self._book.get(DeviceEpoch, body.device, body.epoch) is not None:
            raise IntegrityFault("device_epoch_taken", f"{body.device}/{body.epoch}")
        if isinstance(body, StaffKeysRegistered):
            rules.verify(self._without_introductions(decoded), self._book)
        elif isinstance(body, OperationBooked):
            self._verify_carrying(decoded, carried(body))
        else:
            rules.verify(decoded, self._book)
        if decoded.operation.kind in _KINDS_APPLIED:
            decoded.kind.apply(decoded, self._book)
        if isinstance(body, SessionOpened):
            self._remember(body.session_key)

    def _verify_carrying(self, decoded: Decoded[OperationBooked], inside: Decoded[Any]) -> None:
        """What carries a late operation, by itself: what is inside rests on its own chain (`take_late`)."""
        if inside.operation.branch != decoded.operation.branch:
            raise IntegrityFault("carried_elsewhere", inside.operation.branch or "")
        alone = dataclasses.replace(decoded.kind, verify=lambda _decoded, _book: None)
        rules.verify(dataclasses.replace(decoded, postings=(), kind=alone), self._book)

    def _without_introductions(self, decoded: Decoded[StaffKeysRegistered]) -> Decoded[StaffKeysRegistered]:
        """The registration as it stands by itself: introductions cross chains and are looked at when all are read."""
        for key in decoded.body.keys:
            self._book.put(PersonKeys(key.person, ""))
        alone = tuple(
            msgspec.structs.replace(key, registration=msgspec.structs.replace(key.registration, introduction=None))
            for key in decoded.body.keys
        )
        return dataclasses.replace(decoded, body=StaffKeysRegistered(keys=alone))
