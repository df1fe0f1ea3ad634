"""Time and tokens that a training has taken, over all the processes that it went on in."""

import time
from dataclasses import dataclass, field


@dataclass
class Spent:
    """What this process counts, on top of what the checkpoint that it goes on from says.

    What a killed process did after its last checkpoint is done again, so it is not counted.

    Attributes:
        before: seconds of the processes before this one, up to that checkpoint.
        step_seconds: of optimizer steps, without evaluations and checkpoints.
        tokens: trained on, without padding.
        began: when this process began, on the clock of `time.perf_counter`.
    """

    before: float = 0.0
    step_seconds: float = 0.0
    tokens: int = 0
    began: float = field(default_factory=time.perf_counter)

    @property
    def seconds(self) -> float:
        """From the beginning until now, loading and evaluations included."""
        return self.before + time.perf_counter() - self.began

    @property
    def tokens_per_second(self) -> float:
        """Tokens over the time of the steps; 0 before the first."""
        return self.tokens / self.step_seconds if self.step_seconds else 0.0

    def go_on_from(self, mark: dict[str, float]) -> None:
        """Add what a checkpoint's mark says, as `mark` made it."""
        self.before += mark["seconds"]
        self.step_seconds += mark["step_seconds"]
        self.tokens += int(mark["tokens"])

    def mark(self) -> dict[str, float]:
        """What has been spent so far, for a checkpoint's mark."""
        return {
            "seconds": self.seconds,
            "step_seconds": self.step_seconds,
            "tokens": self.tokens,
        }
