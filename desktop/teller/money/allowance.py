"""Spending rights held ready for the customer at the counter, so that they are served if the line is cut."""

from __future__ import annotations

from desktop.desk import Desk


def is_offline(desk: Desk) -> bool:
    """Whether this desk pays out by the rights that it holds, and can't ask for more."""
    return desk.line_status.without_line


def hold_allowance(desk: Desk, account: str) -> None:
    """Ask the centre, in the background, for what this desk's allowance on the account lacks.

    To be called once whenever an account of this branch is opened. Nobody waits for the answer and nothing is said if
    there is none: the desk then works with what it holds, as it would have anyway.
    """
    if desk.line_status.with_line:
        desk.tasks.run_network(desk.line.hold_allowance, account, failed=lambda _problem: None)
