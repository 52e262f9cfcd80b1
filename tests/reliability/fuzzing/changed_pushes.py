"""Pushes with something in them changed, forked, reordered or spoilt, and mostly signed again by the right key."""

from __future__ import annotations

from typing import Any

import msgspec

from core.envelope import OPERATION_TYPE, Operation, operation_hash, sign_compact
from core.operations import rules
from core.operations.kind import Kind, Signer
from core.operations.registry import KINDS
from core.sync.messages import Push
from tests.reliability.fuzzing.authorising import authorised
from tests.reliability.fuzzing.choices import Choices
from tests.reliability.fuzzing.ingest_site import IngestSite
from tests.reliability.fuzzing.invented import invented
from tests.reliability.fuzzing.mutations import changed_spelling, changed_token, changed_value

_BEHIND_MAX = 3
"""Operations that come in a push behind the one that is changed, at most."""


class ChangedPushes:
    """Pushes of the desk of a site."""

    def __init__(self, site: IngestSite) -> None:
        self._site, self._run, self.words = site, site.run, site.words
        self._fields = [msgspec.json.decode(msgspec.json.encode(signed.operation)) for signed in site.run]
        self._kinds = {
            signer: [kind for kind in KINDS.values() if signer in kind.signers]
            for signer in (Signer.STAFF, Signer.DEVICE)
        }
        self.pool: list[Any] = [value for values in self.words.values() for value in values]
        self.pool += [2, 10**12, 2**53, None, True, [], {}]

    def make(self, choices: Choices) -> tuple[int, Push]:
        """A push, and how many operations of the run the centre has when it comes."""
        place = choices.below(len(self._run))
        known = choices.below(place + 2) if choices.one_in(6) else place
        texts = self._texts(choices, place, known)
        return known, self._site.push(*texts, records=self._records(choices))

    def _texts(self, choices: Choices, place: int, known: int) -> tuple[str, ...]:
        """From what the centre has yet to hear of, or something before it, to a little behind the changed one."""
        first = min(place, known)
        if choices.one_in(6):
            first = max(0, first - choices.below(3))
        last = place + 1 + choices.below(_BEHIND_MAX + 1)
        way = choices.below(8)
        if way > 1:
            return tuple(self._signed_again(choices, first, place, last, chained=choices.below(3) > 0))
        texts = [signed.jws for signed in self._run[first:last]]
        if way == 0:
            texts[place - first] = changed_token(choices, texts[place - first])
            return tuple(texts)
        other = choices.below(len(texts))
        texts[place - first], texts[other] = texts[other], texts[place - first]
        return tuple(texts[choices.below(3) :])

    def _signed_again(self, choices: Choices, first: int, place: int, last: int, *, chained: bool) -> list[str]:
        """One operation changed and signed; those behind it chained to it anew, or left as they were: a fork."""
        texts = [signed.jws for signed in self._run[first:place]]
        texts.append(self._changed(choices, place))
        for number, signed in enumerate(self._run[place + 1 : last], place + 1):
            if not chained:
                texts.append(signed.jws)
                continue
            payload = msgspec.json.encode({**self._fields[number], "prev": operation_hash(texts[-1])})
            texts.append(sign_compact(payload, self._site.keys[signed.kid], signed.kid, OPERATION_TYPE))
        return texts

    def _changed(self, choices: Choices, place: int) -> str:
        """Another operation at that place: something in it changed, or one of any kind; mostly with what it needs."""
        signed, fields = self._run[place], self._fields[place]
        key = self._site.keys[signed.kid]
        if choices.one_in(3):
            kind = choices.pick(self._kinds[rules.signer_of(signed.operation)])
            fields = {**fields, **self._of_kind(choices, kind)}
        elif choices.below(3):
            fields = {**fields, "body": changed_value(choices, fields["body"], self.pool)}
        else:
            fields = changed_value(choices, fields, self.pool)
        payload = msgspec.json.encode(fields)
        if choices.one_in(16):
            payload = changed_spelling(choices, payload)

        def approval(operation: Operation) -> str | None:
            if not operation.actor.startswith("staff:") or choices.below(3):
                return operation.approver
            return self._site.bank.maker.approval(operation, self._site.desk.supervisor)

        text = authorised(payload, key, approval) if choices.below(3) else None
        return text or sign_compact(payload, key, signed.kid, OPERATION_TYPE)

    def _of_kind(self, choices: Choices, kind: Kind[Any]) -> dict[str, Any]:
        drawer = choices.pick((self._site.desk.drawer, self._site.desk.drawer, None))
        body = invented(choices, kind.body, self)
        return {"kind": kind.name, "kind_version": kind.version, "body": body, "drawer": drawer}

    def _records(self, choices: Choices) -> dict[str, str]:
        if choices.below(8):
            return self._site.desk.records
        changed = changed_value(choices, self._site.desk.records, self.pool)
        plain = isinstance(changed, dict) and all(isinstance(each, str) for each in changed.values())
        return changed if plain else {}
