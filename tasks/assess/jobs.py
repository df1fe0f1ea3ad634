"""What is asked of a submission and what comes back: only arrays and plain values cross."""

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

Status = Literal[
    "done", "raised", "timeout", "memory", "killed", "no result", "output too large", "malformed"
]


@dataclass(frozen=True)
class Job:
    """One operation to run on a submission.

    Attributes:
        operation: its name in `inside.operations.OPERATIONS`.
        params: JSON values.
        arrays: inputs by name.
    """

    operation: str
    params: dict[str, Any] = field(default_factory=dict)
    arrays: dict[str, np.ndarray] = field(default_factory=dict)


@dataclass(frozen=True)
class JobResult:
    """What came back of a job.

    Attributes:
        status: how it ended; only `done` and `raised` say something of the student's code alone.
        values: JSON values, as the student's process gave them: to be judged, never trusted.
        arrays: by name, of kinds b, i, u and f.
        error: the exception's type and message, one line.
        seconds: wall time of the job.
        peak_memory_mb: where it could be measured.
        stdout_tail: the last of what was printed.
    """

    status: Status
    values: dict[str, Any] = field(default_factory=dict)
    arrays: dict[str, np.ndarray] = field(default_factory=dict)
    error: str = ""
    seconds: float = 0.0
    peak_memory_mb: float | None = None
    stdout_tail: str = ""
