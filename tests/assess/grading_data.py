"""A small rubric, and what probes may have found."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from tasks.assess.results import MilestoneResult, Outcome, ProbeResult
from tasks.assess.rubrics.rubric import Rubric
from tasks.assess.scoring.milestone import score_milestone

LEVELS = [
    {"name": "Exemplary", "at_least": 90},
    {"name": "Proficient", "at_least": 80, "below": 90},
    {"name": "Developing", "at_least": 70, "below": 80},
    {"name": "Beginning", "at_least": 60, "below": 70},
    {"name": "Insufficient", "at_least": 0, "below": 60},
]
CRITERIA = [
    {
        "id": "layers",
        "title": "Layers",
        "points": 60,
        "asks": "Layers are exact.",
        "probes": {"open_layers": 40, "hidden_layers": 20},
    },
    {
        "id": "accuracy",
        "title": "Accuracy",
        "points": 30,
        "asks": "The network reads digits.",
        "probes": {"accuracy": 30},
    },
    {
        "id": "quality",
        "title": "Code quality",
        "points": 10,
        "asks": "The code is clear.",
        "human": True,
        "informed_by": ["style"],
    },
]
NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)


def rubric_content(**changes: Any) -> dict[str, Any]:
    """What a rubric file may hold, changed at its top."""
    content = {
        "id": "m1",
        "title": "First",
        "milestone": 1,
        "levels": LEVELS,
        "pass_mark": 60,
        "criteria": CRITERIA,
    }
    return content | changes


def rubric(**changes: Any) -> Rubric:
    return Rubric.model_validate(rubric_content(**changes))


def probe(name: str, share: float | None = 1.0, outcome: Outcome | None = None) -> ProbeResult:
    """A result; hidden where its name says so."""
    if outcome is None:
        outcome = Outcome.PASSED if share == 1 else Outcome.FAILED
    return ProbeResult(
        probe=name,
        outcome=outcome,
        share=share,
        evidence=f"Said of {name}.",
        example=f"Example of {name}." if share != 1 else "",
        next_step=f"Mend {name}." if share != 1 else "",
        figures={"threshold": 0.123},
        public=not name.startswith("hidden"),
    )


def three(layers: float = 1.0, hidden: float = 1.0, accuracy: float = 1.0) -> list[ProbeResult]:
    """What the probes of the small rubric found."""
    return [
        probe("open_layers", layers),
        probe("hidden_layers", hidden),
        probe("accuracy", accuracy),
    ]


def grade(
    found: Sequence[ProbeResult],
    student: str = "ada",
    work: str = "w1",
    version: str = "v1",
    of: Rubric | None = None,
) -> MilestoneResult:
    return score_milestone(
        of or rubric(),
        found,
        student=student,
        submission_hash=work,
        grader_version=version,
        data_seed=7,
        seconds=1.5,
    )
