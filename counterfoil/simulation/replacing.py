"""Replacing one function of the program by another, wherever a module holds it by name, and putting it back."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from core.operations.registry import KINDS

_ROOMS = ("core", "sync_server", "counterfoil.simulation")


def _holders(function: Callable[..., Any]) -> list[tuple[Any, str]]:
    """Every module of the program that holds the function, and the name that it has there."""
    modules = [module for name, module in sorted(sys.modules.items()) if name.startswith(_ROOMS)]
    return [(module, name) for module in modules for name, held in vars(module).items() if held is function]


@contextmanager
def replaced(function: Callable[..., Any], other: Callable[..., Any]) -> Iterator[None]:
    """Inside, `other` is called wherever the program calls `function` by a module's name.

    What a kind of operation holds is replaced by `ruled`, an attribute of an object or class by `swapped`.
    """
    holders = _holders(function)
    for module, name in holders:
        setattr(module, name, other)
    try:
        yield
    finally:
        for module, name in holders:
            setattr(module, name, function)


@contextmanager
def swapped(holder: Any, name: str, other: Any) -> Iterator[None]:
    """Inside, the attribute of that name is another."""
    before = getattr(holder, name)
    setattr(holder, name, other)
    try:
        yield
    finally:
        setattr(holder, name, before)


@contextmanager
def ruled(kind: str, rule: str, other: Callable[..., Any]) -> Iterator[None]:
    """Inside, that rule (`check`, `apply` ...) of a kind of operation, in its version 1, is another."""
    held = KINDS[kind, 1]
    before = getattr(held, rule)
    # A kind is frozen, and shared by everybody who has it.
    object.__setattr__(held, rule, other)
    try:
        yield
    finally:
        object.__setattr__(held, rule, before)
