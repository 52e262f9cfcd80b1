"""After the centre was restored: what its database is now, and what devices give back of what it was."""

from __future__ import annotations

import msgspec

from core.errors import Refusal
from core.sync.messages import (
    GivenBack,
    GivenBackAnswer,
    IncarnationAnswer,
    IncarnationWanted,
    Reported,
    ReportedAnswer,
)
from sync_server.centre.given_back import IncarnationDiffers, take_given_back
from sync_server.centre.incarnations import forgotten_device, incarnation_for, take_report
from sync_server.centre.recovery import gather
from sync_server.decoding import decoded
from sync_server.exchange.access import Asked, any_device
from sync_server.exchange.exchange import Exchange
from sync_server.ingest.settle import BANK_FEED
from sync_server.problems import Problem, refuse

_STEPS = 10
"""How far a request carries what was given back; the standing job does the rest."""

_wanted_decoder = msgspec.json.Decoder(IncarnationWanted)
_given_decoder = msgspec.json.Decoder(GivenBack)
_reported_decoder = msgspec.json.Decoder(Reported)


def incarnation(exchange: Exchange, asked: Asked) -> IncarnationAnswer:
    """The life that the database is in, and where the chains of the device's branch stand in it."""
    wanted = decoded(asked.body, _wanted_decoder)
    with exchange.database.transaction() as home:
        device = any_device(home, exchange.clock, asked, forgotten_device(home, wanted.enrolment))
        return incarnation_for(home, device.branch or "")


def given_back(exchange: Exchange, asked: Asked) -> GivenBackAnswer:
    """How many of these operations the centre has now."""
    given = decoded(asked.body, _given_decoder)
    with exchange.database.transaction() as home:
        device = any_device(home, exchange.clock, asked, forgotten_device(home, given.enrolment))
        chain = (device.device, device.epoch)
        if device.state != "living" or chain in home.incarnations.given_up():
            raise Problem("device_revoked")
        has_said_all = home.incarnations.has_reported(chain)
    if given.feed not in (BANK_FEED, device.branch):
        raise Problem("feed_not_yours")
    try:
        here = take_given_back(exchange.database, exchange.keys, given, signed_only=has_said_all)
    except IncarnationDiffers as differs:
        raise Problem("incarnation_differs") from differs
    gather(exchange.database, exchange.centre, most=_STEPS)
    return GivenBackAnswer(given.incarnation, here)


def reported(exchange: Exchange, asked: Asked) -> ReportedAnswer:
    """The device has given back all that it keeps; every grant that it holds is counted."""
    with exchange.database.transaction() as home:
        device = any_device(home, exchange.clock, asked)
        said = take_report(home, exchange.centre, device, decoded(asked.body, _reported_decoder))
        if isinstance(said, Refusal):
            raise refuse(said)
    gather(exchange.database, exchange.centre, most=_STEPS)
    return said
