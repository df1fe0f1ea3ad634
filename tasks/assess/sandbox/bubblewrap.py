"""The command that starts a process in a bubblewrap sandbox.

https://github.com/containers/bubblewrap: an empty file system into which only what is named is
bound, in namespaces of its own.
"""

import os
import shutil
import subprocess
from functools import lru_cache
from pathlib import Path

from tasks.assess.sandbox import layout
from tasks.assess.sandbox.limits import MEGABYTE, Limits

NOBODY = "65534"
DEVICES = ("/dev/null", "/dev/zero", "/dev/urandom", "/dev/random")
INSTALL = "install it with your package manager (apt-get install bubblewrap)"
START_SECONDS = 30


@lru_cache(maxsize=1)
def missing() -> str:
    """One sentence on why there can be no sandbox here; empty where there can."""
    if shutil.which("bwrap") is None:
        return f"bubblewrap (bwrap) is not installed: {INSTALL}."
    trial = [*command(None, None, Limits()), str(layout.interpreter()), "-I", "-S", "-c", "pass"]
    try:
        ended = subprocess.run(trial, capture_output=True, timeout=START_SECONDS, env={})
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"bubblewrap does not start here: {error}."
    if ended.returncode == 0:
        return ""
    reason = " ".join(ended.stderr.decode(errors="replace").split())[:300]
    return (
        f"bubblewrap cannot make a sandbox here ({reason}): allow unprivileged user namespaces, "
        "or run in a container that does."
    )


def command(
    submission: Path | None, operations: Path | None, limits: Limits, about: int | None = None
) -> list[str]:
    """bwrap and its arguments, to be followed by the program; both paths None for a bare trial.

    Args:
        about: descriptor to which bwrap writes the number of the first process inside.
    """
    program = shutil.which("bwrap") or "bwrap"
    return [
        program,
        *("--unshare-all", "--unshare-user", *_where_offered("--disable-userns")),
        *("--die-with-parent", "--new-session", "--cap-drop", "ALL"),
        *("--uid", NOBODY, "--gid", NOBODY, "--hostname", "sandbox"),
        *(() if about is None else ("--info-fd", str(about))),
        *_environment(),
        *_system(),
        *_grading(submission, operations),
        *_where_offered("--size", str(limits.scratch_mb * MEGABYTE)),
        *("--tmpfs", str(layout.WRITABLE)),
        *("--remount-ro", "/", "--chdir", str(layout.WRITABLE), "--"),
    ]


def _environment() -> list[str]:
    settings = (("--setenv", *pair) for pair in layout.environment(layout.WRITABLE).items())
    return ["--clearenv", *(word for setting in settings for word in setting)]


def _system() -> list[str]:
    """The interpreter with its libraries and four devices; no /proc, which nothing here needs."""
    words = []
    for path in [*layout.system_libraries(), *layout.interpreter_parts()]:
        words += ["--ro-bind", os.path.realpath(path), str(path)]
    for path in layout.added_packages():
        words += ["--tmpfs", str(path), "--remount-ro", str(path)]
    for device in DEVICES:
        words += ["--dev-bind", device, device]
    for path in layout.numpy_folders():
        words += ["--ro-bind", str(path), str(layout.INSIDE.site / path.name)]
    return words


def _grading(submission: Path | None, operations: Path | None) -> list[str]:
    if submission is None or operations is None:
        return []
    package = layout.INSIDE.package
    return [
        *("--ro-bind", str(layout.CHILD), str(package / layout.CHILD_NAME)),
        *("--ro-bind", str(operations), str(package / layout.OPERATIONS_NAME)),
        *("--ro-bind", str(submission), str(layout.INSIDE.submission)),
    ]


def _where_offered(option: str, *values: str) -> list[str]:
    """An option that releases before 0.8 lack, where this one has it."""
    return [option, *values] if option in _help() else []


@lru_cache(maxsize=1)
def _help() -> str:
    program = shutil.which("bwrap")
    if program is None:
        return ""
    told = subprocess.run([program, "--help"], capture_output=True, text=True)
    return told.stdout + told.stderr
