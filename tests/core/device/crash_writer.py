"""A program that deposits and withdraws without end, and says after each that it is done: to be killed from outside."""

import sys
from pathlib import Path

from core.clock import FixedClock, instant_ms
from tests.bank import DATE
from tests.core.device.desk import Desk
from tests.core.device.memory_centre import MemoryCentre


def main(folder: Path) -> None:
    """Work until killed."""
    clock = FixedClock(instant_ms(f"{DATE}T08:00:00.000Z"))
    centre = MemoryCentre(clock, "odense")
    centre.admit("mette", "supervisor", "odense")
    centre.admit("jens", "teller", "odense")
    desk = Desk(folder, centre, clock, "odense-1", "odense")
    for name, secret in desk.secrets.kept.items():
        (folder / f"{name}.secret").write_bytes(secret)
    desk.read()
    desk.found("mette", "jens")
    supervisor, teller = desk.sign_in("mette"), desk.sign_in("jens")
    desk.open_day(teller, supervisor)
    account = desk.account(teller, desk.customer(teller, supervisor))
    while True:
        for body in (desk.deposited(account, 1_000_00), desk.withdrawn(account, 300_00)):
            done = desk.perform(teller, body)
            sys.stdout.write(f"{done.signed.operation.seq} {done.signed.hash}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
