"""Limits that the kernel keeps for a group of processes, where this process may make groups.

Both versions are known: https://docs.kernel.org/admin-guide/cgroup-v1/ and cgroup-v2.html there.
"""

import os
import shutil
import subprocess
import time
import uuid
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from tasks.assess.sandbox.limits import MEGABYTE, Limits

OWN_GROUPS = Path("/proc/self/cgroup")
MOUNTS = Path("/proc/self/mountinfo")
PREFIX = "submission-"
REMOVAL_SECONDS = 3.0


@dataclass
class ControlGroup:
    """Where processes are put; no folders where none can be made.

    Attributes:
        kept: the limits that it keeps, "memory" and "processes", and the version that does.
    """

    kept: dict[str, str] = field(default_factory=dict)
    folders: list[Path] = field(default_factory=list)

    def ran_out_of_memory(self) -> bool:
        """Whether the kernel has ended a process of the group for its memory."""
        for folder in self.folders:
            for name in ("memory.oom_control", "memory.events"):
                words = _read(folder / name).split()
                if "oom_kill" in words and int(words[words.index("oom_kill") + 1]) > 0:
                    return True
        return False

    def peak_mb(self) -> float | None:
        """The most memory that the group has had, files in memory included."""
        for folder in self.folders:
            for name in ("memory.max_usage_in_bytes", "memory.peak"):
                text = _read(folder / name).strip()
                if text.isdigit():
                    return int(text) / MEGABYTE
        return None

    def remove(self) -> None:
        """Take the group away; its processes have been ended before."""
        until = time.monotonic() + REMOVAL_SECONDS
        for folder in self.folders:
            while folder.exists() and time.monotonic() < until:
                with suppress(OSError):
                    folder.rmdir()
                    break
                time.sleep(0.02)


def make(limits: Limits) -> ControlGroup:
    """A new group with the limits; an empty one where this process may make none."""
    group = ControlGroup()
    name = f"{PREFIX}{os.getpid()}-{uuid.uuid4().hex[:12]}"
    for kept, version, parent in _parents():
        if kept in group.kept:
            continue
        _remove_left_behind(parent)
        folder = parent / name
        new = folder not in group.folders
        try:
            folder.mkdir(exist_ok=not new)
            _set(folder, kept, version, limits)
            if not _can_be_entered(folder):
                raise PermissionError(folder)
        except OSError:
            with suppress(OSError):
                if new:
                    folder.rmdir()
            continue
        group.kept[kept] = f"cgroup {version}"
        if new:
            group.folders.append(folder)
    return group


def _remove_left_behind(parent: Path) -> None:
    """Remove the empty groups of graders that were killed."""
    for folder in parent.glob(f"{PREFIX}*-*"):
        grader = folder.name.removeprefix(PREFIX).partition("-")[0]
        if not Path("/proc", grader).exists():
            with suppress(OSError):
                folder.rmdir()


def _set(folder: Path, kept: str, version: str, limits: Limits) -> None:
    if kept == "processes":
        (folder / "pids.max").write_text(str(limits.processes))
        return
    memory = str(limits.memory_mb * MEGABYTE)
    if version == "v1":
        (folder / "memory.limit_in_bytes").write_text(memory)
        with suppress(OSError):  # a kernel that does not count swap
            (folder / "memory.memsw.limit_in_bytes").write_text(memory)
        return
    (folder / "memory.max").write_text(memory)
    with suppress(OSError):
        (folder / "memory.swap.max").write_text("0")


def _can_be_entered(folder: Path) -> bool:
    """Whether a process of this user may go in, tried with one that ends at once."""
    shell = shutil.which("sh")
    enter = [shell, "-c", 'echo $$ >"$0/cgroup.procs"', str(folder)]
    return shell is not None and subprocess.run(enter, capture_output=True).returncode == 0


def _parents() -> Iterator[tuple[str, str, Path]]:
    """(limit, version, folder in which a group may be made), the likeliest first."""
    mounts = list(_mounts())
    for line in _read(OWN_GROUPS).splitlines():
        _, controllers, own = line.split(":", 2)
        for kept, controller in (("memory", "memory"), ("processes", "pids")):
            if controller in controllers.split(","):
                for mount in (m for m, kind, options in mounts if controller in options):
                    yield kept, "v1", _below(mount, own)
            elif not controllers:
                for mount in (m for m, kind, _ in mounts if kind == "cgroup2"):
                    for folder in _upwards(_below(mount, own), mount):
                        if controller in _read(folder / "cgroup.subtree_control").split():
                            yield kept, "v2", folder


def _mounts() -> Iterator[tuple[Path, str, list[str]]]:
    """(mount point, file system, options) of the control groups' file systems."""
    for line in _read(MOUNTS).splitlines():
        mount, _, rest = line.partition(" - ")
        kind, _, options = rest.split(" ")[:3]
        if kind in ("cgroup", "cgroup2"):
            yield Path(mount.split(" ")[4]), kind, options.split(",")


def _below(mount: Path, own: str) -> Path:
    folder = mount / own.lstrip("/")
    return folder if folder.is_dir() else mount  # seen from inside a container


def _upwards(folder: Path, top: Path) -> Iterator[Path]:
    while folder != top:
        yield folder
        folder = folder.parent
    yield top


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
