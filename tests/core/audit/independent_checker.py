"""Another program's check of an export, written from docs/protocol.md and docs/operations.md with joserfc alone.

It shares no line with the bank: what it accepts and refuses shows that the two pages say enough.
"""

from __future__ import annotations

import hashlib
import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from tests.core.operations_page import DocumentedKind, read_page

ENVELOPE = [
    *("v", "id", "device", "epoch", "seq", "prev", "kind", "kind_version", "at", "seen", "business_date", "branch"),
    *("drawer", "actor", "approver", "authority", "body"),
]
STATEMENTS = {
    "session": ["v", "person", "device", "epoch", "seq", "prev", "session_key", "ends_at", "totp_step", "checkpoint"],
    "approval": ["v", "id", "kind", "body_hash", "maker", "device", "epoch", "expires_at", "session_opened"],
    "registration": ["v", "person", "branch", "device", "epoch", "key", "at"],
    "introduction": ["v", "person", "device", "epoch", "expires_at"],
    "heads": ["v", "at", "heads"],
}
STATEMENTS["witness"] = STATEMENTS["registration"]
REGISTRY = jws.JWSRegistry(algorithms=["Ed25519"])


class Bad(Exception):
    """Something does not hold; `place` says where."""

    def __init__(self, place: str, why: str) -> None:
        super().__init__(f"{place}: {why}")
        self.place = place


def need(holds: object, why: str) -> None:
    """What the pages demand."""
    if not holds:
        raise ValueError(why)


def canonical(text: str) -> bytes:
    data = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    need(urlsafe_b64encode(data).rstrip(b"=").decode() == text, "base64url is not canonical")
    return data


def digest(data: bytes) -> str:
    return urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


def key_of(x: str) -> OKPKey:
    need(len(canonical(x)) == 32, "a key has 32 bytes")
    return OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "x": x})


def name_of(x: str) -> str:
    return key_of(x).thumbprint()


def milliseconds(instant: str) -> int:
    need(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", instant), "instant")
    return round(datetime.fromisoformat(instant).timestamp() * 1000)


def one_spelling(data: bytes) -> Any:
    value = json.loads(data)
    need(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() == data, "spelling")
    return value


def kid_of(token: str) -> str:
    return str(json.loads(canonical(token.split(".", maxsplit=1)[0]))["kid"])


def opened(token: str, x: str, typ: str) -> bytes:
    """The payload, once the signature holds under the key `x`."""
    for part in token.split("."):
        canonical(part)
    header = one_spelling(canonical(token.split(".", maxsplit=1)[0]))
    need(list(header.items()) == [("alg", "Ed25519"), ("kid", name_of(x)), ("typ", typ)], "header")
    return jws.deserialize_compact(token, key_of(x), registry=REGISTRY).payload


def statement(token: str, x: str, kind: str) -> dict[str, Any]:
    said = one_spelling(opened(token, x, f"counterfoil-{kind}+jws"))
    need(list(said) == STATEMENTS[kind] and said["v"] == 1, "members of the statement")
    return dict(said)


@dataclass
class StaffKey:
    person: str
    x: str
    said: dict[str, Any]
    introduction: str | None
    place: str


@dataclass
class Session:
    person: str
    x: str
    ends_at: str
    opened: str
    closed: bool = False


@dataclass
class Chain:
    """What is known on one chain so far."""

    name: tuple[str, int]
    key: str
    branch: str | None
    seq: int = 0
    hash: str | None = None
    sessions: dict[str, Session] = field(default_factory=dict)
    staff: dict[str, StaffKey] = field(default_factory=dict)
    steps: dict[str, int] = field(default_factory=dict)


class Checker:
    """Goes through the steps of section 9.2."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.kinds: dict[tuple[str, int], DocumentedKind] = read_page()
        self.centre_key = ""
        self.devices: dict[tuple[str, int], tuple[str, str]] = {}
        self.branches: set[tuple[str, int]] = set()
        self.staff: dict[str, StaffKey] = {}
        self.ended: set[str] = set()
        self.ended_epochs: set[tuple[str, int]] = set()
        self.ids: set[str] = set()
        self.owners: set[tuple[str, str]] = set()
        self.totals: dict[tuple[str, str], list[int]] = {}
        self.ends: dict[str, int] = {}
        self.to_look_at: list[str] = []

    def check(self) -> int:
        """How many operations hold. Raises `Bad`."""
        files = {path.name for path in self.directory.iterdir()}
        self.at("the folder", lambda: need({"keys.json", "heads.json", "centre-1.jws"} <= files, "files"))
        names = files - {"keys.json", "heads.json"}
        chains = {"centre-1.jws": self.walk("centre-1.jws")}
        heads = self.at("heads.json", self.heads)
        self.at("heads.json", lambda: need(set(heads) == names, "chains"))
        for name in sorted(names - {"centre-1.jws"}, key=lambda name: (not name.startswith("centre-"), name)):
            chains[name] = self.walk(name)
        for name, chain in chains.items():
            self.at(f"{name} line {chain.seq}", lambda: need((chain.seq, chain.hash) == heads[name], "head"))  # noqa: B023
        for name, seq in self.ends.items():
            walked = chains[name].seq if name in chains else 0
            self.at(f"{name} line {walked}", lambda: need(walked == seq, "end of the epoch"))  # noqa: B023
        self.introductions()
        self.at("keys.json", self.key_set)
        return len(self.ids)

    def at(self, place: str, step: Any) -> Any:
        try:
            return step()
        except (ValueError, KeyError, TypeError, IndexError, AttributeError, JoseError) as problem:
            raise Bad(place, repr(problem)) from problem

    def heads(self) -> dict[str, tuple[int, str]]:
        data = (self.directory / "heads.json").read_bytes()
        need(data.endswith(b"}\n"), "end of the file")
        parts = one_spelling(data[:-1])
        need(list(parts) == ["payload", "protected", "signature"], "members")
        token = f"{parts['protected']}.{parts['payload']}.{parts['signature']}"
        heads = statement(token, self.centre_key, "heads")["heads"]
        places = [(head["device"], head["epoch"]) for head in heads]
        need(places == sorted(set(places)), "order of heads")
        return {f"{head['device']}-{head['epoch']}.jws": (head["seq"], head["hash"]) for head in heads}

    def key_set(self) -> None:
        data = (self.directory / "keys.json").read_bytes()
        keys = json.loads(data)["keys"]
        members = ["x", "kid", "counterfoil:owner", "kty", "crv", "alg", "use"]
        need(all(list(key) == members for key in keys), "members of a key")
        need(keys == sorted(keys, key=lambda key: (key["counterfoil:owner"], key["kid"])), "order of keys")
        need(json.dumps({"keys": keys}, indent=1).encode() + b"\n" == data, "spelling")
        fixed = ("OKP", "Ed25519", "Ed25519", "sig")
        for key in keys:
            need((key["kty"], key["crv"], key["alg"], key["use"]) == fixed, "kind of key")
            need(key["kid"] == name_of(key["x"]), "kid")
        need(len(keys) == len(self.owners), "number of keys")
        need({(key["counterfoil:owner"], key["x"]) for key in keys} == self.owners, "owners")

    def walk(self, name: str) -> Chain:
        data = (self.directory / name).read_bytes()
        lines = data.split(b"\n")
        self.at(f"{name} line {len(lines)}", lambda: need(lines[-1] == b"" and len(lines) > 1, "end of file"))
        chain = self.at(f"{name} line 1", lambda: self.begin(name, lines[0]))
        for number, line in enumerate(lines[:-1], start=1):
            self.at(f"{name} line {number}", lambda: self.take(chain, line))  # noqa: B023
        return chain  # type: ignore[no-any-return]

    def begin(self, name: str, first: bytes) -> Chain:
        found = re.fullmatch(r"([a-z0-9-]+)-([1-9][0-9]*)\.jws", name)
        assert found is not None
        place = (found[1], int(found[2]))
        if place == ("centre", 1):
            founded = json.loads(canonical(first.decode("ascii").split(".")[1]))
            need(founded["kind"] == "bank.founded", "founding")
            self.centre_key = founded["body"]["centre_key"]
            return Chain(place, self.centre_key, None)
        if place in self.branches:
            return Chain(place, self.centre_key, place[0].removeprefix("centre-"))
        key, branch = self.devices[place]
        return Chain(place, key, branch)

    def take(self, chain: Chain, line: bytes) -> None:
        need(0 < len(line) <= 32768 and b"\r" not in line, "line")
        token = line.decode("ascii")
        kid = kid_of(token)
        session = chain.sessions.get(kid)
        key = session.x if session else chain.key
        payload = opened(token, key, "counterfoil+jws")
        operation = one_spelling(payload)
        need(list(operation) == ENVELOPE and operation["v"] == 1, "members")
        place = (operation["device"], operation["epoch"], operation["seq"], operation["prev"])
        need(place == (*chain.name, chain.seq + 1, chain.hash), "place")
        need(operation["id"] not in self.ids, "id")
        kind = self.kinds[operation["kind"], operation["kind_version"]]
        need(tuple(operation["body"]) == kind.members, "members of the body")
        need(chain.branch is None or operation["branch"] == chain.branch, "branch")
        self.actor(chain, operation, kind, session)
        if operation["approver"] is not None:
            self.approval(chain, operation)
        self.book(kind, operation)
        chain.seq, chain.hash = chain.seq + 1, digest(token.rpartition(".")[0].encode())
        self.ids.add(operation["id"])
        self.note(chain, operation, token)

    def actor(self, chain: Chain, operation: dict[str, Any], kind: DocumentedKind, session: Session | None) -> None:
        actor = operation["actor"]
        need(actor.split(":")[0] in kind.signers, "actor")
        need((actor == "centre") is (chain.key == self.centre_key), "whose chain")
        if session is None:
            need(not actor.startswith("staff:"), "whose key")
            return
        need(actor == f"staff:{session.person}", "whose session")
        need(not session.closed and operation["at"] <= session.ends_at, "session is over")

    def approval(self, chain: Chain, operation: dict[str, Any]) -> None:
        session = chain.sessions[kid_of(operation["approver"])]
        said = statement(operation["approver"], session.x, "approval")
        body = json.dumps(operation["body"], ensure_ascii=False, separators=(",", ":")).encode()
        maker = operation["actor"].removeprefix("staff:")
        about = {name: operation[name] for name in ("id", "kind", "device", "epoch")}
        need(
            about | {"body_hash": digest(body), "maker": maker} == {k: said[k] for k in (*about, "body_hash", "maker")},
            "about",
        )
        need(said["expires_at"] >= operation["at"] and session.ends_at > operation["at"], "expired")
        need(said["session_opened"] == session.opened and not session.closed, "session of the approval")
        need(session.person != maker, "own approval")

    def book(self, kind: DocumentedKind, operation: dict[str, Any]) -> None:
        sums: dict[tuple[str, str], int] = {}
        for branch, _account, currency, amount in kind.postings(operation, operation["body"]):
            sums[branch, currency] = sums.get((branch, currency), 0) + amount
            self.totals.setdefault((branch, currency), [0, 0])[amount < 0] += abs(amount)
        need(not any(sums.values()), "debits and credits")

    def note(self, chain: Chain, operation: dict[str, Any], token: str) -> None:
        """What the operation makes known about keys."""
        body, kind = operation["body"], operation["kind"]
        if kind == "bank.founded":
            need(chain.name == ("centre", 1) and chain.seq == 1, "founded twice")
            self.owners.add(("centre", body["centre_key"]))
        elif kind == "branch.founded":
            self.branches.add((f"centre-{body['branch']}", operation["epoch"]))
        elif kind == "device.enrolled":
            need((body["device"], body["epoch"]) not in self.devices, "enrolled twice")
            self.devices[body["device"], body["epoch"]] = (body["key"], body["branch"])
            self.owners.add((f"device:{body['device']}:{body['epoch']}", body["key"]))
        elif kind in ("device.revoked", "device.written_off"):
            self.ends.setdefault(f"{body['device']}-{body['epoch']}.jws", body["head_seq"])
            self.ended_epochs.add((body["device"], body["epoch"]))
        elif kind == "staff.keys_registered":
            self.register(chain, operation)
        elif kind == "staff.key_ended":
            self.ended.add(body["key"])
        elif kind == "session.opened":
            self.open_session(chain, operation, token)
        elif kind == "session.closed" and body["session"] in chain.sessions:
            chain.sessions[body["session"]].closed = True

    def register(self, chain: Chain, operation: dict[str, Any]) -> None:
        keys = operation["body"]["keys"]
        need(len(keys) == 1 or (len(keys) == 2 and not chain.staff), "number of keys")
        place = f"{chain.name[0]}-{chain.name[1]}.jws line {chain.seq}"
        found = {}
        for key in keys:
            said = statement(key["registration"]["statement"], key["key"], "registration")
            here = (key["person"], operation["branch"], *chain.name, key["key"])
            need((said["person"], said["branch"], said["device"], said["epoch"], said["key"]) == here, "place")
            name = name_of(key["key"])
            need(name not in self.staff, "registered twice")
            found[name] = StaffKey(key["person"], key["key"], said, key["registration"]["introduction"], place)
        witnesses = chain.staff if len(keys) == 1 else found
        for key in keys:
            token = key["registration"]["witness"]
            witness = witnesses[kid_of(token)]
            need(witness.person != key["person"], "own witness")
            said = statement(token, witness.x, "witness")
            need(said == found[name_of(key["key"])].said, "what the witness signed")
            self.owners.add((f"staff:{key['person']}:{chain.name[0]}:{chain.name[1]}", key["key"]))
        chain.staff.update(found)
        self.staff.update(found)

    def open_session(self, chain: Chain, operation: dict[str, Any], token: str) -> None:
        body = operation["body"]
        staff = chain.staff[body["staff_key"]]
        said = statement(body["statement"], staff.x, "session")
        need(all(said[name] == operation[name] for name in ("device", "epoch", "seq", "prev")), "place of the session")
        need(all(said[name] == body[name] for name in ("person", "session_key", "ends_at", "totp_step")), "session")
        length = milliseconds(body["ends_at"]) - milliseconds(operation["at"])
        need(staff.person == body["person"] and 0 < length <= 16 * 3_600_000, "length of the session")
        need(body["totp_step"] > chain.steps.get(body["person"], -1), "one-time code")
        chain.steps[body["person"]] = body["totp_step"]
        session = Session(body["person"], body["session_key"], body["ends_at"], token)
        chain.sessions.setdefault(name_of(body["session_key"]), session)

    def introductions(self) -> None:
        families: dict[str, set[str]] = {}
        for name, key in self.staff.items():
            families.setdefault(self.at(key.place, lambda: self.founder(name)), set()).add(name)  # noqa: B023
        living: dict[str, str] = {}
        for founder, family in sorted(families.items(), key=lambda item: str(self.staff[item[0]].said["at"])):
            key = self.staff[founder]
            said = {name: self.staff[name].said for name in family - self.ended}
            alive = any((each["device"], each["epoch"]) not in self.ended_epochs for each in said.values())
            if alive and living.setdefault(key.person, founder) != founder:
                self.to_look_at.append(key.place)

    def founder(self, name: str) -> str:
        passed = {name}
        while (key := self.staff[name]).introduction is not None:
            name = kid_of(key.introduction)
            need(name not in passed, "a circle of introductions")
            passed.add(name)
            said = statement(key.introduction, self.staff[name].x, "introduction")
            need(self.staff[name].person == said["person"] == key.person, "whose introduction")
            need((said["device"], said["epoch"]) == (key.said["device"], key.said["epoch"]), "introduced elsewhere")
            need(said["expires_at"] >= key.said["at"], "introduction expired")
        return name
