"""The device's half of the wire: signed requests over HTTP, strict time-outs and decoding, problems by their code."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx
import msgspec
from nacl.signing import SigningKey

from core.canonical import base64url
from core.clock import Clock
from core.device import Device, PushRun
from core.errors import CentreRefusal, EnvironmentProblem, LineProblem
from core.snapshot import SNAPSHOT_MEDIA_TYPE, expanded
from core.sync.deadline import Deadline, TimedTransport
from core.sync.messages import (
    BATCH_MAX,
    Activation,
    AllowancesAnswer,
    AllowancesWanted,
    BranchDevice,
    BranchDevices,
    Enrolment,
    EnrolmentAnswer,
    FeedPage,
    GivenBack,
    GivenBackAnswer,
    IbanBlockWanted,
    IncarnationAnswer,
    IncarnationWanted,
    Introduction,
    Introductions,
    LateRun,
    LeaseWanted,
    ProblemDocument,
    Push,
    PushAnswer,
    Reported,
    ReportedAnswer,
    RightsAnswer,
    RightsWanted,
    SeedAnswer,
    SignIn,
    VisitAnswer,
    VisitWanted,
)
from core.sync.requests import SIGNATURE_HEADER, sign_request

CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 20.0
"""How long the centre may be silent."""
EXCHANGE_SECONDS = 60.0
"""How long a whole exchange may take, however little of it comes at a time."""
SNAPSHOT_SECONDS = 60 * 60.0
"""A large branch's snapshot over a thin line; silence is waited for no longer than elsewhere."""

ANSWER_BYTES_MAX = 64 * 1024 * 1024
_LOCAL = frozenset({"127.0.0.1", "::1", "localhost"})

M = TypeVar("M", bound=msgspec.Struct)


class CentreProblem(CentreRefusal):
    """The centre's refusal with all that its problem document says; `members` are the ones beyond RFC 9457's."""

    def __init__(self, document: ProblemDocument, members: Mapping[str, Any]) -> None:
        super().__init__(document.detail or document.title or document.code, code=document.code, retry=document.retry)
        self.status = document.status
        self.members = members


@dataclass(frozen=True, slots=True)
class RequestSigner:
    """Whose key signs the requests."""

    device: str
    epoch: int
    key: SigningKey = field(repr=False)


class Transport:
    """One centre, spoken to by one device (or, without a signer, by one that is about to enrol). Thread-safe.

    Every call raises `LineProblem` (`line_down`, `line_too_slow`, `answer_malformed`, `answer_too_large`) or
    `CentreProblem` with the centre's own code.
    """

    def __init__(
        self,
        base_url: str,
        clock: Clock,
        signer: RequestSigner | None = None,
        *,
        answer_seconds: float = ANSWER_SECONDS,
        exchange_seconds: float = EXCHANGE_SECONDS,
    ) -> None:
        """`answer_seconds`: how long the centre may be silent; `exchange_seconds`: how long it may take altogether."""
        _check_address(base_url)
        self._answer_seconds = answer_seconds
        self._exchange_seconds = exchange_seconds
        self._base = base_url.rstrip("/")
        self._clock = clock
        self._signer = signer
        local = urlsplit(base_url).hostname in _LOCAL
        self._deadline = Deadline()
        transport = TimedTransport(self._deadline, trust_env=not local, proxy=None if local else _proxy_for(base_url))
        self._client = httpx.Client(transport=transport, trust_env=not local, follow_redirects=False)

    @classmethod
    def of_device(cls, device: Device, base_url: str | None = None, **limits: float) -> Transport:
        """The line of an enrolled device to its centre."""
        identity = device.identity
        signer = RequestSigner(identity.device, identity.epoch, device.key)
        return cls(base_url or identity.centre_url, device.clock, signer, **limits)

    def close(self) -> None:
        """Let connections go."""
        self._client.close()

    def enrol(self, enrolment: Enrolment) -> EnrolmentAnswer:
        """Show the centre a new key (`core.sync.enrolment.make_enrolment`)."""
        return self._post("/v1/enrolments", enrolment, EnrolmentAnswer)

    def enrolment(self, fingerprint: str) -> EnrolmentAnswer:
        """How the enrolment of that key stands."""
        return self._get(f"/v1/enrolments/{quote(fingerprint, safe='')}", EnrolmentAnswer)

    def push(self, run: PushRun) -> PushAnswer:
        """Hand over a run of the outbox."""
        records = {digest: base64url(data) for digest, data in run.records.items()}
        return self._post("/v1/operations", Push(run.device, run.epoch, run.operations, records), PushAnswer)

    def feed_page(self, feed: str, after: int, limit: int = BATCH_MAX) -> FeedPage:
        """What comes after a position of a feed (`bank`, or the branch's code)."""
        return self._get(f"/v1/feeds/{quote(feed, safe='')}?after={after}&limit={limit}", FeedPage)

    @contextmanager
    def snapshot(self) -> Iterator[Iterator[bytes]]:
        """The lines of the snapshot that a new device starts from (`core.snapshot`), as they come.

        The lines raise `IntegrityFault("snapshot_malformed")` besides.
        """
        with self._answering("GET", "/v1/snapshot", b"", SNAPSHOT_MEDIA_TYPE, None, SNAPSHOT_SECONDS) as response:
            if not 200 <= response.status_code < 300:
                raise _refusal(response.status_code, _read(response))
            yield expanded(response.iter_raw())

    def rights(self, wanted: RightsWanted, *, seconds: float | None = None) -> RightsAnswer:
        """Ask for spending rights; all of it takes no longer than `seconds`."""
        return self._post("/v1/rights", wanted, RightsAnswer, seconds)

    def allowances(self, wanted: AllowancesWanted) -> AllowancesAnswer:
        """Ask for the allowance on some accounts."""
        return self._post("/v1/allowances", wanted, AllowancesAnswer)

    def visit(self, wanted: VisitWanted, *, seconds: float | None = None) -> VisitAnswer:
        """Ask for a visiting customer's file; all of it takes no longer than `seconds`."""
        return self._post("/v1/visits", wanted, VisitAnswer, seconds)

    def lease(self, after: int) -> FeedPage:
        """Ask for the next lease, if it is time."""
        return self._post("/v1/leases", LeaseWanted(after), FeedPage)

    def branch_devices(self) -> tuple[BranchDevice, ...]:
        """The branch's devices, with what each may have paid out without having said so."""
        return self._get("/v1/devices", BranchDevices).devices

    def late_run(self, device: str, epoch: int) -> LateRun:
        """What an ended epoch still brought, and is not booked."""
        return self._get(f"/v1/devices/{quote(device)}/{epoch}/late-operations", LateRun)

    def iban_block(self, after: int) -> FeedPage:
        """Ask for more account numbers."""
        return self._post("/v1/iban-blocks", IbanBlockWanted(after), FeedPage)

    def incarnation(self, enrolment: str | None = None) -> IncarnationAnswer:
        """The life that the centre's database is in. `enrolment` is for a centre that forgot the device."""
        return self._post("/v1/incarnation", IncarnationWanted(enrolment), IncarnationAnswer)

    def give_back(self, given: GivenBack) -> GivenBackAnswer:
        """Hand over operations that the centre lacks."""
        return self._post("/v1/given-back", given, GivenBackAnswer)

    def reported(self, reported: Reported) -> ReportedAnswer:
        """Say that this was all, and echo every grant."""
        return self._post("/v1/reported", reported, ReportedAnswer)

    def activate(self, activation: Activation) -> SeedAnswer:
        """A person's first password."""
        return _of(activation.person, self._post("/v1/staff/activations", activation, SeedAnswer))

    def sign_in(self, sign_in: SignIn) -> SeedAnswer:
        """A person's sign-in at the centre, which hands over their seed."""
        return _of(sign_in.person, self._post("/v1/staff/sign-ins", sign_in, SeedAnswer))

    def introduce(self, introduction: str) -> None:
        """Leave an introduction for another device of the person."""
        self._post("/v1/staff/introductions", Introduction(introduction), Introductions)

    def introductions(self) -> Mapping[str, str]:
        """Introductions for this device, by person."""
        return self._get("/v1/staff/introductions", Introductions).by_person

    def _post(self, target: str, message: msgspec.Struct, answer: type[M], seconds: float | None = None) -> M:
        return self._call("POST", target, msgspec.json.encode(message), answer, seconds)

    def _get(self, target: str, answer: type[M]) -> M:
        return self._call("GET", target, b"", answer, None)

    def _call(self, method: str, target: str, body: bytes, answer: type[M], seconds: float | None) -> M:
        status, content = self._exchange(method, target, body, seconds)
        if not 200 <= status < 300:
            raise _refusal(status, content)
        try:
            return msgspec.json.decode(content, type=answer)
        except (msgspec.MsgspecError, UnicodeError, RecursionError) as problem:
            raise _malformed() from problem

    def _exchange(self, method: str, target: str, body: bytes, seconds: float | None) -> tuple[int, bytes]:
        with self._answering(method, target, body, "application/json", seconds, self._exchange_seconds) as response:
            return response.status_code, _read(response)

    @contextmanager
    def _answering(
        self, method: str, target: str, body: bytes, accept: str, seconds: float | None, longest: float
    ) -> Iterator[httpx.Response]:
        """The answer while it comes. All of it takes no longer than `seconds`, or where that is not said `longest`."""
        headers = {"Accept": accept}
        if body:
            headers["Content-Type"] = "application/json"
        if self._signer is not None:
            headers[SIGNATURE_HEADER] = self._signature(self._signer, method, target, body)
        silence = self._answer_seconds if seconds is None else seconds
        timeout = httpx.Timeout(silence, connect=min(silence, CONNECT_SECONDS))
        try:
            with (
                self._deadline.within(longest if seconds is None else seconds),
                self._client.stream(
                    method, self._base + target, content=body or None, headers=headers, timeout=timeout
                ) as response,
            ):
                yield response
        except httpx.TimeoutException as problem:
            raise LineProblem("The centre did not answer in time.", code="line_too_slow") from problem
        except httpx.TransportError as problem:
            raise LineProblem("The centre can't be reached.") from problem
        except httpx.HTTPError as problem:
            raise _malformed() from problem

    def _signature(self, signer: RequestSigner, method: str, target: str, body: bytes) -> str:
        return sign_request(
            signer.key,
            device=signer.device,
            epoch=signer.epoch,
            method=method,
            target=urlsplit(self._base).path + target,
            body=body,
            now_ms=self._clock.now_ms(),
        )


def _proxy_for(base_url: str) -> str | None:
    """The proxy that the system's settings name for that address."""
    parts = urlsplit(base_url)
    if proxy_bypass(parts.hostname or ""):
        return None
    proxies = getproxies()
    return proxies.get(parts.scheme) or proxies.get("all")


def _check_address(base_url: str) -> None:
    parts = urlsplit(base_url)
    if parts.scheme == "https" and parts.hostname:
        return
    # Seeds and names cross this line under its encryption; only within the machine may it go without.
    if parts.scheme == "http" and parts.hostname in _LOCAL:
        return
    raise EnvironmentProblem(
        f"The centre's address {base_url!r} must begin with https:// (http:// is for this machine alone).",
        code="centre_address_wrong",
    )


def _read(response: httpx.Response) -> bytes:
    chunks: list[bytes] = []
    size = 0
    for chunk in response.iter_bytes():
        size += len(chunk)
        if size > ANSWER_BYTES_MAX:
            raise LineProblem("The centre's answer is larger than any should be.", code="answer_too_large")
        chunks.append(chunk)
    return b"".join(chunks)


def _refusal(status: int, content: bytes) -> LineProblem | CentreProblem:
    """The centre's problem document; an error that is none comes from something on the way."""
    if status == 413:
        # Whoever on the way says it, and in whatever form: less at once is the answer to it.
        return CentreProblem(ProblemDocument("body_too_large", "More was sent at once than is taken", status), {})
    try:
        document = msgspec.json.decode(content, type=ProblemDocument)
        members = msgspec.json.decode(content, type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        if status >= 500:
            return LineProblem(f"Something between here and the centre answers with an error ({status}).")
        return _malformed()
    known = set(ProblemDocument.__struct_fields__) | {"type", "instance"}
    return CentreProblem(document, {name: value for name, value in members.items() if name not in known})


def _of(person: str, answer: SeedAnswer) -> SeedAnswer:
    """The answer, which is about the person who was asked for: another's seed would be kept in place of their own."""
    if answer.person != person:
        raise _malformed()
    return answer


def _malformed() -> LineProblem:
    return LineProblem("What answers at the centre's address is not the centre.", code="answer_malformed")
