"""How much a submission's code may use."""

from dataclasses import dataclass

MEGABYTE = 1024**2
# What an interpreter with numpy maps without using it.
MAPPED_UNUSED_MB = 300


@dataclass(frozen=True)
class Limits:
    """What is enforced around every process of a submission.

    Attributes:
        wall_seconds: a job.
        cpu_seconds: a job, of each process.
        run_seconds: all jobs of one run together, by the clock on the wall.
        memory_mb: of all processes together where there is a control group, else of each.
        processes: and threads, at a time.
        file_mb: of one file.
        scratch_mb: of all files that it writes; they are held in memory.
        answer_mb: of the answer to one job.
        printed_mb: in one job.
        open_files: at a time, in one process.
    """

    wall_seconds: float = 60.0
    cpu_seconds: float = 60.0
    run_seconds: float = 900.0
    memory_mb: int = 1500
    processes: int = 32
    file_mb: int = 64
    scratch_mb: int = 128
    answer_mb: int = 256
    printed_mb: int = 8
    open_files: int = 64

    def inside(self) -> dict[str, int]:
        """Those that a process puts on itself before it runs the submission's code."""
        return {
            "memory_mb": self.memory_mb + MAPPED_UNUSED_MB,
            "file_mb": self.file_mb,
            "processes": self.processes,
            "open_files": self.open_files,
            "all_cpu_seconds": int(self.run_seconds) + 1,
        }
