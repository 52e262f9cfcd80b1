"""A new device shows the key that it made; a person at the centre trusts it."""

from __future__ import annotations

import msgspec

from core.errors import IntegrityFault, Refusal
from core.sync.enrolment import verify_enrolment
from core.sync.messages import Enrolment, EnrolmentAnswer
from sync_server.centre.devices import EnrolmentState, find_enrolment, request_enrolment
from sync_server.decoding import decoded
from sync_server.exchange.access import check_protocol
from sync_server.exchange.exchange import Exchange
from sync_server.problems import Problem, refuse

_decoder = msgspec.json.Decoder(Enrolment)


def enrol(exchange: Exchange, body: bytes) -> EnrolmentAnswer:
    """The key is known from here on, and waits to be trusted; whoever asks has no name yet."""
    message = decoded(body, _decoder)
    check_protocol(message.protocol)
    try:
        verify_enrolment(message)
    except IntegrityFault as fault:
        raise Problem("enrolment_proof_wrong", fault=fault.code) from fault
    with exchange.database.transaction() as home:
        state = request_enrolment(home, exchange.centre, message.code, message.key)
    if isinstance(state, Refusal):
        raise refuse(state)
    return _answered(exchange, state)


def enrolment(exchange: Exchange, fingerprint: str) -> EnrolmentAnswer:
    """How the enrolment of that key stands."""
    with exchange.database.transaction() as home:
        state = find_enrolment(home, fingerprint)
    if state is None:
        raise Problem("enrolment_unknown")
    return _answered(exchange, state)


def _answered(exchange: Exchange, state: EnrolmentState) -> EnrolmentAnswer:
    return EnrolmentAnswer(
        state=state.state,
        device=state.device,
        epoch=state.epoch,
        branch=state.branch,
        purpose=state.purpose,
        fingerprint=state.fingerprint,
        centre_key=exchange.centre.keys.public if state.state == "trusted" else None,
    )
