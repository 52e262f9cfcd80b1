"""The implicit part of the Unicode bidirectional algorithm (UAX #9): which way each character of a text runs.

Explicit codes (embeddings, overrides, isolates) are not obeyed: in a name they serve nobody but a forger, so the
caller shows them as boxes instead.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

_STRONG = {"L": 0, "R": 1, "AL": 1}
_NEUTRAL = frozenset({"B", "S", "WS", "ON"})
_AS_RIGHT = frozenset({"R", "AL", "EN", "AN"})
_PAIRS = {"(": ")", "[": "]", "{": "}", "\u2045": "\u2046", "\u207d": "\u207e", "\u208d": "\u208e"}
_BRACKETS_OPEN_MAX = 63


@dataclass(frozen=True, slots=True)
class Run:
    """Characters from `start` up to `end` that run one way; `level` is odd for right to left."""

    start: int
    end: int
    level: int


def base_level(text: str) -> int:
    """0 or 1, by the first strong character (rules P2 and P3)."""
    return next((_STRONG[kind] for kind in map(unicodedata.bidirectional, text) if kind in _STRONG), 0)


def is_plain(text: str) -> bool:
    """Whether nothing in the text can run from right to left."""
    return text.isascii() or not any(unicodedata.bidirectional(character) in {"R", "AL", "AN"} for character in text)


def embedding_levels(text: str) -> list[int]:
    """The level of each character of one paragraph (rules W1 to I2)."""
    base = base_level(text)
    if is_plain(text):
        return [base] * len(text)
    original = [unicodedata.bidirectional(character) or "L" for character in text]
    # Boundary-neutral characters take no part (X9); each stands at the level of what precedes it.
    kept = [index for index, kind in enumerate(original) if kind != "BN"]
    kinds = [original[index] for index in kept]
    side = "R" if base else "L"
    _resolve_weak(kinds, side)
    _resolve_brackets(kinds, [text[index] for index in kept], [original[index] for index in kept], side)
    _resolve_neutral(kinds, side)
    levels = [base] * len(text)
    for index, kind in zip(kept, kinds, strict=True):
        levels[index] = base + _rise(kind, base)
    for index, kind in enumerate(original):
        if kind == "BN":
            levels[index] = levels[index - 1] if index else base
    return levels


def visual_runs(text: str, levels: list[int], start: int, end: int) -> list[Run]:
    """The runs of one line, `text[start:end]`, from left to right (rules L1 and L2)."""
    if start >= end:
        return []
    base = base_level(text)
    line = levels[start:end]
    for index in range(len(line) - 1, -1, -1):
        if unicodedata.bidirectional(text[start + index]) not in {"WS", "BN", "S", "B"}:
            break
        line[index] = base
    runs: list[Run] = []
    first = 0
    for index in range(1, len(line) + 1):
        if index == len(line) or line[index] != line[first]:
            runs.append(Run(start + first, start + index, line[first]))
            first = index
    for level in range(max(line), 0, -1):
        runs = _reverse_at(runs, level)
    return runs


def _reverse_at(runs: list[Run], level: int) -> list[Run]:
    result: list[Run] = []
    waiting: list[Run] = []
    for run in runs:
        if run.level >= level:
            waiting.append(run)
        else:
            result += [*reversed(waiting), run]
            waiting = []
    return result + list(reversed(waiting))


def _rise(kind: str, base: int) -> int:
    if base:
        return 0 if kind == "R" else 1
    return {"L": 0, "R": 1}.get(kind, 2)


def _resolve_weak(kinds: list[str], side: str) -> None:
    """Rules W1 to W7, in place."""
    _settle_letters(kinds, side)
    for index in range(1, len(kinds) - 1):  # W4
        around = kinds[index - 1]
        if around == kinds[index + 1] and (
            (kinds[index] == "ES" and around == "EN") or (kinds[index] == "CS" and around in {"EN", "AN"})
        ):
            kinds[index] = around
    _join_terminators(kinds)
    strong = side
    for index, kind in enumerate(kinds):
        if kind in {"ES", "ET", "CS"}:  # W6
            kinds[index] = "ON"
        elif kind in {"L", "R"}:
            strong = kind
        elif kind == "EN" and strong == "L":  # W7
            kinds[index] = "L"


def _settle_letters(kinds: list[str], side: str) -> None:
    """Rules W1 to W3: marks go with their letter, figures after Arabic letters are Arabic figures."""
    before = strong = side
    for index, given in enumerate(kinds):
        kind = before if given == "NSM" else given
        before = kind
        if kind in _STRONG:
            strong = kind
        if kind == "EN" and strong == "AL":
            kind = "AN"
        kinds[index] = "R" if kind == "AL" else kind


def _join_terminators(kinds: list[str]) -> None:
    """Rule W5: signs beside a number, such as a currency's, go with it."""
    index = 0
    while index < len(kinds):
        if kinds[index] != "ET":
            index += 1
            continue
        end = index
        while end < len(kinds) and kinds[end] == "ET":
            end += 1
        beside = (index and kinds[index - 1] == "EN") or (end < len(kinds) and kinds[end] == "EN")
        if beside:
            kinds[index:end] = ["EN"] * (end - index)
        index = end


def _resolve_brackets(kinds: list[str], characters: list[str], original: list[str], side: str) -> None:
    """Rule N0: a pair of brackets runs the way of what is in it."""
    for opening, closing in _bracket_pairs(kinds, characters):
        inside = {_direction(kind) for kind in kinds[opening + 1 : closing]} - {None}
        if side in inside:
            direction = side
        elif inside:
            before = next((d for d in map(_direction, reversed(kinds[:opening])) if d), side)
            direction = before if before in inside else side
        else:
            continue
        for place in (opening, closing):
            kinds[place] = direction
            after = place + 1
            while after < len(kinds) and original[after] == "NSM":
                kinds[after] = direction
                after += 1


def _bracket_pairs(kinds: list[str], characters: list[str]) -> list[tuple[int, int]]:
    """Definition BD16."""
    pairs: list[tuple[int, int]] = []
    waiting: list[tuple[str, int]] = []
    for index, (kind, character) in enumerate(zip(kinds, characters, strict=True)):
        if kind != "ON":
            continue
        if character in _PAIRS:
            if len(waiting) == _BRACKETS_OPEN_MAX:
                return []
            waiting.append((_PAIRS[character], index))
            continue
        for depth in range(len(waiting) - 1, -1, -1):
            if waiting[depth][0] == character:
                pairs.append((waiting[depth][1], index))
                del waiting[depth:]
                break
    return sorted(pairs)


def _direction(kind: str) -> str | None:
    if kind == "L":
        return "L"
    return "R" if kind in _AS_RIGHT else None


def _resolve_neutral(kinds: list[str], side: str) -> None:
    """Rules N1 and N2: what stands between two texts of one direction joins them."""
    index = 0
    while index < len(kinds):
        if kinds[index] not in _NEUTRAL:
            index += 1
            continue
        end = index
        while end < len(kinds) and kinds[end] in _NEUTRAL:
            end += 1
        before = _direction(kinds[index - 1]) if index else side
        after = _direction(kinds[end]) if end < len(kinds) else side
        kinds[index:end] = [before if before == after and before else side] * (end - index)
        index = end
