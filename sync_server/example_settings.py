"""Writes the documented example of all settings: `python -m sync_server.example_settings > .env.example`."""

from __future__ import annotations

import sys

from sync_server.environment import documented
from sync_server.partner_bank.settings import VARIABLES
from sync_server.settings import server_variables

EXAMPLE_PARTNER = "skovbank"
_HEAD = """\
# Counterfoil's settings. Copy this file, fill in what stands without a # before it, and keep it to yourself.
# Secrets have no default. Written by `python -m sync_server.example_settings`: change the code, not this file.
"""


def example() -> str:
    """The text of `.env.example`."""
    server = server_variables(EXAMPLE_PARTNER)
    shared = set(server)
    bank = [variable for variable in VARIABLES if variable not in shared]
    return "\n".join(
        (
            _HEAD,
            documented("The sync server: counterfoil serve", server),
            documented(
                "The partner bank: counterfoil partner-bank (it also reads purpose, logs and clock above)", bank
            ),
        )
    )


if __name__ == "__main__":
    sys.stdout.write(example())
