"""A centre in a dict, for devices under test: it verifies, checks and applies what is pushed, and keeps the feeds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from nacl.signing import VerifyKey

from core.book import Book, DictStore
from core.book.rows import DepositAccount, DeviceEpoch, Iban, Session
from core.canonical import base64url, from_base64url, thumbprint
from core.clock import FixedClock, instant
from core.envelope import Operation, Seen, check_signature, encode_body, read_operation, sign_operation
from core.errors import Refusal
from core.ids import Identifiers
from core.operations import bank, rules
from core.operations.kind import Body, Decoded
from core.operations.leases import LeaseRenewed
from core.operations.money import authority_for
from core.operations.registry import KINDS
from core.operations.rights import RightsGranted, available_on, right_of
from core.operations.visits import FileLent
from core.people.keys import key_name, new_signing_key, public_text
from core.records import make_record
from core.sync.messages import Exceptional, FeedItem, FeedPage, PushAnswer, Verdict
from tests.bank import BANK_CODE, counted_randomness

_YEAR_MS = 365 * 24 * 60 * 60 * 1000
_KIND_OF_BODY = {kind.body: kind for kind in KINDS.values()}


@dataclass
class ChainEnd:
    """Where the centre has a chain."""

    seq: int = 0
    hash: str | None = None


class MemoryCentre:
    """The centre's half of the protocol, in memory, by the same rules."""

    def __init__(self, clock: FixedClock, *branches: str) -> None:
        self.clock = clock
        self.randomness = counted_randomness("centre")
        self.ids = Identifiers(clock, self.randomness)
        self.key = new_signing_key(self.randomness)
        self.store = DictStore()
        self.book = Book(self.store)
        self.feeds: dict[str, list[FeedItem]] = {"bank": []}
        self.ends: dict[tuple[str, int], ChainEnd] = {}
        self.verdicts: dict[tuple[str, int, int], Verdict] = {}
        self.records: dict[str, str] = {}
        self._numbers = 1_000_000
        self.issue(
            bank.BankFounded(
                name="Fjordbanken",
                country="DK",
                bank_code=BANK_CODE,
                bic="FJORDK22",
                currency="DKK",
                centre_key=public_text(self.key),
            )
        )
        for branch in branches:
            self.feeds[branch] = []
            self.issue(bank.BranchFounded(branch=branch, name=branch.title(), address="Vestergade 1", currency="DKK"))

    def enrol(self, device: str, branch: str, key: str, *, epoch: int = 1, numbers: int = 1000) -> None:
        """Trust a device's key, and lease it account numbers."""
        self.issue(bank.DeviceEnrolled(device=device, epoch=epoch, branch=branch, purpose="desktop", key=key))
        self.lease(device, epoch, numbers)
        self.renew(device, branch, epoch)

    def lease(self, device: str, epoch: int, numbers: int) -> None:
        """A block of account numbers."""
        first = self._numbers
        self._numbers += numbers
        self.issue(bank.IbanBlockLeased(device=device, epoch=epoch, first=first, last=self._numbers - 1))

    def renew(self, device: str, branch: str, epoch: int = 1, number: int = 1) -> None:
        """A lease of a year that is in nobody's way."""
        body = LeaseRenewed(
            device=device,
            epoch=epoch,
            number=number,
            ends_at=instant(self.clock.now_ms() + _YEAR_MS),
            currency="DKK",
            per_payment=10**12,
            payments_to=10**6,
            sum_to=10**14,
            standin_per_payment=10**12,
            standin_payments_to=10**6,
            standin_sum_to=10**14,
        )
        self.issue(body, branch)

    def admit(self, person: str, role: bank.Role, branch: str, limit: int = 5_000_00) -> None:
        """A member of staff."""
        record = thumbprint(person.encode().ljust(32, b"."))
        self.issue(
            bank.StaffAdmitted(
                person=person, branch=branch, role=role, currency="DKK", approval_limit=limit, record=record
            )
        )

    def grant(self, account: str, device: str, amount: int, epoch: int = 1, holding: int | None = None) -> int:
        """Spending rights, as far as something is available; what a device of `holding` has yet to hear of counts."""
        row = self.book.get(DepositAccount, account)
        assert row is not None
        unheard = right_of(account, device, epoch, self.book).granted - holding if holding is not None else 0
        if unheard >= amount:
            return unheard
        more = min(amount, available_on(row))
        if more:
            granted = right_of(account, device, epoch, self.book).granted + more
            body = RightsGranted(account=account, device=device, epoch=epoch, currency="DKK", granted=granted)
            self.issue(body, row.branch)
        return more

    def lend(self, iban: str, device: str, fields: Mapping[str, str], *, lasting_ms: int = 4 * 60 * 60 * 1000) -> str:
        """Lend the file of an account to a device of another branch, with these of its holder's values; the account."""
        found = self.book.get(Iban, iban)
        account = self.book.get(DepositAccount, found.account) if found is not None else None
        assert account is not None
        digest, data = make_record(fields, bytes)
        self.records[digest] = base64url(data)
        sessions = self.store.rows[Session].values()
        living = (row for row in sessions if isinstance(row, Session) and row.device == device)
        texts = (self.book.operation(row.opened_by) for row in living if row.closed_seq is None)
        body = FileLent(
            account=account.id,
            customer=account.customer,
            iban=iban,
            product=account.product,
            opened_on=account.opened_on,
            currency=account.currency,
            posted=account.posted,
            overdraft_limit=account.overdraft_limit,
            kyc="approved",
            registered_on=account.opened_on,
            device=device,
            epoch=1,
            until=instant(self.clock.now_ms() + lasting_ms),
            fields=tuple(fields),  # type: ignore[arg-type]
            record=digest,
            sessions=tuple(text for text in texts if text is not None),
        )
        self.issue(body, account.branch)
        return account.id

    def issue(self, body: Body, branch: str | None = None) -> Decoded[Any]:
        """An operation of the centre's own."""
        kind = _KIND_OF_BODY[type(body)]
        chain = bank.centre_chain(branch)
        end = self.ends.setdefault((chain, 1), ChainEnd())
        operation = Operation(
            v=1,
            id=self.ids.new(),
            device=chain,
            epoch=1,
            seq=end.seq + 1,
            prev=end.hash,
            kind=kind.name,
            kind_version=kind.version,
            at=instant(self.clock.now_ms()),
            seen=Seen(0, 0, 1),
            business_date=None,
            branch=branch,
            drawer=None,
            actor="centre",
            approver=None,
            authority=None,
            body=msgspec.Raw(encode_body(body)),
        )
        authority = authority_for(kind.entries(operation, body), by_centre=True)
        operation = msgspec.structs.replace(operation, authority=authority)
        decoded = rules.decode(sign_operation(operation, self.key, key_name(self.key)))
        rules.verify(decoded, self.book)
        findings = rules.check(decoded, self.book)
        assert findings == (), findings
        self._settle(decoded, ())
        return decoded

    def push(self, device: str, epoch: int, operations: tuple[str, ...], records: Mapping[str, bytes]) -> PushAnswer:
        """Take a run of a chain; what is known is answered as before."""
        self.records.update({digest: base64url(data) for digest, data in records.items()})
        verdicts = []
        end = self.ends.setdefault((device, epoch), ChainEnd())
        for jws in operations:
            signed = read_operation(jws)
            operation = signed.operation
            if operation.seq > end.seq:
                assert (operation.seq, operation.prev) == (end.seq + 1, end.hash)
                decoded = rules.decode(signed)
                check_signature(jws, self._key_of(decoded))
                rules.verify(decoded, self.book)
                found = rules.check(decoded, self.book)
                self._settle(decoded, tuple(_exceptional(refusal) for refusal in found))
            verdicts.append(self.verdicts[device, epoch, operation.seq])
        return PushAnswer(tuple(verdicts), end.seq, end.hash)

    def _key_of(self, decoded: Decoded[Any]) -> VerifyKey:
        session = self.book.get(Session, decoded.signed.kid)
        row = session or self.book.get(DeviceEpoch, decoded.operation.device, decoded.operation.epoch)
        assert row is not None
        return VerifyKey(from_base64url(row.public_key))

    def _settle(self, decoded: Decoded[Any], found: tuple[Exceptional, ...]) -> None:
        rules.apply(decoded, self.book)
        self.store.write(self.book)
        operation, signed = decoded.operation, decoded.signed
        end = self.ends.setdefault((operation.device, operation.epoch), ChainEnd())
        end.seq, end.hash = operation.seq, signed.hash
        verdict = Verdict(
            seq=operation.seq,
            hash=signed.hash,
            verdict="applied_with_exception" if found else "applied",
            accounting_date=operation.business_date,
            received_at=instant(self.clock.now_ms()),
            exceptions=found,
        )
        self.verdicts[operation.device, operation.epoch, operation.seq] = verdict
        feeds = set(rules.branches_reached(decoded, self.book)) | ({"bank"} if decoded.kind.bank_wide else set())
        named = {digest: self.records[digest] for digest in rules.records_named(decoded) if digest in self.records}
        for feed in sorted(feeds):
            items = self.feeds[feed]
            items.append(FeedItem(len(items) + 1, signed.jws, verdict, named))

    def page(self, feed: str, after: int, limit: int = 500) -> FeedPage:
        """A page of a feed."""
        items = tuple(self.feeds[feed][after : after + limit])
        return FeedPage(feed, items, len(self.feeds[feed]), len(self.feeds["bank"]), 1, instant(self.clock.now_ms()))


def _exceptional(refusal: Refusal) -> Exceptional:
    plain = msgspec.json.decode(msgspec.json.encode({"code": refusal.code, "detail": refusal.detail}))
    return msgspec.convert(plain, Exceptional)
