"""The campaign: every case, ended or hindered at every call to the disk, and what was left of it examined."""

from __future__ import annotations

import random
import shutil
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from core.errors import StoreProblem
from tests.reliability.device_crash.case import Case, Step
from tests.reliability.device_crash.cases import CASES
from tests.reliability.device_crash.checking import State, check_fit, check_opens, differences, shape, state_of
from tests.reliability.device_crash.disk import FULL_CODES, Call, Disk, Plan
from tests.reliability.device_crash.isolated import Ended, Say, in_process
from tests.reliability.device_crash.power import Image, PowerDisk
from tests.reliability.device_crash.scene import Scene, found
from tests.reliability.device_crash.sqlite_calls import SqliteCalls
from tests.reliability.device_crash.system_calls import system_counted

POWER_IMAGES = 6
"""How many images of the disk are tried for a power cut at one call."""

MODES = frozenset({"kill", "tear", "full", "broken", "unreadable", "power"})

_CODES = {
    "full": {"store_disk_full", "store_disk_error"},
    "broken": {"store_disk_error"},
    "unreadable": {"store_disk_error"},
}


@dataclass(frozen=True)
class Point:
    """One way in which one case goes wrong. A `power` cut comes after the call of that number."""

    case: str
    plan: Plan
    image: int = 0

    def __str__(self) -> str:
        lasting = ", lasting" if self.plan.lasting else ""
        image = f", image {self.image}" if self.plan.mode == "power" else ""
        return f"{self.case}: {self.plan.mode} at {self.plan.at}{lasting}{image}"


@dataclass(frozen=True)
class Reference:
    """The case as it goes when nothing is wrong."""

    calls: tuple[Call, ...]
    reads: int
    files: Image
    before: State
    after: State


@dataclass(frozen=True)
class Heard:
    """Whether the step was said to be done in the end; of a disk that failed, what was said first."""

    acknowledged: bool
    first: str | None = None


@dataclass
class Outcome:
    """What the campaign found."""

    points: Counter[str] = field(default_factory=Counter)
    calls: dict[str, int] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)


def run(
    folder: Path,
    cases: Iterable[str],
    *,
    seed: int,
    sample: int | None = None,
    modes: frozenset[str] = MODES,
    power_images: int = POWER_IMAGES,
    report: Callable[[str], None] = lambda _line: None,
) -> Outcome:
    """Run the cases at all their points, or at so many of each case chosen by the seed."""
    outcome = Outcome()
    base = folder / "base"
    base.mkdir()
    scene = found(base)
    for name in cases:
        trial = _Trial(CASES[name], scene, folder / "trial")
        ended = in_process(partial(trial.run, seed, sample, modes, power_images))
        if ended.fault is not None:
            outcome.failures.append(f"{name}: {ended.fault}")
        for what, value in ended.said:
            if what == "point":
                outcome.points[value] += 1
            elif what == "calls":
                outcome.calls[name] = value
            else:
                outcome.failures.append(value)
        shutil.rmtree(folder / "trial", ignore_errors=True)
        tried = sum(what == "point" for what, _ in ended.said)
        report(f"{name}: {outcome.calls.get(name, 0)} calls, {tried} points, {len(outcome.failures)} failures so far")
    return outcome


class _Trial:
    """One case, in a process of its own, which starts those that die."""

    def __init__(self, case: Case, scene: Scene, folder: Path) -> None:
        self.case, self.scene, self.folder = case, scene, folder
        self.disk = Disk()
        self.calls = SqliteCalls(self.disk)
        self.staged = folder / "staged"

    def run(self, seed: int, sample: int | None, modes: frozenset[str], power_images: int, say: Say) -> None:
        """Stage the case, see how it goes when nothing is wrong, and then let everything go wrong, once each."""
        self.calls.install()
        shutil.copytree(self.scene.desk.path.parent, self.staged)
        self.scene.desk.path = self.staged / self.scene.desk.path.name
        self.case.stage(self.scene)
        reference = self.reference()
        say(("calls", len(reference.calls)))
        points = [point for point in points_of(self.case, reference, power_images) if point.plan.mode in modes]
        rng = random.Random(f"{seed}/{self.case.name}")
        if sample is not None and sample < len(points):
            points = rng.sample(points, sample)
        for point in points:
            try:
                self.try_(point, reference, random.Random(f"{seed}/{point}"))
            except AssertionError as problem:
                say(("failure", f"{point}: {problem}"))
            say(("point", point.plan.mode))

    # The three ways

    def try_(self, point: Point, reference: Reference, rng: random.Random) -> None:
        run = self._fresh("run")
        if point.plan.mode == "power":
            heard = self._cut(run, point, reference, rng)
        elif point.plan.mode in _CODES:
            heard = self._hinder(run, point)
        else:
            heard = self._kill(run, point)
        self._examine(run, point, reference, heard)

    def _kill(self, run: Path, point: Point) -> Heard:
        ended = in_process(lambda say: self._work(run, point.plan, say))
        assert ended.fault is None, ended.fault
        assert ended.killed is bool(point.plan.at), f"ended otherwise than planned: {ended}"
        return Heard("done" in ended.said)

    def _cut(self, run: Path, point: Point, reference: Reference, rng: random.Random) -> Heard:
        disk = PowerDisk(reference.files)
        for call in reference.calls[: point.plan.at]:
            disk.follow(call)
        images = list(disk.images(rng, point.image + 1))
        shutil.rmtree(run)
        _fill(run, images[min(point.image, len(images) - 1)])
        return Heard(point.plan.at == len(reference.calls))

    def _hinder(self, run: Path, point: Point) -> Heard:
        """The disk fails; what is said of it, and the step again on a disk that is well."""
        ended = in_process(lambda say: self._work_hindered(run, point.plan, say))
        assert ended.fault is None, ended.fault
        first = ended.said[0]
        assert first == "done" or first in self._codes(point), f"said {first}"
        return Heard("given up" not in ended.said, first)

    def _codes(self, point: Point) -> set[str]:
        """Where SQLCipher opens a file at a page that can't be read, it can't tell that from a forged one."""
        opening = self.case.cold and point.plan.mode == "unreadable"
        return _CODES[point.plan.mode] | ({"store_damaged", "store_wrong_key"} if opening else set())

    def _examine(self, run: Path, point: Point, reference: Reference, heard: Heard) -> None:
        """What is left, in one process of its own: compared, and then gone on from."""
        copy = self._fresh("copy", run)

        def afterwards(_say: Say) -> None:
            if not self.case.restarts:
                if heard.first is not None:
                    self._compare_ill(run / "ill", point, reference, heard.first)
                self._compare(copy, point, reference, heard)
            self.scene.desk.path = run / self.scene.desk.path.name
            # The same state from the same calls again and again: to go on from every third image is enough.
            check = (
                check_opens if point.plan.mode == "power" and point.image % 3 and not self.case.restarts else check_fit
            )
            check(self.case, self.scene)

        ended = in_process(afterwards)
        assert ended.fault is None, ended.fault

    def _compare_ill(self, folder: Path, point: Point, reference: Reference, first: str) -> None:
        """What was there while the disk failed."""
        ill = self._state_in(folder)
        expected = reference.after if first == "done" else reference.before
        # Nobody can tell what a disk has kept that no longer answers; the problem's text says so.
        unknown = point.plan.mode == "broken" and point.plan.lasting and ill == reference.after
        assert unknown or ill == expected, f"said {first}, and differs in {differences(ill, expected)}"

    def _compare(self, folder: Path, point: Point, reference: Reference, heard: Heard) -> None:
        """What was there in the end."""
        state = self._state_in(folder)
        if point.plan.mode in _CODES and heard.acknowledged:
            assert shape(state) == shape(reference.after), "differs in how many lines there are"
            return
        allowed = [reference.after] if heard.acknowledged else [reference.before, reference.after]
        left = "what was said to be done is not there" if heard.acknowledged else "neither before nor after"
        assert state in allowed, f"{left}: {differences(state, reference.after)}"

    # Processes

    def reference(self) -> Reference:
        run = self._fresh("run")
        ended = in_process(lambda say: self._work(run, Plan(), say, watched=True))
        assert ended.fault is None, ended.fault
        calls, reads, files = ended.said[-1]
        before, after = ({}, {}) if self.case.restarts else (self._state(run / name) for name in ("before", "after"))
        return Reference(calls, reads, files, before, after)

    def _work(self, run: Path, plan: Plan, say: Say, *, watched: bool = False) -> None:
        step = self._arranged(run)
        if watched:
            _copied(run, run / "before")
        with system_counted(self.disk), self.disk.armed(run, plan):
            step()
            say("done")
        if watched:
            _copied(run, run / "after")
            say((tuple(self.disk.calls), self.disk.reads, _contents(run / "before")))

    def _work_hindered(self, run: Path, plan: Plan, say: Say) -> None:
        step = self._arranged(run)
        if plan.mode == "unreadable":
            self.calls.leave_deletes()
        said = "done"
        with system_counted(self.disk), self.disk.armed(run, plan):
            try:
                step()
            except StoreProblem as problem:
                said = problem.code
        say(said)
        _copied(run, run / "ill")
        if said == "done":
            return
        try:
            step()
        except StoreProblem as problem:
            # SQLCipher gives a connection up under which a page could not be read: the program is started again.
            if plan.mode != "unreadable" or problem.code != said:
                raise
            say("given up")

    def _arranged(self, run: Path) -> Step:
        self.scene.desk.path = run / self.scene.desk.path.name
        if not self.case.cold:
            self.scene.open()
            self.scene.sign_in()
        return self.case.arrange(self.scene)

    def _fresh(self, name: str, source: Path | None = None) -> Path:
        made = self.folder / name
        shutil.rmtree(made, ignore_errors=True)
        _fill(made, _contents(source or self.staged))
        return made

    def _state(self, folder: Path) -> State:
        """By a process of its own, as everything that opens a file of the device."""
        ended = in_process(lambda say: say(self._state_in(folder)))
        assert ended.fault is None, ended.fault
        state: State = ended.said[0]
        return state

    def _state_in(self, folder: Path) -> State:
        return state_of(folder / self.scene.desk.path.name, self.scene.desk.secrets.kept["database-key"])


def _contents(folder: Path) -> Image:
    """The device's files: the bank's own, with what lies beside it, and the anchor's in their folder."""
    files = [*folder.iterdir(), *(folder / "anchor").glob("*")]
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in files if file.is_file()}


def _fill(folder: Path, image: Image) -> None:
    for name, content in image.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    folder.mkdir(parents=True, exist_ok=True)


def _copied(run: Path, target: Path) -> None:
    """Copy by another process: this one would lose its locks as it closed a file that SQLite has open."""

    ended: Ended = in_process(lambda _say: _fill(target, _contents(run)))
    assert ended.fault is None, ended.fault


def points_of(case: Case, reference: Reference, power_images: int) -> Iterable[Point]:
    """Every way in which the case may go wrong."""
    for number, call in enumerate(reference.calls, 1):
        yield Point(case.name, Plan("kill", number))
        if call.what == "write":
            yield Point(case.name, Plan("tear", number))
        if call.what in FULL_CODES:
            yield Point(case.name, Plan("full", number, lasting=True))
        for lasting in (True, False):
            yield Point(case.name, Plan("broken", number, lasting))
    yield Point(case.name, Plan("kill", 0))
    for number in range(1, reference.reads + 1):
        yield Point(case.name, Plan("unreadable", number))
    disk = PowerDisk(reference.files)
    for number in range(len(reference.calls) + 1):
        if number:
            disk.follow(reference.calls[number - 1])
        for image in range(power_images if disk.unsynced else 1):
            yield Point(case.name, Plan("power", number), image)
