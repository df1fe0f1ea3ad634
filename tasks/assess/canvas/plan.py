"""What is to be changed in Canvas, shown before it is done."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Change:
    """One thing that differs.

    Attributes:
        what: "Rubric 'Computer Vision'".
        differences: (part, what Canvas has, what it should have); None is nothing.
        apply: carries it out.
    """

    what: str
    differences: tuple[tuple[str, Any, Any], ...]
    apply: Callable[[], None]

    def lines(self) -> list[str]:
        """The change as a diff: "-" what there is, "+" what it becomes."""
        told = [self.what]
        for part, before, after in self.differences:
            told += [f"  - {part}: {_shown(before)}"] if before is not None else []
            told += [f"  + {part}: {_shown(after)}"] if after is not None else []
        return told


@dataclass
class Plan:
    """Changes in the order in which they are to be made.

    Attributes:
        unchanged: how many things are as they should be.
        left_out: sentences on what is not sent, and why.
    """

    changes: list[Change] = field(default_factory=list)
    unchanged: int = 0
    left_out: list[str] = field(default_factory=list)

    def add(self, change: Change) -> None:
        """Take a change up, if anything differs."""
        if change.differences:
            self.changes.append(change)
        else:
            self.unchanged += 1

    def lines(self) -> list[str]:
        """The whole plan for a person."""
        told = [line for change in self.changes for line in change.lines()]
        told += [f"Left out: {sentence}" for sentence in self.left_out]
        return [
            *told,
            f"{len(self.changes)} to change, {self.unchanged} as they should be, "
            f"{len(self.left_out)} left out.",
        ]

    def apply(self, progress: Callable[[int, int], None] = lambda done, of: None) -> int:
        """Carry out every change, in order.

        Returns:
            how many.
        """
        for done, change in enumerate(self.changes, start=1):
            change.apply()
            progress(done, len(self.changes))
        return len(self.changes)


def differing(before: dict[str, Any], after: dict[str, Any]) -> tuple[tuple[str, Any, Any], ...]:
    """The parts of `after` that `before` has not, or has otherwise."""
    return tuple(
        (part, before.get(part), wanted)
        for part, wanted in after.items()
        if before.get(part) != wanted
    )


def _shown(value: Any) -> str:
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return " ".join(text.split())[:200]
