"""Every problem that the server may answer with, as RFC 9457 problem documents: one registry of stable codes.

`Problem("gap", "…", expected=7)` is raised where requests are answered; the rest of the server answers with values.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from core.errors import Refusal, Refused

PROBLEM_MEDIA_TYPE = "application/problem+json"
DATABASE_RETRY_SECONDS = 2


@dataclass(frozen=True, slots=True)
class ProblemKind:
    """A stable code: its HTTP status, a title that never varies, whether the same request may work later."""

    code: str
    status: int
    title: str
    retry: bool = False

    @property
    def type(self) -> str:
        """The URI reference that names this kind; the server describes it there."""
        return f"/problems/{self.code}"


_KINDS = (
    # The request itself
    ProblemKind("json_malformed", 400, "The body is not JSON"),
    ProblemKind("request_malformed", 422, "The request does not have the documented form"),
    ProblemKind("body_too_large", 413, "The body is larger than this server reads"),
    ProblemKind("body_too_slow", 408, "The body did not arrive in time", retry=True),
    ProblemKind("request_too_slow", 408, "The request did not arrive in time", retry=True),
    ProblemKind("media_type_unsupported", 415, "The body must be application/json in UTF-8"),
    ProblemKind("not_found", 404, "There is nothing at this address"),
    ProblemKind("method_not_allowed", 405, "This address does not answer that method"),
    ProblemKind("http_error", 400, "The request can't be answered"),
    # Who asks
    ProblemKind("token_missing", 401, "A bearer token is needed"),
    ProblemKind("token_wrong", 401, "The bearer token is not known"),
    ProblemKind("signature_missing", 401, "The request is not signed"),
    ProblemKind("signature_wrong", 401, "The request's signature does not hold"),
    ProblemKind("clock_wrong", 401, "The device's clock is more than five minutes off"),
    ProblemKind("device_unknown", 401, "No device of this name and epoch is trusted here"),
    ProblemKind("device_revoked", 403, "The device was revoked"),
    ProblemKind("device_quarantined", 403, "The device's chain does not hold; a person at the centre must look"),
    ProblemKind("device_elsewhere", 404, "The branch has no such device"),
    ProblemKind("device_differs", 403, "A device sends only its own operations"),
    ProblemKind("feed_not_yours", 403, "A device reads the bank's feed and its own branch's"),
    # Enrolment and staff
    ProblemKind("enrolment_code_wrong", 403, "The enrolment code is wrong, used or expired"),
    ProblemKind("enrolment_proof_wrong", 422, "The proof is not by the key that was shown"),
    ProblemKind("enrolment_unknown", 404, "No enrolment has this fingerprint"),
    ProblemKind("device_at_work", 409, "The device has begun its work; a snapshot is for one that has not"),
    ProblemKind("snapshot_busy", 503, "Other devices are being given their snapshots", retry=True),
    ProblemKind("protocol_unsupported", 426, "This protocol version is not spoken here"),
    ProblemKind("activation_wrong", 403, "The activation code is wrong, used or expired"),
    ProblemKind("sign_in_wrong", 403, "The staff code, the password or the one-time code is wrong"),
    ProblemKind("sign_in_too_soon", 429, "Wait before the next try", retry=True),
    ProblemKind("totp_reused", 403, "This one-time code was used already; wait for the next"),
    ProblemKind("staff_elsewhere", 403, "This person does not work at the device's branch"),
    ProblemKind("staff_suspended", 403, "This person is suspended"),
    ProblemKind("introduction_malformed", 422, "The introduction does not hold"),
    ProblemKind("introduction_unknown_key", 403, "The introduction is not by a living key of this device"),
    # Rules
    ProblemKind("refused", 409, "A rule of the bank speaks against it"),
    ProblemKind("account_unknown", 404, "No such account"),
    ProblemKind("account_elsewhere", 409, "The account is kept at another branch"),
    ProblemKind("account_frozen", 409, "The account is frozen"),
    ProblemKind("visit_not_needed", 409, "The device's own branch keeps the account"),
    ProblemKind("visit_refused", 409, "The account's file can't be lent now"),
    ProblemKind("account_closing", 409, "A request to close the account waits"),
    ProblemKind("too_many_grants", 429, "The device asks for rights too often", retry=True),
    ProblemKind("grants_stopped", 409, "The device has given away more than it held; a person must look first"),
    ProblemKind("password_refused", 422, "The password does not meet the rules"),
    # The server's own state
    ProblemKind("database_unavailable", 503, "The database can't be reached", retry=True),
    ProblemKind("database_busy", 503, "The database asks to try again", retry=True),
    ProblemKind("not_ready", 503, "The server is not ready", retry=True),
    ProblemKind("centre_recovering", 503, "The centre was restored, and waits for what desks know", retry=True),
    ProblemKind("incarnation_differs", 409, "The centre is in another incarnation", retry=True),
    ProblemKind("internal_error", 500, "Something is wrong with the server; it has been logged", retry=True),
    # The partner bank
    ProblemKind("end_to_end_id_reused", 409, "This end-to-end id stands for another payment"),
    ProblemKind("payment_unknown", 404, "No payment has this end-to-end id"),
)

PROBLEMS: Mapping[str, ProblemKind] = MappingProxyType({kind.code: kind for kind in _KINDS})
"""All problems by code. A code, once released, never changes its meaning."""


class Problem(Exception):
    """Ends a request with a problem document.

    `code` must be in `PROBLEMS`; `detail` says what is wrong this time, in words that give no secret away;
    `headers` go beside it; other keywords become members of the document.
    """

    def __init__(
        self,
        code: str,
        detail: str = "",
        *,
        headers: Mapping[str, str] | None = None,
        status: int | None = None,
        **members: object,
    ) -> None:
        super().__init__(code)
        self.kind = PROBLEMS[code]
        self.detail = detail
        self.headers = dict(headers or {})
        self.status = status or self.kind.status
        self.members = members

    def document(self) -> dict[str, object]:
        """The problem document."""
        return {
            "type": self.kind.type,
            "title": self.kind.title,
            "status": self.status,
            "detail": self.detail or f"{self.kind.title}.",
            "code": self.kind.code,
            "retry": self.kind.retry,
            **self.members,
        }


def refuse(refusal: Refusal) -> Problem:
    """A business refusal as a problem: its own code where that is documented, `refused` otherwise."""
    general = "password_refused" if refusal.code.startswith("password_") else "refused"
    code = refusal.code if refusal.code in PROBLEMS else general
    problem = Problem(code, reason=refusal.code, field=refusal.field)
    problem.members.update(refusal.detail)
    return problem


def overtaken(refused: Refused) -> Problem:
    """What was allowed when the request was looked at, and no more when its turn came: a device revoked meanwhile."""
    code = refused.refusal.code
    return Problem(code if code in PROBLEMS else "refused", reason=code)


def database_unavailable() -> Problem:
    """The answer while the database is away."""
    return Problem("database_unavailable", headers={"Retry-After": str(DATABASE_RETRY_SECONDS)})


def database_busy() -> Problem:
    """The answer when the database broke a transaction off so that others could go on."""
    return Problem("database_busy", headers={"Retry-After": "1"})


def problem_schema() -> dict[str, Any]:
    """The JSON schema of a problem document."""
    return {
        "title": "Problem",
        "description": "A problem document (RFC 9457). Members beyond these depend on the code.",
        "type": "object",
        "required": ["type", "title", "status", "detail", "code", "retry"],
        "properties": {
            "type": {"type": "string", "format": "uri-reference"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string"},
            "code": {"type": "string", "enum": sorted(PROBLEMS)},
            "retry": {"type": "boolean", "description": "Whether the same request may work later."},
            "reference": {"type": "string", "description": "Where to look in the server's log."},
        },
    }


def problem_answers(codes: tuple[str, ...]) -> dict[int | str, dict[str, Any]]:
    """The OpenAPI responses for some codes, grouped by status."""
    answers: dict[int | str, dict[str, Any]] = {}
    for kind in (PROBLEMS[code] for code in codes):
        media = {"schema": {"$ref": "#/components/schemas/Problem"}, "examples": {}}
        answer = answers.setdefault(kind.status, {"description": "", "content": {PROBLEM_MEDIA_TYPE: media}})
        answer["description"] = f"{answer['description']} `{kind.code}`: {kind.title}.".strip()
        answer["content"][PROBLEM_MEDIA_TYPE]["examples"][kind.code] = {"value": Problem(kind.code).document()}
    return answers
