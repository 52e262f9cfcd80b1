"""Money that a partner bank sends in: credited once for each end-to-end id, or rejected with a reason (ISO 20022)."""

from __future__ import annotations

import msgspec

from core.book.rows import DepositAccount, Iban
from core.canonical import digest
from core.clock import instant
from core.ids import Randomness
from core.operations.kind import Decoded
from core.operations.transfers import TransferReceived
from core.records import make_record, read_record
from sync_server.centre.incarnations import must_not_recover
from sync_server.centre.issue import Centre, issue
from sync_server.partner_bank.messages import Payment, PaymentReport
from sync_server.partner_bank.reasons import REASONS
from sync_server.payments.completing import UNKNOWN_ACCOUNT, UNKNOWN_BANK, why_not
from sync_server.store.home import Home

_BIC_LENGTH = 8
_WORDS = {**REASONS, "AC09": "Account currency is invalid or missing"}


def take_payment(
    home: Home, centre: Centre, randomness: Randomness, partner: str, own_bic: str, payment: Payment
) -> PaymentReport | None:
    """Credit the payment or reject it, in the caller's transaction; a repeated one has the same answer again.

    None if its end-to-end id stands for another payment of that partner.
    """
    content = digest(msgspec.json.encode(payment))
    kept = home.payments.take_inbound(partner, payment.end_to_end_id, content)
    if kept is not None:
        return msgspec.json.decode(kept.answer, type=PaymentReport) if kept.content_digest == content else None
    report = _decide(home, centre, randomness, partner, own_bic, payment, content)
    home.payments.answer_inbound(partner, payment.end_to_end_id, msgspec.json.encode(report).decode())
    return report


def recover_inbound(home: Home, decoded: Decoded[TransferReceived]) -> bool:
    """Keep again what a partner sent in before the database was restored, so that it counts once.

    False if it is known already: it was sent in again meanwhile, and answered by what the database then knew.
    """
    body = decoded.body
    record = home.records((body.details,)).get(body.details) if body.details is not None else None
    try:
        fields = read_record(record) if record is not None else {}
    except msgspec.MsgspecError:
        fields = {}
    partner, named, content = (fields.get(name, "") for name in ("partner", "end_to_end_id", "content"))
    if not (partner and named and content):
        return True
    if home.payments.take_inbound(partner, named, content) is not None:
        return False
    report = PaymentReport(
        end_to_end_id=named,
        status="ACSC",
        amount=body.amount,
        currency=body.currency,
        received_at=decoded.operation.at,
        reason=None,
        reason_text="",
        settled_at=decoded.operation.at,
    )
    home.payments.answer_inbound(partner, named, msgspec.json.encode(report).decode())
    return True


def _decide(
    home: Home,
    centre: Centre,
    randomness: Randomness,
    partner: str,
    own_bic: str,
    payment: Payment,
    content: str,
) -> PaymentReport:
    book = home.book()
    known = book.get(Iban, payment.creditor.iban)
    account = book.get(DepositAccount, known.account) if known else None
    # An account that is not known may be known to a device of any branch.
    must_not_recover(home)
    reason = why_not(account, payment.currency)
    if payment.creditor_agent[:_BIC_LENGTH] != own_bic[:_BIC_LENGTH]:
        reason = UNKNOWN_BANK
    if account is None or reason is not None:
        return _report(centre, payment, reason or UNKNOWN_ACCOUNT)
    fields = {
        "payer_name": payment.debtor.name,
        "payer_iban": payment.debtor.iban,
        "remittance": payment.remittance,
        "end_to_end_id": payment.end_to_end_id,
        # By these the centre knows it again, should it have to be given back.
        "partner": partner,
        "content": content,
    }
    details, record = make_record(fields, randomness)
    body = TransferReceived(
        account=account.id,
        route="partner",
        transfer=None,
        currency=payment.currency,
        amount=payment.amount,
        details=details,
    )
    issue(home, centre, account.branch, body, book=book, records={details: record})
    return _report(centre, payment, None)


def _report(centre: Centre, payment: Payment, reason: str | None) -> PaymentReport:
    now = instant(centre.clock.now_ms())
    return PaymentReport(
        end_to_end_id=payment.end_to_end_id,
        status="RJCT" if reason else "ACSC",
        amount=payment.amount,
        currency=payment.currency,
        received_at=now,
        reason=reason,
        reason_text=_WORDS[reason] if reason else "",
        settled_at=None if reason else now,
    )
