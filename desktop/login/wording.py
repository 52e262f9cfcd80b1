"""What the screens of signing in say to each code that the service refuses with."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from core.errors import Refusal
from desktop.wording import refusal_sentence


def _tr(text: str) -> str:
    return QCoreApplication.translate("login", text)


def sentence(refusal: Refusal, locale: str = "en_GB") -> str:
    """What is wrong and what to do."""
    found = _sentences().get(refusal.code)
    if found is None:
        return refusal_sentence(refusal, locale)
    names = {"least": 12, "most": 128, "hours": 72, "person": "", "branch": "", **refusal.detail}
    return found.format(**names)


def _sentences() -> dict[str, str]:
    return {
        "staff_code_missing": _tr("Type your staff code."),
        "staff_code_malformed": _tr("A staff code has small letters, figures and dashes."),
        "staff_unknown": _tr("Nobody at this bank has this staff code."),
        "staff_suspended": _tr("This person is suspended. Ask the bank's office."),
        "sign_in_offline_too_long": _tr(
            "Nothing was heard of the centre for more than {hours} hours, so nobody can sign in here. Wait for the "
            "line, or work at another desk."
        ),
        "staff_elsewhere": _tr("This person works at another branch."),
        "staff_key_ended": _tr("This person's key was ended. They need a first sign-in here again."),
        "sign_in_first_here": _tr(
            "This person has not signed in at this desk before. Press F4 for the first time here."
        ),
        "sign_in_too_soon": _tr("Too many failed tries. Wait a moment."),
        "sign_in_wrong": _tr("Staff code, password or one-time code is wrong."),
        "password_missing": _tr("Type the password."),
        "password_wrong": _tr("The password is wrong."),
        "password_too_short": _tr("At least {least} characters. A short sentence is easy to keep in mind."),
        "password_too_long": _tr("At most {most} characters."),
        "password_not_typable": _tr("It holds a character that can't be typed on every keyboard."),
        "password_too_simple": _tr("This would be among the first guesses. Choose something less regular."),
        "password_names_person": _tr("It holds the name or the staff code. Choose something else."),
        "password_refused": _tr("The bank does not accept this password. Choose another."),
        "password_differs": _tr("The two are not the same. Type the password again."),
        "totp_malformed": _tr("Type the six digits."),
        "totp_wrong": _tr("The code is wrong. Type the one that the phone shows."),
        "totp_reused": _tr("This code was used already. Wait for the next one."),
        "activation_missing": _tr("Type the activation code."),
        "activation_wrong": _tr("The activation code is wrong, used or expired. Ask the bank's office for another."),
        "witness_same_person": _tr("A witness is somebody else."),
        "witness_unknown": _tr("The witness needs a key on this desk. Ask somebody who works here already."),
        "witness_needed": _tr("The key waits for a colleague as witness. Press F4 to go on."),
        "introduction_missing": _tr("No introduction of {person} has come yet."),
        "introduction_expired": _tr("The introduction of {person} is too old. It must be made again."),
        "introduction_unknown_key": _tr("The centre does not know the key on this desk yet. Try again in a minute."),
        "approval_own": _tr("Nobody approves their own work. Ask a supervisor."),
        "approver_not_supervisor": _tr("Only a supervisor of this branch may approve."),
        "approver_suspended": _tr("This person is suspended and can't approve."),
        "approver_key_ended": _tr("This person's key at this desk was ended. They register a new one first."),
        "enrolment_code_wrong": _tr("The code is wrong, used or expired. Ask the bank's office for another."),
        "enrolment_refused": _tr("The bank's office has refused this desk."),
        "enrolment_differs": _tr("The centre speaks of another key. Ask the bank's office."),
    }
