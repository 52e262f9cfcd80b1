"""Targets that hand the centre's rules signed operations: changed, invented from types, or as a run of a chain."""

from __future__ import annotations

from typing import Any

import msgspec
from nacl.signing import SigningKey

from core.canonical import base64url
from core.envelope import (
    OPERATION_TYPE,
    Operation,
    check_signature,
    operation_hash,
    read_header,
    read_operation,
    sign_compact,
)
from core.operations import rules
from core.operations.kind import Signer
from core.operations.registry import KINDS
from core.people.keys import key_name
from sync_server.ingest.settle import ChainHead
from tests.reliability.fuzzing.authorising import authorised
from tests.reliability.fuzzing.choices import Choices
from tests.reliability.fuzzing.invented import invented
from tests.reliability.fuzzing.judging import take
from tests.reliability.fuzzing.mutations import changed_spelling, changed_token, changed_value
from tests.reliability.fuzzing.world import Moment, World

_RUN_MAX = 5


class OperationTargets:
    """The targets over one world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._fields = {
            moment.jws: msgspec.json.decode(msgspec.json.encode(moment.decoded.operation)) for moment in world.moments
        }
        self._kinds = tuple(KINDS.values())
        self._of_signer = {
            signer: [each for each in world.moments if rules.signer_of(each.decoded.operation) is signer]
            for signer in Signer
        }

    def token(self, choices: Choices) -> str:
        """The compact form: whatever text stands there."""
        moment = choices.pick(self._world.moments)
        text = changed_token(choices, moment.jws)
        if choices.one_in(3):
            text = changed_token(choices, text)
        signed = read_operation(text)
        check_signature(text, moment.key.verify_key)
        assert text == moment.jws, "a changed text that verifies"
        assert read_header(text).kid == signed.kid
        return "read"

    def changed(self, choices: Choices) -> str:
        """One operation with something in it changed, at its own moment."""
        moment = choices.pick(self._world.moments)
        fields = self._fields[moment.jws]
        if choices.below(3):
            fields = {**fields, "body": changed_value(choices, fields["body"], self._world.pool)}
        if choices.one_in(2):
            fields = changed_value(choices, fields, self._world.pool)
        return self._judge(choices, moment, fields)

    def invented(self, choices: Choices) -> str:
        """An operation of any kind with a body made from its types, at any moment."""
        kind = choices.pick(self._kinds)
        moment = choices.pick(self._of_signer[choices.pick(sorted(kind.signers))])
        body = invented(choices, kind.body, self._world)
        if choices.one_in(4):
            body = changed_value(choices, body, self._world.pool)
        drawer = choices.pick(("kasse-1", "kasse-1", None))
        more = {"kind": kind.name, "kind_version": kind.version, "body": body, "drawer": drawer}
        return self._judge(choices, moment, {**self._fields[moment.jws], **more})

    def run(self, choices: Choices) -> str:
        """A run of a chain: some operations changed, left out, repeated or in another order, chained anew or not."""
        moment = choices.pick(self._world.moments)
        chain = _chain(moment)
        run = [each for each in self._world.moments if _chain(each) == chain and _seq(each) >= _seq(moment)]
        run = run[: 1 + choices.below(_RUN_MAX)]
        place = choices.below(len(run))
        way = choices.below(6)
        if way == 0:
            del run[place]
        elif way == 1:
            run.insert(place, run[place])
        elif way == 2:
            run.reverse()
        texts = [each.jws for each in run]
        if run and way > 2:
            texts = self._chained_anew(choices, run, place % len(run))
        head = ChainHead(_seq(moment) - 1, moment.decoded.operation.prev)
        return take(moment.before, texts, self._world.keys, head)

    def _chained_anew(self, choices: Choices, run: list[Moment], place: int) -> list[str]:
        texts: list[str] = []
        prev = run[0].decoded.operation.prev
        for number, each in enumerate(run):
            fields = {**self._fields[each.jws], "prev": prev}
            if number == place:
                fields["body"] = changed_value(choices, fields["body"], self._world.pool)
            texts.append(_sign(msgspec.json.encode(fields), each.key))
            prev = operation_hash(texts[-1])
        return texts

    def _judge(self, choices: Choices, moment: Moment, fields: Any) -> str:
        payload = msgspec.json.encode(fields)
        if choices.one_in(10):
            payload = changed_spelling(choices, payload)
        text = self._signed(choices, moment, payload)
        head = ChainHead(_seq(moment) - 1, moment.decoded.operation.prev)
        return take(moment.before, [text], self._world.keys, head)

    def _signed(self, choices: Choices, moment: Moment, payload: bytes) -> str:
        """By the right key mostly, so that what stands behind the signature is reached."""
        way = choices.below(16)
        if way == 0:
            header, _, signature = moment.jws.split(".")
            return f"{header}.{base64url(payload)}.{signature}"
        if way == 1:
            other = choices.pick(list(self._world.keys.values()))
            return sign_compact(payload, other, choices.pick((key_name(other), key_name(moment.key))), OPERATION_TYPE)
        text = self._authorised(choices, moment, payload) if choices.below(3) else None
        return text or _sign(payload, moment.key)

    def _authorised(self, choices: Choices, moment: Moment, payload: bytes) -> str | None:
        """With the authority and the second person's approval that the changed operation needs."""

        def approval(operation: Operation) -> str | None:
            if moment.supervisor is None or not operation.actor.startswith("staff:") or not choices.below(4):
                return operation.approver
            return self._world.bank.approval(operation, self._world.supervisor)

        return authorised(payload, moment.key, approval)


def _sign(payload: bytes, key: SigningKey) -> str:
    return sign_compact(payload, key, key_name(key), OPERATION_TYPE)


def _chain(moment: Moment) -> tuple[str, int]:
    return moment.decoded.operation.device, moment.decoded.operation.epoch


def _seq(moment: Moment) -> int:
    return moment.decoded.operation.seq
