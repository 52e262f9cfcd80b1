"""Targets for what a device reads of the centre: pages of feeds and answers to pushes, on real encrypted files."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from core.canonical import base64url, from_base64url
from core.clock import FixedClock, instant_ms
from core.device import Device
from core.envelope import OPERATION_TYPE, operation_hash, read_operation, sign_compact
from core.errors import IntegrityFault
from core.operations.bank import Role, StaffSuspended
from core.people.keys import key_name
from core.records import record_digest
from core.store.queries.books import trial_balance
from core.sync.messages import FeedPage, PushAnswer
from sync_server.decoding import decoded
from tests.bank import DATE
from tests.core.device.desk import Desk
from tests.core.device.memory_centre import MemoryCentre
from tests.reliability.fuzzing.choices import Choices
from tests.reliability.fuzzing.mutations import changed_data, changed_spelling, changed_token, changed_value

_BRANCH = "odense"
_ITEMS_MAX = 3
_STAMP = "1795161600000-0000-odense-1"
_PEOPLE: tuple[tuple[str, Role], ...] = (("mette", "supervisor"), ("jens", "teller"))


@dataclass
class _File:
    """A device at one place of its feeds, put back there after each input that moved it."""

    path: Path
    kept: Path
    desk: Desk
    device: Device

    def put_back(self) -> None:
        """Open the kept copy again."""
        self.device.close()
        for beside in self.path.parent.glob(f"{self.path.name}-*"):
            beside.unlink()
        shutil.copyfile(self.kept, self.path)
        self.device = Device.open(self.path, self.desk.secrets, self.desk.clock, self.desk.randomness)


class DeviceTargets:
    """The targets over files in a folder: two devices that have read a little, and one whose push is answered."""

    def __init__(self, folder: Path) -> None:
        clock = FixedClock(instant_ms(f"{DATE}T08:00:00.000Z"))
        self._centre = centre = MemoryCentre(clock, _BRANCH, "aarhus")
        for person, role in _PEOPLE:
            centre.admit(person, role, _BRANCH)
        maker = Desk(folder, centre, clock, "odense-1", _BRANCH)
        reader = Desk(folder, centre, clock, "odense-2", _BRANCH)
        maker.read()
        self._readers = [_kept(reader)]
        maker.found("mette", "jens")
        supervisor, teller = maker.sign_in("mette"), maker.sign_in("jens")
        maker.open_day(teller, supervisor)
        maker.sync()
        reader.read()
        self._readers.append(_kept(reader))
        for amount in (1_000_00, 70_00):
            account = maker.account(teller, maker.customer(teller, supervisor))
            maker.perform(teller, maker.deposited(account, amount))
        self._asked = _kept(maker)
        maker.device.close()
        reader.device.close()
        run = self._asked.device.next_run(500)
        assert run is not None
        self._answer = _plain(centre.push(run.device, run.epoch, run.operations, run.records))
        centre.issue(StaffSuspended(person="jens"))
        keys = (teller.key, supervisor.key, maker.device.key, centre.key)
        self._keys = {key_name(key): key for key in keys}
        self._pool = self._words()

    def close(self) -> None:
        """Let go of the files."""
        for file in (*self._readers, self._asked):
            file.device.close()

    def page(self, choices: Choices) -> str:
        """A page of a feed with something in it changed; what is refused leaves nothing behind."""
        file = choices.pick(self._readers)
        feed = choices.pick(("bank", _BRANCH))
        position = file.device.feed_position(feed)
        page = _plain(self._centre.page(feed, position, 1 + choices.below(_ITEMS_MAX)))
        way = choices.below(4)
        if way == 0 and page["items"]:
            self._sign_again(choices, choices.pick(page["items"]))
        elif way == 1 and page["items"]:
            self._spoil_record(choices, choices.pick(page["items"]))
        else:
            page = changed_value(choices, page, self._pool)
        read = self._decoded(choices, page, FeedPage)
        before = _place(file.device)
        try:
            file.device.accept_feed_page(read)
        except IntegrityFault:
            assert _place(file.device) == before, "a page that is refused left something behind"
            raise
        finally:
            self._look_at(file, before)
        return "read"

    def answer(self, choices: Choices) -> str:
        """An answer to a push with something in it changed."""
        file = self._asked
        answer = dict(self._answer)
        if choices.below(4):
            answer["verdicts"] = changed_value(choices, self._restamped(choices, answer["verdicts"]), self._pool)
        else:
            answer = changed_value(choices, answer, self._pool)
        read = self._decoded(choices, answer, PushAnswer)
        before = _place(file.device)
        try:
            file.device.accept_push_answer(read)
        finally:
            self._look_at(file, before)
        return "read"

    def _restamped(self, choices: Choices, verdicts: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """A stamp at any operation, whether or not it has one that could be replaced."""
        place = choices.below(len(verdicts)) if choices.one_in(4) else None
        return [{**each, "stamp": _STAMP} if number == place else each for number, each in enumerate(verdicts)]

    def _look_at(self, file: _File, before: tuple[object, ...]) -> None:
        if _place(file.device) == before and file.device.stopped is None:
            return
        try:
            with file.device.reading() as connection:
                for balance in trial_balance(connection):
                    assert balance.debits == balance.credits, "the books do not balance"
            file.device.outbox()
        finally:
            file.put_back()

    def _decoded(self, choices: Choices, value: Any, kind: type[Any]) -> Any:
        """As the transport decodes an answer."""
        data = msgspec.json.encode(value)
        if choices.one_in(12):
            data = changed_spelling(choices, data)
        return decoded(data, msgspec.json.Decoder(kind))

    def _sign_again(self, choices: Choices, item: dict[str, Any]) -> None:
        """An operation changed and signed by whose key it was, with the verdict that names it."""
        signed = read_operation(item["jws"])
        key = self._keys.get(signed.kid)
        if key is None:
            item["jws"] = changed_token(choices, item["jws"])
            return
        fields = msgspec.json.decode(msgspec.json.encode(signed.operation))
        fields = {**fields, "body": changed_value(choices, fields["body"], self._pool)}
        if choices.one_in(3):
            fields = changed_value(choices, fields, self._pool)
        item["jws"] = sign_compact(msgspec.json.encode(fields), key, signed.kid, OPERATION_TYPE)
        item["verdict"]["hash"] = operation_hash(item["jws"])
        (item["verdict"],) = self._restamped(choices, [item["verdict"]])
        if choices.one_in(4):
            item["verdict"] = changed_value(choices, item["verdict"], self._pool)

    def _spoil_record(self, choices: Choices, item: dict[str, Any]) -> None:
        """A record that is none, under the very digest that the operation names."""
        signed = read_operation(item["jws"])
        fields = msgspec.json.decode(msgspec.json.encode(signed.operation))
        named = next((name for name in ("record", "details", "evidence") if fields["body"].get(name)), None)
        key = self._keys.get(signed.kid)
        if named is None or key is None:
            item["records"] = changed_value(choices, item["records"], self._pool)
            return
        kept = item["records"].get(fields["body"][named], "")
        data = choices.pick((changed_data, changed_spelling))(choices, from_base64url(kept))
        fields["body"][named] = record_digest(data)
        item["jws"] = sign_compact(msgspec.json.encode(fields), key, signed.kid, OPERATION_TYPE)
        item["verdict"]["hash"] = operation_hash(item["jws"])
        item["records"] = {record_digest(data): base64url(data)}

    def _words(self) -> list[Any]:
        items = [item for feed in ("bank", _BRANCH) for item in self._centre.page(feed, 0).items]
        texts = [item.jws for item in items[-12:]] + [item.verdict.hash for item in items[-12:]]
        return [
            *texts,
            *[_STAMP] * 4,
            "bank",
            _BRANCH,
            "aarhus",
            0,
            1,
            len(items),
            2**63,
            2**53,
            -1,
            None,
            "x",
            "quarantined",
            [],
            {},
        ]


def _kept(desk: Desk) -> _File:
    """A copy of a desk's file at this moment, and the device on the file itself."""
    desk.device.close()
    number = len(list(desk.path.parent.glob("*.kept")))
    path = desk.path.with_name(f"{desk.path.stem}-{number}.db")
    kept = path.with_suffix(".kept")
    shutil.copyfile(desk.path, path)
    # Opening the file closes the sessions that it left open: it is kept as it is after that.
    Device.open(path, desk.secrets, desk.clock, desk.randomness).close()
    shutil.copyfile(path, kept)
    desk.device = Device.open(desk.path, desk.secrets, desk.clock, desk.randomness)
    opened = Device.open(path, desk.secrets, desk.clock, desk.randomness)
    return _File(path, kept, desk, opened)


def _place(device: Device) -> tuple[object, ...]:
    return device.feed_position("bank"), device.feed_position(_BRANCH), device.outbox().length, device.chain_head()


def _plain(message: msgspec.Struct) -> dict[str, Any]:
    """As it is on the wire."""
    found: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(message))
    return found
