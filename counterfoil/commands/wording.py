"""What the commands say when something is refused: one plain sentence a code, which ends with what to do."""

from __future__ import annotations

from core.errors import IntegrityFault, Refusal

_SENTENCES = {
    "bank_founded_already": "The bank is founded already. It is founded once; go on with `counterfoil found-branch`.",
    "bank_code_malformed": "No IBAN of {country} can be made with this bank code. Check --bank-code and --country.",
    "branch_code_taken": "A branch has this code already. Choose another one.",
    "branch_code_too_long": "This code is too long for a branch. Choose a shorter one.",
    "branch_unknown": "There is no such branch. Found it first, or check its code.",
    "case_unknown": "No case has that number. See `counterfoil case list --all`.",
    "case_not_closed": "No closed case has that number. See `counterfoil case list --all`.",
    "case_not_open": "No open case has that number. See `counterfoil case list`.",
    "case_still_stands": (
        "More is promised on account {account} than is there. The case stays open until that is mended: by what comes "
        "back, a reversal, a higher limit, or money."
    ),
    "centre_recovering": (
        "The centre was restored, and others that may know more of these devices have yet to report. Wait for them, or "
        "give up both branches at once; `counterfoil incarnation status` says who is awaited."
    ),
    "currency_unknown": "There is no such currency. Give the three letters of ISO 4217, such as DKK.",
    "device_code_malformed": "A device's code has at most 32 of a-z, 0-9 and -, and does not begin with centre.",
    "device_code_of_centre": "This is the centre itself, not a device. Check the code.",
    "device_revoked_already": "This epoch of the device is revoked already. There is nothing to do.",
    "device_unknown": "The centre has no such device and epoch. See `counterfoil device list`.",
    "enrolment_unknown": "No device of that code waits to be trusted. See `counterfoil device list`.",
    "fingerprint_differs": (
        "This is not the fingerprint of the key that the device showed. Nothing was trusted. "
        "Compare it again with the device's own screen; if they differ, somebody else's key came in."
    ),
    "branch_code_reserved": "No branch may be called bank or centre. Choose another code.",
    "payment_not_held": "No payment of that id waits for a person. See `counterfoil payment held`.",
    "staff_key_unknown": "The person has no living key of that thumbprint. See `counterfoil staff keys`.",
    "staff_code_taken": "Somebody has this code already. Choose another one.",
    "staff_suspended": "That person is suspended. Name somebody who may act.",
    "staff_unknown": "There is no such member of staff. Check the code.",
}


def say_refusal(refusal: Refusal) -> str:
    """The sentence for a refusal; one that has none is named by its field and what was found."""
    sentence = _SENTENCES.get(refusal.code)
    if sentence is not None:
        return sentence.format_map({name: str(value) for name, value in refusal.detail.items()})
    where = f" at {refusal.field}" if refusal.field else ""
    found = "".join(f"; {name} is {value}" for name, value in refusal.detail.items())
    return f"A rule of the bank speaks against it{where}{found}."


def say_fault(fault: IntegrityFault) -> str:
    """The sentence for data that contradicts itself."""
    where = f" ({fault.where})" if fault.where else ""
    return f"What is stored or was signed contradicts itself{where}. Nothing was changed. Call whoever runs the centre."
