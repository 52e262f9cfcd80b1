"""What a device at work may want: rights, a lease, account numbers, a visitor's file; and the feed up to them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

import msgspec

from core.book.rows import DeviceEpoch
from core.errors import Refusal
from core.sync.messages import (
    BATCH_MAX,
    AllowancesAnswer,
    AllowancesWanted,
    FeedPage,
    IbanBlockWanted,
    LeaseWanted,
    RightsAnswer,
    RightsWanted,
    VisitAnswer,
    VisitWanted,
)
from sync_server.centre.allowances import ToppedUp, top_up_all
from sync_server.centre.devices import lease_if_few
from sync_server.centre.feed import read_page
from sync_server.centre.issue import Issued
from sync_server.centre.leases import renew_lease
from sync_server.centre.rights import Grant, grant_rights
from sync_server.centre.visits import Visit, lend_file
from sync_server.decoding import decoded
from sync_server.exchange.access import Asked, working_device
from sync_server.exchange.exchange import Exchange
from sync_server.ingest.settle import BANK_FEED
from sync_server.problems import refuse
from sync_server.store.home import Home

_rights_decoder = msgspec.json.Decoder(RightsWanted)
_allowances_decoder = msgspec.json.Decoder(AllowancesWanted)
_lease_decoder = msgspec.json.Decoder(LeaseWanted)
_block_decoder = msgspec.json.Decoder(IbanBlockWanted)
_visit_decoder = msgspec.json.Decoder(VisitWanted)


class _Wanted(Protocol):
    @property
    def after(self) -> int: ...


W = TypeVar("W", bound=_Wanted)
G = TypeVar("G")


def rights(exchange: Exchange, asked: Asked) -> RightsAnswer:
    """Rights on one account, recalled from others where they are short."""

    def give(home: Home, device: DeviceEpoch, wanted: RightsWanted) -> Grant | Refusal:
        return grant_rights(
            home,
            exchange.centre,
            device,
            wanted.account,
            least=wanted.least,
            amount=wanted.amount,
            holding=wanted.holding,
        )

    grant, page = _given(exchange, asked, _rights_decoder, give)
    return RightsAnswer(grant.granted, grant.available, page, grant.coming)


def allowances(exchange: Exchange, asked: Asked) -> AllowancesAnswer:
    """What the device holds of its branch's own customers, topped up."""

    def give(home: Home, device: DeviceEpoch, wanted: AllowancesWanted) -> ToppedUp | Refusal:
        return top_up_all(home, exchange.centre, device, wanted.accounts, exchange.allowance)

    done, page = _given(exchange, asked, _allowances_decoder, give)
    return AllowancesAnswer(done.granted, done.skipped, exchange.allowance, page, done.retry_after_ms)


def lease(exchange: Exchange, asked: Asked) -> FeedPage:
    """The next lease, if it is needed and no person has ended the one before."""

    def give(home: Home, device: DeviceEpoch, _wanted: LeaseWanted) -> Issued | None:
        return renew_lease(home, exchange.centre, device, exchange.lease, unless_ended=True)

    return _given(exchange, asked, _lease_decoder, give)[1]


def iban_block(exchange: Exchange, asked: Asked) -> FeedPage:
    """More account numbers, if the device has few left; the page is of the bank-wide feed."""

    def give(home: Home, device: DeviceEpoch, _wanted: IbanBlockWanted) -> None:
        lease_if_few(home, exchange.centre, device.device, device.epoch)

    return _given(exchange, asked, _block_decoder, give, bank_wide=True)[1]


def visit(exchange: Exchange, asked: Asked) -> VisitAnswer:
    """A visiting customer's file, lent."""

    def give(home: Home, device: DeviceEpoch, wanted: VisitWanted) -> Visit | Refusal:
        return lend_file(home, exchange.centre, exchange.randomness, device, wanted.iban)

    lent, page = _given(exchange, asked, _visit_decoder, give)
    return VisitAnswer(lent.account, page)


def _given(
    exchange: Exchange,
    asked: Asked,
    decoder: msgspec.json.Decoder[W],
    give: Callable[[Home, DeviceEpoch, W], G | Refusal],
    *,
    bank_wide: bool = False,
) -> tuple[G, FeedPage]:
    """Give it in one transaction, and read in the next what all have committed by then. Raises `Problem`."""
    with exchange.database.transaction() as home:
        device = working_device(home, exchange.clock, asked)
        wanted = decoded(asked.body, decoder)
        given = give(home, device, wanted)
        if isinstance(given, Refusal):
            raise refuse(given)
    with exchange.database.transaction() as home:
        return given, read_page(home, BANK_FEED if bank_wide else device.branch or "", wanted.after, BATCH_MAX)
