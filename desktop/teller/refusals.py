"""Sentences for everything that the bank's rules refuse at the counter: what is wrong, and what to do next."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QCoreApplication

from core.errors import Refusal
from core.money import Money, format_amount
from desktop.wording import Sentence, refusal_sentence

_CONTEXT = "refusals"


def _mark(text: str) -> str:
    """Marks a sentence for the translators (`lupdate -tr-function-alias`); it is translated when it is said."""
    return text


# What a teller meets at an account, an amount or a drawer.
_COUNTER: dict[str, str] = {
    "account_unknown": _mark("There is no such account at this desk. Look it up again, or wait for the line."),
    "account_closed": _mark("This account is closed. Choose another account."),
    "account_elsewhere": _mark(
        "Another branch keeps this account. Send a transfer to it, or ask the customer to go there."
    ),
    "visit_ended": _mark("This customer's file has gone back to their branch. Ask for it again once the line is up."),
    "visit_not_needed": _mark("This branch keeps the account itself. Look it up by its holder's name."),
    "visit_refused": _mark(
        "Their branch lends this file to nobody now: the account is closed, being closed or frozen. Call that branch."
    ),
    "file_not_lent": _mark("This file is not at this desk. Nothing is to be given back."),
    "account_frozen": _mark(
        "This account is frozen: money comes in and none goes out. A supervisor can lift the freeze."
    ),
    "currency_differs": _mark("The account is in {account}. Choose an account in {operation}, or the other amount."),
    "rights_exceeded": _mark(
        "Only {payable} can be paid out here while the line is down. Choose from what is offered or wait for the line.",
    ),
    "rights_none": _mark(
        "Nothing can be paid out from this account here while the line is down. Wait for the line, then try again."
    ),
    "rights_not_granted": _mark("{payable} in all can be paid out from this account. Choose a smaller amount."),
    "rights_none_granted": _mark(
        "Nothing can be paid out from this account now. Look at its balance and at what is on its way."
    ),
    "reversal_rights_exceeded": _mark(
        "The account must give {amount} back, and only {payable} of it can be taken here while the line is down. "
        "Wait for the line, then reverse it."
    ),
    "reversal_not_covered": _mark(
        "The account must give {amount} back, and only {payable} can be taken from it now. "
        "Settle it with the customer first, or call the centre."
    ),
    "not_available": _mark("The account does not hold that much. Choose a smaller amount, or another account."),
    "free_below_zero": _mark(
        "More is promised on this account than it holds. Leave it as it is; the centre looks into it."
    ),
    "account_closing": _mark(
        "This account is being closed: nothing goes in or out until the centre has answered. Look at its requests."
    ),
    "balance_left": _mark("There is {balance} on this account. Pay it out or transfer it first, then close it."),
    "rights_coming": _mark("{coming} is being handed back by other desks. Try again in a moment."),
    "lease_missing": _mark(
        "The centre has not yet said what this desk may pay out. Wait for the line, then try again."
    ),
    "lease_ended": _mark(
        "This desk may pay out again once the line is back: what the centre allowed it ended at {ended}."
    ),
    "payment_above_lease": _mark(
        "This desk pays out at most {most} at a time. Choose a smaller amount, or wait for the line."
    ),
    "paid_under_older_lease": _mark(
        "This was paid under an older lease of the desk than the newest, which allows less. The centre looks into it."
    ),
    "lease_payments_used": _mark(
        "This desk has made the {most} payments that it may without the line. Wait for the line."
    ),
    "lease_sum_used": _mark("This desk may pay out {most} more until the line is back. Choose a smaller amount."),
    "standin_line_up": _mark("The line is up, and the centre has said what may be paid. Choose a smaller amount."),
    "standin_above_lease": _mark(
        "At most {most} may be paid at the bank's own risk at a time. Choose a smaller amount, or wait for the line."
    ),
    "standin_payments_used": _mark(
        "This desk has paid at the bank's own risk as often as it may. Wait for the line, then try again."
    ),
    "standin_sum_used": _mark(
        "At most {most} more may be paid at the bank's own risk here. Choose a smaller amount, or wait for the line."
    ),
    "request_unknown": _mark("There is no such request here. Wait for the line, then look."),
    "request_already_decided": _mark("This request has its answer ({state}). Nothing more is to be done."),
    "payee_differs": _mark("The payee is not named as this kind of transfer needs. Begin it again."),
    "standin_not_allowed": _mark(
        "Nobody may pay this out on the bank's own risk. Choose a smaller amount, or wait for the line."
    ),
    "counts_differ": _mark("The notes and coins do not come to the amount. Count again, or clear the counts."),
    "drawer_short": _mark("The drawer holds {held}. Choose a smaller amount, or take cash from the vault first."),
    "drawer_missing": _mark("No drawer was named. Open a drawer under My drawer."),
    "drawer_not_open": _mark("Your drawer is not open. Open it under My drawer."),
    "drawer_already_open": _mark("{person} has this drawer open. It must be counted and closed first."),
    "drawer_still_open": _mark("The drawer {drawer} is still open. Count and close it, then close the day."),
    "drawer_of_another_device": _mark("This drawer is open at {device}. Work there, or open a drawer of this desk."),
    "drawer_of_another_person": _mark("{person} has this drawer open. They close it, or you open one of your own."),
    "expected_differs": _mark("Something was posted while you counted: the books say {expected}. Count once more."),
    "vault_short": _mark("The vault holds {held}. Choose a smaller amount, or have the vault funded first."),
    "day_not_open": _mark("No day is open on this desk. Open it under My drawer."),
    "day_already_opened": _mark("This day is open already. Go on with your work."),
    "day_already_closed": _mark("This day was closed on this desk. Open the next business day instead."),
    "business_date_missing": _mark("Choose the business date that is to be opened."),
    "payee_is_payer": _mark("This is the account that the money comes from. Type the payee's own IBAN."),
    "payee_missing": _mark("Type the payee's name."),
    "several_payers": _mark("Money can leave one account at a time. Post each account by itself."),
    "already_reversed": _mark("This was reversed already. Look at it in the journal."),
    "reversal_differs": _mark("This can't be reversed as it stands. Call the centre with its reference."),
    "reversed_unknown": _mark("What is to be reversed is not at this desk. Look for it in the journal."),
    "reversed_elsewhere": _mark("This was made at another desk. It is reversed there."),
    "not_reversible": _mark("This can't be reversed at the counter. Call the centre with its reference."),
    "transfer_unknown": _mark("There is no such transfer here. Wait for the line, then look."),
    "transfer_already_answered": _mark(
        "This transfer has been answered already ({state}). Nothing more is to be done."
    ),
    "transfer_differs": _mark("The transfer is for another amount. Look at it in the journal and call the centre."),
}

_CUSTOMERS: dict[str, str] = {
    "customer_unknown": _mark("There is no such customer at this desk. Look them up again."),
    "customer_elsewhere": _mark("Another branch keeps this customer's file. It is changed there."),
    "kyc_not_approved": _mark(
        "The customer's identity is not approved. A supervisor approves it in the customer's file."
    ),
    "kyc_already_decided": _mark("Somebody decided this in the meantime. Look at the customer's file again."),
    "kyc_kept_elsewhere": _mark("The customer's identity is decided at {keeper}. Ask there, or wait for the line."),
    "nothing_amended": _mark("Nothing was changed. Change a field, or go back."),
    "field_missing": _mark("This must be filled in. Ask the customer for it."),
    "freeze_unknown": _mark("There is no such freeze here. Look at the account again."),
    "freeze_already_lifted": _mark("This freeze was lifted already. Nothing is to be done."),
    "iban_taken": _mark("This IBAN belongs to another account. Try again with the next one."),
    "iban_not_leased": _mark("This desk may not give out that IBAN. Wait for the line to bring new account numbers."),
    "iban_invalid": _mark("This is not a valid IBAN. Compare it with the card or letter."),
    "checkpoint_disordered": _mark("The centre's checkpoint is out of order. Call whoever runs the centre."),
    "block_taken": _mark("These account numbers were given to another desk. Wait for the line to bring others."),
}

_IBANS_AND_TEXTS: dict[str, str] = {
    "iban_missing": _mark("Type or paste the payee's IBAN."),
    "iban_characters": _mark("An IBAN has letters A to Z and digits only. Take out what else is there."),
    "iban_country": _mark("No country that uses IBANs begins with {country}. Check the first two letters."),
    "iban_length": _mark(
        "An IBAN from {country} has {expected} characters; this has {typed}. Count the digits again.",
    ),
    "iban_structure": _mark(
        "There is a letter or a digit where {country} has none. Compare it with the card or letter."
    ),
    "iban_check_digits": _mark(
        "The check digits {digits} do not fit the rest. Compare each group with the card or letter."
    ),
    "iban_account_digits": _mark(
        "The account number in it does not check. Compare its last groups with the card or letter."
    ),
    "text_too_long": _mark("At most {most} characters; this has {typed}. Shorten it."),
    "text_control_characters": _mark("There is an invisible control character in it. Type the text anew."),
    "text_direction_marks": _mark("There is a hidden mark in it that turns text round. Type the text anew."),
}

_PEOPLE: dict[str, str] = {
    "approval_needed": _mark("A second person must approve this. Ask a supervisor."),
    "approval_declined": _mark("The second person did not approve, so nothing was posted. Change it, or go back."),
    "approval_cancelled": _mark("The approval was called off, so nothing was posted. Go on, or go back."),
    "approval_own": _mark("Nobody approves their own work. Ask another supervisor."),
    "approval_expired": _mark("The approval has run out. Ask for it again."),
    "approval_of_other": _mark("The approval was given for something else. Ask for it again on what stands here."),
    "approval_session_unknown": _mark("The approver is not signed in on this desk. Ask for the approval again."),
    "approval_session_closed": _mark("The approver has signed out. Ask for the approval again."),
    "approval_session_ended": _mark("The approver's session has run out. Ask for the approval again."),
    "approval_session_differs": _mark("The approval does not fit the approver's sign-in. Ask for it again."),
    "approver_suspended": _mark("{person} is suspended and may not approve. Ask another supervisor."),
    "approver_key_ended": _mark("{person}'s key at this desk was ended. Ask another supervisor."),
    "approver_not_supervisor": _mark("{person} is no supervisor of this branch. Ask one who is."),
    "role_not_allowed": _mark("Your role may not do this. It takes: {needs}."),
    "staff_unknown": _mark("There is no such member of staff here. Wait for the line."),
    "staff_suspended": _mark("This member of staff is suspended. Speak to a supervisor."),
    "staff_elsewhere": _mark("This member of staff belongs to another branch. They work at a desk there."),
    "staff_key_ended": _mark("This person's key on this desk was ended. A supervisor registers a new one."),
    "staff_key_unknown": _mark("This person has no key on this desk. A supervisor registers one."),
    "staff_code_taken": _mark("Somebody has this staff code. Choose another one."),
    "introduction_missing": _mark(
        "The centre has not introduced this person here. Wait for the line, or call the centre."
    ),
    "registration_of_other_place": _mark("The key was made for another desk. Register it anew at this one."),
    "witness_unknown": _mark("The witness has no key on this desk. Ask somebody who has one."),
    "witness_ended": _mark("The witness's key on this desk was ended. Ask somebody else to witness."),
    "session_unknown": _mark("You are not signed in here. Sign in again."),
    "session_closed": _mark("You have signed out. Sign in again."),
    "session_ended": _mark("Your session has run out. Sign in again."),
    "session_of_another": _mark("This is somebody else's session. Sign in yourself."),
    "totp_reused": _mark("This code was used already. Wait for the next one on the phone."),
}

_DESK: dict[str, str] = {
    "device_revoked": _mark("The centre no longer trusts this desk. Post nothing here and call the centre."),
    "device_stopped": _mark(
        "This desk was stopped ({why}): what is done here no longer counts. Call the centre; it is enrolled anew."
    ),
    "clock_went_back": _mark(
        "This computer's clock went back: it showed {last} before. Set the clock right; if it is right already, money "
        "is paid out again once the line has confirmed the time."
    ),
    "clock_stands_still": _mark(
        "This computer's clock stands still or was set back: it shows {shows}. Set it right, then wait for the line: "
        "it confirms the time."
    ),
    "anchor_not_kept": _mark(
        "This desk can't write its anchor beside its file, so it pays nothing out. Look at the disk and at the "
        "permissions of the folder, then start again."
    ),
    "device_unknown": _mark("The centre's list does not have this desk. Wait for the line, or call the centre."),
    "device_epoch_taken": _mark("This desk is enrolled already. Call the centre."),
    "branch_unknown": _mark("There is no such branch. Check its code."),
    "device_revoked_already": _mark("The centre has revoked this desk already. There is nothing to do."),
    "branch_code_taken": _mark("A branch has this code. Choose another one."),
    "branch_code_reserved": _mark("No branch may be called that. Choose another code."),
    "branch_code_too_long": _mark("This code is too long for a branch. Choose a shorter one."),
    "branch_differs": _mark("This desk belongs to another branch. Call the centre."),
    "record_missing": _mark("A text that belongs to this is missing. Begin it again."),
    "record_differs": _mark("A text that belongs to this has changed. Begin it again."),
    "record_too_large": _mark("The texts are too long together. Shorten them."),
    "operation_too_long": _mark("This is too long to be sent. Shorten the texts."),
    "device_elsewhere": _mark("That desk belongs to another branch. Do this at a desk there."),
    "device_is_this_one": _mark("A desk does not write itself off. Do this at another desk."),
    "device_written_off_already": _mark("That desk is written off already. Nothing is to be done."),
    "device_not_written_off": _mark("That desk is not written off. Write it off first."),
    "device_not_ended": _mark(
        "The centre has not ended that desk. Have it revoked, enrolled anew or written off first."
    ),
    "exposure_booked_already": _mark("What that desk may have paid out is booked already. Nothing is to be done."),
    "late_run_empty": _mark("The last operation comes before the first. Choose them again."),
    "late_already_decided": _mark("Two supervisors have decided over this before, and that stands. Look at it again."),
    "late_already_booked": _mark("This was booked already. Nothing is to be done."),
    "hold_unknown": _mark("There is no such hold on the account. Look at the account again."),
    "hold_already_released": _mark("This hold was released already. Nothing is to be done."),
    "limit_below_free": _mark(
        "The limit can't go that low until desks have handed their rights back. Try again later."
    ),
    "return_exceeds_rights": _mark("This desk does not hold that much on the account. Give back less."),
}

_INSIDE: str = _mark(
    "This desk made something that the bank's rules do not allow. Nothing was posted; call the centre ({code}).",
)
_INSIDE_CODES = (
    "account_differs",
    "actor_malformed",
    "actor_not_allowed",
    "approval_malformed",
    "approval_not_expected",
    "authority_differs",
    "authority_not_ones_own",
    "bank_founded_already",
    "bank_not_founded",
    "body_malformed",
    "carried_elsewhere",
    "carried_not_a_devices",
    "centre_key_differs",
    "desk_founded_already",
    "device_code_of_centre",
    "entry_unbalanced",
    "incarnation_differs",
    "introduction_malformed",
    "introduction_unknown_key",
    "key_not_of_device",
    "key_registered_already",
    "key_unknown",
    "kind_unknown",
    "lease_older",
    "reversal_unbalanced",
    "session_statement_differs",
)

_TEXTS: Mapping[str, str] = {
    **_COUNTER,
    **_CUSTOMERS,
    **_IBANS_AND_TEXTS,
    **_PEOPLE,
    **_DESK,
    **dict.fromkeys(_INSIDE_CODES, _INSIDE),
}


class _Named(dict[str, object]):
    """What a sentence names and the refusal does not say stands as a dash, so that no sentence is lost for it."""

    def __missing__(self, _name: str) -> str:
        return "\u2014"


def _sentence(code: str, text: str) -> Sentence:
    def say(detail: Mapping[str, object], locale: str) -> str:
        currency = detail.get("currency")
        said = _Named(code=code)
        for name, value in detail.items():
            is_amount = isinstance(value, int) and isinstance(currency, str) and currency
            said[name] = format_amount(Money(int(str(value)), str(currency)), locale) if is_amount else value
        return QCoreApplication.translate(_CONTEXT, text).format_map(said)

    return say


SENTENCES: Mapping[str, Sentence] = {code: _sentence(code, text) for code, text in _TEXTS.items()}
"""By code, for `desktop.wording.refusal_sentence`."""


def say_refusal(refusal: Refusal, locale: str = "en_GB") -> str:
    """The sentence for a refusal at the counter."""
    return refusal_sentence(refusal, locale, SENTENCES)
