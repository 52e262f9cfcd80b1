"""What shows that the centre's past is another one: kept when it is first met, for whoever looks into it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

from core.clock import instant
from core.device.feed_hashes import CheckpointSeen, known_at, newest_checkpoint
from core.device.workings import Workings
from core.store.home import DeviceHome

DIFFERS = "checkpoint_differs"
_KEPT = "past_differs"


class _Item(Protocol):
    @property
    def jws(self) -> str: ...


class _Page(Protocol):
    @property
    def feed(self) -> str: ...
    @property
    def items(self) -> Sequence[_Item]: ...
    @property
    def hash(self) -> str | None: ...


class PastDiffers(msgspec.Struct, frozen=True):
    """What the centre said of a feed, and what this device had read of it; everything signed stands as it was signed.

    `position` and `running_hash` are this device's own; `said` are the operations of the page that differs, `said_hash`
    the running hash that the centre stated with it; `checkpoint` is the newest one that had agreed.
    """

    seen_at: str
    device: str
    epoch: int
    feed: str
    position: int
    running_hash: str | None
    said: tuple[str, ...]
    said_hash: str | None
    checkpoint: CheckpointSeen | None


def keep(workings: Workings, page: _Page, position: int) -> None:
    """Keep what has just been refused, durably; the first of it stays."""
    if workings.store.setting(_KEPT) is not None:
        return
    found = PastDiffers(
        seen_at=instant(workings.time.now_ms()),
        device=workings.head.device,
        epoch=workings.head.epoch,
        feed=page.feed,
        position=position,
        running_hash=known_at(workings, page.feed, position),
        said=tuple(item.jws for item in page.items),
        said_hash=page.hash,
        checkpoint=newest_checkpoint(workings),
    )
    with workings.writing():
        workings.store.put_setting(_KEPT, msgspec.json.encode(found).decode())


def kept(store: DeviceHome) -> PastDiffers | None:
    """What is kept; None if the centre's past was always the one that was read here."""
    text = store.setting(_KEPT)
    return msgspec.json.decode(text, type=PastDiffers) if text is not None else None
