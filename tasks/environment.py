"""Settings that Prefect, Great Expectations and others read from the environment when imported.

Import this module before them. A value that is already in the environment wins.
`python -m tasks.environment COMMAND…` starts another program (the server, a worker) with them.
"""

import os
import sys
import warnings
from types import TracebackType

DEFAULTS = {
    # A slow machine needs more than the 20 s that Prefect gives its own server to start.
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
    # With the default batch sizes, task records of longer runs get lost.
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "100",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_READ_BATCH_SIZE": "100",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_READ_BATCH_SIZE": "100",
    # Offline is normal: nothing reports home.
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
    "GX_ANALYTICS_ENABLED": "False",
    # Arrow's own allocator keeps what is freed: a table that was read held eight times its size.
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    "YOLO_OFFLINE": "true",
    "YOLO_AUTOINSTALL": "false",
    "YOLO_VERBOSE": "false",
    # Our own bars tell of progress; the libraries' would break them up.
    "TQDM_DISABLE": "1",
    "TRANSFORMERS_VERBOSITY": "error",
    "HF_DATASETS_DISABLE_PROGRESS_BARS": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "TOKENIZERS_PARALLELISM": "false",
}

for _name, _value in DEFAULTS.items():
    os.environ.setdefault(_name, _value)

# What libraries will change one day concerns those who call them, not those who run a flow.
warnings.filterwarnings(
    "ignore", category=FutureWarning, module=r"(transformers|pyarrow|trl|peft)\b"
)


def _interrupted_in_one_line(
    kind: type[BaseException], error: BaseException, traceback: TracebackType | None
) -> None:
    """Python's own report of what nothing caught, without a traceback for Ctrl-C."""
    if issubclass(kind, KeyboardInterrupt) and "--debug" not in sys.argv:
        print("Interrupted.", file=sys.stderr)
    else:
        sys.__excepthook__(kind, error, traceback)


# Importing the libraries takes seconds, in which nothing else listens to Ctrl-C.
sys.excepthook = _interrupted_in_one_line


if __name__ == "__main__":
    os.execvp(sys.argv[1], sys.argv[1:])  # noqa: S606 — the user's own command, no shell
