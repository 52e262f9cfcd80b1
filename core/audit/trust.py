"""Fingerprints that a person has on paper, from the day of enrolment, held against the keys that are found.

A list of them is text, one a line: `centre FINGERPRINT`, `device:CODE:EPOCH FINGERPRINT`,
`staff:PERSON:DEVICE:EPOCH FINGERPRINT`, or a fingerprint alone; in groups or in one piece; `#` begins a comment.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.audit.key_set import CENTRE, OwnedKey
from core.canonical import from_base64url, thumbprint
from core.errors import EnvironmentProblem, IntegrityFault

_OWNER = re.compile(r"centre|(device|staff:[a-z0-9-]{1,32}):[a-z0-9-]{1,32}:[1-9][0-9]{0,15}")
_FINGERPRINT = re.compile(r"[A-Za-z0-9_-]{43}")
_TEXT_BYTES_MAX = 1 << 20
_NAMED_MAX = 12
_GROUP = 4


@dataclass(frozen=True, slots=True)
class Known:
    """A fingerprint on paper; `owner` is whose the paper says it is, or None."""

    fingerprint: str
    owner: str | None = None


@dataclass(frozen=True, slots=True)
class Trust:
    """Everything on the paper."""

    known: tuple[Known, ...] = ()

    def differs(self, owner: str, fingerprint: str) -> bool:
        """Whether the paper names another key for an owner who has only one: the centre, or a device epoch."""
        named = {known.fingerprint for known in self.known if known.owner == owner}
        return bool(named) and not owner.startswith("staff:") and fingerprint not in named

    def holds(self, owner: str, fingerprint: str) -> bool:
        """Whether the key is on the paper, as that owner's or as nobody's in particular."""
        return any(known.fingerprint == fingerprint and known.owner in (None, owner) for known in self.known)


@dataclass(frozen=True, slots=True)
class Vouched:
    """Which keys the paper has, which only the checked data vouch for, and what on the paper was not met."""

    centre: bool
    on_paper: tuple[str, ...]
    by_itself: tuple[str, ...]
    not_met: tuple[str, ...]

    def lines(self) -> Iterator[str]:
        """An account for a person."""
        yield (
            "It is the key that you named."
            if self.centre
            else "The export itself says so: compare it with what the bank has published, or give it by --trust."
        )
        if self.on_paper:
            yield f"On your paper: {_some(self.on_paper)}."
        if self.by_itself:
            yield f"Only vouched for by what was checked itself, not on your paper: {_some(self.by_itself)}."
        if self.not_met:
            yield f"On your paper, and nowhere in what was checked: {_some(self.not_met)}."


def read_trust(given: Sequence[str]) -> Trust:
    """Each a file with a list, or a fingerprint. Raises `EnvironmentProblem("fingerprint_malformed")`, `OSError`."""
    known: list[Known] = []
    for each in given:
        path = Path(each)
        if _FINGERPRINT.fullmatch(each) is None and path.is_file():
            with path.open("rb") as file:
                text = file.read(_TEXT_BYTES_MAX).decode("utf-8", "replace")
            known += (_read_line(line) for line in _lines(text))
        else:
            known.append(_read_line(each))
    return Trust(tuple(known))


def written(owner: str, fingerprint: str) -> str:
    """A line of such a list, as it is printed: in groups of four."""
    groups = (fingerprint[start : start + _GROUP] for start in range(0, len(fingerprint), _GROUP))
    return f"{owner}  {' '.join(groups)}"


def vouch(trust: Trust, keys: Iterable[OwnedKey]) -> Vouched:
    """Hold the keys against the paper.

    Raises `IntegrityFault`: `centre_key_differs`, or `key_differs_from_paper` where the paper names another key for a
    device.
    """
    found = sorted((key.owner, thumbprint(from_base64url(key.public_key))) for key in keys)
    for owner, fingerprint in found:
        if trust.differs(owner, fingerprint):
            if owner == CENTRE:
                raise IntegrityFault("centre_key_differs", fingerprint)
            raise IntegrityFault("key_differs_from_paper", f"{owner} {fingerprint}")
    others = [(owner, fingerprint) for owner, fingerprint in found if owner != CENTRE]
    met = {fingerprint for owner, fingerprint in found if trust.holds(owner, fingerprint)}
    return Vouched(
        centre=any(owner == CENTRE and trust.holds(owner, fingerprint) for owner, fingerprint in found),
        on_paper=tuple(owner for owner, fingerprint in others if trust.holds(owner, fingerprint)),
        by_itself=tuple(owner for owner, fingerprint in others if not trust.holds(owner, fingerprint)),
        not_met=tuple(known.owner or known.fingerprint for known in trust.known if known.fingerprint not in met),
    )


def _lines(text: str) -> Iterator[str]:
    for line in text.splitlines():
        said = line.partition("#")[0].strip()
        if said:
            yield said


def _read_line(line: str) -> Known:
    words = line.split()
    owner = words.pop(0) if words and _OWNER.fullmatch(words[0]) else None
    fingerprint = "".join(words)
    if _FINGERPRINT.fullmatch(fingerprint) is None:
        raise EnvironmentProblem(
            f"“{line[:60]}” is no fingerprint and no file of fingerprints. A fingerprint has 43 letters, digits, "
            "hyphens and underscores.",
            code="fingerprint_malformed",
        )
    return Known(fingerprint, owner)


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_NAMED_MAX])
    return shown if len(names) <= _NAMED_MAX else f"{shown} and {len(names) - _NAMED_MAX:,} more"
