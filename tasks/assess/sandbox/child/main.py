"""Answers questions about a submission, one after the other, inside the sandbox.

Started with one argument, a JSON object: `package` (folder that holds this package and the
operations), `site` (that holds numpy), `submission`, `scratch`, `questions` and `answers` (file
descriptors), `limits`. Everything it uses is bound before the submission's code is first run.
"""

import json
import os
import resource
import sys
import time
from pathlib import Path

MEGABYTE = 1024**2


def main() -> None:
    """Answer until there are no more questions."""
    settings = json.loads(sys.argv[1])
    sys.argv[1:] = []
    sys.path += [settings["site"], settings["package"]]
    from sandbox_child.answering import Answering

    _limit(settings["limits"])
    submission = Path(settings["submission"])
    _enter(Path(settings["scratch"]), submission)
    Answering(submission, settings).run()


def _limit(limits: dict[str, int]) -> None:
    """Limits of this process and its children; without capabilities nothing raises them again."""
    memory, file = limits["memory_mb"] * MEGABYTE, limits["file_mb"] * MEGABYTE
    used = int(time.process_time()) + 1
    hard = used + limits["all_cpu_seconds"]
    for kind, value in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_FSIZE, file),
        (resource.RLIMIT_NPROC, limits["processes"]),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, limits["open_files"]),
        (resource.RLIMIT_CPU, hard),
    ):
        _, most = resource.getrlimit(kind)
        value = value if most == resource.RLIM_INFINITY else min(value, most)
        resource.setrlimit(kind, (value, value))


def _enter(scratch: Path, submission: Path) -> None:
    """Work in an empty folder where the submission's files are to be read by relative paths."""
    scratch.mkdir(exist_ok=True)
    os.chdir(scratch)
    for path in submission.iterdir():
        os.symlink(path, scratch / path.name)


if __name__ == "__main__":
    main()
