"""Where things lie for the code of a submission, and where they come from."""

import os
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

import numpy as np

CHILD = Path(__file__).parent / "child"
OPERATIONS = Path(__file__).parents[1] / "inside"
# Names under which main.py finds its package and the operations; unlikely among a student's own.
CHILD_NAME, OPERATIONS_NAME = "sandbox_child", "inside"


@dataclass(frozen=True)
class Layout:
    """Paths as the submission's code sees them."""

    package: Path
    site: Path
    submission: Path
    scratch: Path

    @property
    def main(self) -> Path:
        return self.package / CHILD_NAME / "main.py"


# The one writable folder, a file system of its own inside the sandbox.
WRITABLE = Path("/tmp")  # noqa: S108
# The submission's parent holds nothing else: it may itself be a package.
INSIDE = Layout(Path("/grader"), Path("/site"), Path("/student/submission"), WRITABLE / "work")


def linked(folder: Path, operations: Path, submission: Path) -> Layout:
    """The same layout made of links in a folder, for running without a sandbox."""
    layout = Layout(folder / "grader", folder / "site", submission, folder / "work")
    for parent in (layout.package, layout.site):
        parent.mkdir()
    os.symlink(CHILD, layout.package / CHILD_NAME)
    os.symlink(operations, layout.package / OPERATIONS_NAME)
    for source in numpy_folders():
        os.symlink(source, layout.site / source.name)
    return layout


def environment(home: Path) -> dict[str, str]:
    """All variables that the submission's code sees."""
    # One thread: several students are graded side by side, and sums keep their order.
    threads = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    return {
        "HOME": str(home),
        "TMPDIR": str(home),
        "PATH": "/nowhere",
        "LANG": "C.UTF-8",
        "PYTHONHASHSEED": "0",
        **dict.fromkeys(threads, "1"),
    }


def interpreter() -> Path:
    """The interpreter itself, outside any virtual environment."""
    return Path(sys.executable).resolve()


def interpreter_parts() -> list[Path]:
    """The interpreter, its shared library and the standard library."""
    binary = interpreter()
    library = Path(sys.base_prefix) / "lib"
    shared = sorted(library.glob("libpython*.so*"))
    return [binary, *shared, Path(sysconfig.get_path("stdlib"))]


def added_packages() -> list[Path]:
    """Folders of the standard library that hold other people's packages."""
    stdlib = Path(sysconfig.get_path("stdlib"))
    return [path for name in ("site-packages", "dist-packages") if (path := stdlib / name).is_dir()]


def system_libraries() -> list[Path]:
    """Folders of the C library and its like."""
    machine = sysconfig.get_config_var("MULTIARCH") or "-"
    named = ("/lib64", "/usr/lib64", f"/lib/{machine}", f"/usr/lib/{machine}")
    return [path for name in named if (path := Path(name)).is_dir()]


def numpy_folders() -> list[Path]:
    """numpy and the libraries that its wheel brings."""
    package = Path(np.__file__).parent
    libraries = package.parent / "numpy.libs"
    return [package, *([libraries] if libraries.is_dir() else [])]
