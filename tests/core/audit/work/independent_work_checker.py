"""Another program's check of one person's work, from docs/protocol.md 9.4, with joserfc and nothing of the bank."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from tests.core.audit.independent_checker import Chain, Checker, canonical, need


def said_in(line: bytes) -> dict[str, Any]:
    return dict(json.loads(canonical(line.decode("ascii").split(".")[1])))


class WorkChecker(Checker):
    """Goes through the steps of section 9.4."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.chains: dict[tuple[str, int], Chain] = {}

    def check(self) -> int:
        """How many operations stand in full, keys apart. Raises `Bad`."""
        work = self.at("work.json", lambda: self.page("work.json"))
        files = [f"{part['device']}-{part['epoch']}.work" for part in work["chains"]]
        expected = {"work.json", "verdicts.json", "keys.jws", "README.txt", *files}
        self.at("the folder", lambda: need({path.name for path in self.directory.iterdir()} == expected, "files"))
        for number, line in enumerate(self.lines("keys.jws"), start=1):
            self.at(f"keys.jws line {number}", lambda: self.key_line(number, line))  # noqa: B023
        keys = len(self.ids)
        for name, part in zip(files, work["chains"], strict=True):
            self.part(name, part)
        self.at("verdicts.json", lambda: self.page("verdicts.json"))
        return len(self.ids) - keys

    def page(self, name: str) -> dict[str, Any]:
        data = (self.directory / name).read_bytes()
        value = json.loads(data)
        spelt = json.dumps(value, indent=1, ensure_ascii=False).encode() + b"\n"
        need(spelt == data or name != "work.json", "spelling")
        return dict(value)

    def lines(self, name: str) -> list[bytes]:
        lines = (self.directory / name).read_bytes().split(b"\n")
        self.at(f"{name} line {len(lines)}", lambda: need(lines[-1] == b"" and len(lines) > 1, "end of file"))
        return lines[:-1]

    def key_line(self, number: int, line: bytes) -> None:
        said = said_in(line)
        kinds = {"bank.founded", "device.enrolled", "staff.keys_registered", "staff.key_ended"}
        kinds |= {"device.revoked", "device.written_off"}
        need(said["kind"] in kinds and (said["kind"] == "bank.founded") is (number == 1), "kind")
        place = (said["device"], said["epoch"])
        if number == 1:
            self.centre_key = said["body"]["centre_key"]
            self.chains[place] = Chain(place, self.centre_key, None)
        elif place not in self.chains:
            key, branch = self.devices[place]
            self.chains[place] = Chain(place, key, branch)
        chain = self.chains[place]
        chain.seq, chain.hash = said["seq"] - 1, said["prev"]
        self.take(chain, line)

    def part(self, name: str, part: dict[str, Any]) -> None:
        place = (part["device"], part["epoch"])
        if place not in self.chains:
            key, branch = self.devices[place]
            self.chains[place] = Chain(place, key, branch)
        chain = self.chains[place]
        chain.seq, chain.hash = part["first"] - 1, part["prev"]
        for number, line in enumerate(self.lines(name), start=1):
            self.at(f"{name} line {number}", lambda: self.place(chain, line))  # noqa: B023
        self.at("work.json", lambda: need(chain.seq == part["last"], "last place"))

    def place(self, chain: Chain, line: bytes) -> None:
        if b"." in line:
            self.take(chain, line)
            return
        need(re.fullmatch(rb"[A-Za-z0-9_-]{43}", line), "hash")
        chain.seq, chain.hash = chain.seq + 1, line.decode("ascii")
