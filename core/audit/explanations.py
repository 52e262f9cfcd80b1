"""What each fault of a chain means, in words that a reader who was not there can follow."""

from __future__ import annotations

from types import MappingProxyType

_FILES = {
    "directory_missing": "there is no such folder",
    "file_unreadable": "the file can't be read",
    "file_unknown": "a file that does not belong to an export of chains",
    "file_missing": "this file belongs to every export and is not there",
    "chain_empty": "the file holds no operation",
    "chain_missing": "the centre's signed heads name this chain, and its file is not there",
    "chain_not_in_heads": "the centre's signed heads do not name this chain",
    "chain_cut_short": "the chain ends here, before the end that the centre's signed heads name",
    "chain_beyond_heads": "the chain goes on beyond the end that the centre's signed heads name",
    "head_differs": "the last operation is not the one that the centre's signed heads name",
    "chain_end_differs": "the centre ended this device epoch at another operation than the chain's last one",
    "heads_malformed": "the heads do not have the documented form",
    "keys_malformed": "the key set does not have the documented form",
    "keys_kid_wrong": "a key's name is not its thumbprint",
    "keys_repeated": "a key stands there twice",
    "keys_missing": "a key that the operations name is not in the key set",
    "keys_of_nobody": "a key stands there that no operation names",
    "line_too_long": "the line is longer than an operation may be",
    "line_end_missing": "the line does not end with a line feed",
    "line_blank": "the line is blank",
    "line_end_not_lf": "the line has a carriage return",
    "line_not_ascii": "the line holds bytes that are not ASCII",
    "work_malformed": "the page about the work, or the verdicts, do not have the documented form",
    "work_differs": "the page about the work names other places than there are",
    "line_neither": "the line is neither an operation nor a hash",
    "kind_not_expected": "this kind of operation makes no key known",
    "verdict_of_nobody": "the verdict is about an operation that is not here",
}
_DEVICE_FILES = {
    "stored_head_differs": "the chain does not end where the file says that it ends",
    "posting_differs": "the postings of this account are not those that the operations make",
    "balance_differs": "the balance of this account is not the sum of its postings",
}
_SIGNATURES = {
    "jws_malformed": "not a compact JWS of three parts",
    "jws_header": "the JWS header does not have the documented form",
    "jws_type": "signed as something else",
    "jws_key": "signed under the name of another key",
    "jws_signature": "signature does not hold",
    "base64url_not_canonical": "not written in canonical base64url",
    "key_malformed": "a public key does not have 32 bytes",
    "key_unknown": "signed by a key that is not known on this chain at this place",
    "key_not_of_device": "not signed by the device's own key",
    "centre_key_differs": "the centre's key is not the one that you named",
    "key_differs_from_paper": "the device's key is not the one on your paper",
}
_PLACES = {
    "bank_not_founded": "the first operation of all has to found the bank",
    "bank_founded_already": "a bank is founded once, by its first operation",
    "device_unknown": "the centre has enrolled no such device epoch",
    "device_epoch_taken": "this device epoch has a key already, which nothing may replace",
    "chain_differs": "the operation belongs to another chain",
    "seq_not_contiguous": "the operation is not the next of its chain",
    "prev_differs": "the operation does not follow the one before it",
    "id_reused": "this operation's id stands for another operation already",
    "branch_differs": "the device works at another branch",
}
_OPERATIONS = {
    "operation_too_long": "the operation is longer than one may be",
    "operation_malformed": "the operation does not have the documented form",
    "kind_unknown": "no such kind of operation in this version",
    "body_malformed": "the body does not have its kind's documented form",
    "actor_malformed": "the actor is neither a person, the device nor the centre",
    "actor_not_allowed": "this kind of operation is not for this actor",
    "entry_unbalanced": "debits and credits of the entry are not equal",
}
_SESSIONS = {
    "session_unknown": "no such session was opened on this chain",
    "session_of_another": "the session belongs to another person or chain",
    "session_closed": "the session was closed before, or not yet open",
    "session_ended": "the session had ended by then",
    "session_of_other_person": "the session's statement is another person's",
    "session_of_other_device": "the session's statement is for another device",
    "session_of_other_place": "the session's statement is for another place of the chain",
    "session_statement_differs": "the operation does not say what the person signed",
    "session_too_long": "the session is longer than one may be",
    "totp_reused": "the one-time code had opened a session before",
    "staff_key_unknown": "no such staff key is registered on this chain",
    "statement_malformed": "a person's statement does not have the documented form",
    "statement_too_long": "a person's statement is longer than one may be",
    "approval_own": "the maker approved their own operation",
    "approval_of_other": "the approval is for another operation",
    "approval_expired": "the approval had expired",
    "approval_session_unknown": "the approver had no session on this chain",
    "approval_session_closed": "the approver's session was closed",
    "approval_session_differs": "the approval carries another session than the approver's",
    "approval_session_ended": "the approver's session had ended",
}
_ACCOUNTS = {
    "incarnation_differs": "the operation is of another incarnation than its chain",
    "account_differs": "a posting names the account in another branch or currency than its own",
    "approval_not_expected": "only what a person makes is approved by another",
    "reversal_unbalanced": "the postings of a reversal do not balance",
    "payee_differs": "the payee is not named as the route of the transfer needs",
    "carried_elsewhere": "the operation that is booked late belongs to another branch",
    "carried_not_a_devices": "the operation that is booked late was not made on a device",
}
_REGISTRATIONS = {
    "desk_founded_already": "the device has its first keys already",
    "key_registered_already": "the key is registered already",
    "registration_of_other_key": "the registration is of another key",
    "registration_of_other_place": "the registration is for another person or place",
    "witness_unknown": "the witness has no key on this device",
    "witness_same_person": "a person witnessed their own key",
    "witness_elsewhere": "the witness works elsewhere",
    "witness_statement_differs": "the witness signed something else",
    "introduction_missing": "the person had a living key elsewhere, and it did not introduce this one",
    "introduction_unknown_key": "the introduction is not by a key of this person",
    "introduction_of_other": "the introduction is for another person or device",
    "introduction_expired": "the introduction had expired",
    "introduction_circular": "keys introduce one another in a circle",
}

EXPLANATIONS = MappingProxyType(
    {**_FILES, **_DEVICE_FILES, **_SIGNATURES, **_PLACES, **_OPERATIONS, **_SESSIONS, **_ACCOUNTS, **_REGISTRATIONS},
)
"""By code. A code keeps its meaning for ever; the words may change."""


def explanation_of(code: str) -> str:
    """The words for a code."""
    return EXPLANATIONS[code]
