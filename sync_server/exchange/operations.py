"""Push and feed: operations in, operations out."""

from __future__ import annotations

import msgspec

from core.book.rows import DeviceEpoch
from core.clock import instant
from core.sync.messages import FeedPage, Push, PushAnswer
from sync_server.centre.feed import read_page
from sync_server.decoding import decoded
from sync_server.exchange.access import Asked, any_device, living_device
from sync_server.exchange.exchange import Exchange
from sync_server.ingest.push import ChainUnknown, take_push
from sync_server.ingest.settle import BANK_FEED
from sync_server.problems import Problem
from sync_server.store.home import Home

_push_decoder = msgspec.json.Decoder(Push)


def push(exchange: Exchange, asked: Asked) -> PushAnswer:
    """A verdict for each operation; also of a device that was revoked, whose operations are kept."""
    with exchange.database.transaction() as home:
        device = any_device(home, exchange.clock, asked)
        _note_heard(exchange, home, device)
    message = decoded(asked.body, _push_decoder)
    if (message.device, message.epoch) != (device.device, device.epoch):
        raise Problem("device_differs")
    try:
        with exchange.turns:
            return take_push(exchange.database, exchange.keys, exchange.centre, message)
    except ChainUnknown as unknown:
        raise Problem("device_unknown") from unknown


def feed(exchange: Exchange, asked: Asked, named: str, after: int, limit: int) -> FeedPage:
    """Operations of the bank's feed, or of the device's own branch's, after a position."""
    with exchange.database.transaction() as home:
        device = living_device(home, exchange.clock, asked)
        _note_heard(exchange, home, device)
        if named not in (BANK_FEED, device.branch):
            raise Problem("feed_not_yours")
        return read_page(home, named, after, limit, instant(exchange.clock.now_ms()))


def _note_heard(exchange: Exchange, home: Home, device: DeviceEpoch) -> None:
    exchange.hearing.note(home, (device.device, device.epoch), exchange.clock.now_ms())
