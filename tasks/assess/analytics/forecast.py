"""How long grading will take, told before it begins."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from statistics import median


@dataclass(frozen=True)
class Forecast:
    """How long a batch will take.

    Attributes:
        submissions: to grade; those that are cached are not among them.
        seconds_each: of work on one.
        cores: that work at the same time.
        measured: seconds of the earlier gradings that `seconds_each` is the median of.
    """

    submissions: int
    seconds_each: float
    cores: int
    measured: tuple[float, ...] = ()

    @property
    def seconds(self) -> float:
        """Of the whole batch: a core that has no work left waits for the others."""
        return ceil(self.submissions / self.cores) * self.seconds_each

    def sentence(self) -> str:
        """ "30 students x 40 s on 2 cores = 10 minutes", and what the 40 s are."""
        told = (
            f"{_counted(self.submissions, 'student')} x {self.seconds_each:.0f} s on "
            f"{_counted(self.cores, 'core')} = {duration(self.seconds)}"
        )
        if not self.measured:
            return f"{told} (assumed; nothing was graded before)"
        low, high = min(self.measured), max(self.measured)
        return (
            f"{told} (the median of {_counted(len(self.measured), 'earlier grading')}, "
            f"{low:.0f} to {high:.0f} s)"
        )


def forecast(
    submissions: int, cores: int, earlier: Sequence[float], assumed_seconds: float
) -> Forecast:
    """A forecast from the seconds of earlier gradings of the milestone, or else from a guess.

    Raises:
        ValueError: there is no core to work on.
    """
    if cores < 1:
        raise ValueError(f"{cores} cores cannot grade")
    each = median(earlier) if earlier else assumed_seconds
    return Forecast(submissions, each, cores, tuple(earlier))


def duration(seconds: float) -> str:
    """Seconds as people say them."""
    if seconds < 90:
        return _counted(round(seconds), "second")
    if seconds < 90 * 60:
        return _counted(round(seconds / 60), "minute")
    hours, minutes = divmod(round(seconds / 60), 60)
    return _counted(hours, "hour") + (f" {_counted(minutes, 'minute')}" if minutes else "")


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
