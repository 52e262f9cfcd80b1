"""Whether people's keys vouch for one another across devices, whatever order the chains are read in.

The order in which the centre took registrations is not in the chains. So the rule is put without it: a person's keys
fall into families, each led by introductions from one key that nobody introduced; of these families at most one may
hold a key that the centre has not ended, by name or with its device's epoch. Otherwise somebody made a key in a
person's name behind their back.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from core.audit.report import Fault, at_line
from core.canonical import from_base64url, thumbprint
from core.envelope import read_header
from core.errors import IntegrityFault
from core.operations.kind import Decoded
from core.operations.sessions import StaffKeysRegistered
from core.people.registration import RegistrationStatement, verify_introduction
from core.people.statements import read_statement


@dataclass(frozen=True, slots=True)
class RegisteredHere:
    """A staff key with the line that registered it; the shape that introductions are verified with."""

    person: str
    branch: str
    device: str
    epoch: int
    public_key: str
    statement: RegistrationStatement
    introduction: str | None
    file: str
    line: int


@dataclass(slots=True)
class StaffKeysFound:
    """Every staff key that the chains register, by thumbprint; keys and device epochs that the centre has ended."""

    keys: dict[str, RegisteredHere] = field(default_factory=dict)
    ended: set[str] = field(default_factory=set)
    ended_epochs: set[tuple[str, int]] = field(default_factory=set)

    def note(self, decoded: Decoded[StaffKeysRegistered], file: str, line: int) -> None:
        """Keep the keys of a registration whose own signatures and witnesses hold.

        Raises `IntegrityFault("key_registered_already")` for a key that another chain has registered.
        """
        for key in decoded.body.keys:
            kid = thumbprint(from_base64url(key.key))
            if kid in self.keys:
                raise IntegrityFault("key_registered_already", key.person)
            statement = read_statement(key.registration.statement, RegistrationStatement)
            self.keys[kid] = RegisteredHere(
                person=statement.person,
                branch=statement.branch,
                device=statement.device,
                epoch=statement.epoch,
                public_key=statement.key,
                statement=statement,
                introduction=key.registration.introduction,
                file=file,
                line=line,
            )

    def check(self) -> tuple[Fault, ...]:
        """What a person has to look at: keys that no living key of their owner introduced, and that stand unended.

        The bank takes such a key for good for nothing, and honest people make one when two desks register at the same
        moment. Raises `Faulty` at the line of the first registration that nobody may have made.
        """
        families: dict[str, set[str]] = {}
        for kid, key in self.keys.items():
            try:
                families.setdefault(self._founder(kid), set()).add(kid)
            except IntegrityFault as problem:
                raise at_line(key.file, key.line, problem) from problem
        living: dict[str, str] = {}
        unproven: list[Fault] = []
        for founder in sorted(families, key=lambda kid: self.keys[kid].statement.at):
            key = self.keys[founder]
            if all(self._is_ended(kid) for kid in families[founder]):
                continue
            if key.person in living:
                where = f"{key.person}: {founder} beside {living[key.person]}"
                unproven.append(Fault(key.file, key.line, "introduction_missing", where))
            living.setdefault(key.person, founder)
        return tuple(unproven)

    def _is_ended(self, kid: str) -> bool:
        key = self.keys[kid]
        return kid in self.ended or (key.device, key.epoch) in self.ended_epochs

    def _founder(self, kid: str) -> str:
        """The key at the beginning of the introductions that lead to this one."""
        passed = {kid}
        key = self.keys[kid]
        while key.introduction is not None:
            kid = self._introducer(key)
            if kid in passed:
                raise IntegrityFault("introduction_circular", key.person)
            passed.add(kid)
            key = self.keys[kid]
        return kid

    def _introducer(self, key: RegisteredHere) -> str:
        kid = read_header(key.introduction or "").kid
        introducer = self.keys.get(kid)
        if introducer is None:
            raise IntegrityFault("introduction_unknown_key", key.person)
        verify_introduction(key.introduction, key.statement, (introducer,))
        if introducer.person != key.person:
            raise IntegrityFault("introduction_unknown_key", key.person)
        return kid
