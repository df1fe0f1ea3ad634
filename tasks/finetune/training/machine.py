"""What a training needed of the machine, and which machine it was."""

import re
import resource
from contextlib import suppress
from pathlib import Path


def forget_peak_memory() -> None:
    """Start the peak of `peak_memory_mb` anew, where the system can."""
    import torch

    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()


def peak_memory_mb(device: str) -> float:
    """Largest resident memory of the process, or memory of the GPU where it was used, in MB."""
    import torch

    if device.startswith("cuda"):
        return torch.cuda.max_memory_allocated() / 1e6
    with suppress(OSError):
        found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text("ascii"))
        if found:
            return int(found[1]) * 1024 / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


def processor(device: str) -> str:
    """Name of the GPU or CPU."""
    import torch

    if device.startswith("cuda"):
        return torch.cuda.get_device_name()
    with suppress(OSError):
        found = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text("utf-8"))
        if found:
            return found[1].strip()
    return str(torch.cpu.get_capabilities().get("cpu_name", "unknown"))
