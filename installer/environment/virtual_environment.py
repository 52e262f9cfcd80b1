"""Makes .venv/ and a pip for it, also where Debian has split ensurepip away, and installs what is pinned."""

import importlib.util
import os
import shutil
import sys
import sysconfig
import tempfile
from pathlib import Path

from installer.environment.progress import Outcome, Progress, SetUpProblem, run_quietly
from installer.environment.stamp import BEGUN, MADE, Stamp, interpreter_of, real_interpreter, write_stamp
from installer.environment.system_packages import apt_install, how_to_install, is_debian

OLDEST_PIP_WITH_PYTHON_OPTION = (22, 3)
PIP_WHEEL_PACKAGE = "python3-pip-whl"
DEBIAN_WHEELS = Path("/usr/share/python-wheels")

NO_SPACE_HINT = "The disk is full: Counterfoil needs about 1.5 GB here and 1 GB in the temporary folder."
NETWORK_HINT = (
    "pip could not fetch a package. Check the network, and this machine's pip settings (`pip config list`): "
    "proxies, certificates and mirrors that are set there are used here too."
)


def works(environment: Path) -> bool:
    """Whether the environment's Python starts and is new enough."""
    python = interpreter_of(environment)
    check = "import sys; sys.exit(sys.version_info < (3, 11) or sys.prefix == sys.base_prefix)"
    return python.exists() and run_quietly([python, "-c", check]).exit_code == 0


def pip_of(environment: Path) -> list[str] | None:
    """The command that is pip for this environment: its own, or that of the Python which runs this."""
    own = [str(interpreter_of(environment)), "-m", "pip"]
    if run_quietly([*own, "--version"]).exit_code == 0:
        return own
    if importlib.util.find_spec("pip") is None:
        return None
    version = run_quietly([sys.executable, "-c", "import pip; print(pip.__version__)"])
    numbers = version.tail.replace("|", " ").split()
    if version.exit_code or not numbers:
        return None
    major, minor = (int(part) for part in numbers[-1].split(".")[:2])
    if (major, minor) < OLDEST_PIP_WITH_PYTHON_OPTION:
        return None
    return [sys.executable, "-m", "pip", "--python", str(interpreter_of(environment))]


def has_ensurepip() -> bool:
    """Whether this Python can put pip into an environment by itself."""
    return importlib.util.find_spec("ensurepip") is not None


def create(environment: Path, progress: Progress) -> list[str]:
    """Make the environment anew, whatever was there, and answer with the command that is its pip."""
    if importlib.util.find_spec("venv") is None:
        raise SetUpProblem(f"This Python has no venv module. {how_to_install([venv_package()])}")
    if environment.is_symlink() or environment.is_file():
        environment.unlink()
    elif environment.exists():
        shutil.rmtree(environment)
    environment.mkdir()
    write_stamp(environment, Stamp(BEGUN))
    pip = make_with_ensurepip(environment) or make_without_ensurepip(environment, progress)
    write_stamp(environment, Stamp(MADE, interpreter=real_interpreter(environment)))
    return pip


def make_with_ensurepip(environment: Path) -> list[str] | None:
    """The ordinary way; None where this Python's ensurepip is missing or broken."""
    if not has_ensurepip():
        return None
    made = run_quietly([sys.executable, "-m", "venv", environment])
    return pip_of(environment) if made.exit_code == 0 else None


def make_without_ensurepip(environment: Path, progress: Progress) -> list[str]:
    """Make an environment without pip, then find a pip for it: the Python's own, or Debian's."""
    made = run_quietly([sys.executable, "-m", "venv", "--without-pip", environment])
    if made.exit_code:
        raise SetUpProblem(f"The virtual environment could not be made:\n{made.tail}")
    pip = pip_of(environment)
    if pip is None and is_debian():
        progress.note("this Python came without ensurepip; getting Debian's pip")
        installed = apt_install([venv_package()], progress)
        if installed is not None and installed.exit_code == 0:
            importlib.invalidate_caches()
            pip = pip_from_wheel(environment, DEBIAN_WHEELS)
        if pip is None:
            pip = pip_from_download(environment)
    if pip is None:
        raise SetUpProblem(
            "This Python came without pip and ensurepip, and neither could be fetched.\n"
            + how_to_install([venv_package()])
        )
    return pip


def venv_package() -> str:
    """Debian's package that gives this Python its ensurepip."""
    return f"python{sys.version_info.major}.{sys.version_info.minor}-venv"


def pip_from_wheel(environment: Path, folder: Path) -> list[str] | None:
    """Let a pip wheel from the distribution install itself into the environment."""
    wheels = sorted(folder.glob("pip-*.whl"))
    if not wheels:
        return None
    python = interpreter_of(environment)
    # The wheel is its own installer: a zip on the path, which installs the file that it came from.
    run_quietly(
        [python, "-m", "pip", "install", "--no-index", "--no-deps", "--no-cache-dir", wheels[-1]],
        environment={**os.environ, "PYTHONPATH": str(wheels[-1])},
    )
    return pip_of(environment)


def pip_from_download(environment: Path) -> list[str] | None:
    """Fetch Debian's pip wheel without any rights, checked by apt's own keys, and unpack it."""
    with tempfile.TemporaryDirectory(prefix="counterfoil-pip-") as scratch_name:
        scratch = Path(scratch_name)
        fetched = run_quietly(["apt-get", "-q", "download", PIP_WHEEL_PACKAGE], directory=scratch)
        if fetched.exit_code:
            # Images made small carry no package lists, and only root may write the shared ones.
            (scratch / "state/lists/partial").mkdir(parents=True)
            (scratch / "cache/archives/partial").mkdir(parents=True)
            own = [
                "-o",
                f"Dir::State={scratch}/state",
                "-o",
                f"Dir::Cache={scratch}/cache",
                "-o",
                "Debug::NoLocking=1",
            ]
            own += ["-o", "Dir::State::status=/var/lib/dpkg/status"]
            run_quietly(["apt-get", "-q", *own, "update"])
            run_quietly(["apt-get", "-q", *own, "download", PIP_WHEEL_PACKAGE], directory=scratch)
        for package in scratch.glob(f"{PIP_WHEEL_PACKAGE}_*.deb"):
            run_quietly(["dpkg", "-x", package, scratch / "unpacked"])
        return pip_from_wheel(environment, scratch / "unpacked" / DEBIAN_WHEELS.relative_to("/"))


def pinned_count(requirements: Path) -> int:
    """About how many packages a pinned file installs."""
    return sum("==" in line and not line.startswith((" ", "#")) for line in requirements.read_text().splitlines())


def install_pinned(pip: list[str], requirements: Path, progress: Progress) -> Outcome:
    """Install exactly the pinned files, from wherever this machine's pip settings say."""
    # Everything is pinned, so nothing is resolved; only wheels, so no package runs code of its own here.
    options = [
        "--require-hashes",
        "--no-deps",
        "--only-binary",
        ":all:",
        "--no-input",
        "--progress-bar",
        "off",
    ]
    options += ["--disable-pip-version-check", "--no-warn-script-location"]
    return run_quietly(
        [*pip, "install", *options, "-r", requirements], progress=progress, total=pinned_count(requirements)
    )


def install_project(pip: list[str], checkout: Path) -> Outcome:
    """Put the checkout itself, as it stands, into its environment, with the `counterfoil` command."""
    options = ["--no-deps", "--no-build-isolation", "--no-index", "--no-input", "--disable-pip-version-check"]
    return run_quietly([*pip, "install", *options, "--no-warn-script-location", "--editable", checkout])


def explain_failure(outcome: Outcome) -> SetUpProblem:
    """What to tell a person when pip gave up."""
    text = outcome.tail.lower()
    if "no space left" in text:
        hint = NO_SPACE_HINT
    elif "hashes" in text and "match" in text:
        hint = "A package index gave a file that is not the one that was pinned: it was not installed."
    elif "no matching distribution" in text:
        hint = (
            f"{NETWORK_HINT}\nPinned packages are installed as wheels only; there may be none for "
            f"{sysconfig.get_platform()} with Python {sys.version_info.major}.{sys.version_info.minor}."
        )
    else:
        hint = NETWORK_HINT
    return SetUpProblem(f"Installing the pinned packages failed.\n{outcome.tail}\n{hint}")
